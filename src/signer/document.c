/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <openssl/x509.h>
#include "base/i18n.h"
#include "signer/stamp.h"

static const struct {
	const char *word, *text;
	enum outcome outcome;
} problems[PROBLEM_COUNT] = {
	[PROBLEM_TOO_LONG] = {"too-long", N_("the document is too long, or nested too deeply"), OUTCOME_INVALID},
	[PROBLEM_FORM] = {"form", N_("the document is malformed"), OUTCOME_INVALID},
	[PROBLEM_DOCTYPE] = {"doctype", N_("the document has a document type declaration"), OUTCOME_INVALID},
	[PROBLEM_ID_TWICE] = {"id-twice", N_("two elements have the same Id"), OUTCOME_INVALID},
	[PROBLEM_NOT_SIGNED] = {"not-signed", N_("there is no signature in the document"), OUTCOME_INVALID},
	[PROBLEM_NOT_COMPLETE] = {"not-covered", N_("the signature covers nothing of the document"), OUTCOME_INVALID},
	[PROBLEM_STRUCTURE] = {"structure", N_("the signature's structure is not the standard's"), OUTCOME_INVALID},
	[PROBLEM_ALGORITHM] = {"algorithm", N_("an algorithm is too weak, or not known"), OUTCOME_INVALID},
	[PROBLEM_TRANSFORM] = {"transform", N_("a transform is not permitted"), OUTCOME_INVALID},
	[PROBLEM_PREFIX_LIST] = {"prefix-list", N_("an InclusiveNamespaces list is not permitted"), OUTCOME_INVALID},
	[PROBLEM_EXTERNAL] = {"external-reference", N_("a reference leaves the document"), OUTCOME_INVALID},
	[PROBLEM_REFERENCE] = {"reference", N_("a reference does not lead to the element in its place"),
                               OUTCOME_INVALID},
	[PROBLEM_NO_CERTIFICATE] = {"no-certificate", N_("the signer's certificate is not in it"), OUTCOME_INVALID},
	[PROBLEM_SIGNING_CERTIFICATE] = {"signing-certificate",
                                         N_("the signed reference to the certificate is missing, or of another one"),
                                         OUTCOME_INVALID},
	[PROBLEM_MANIFEST] = {"manifest", N_("a file name of the manifest leaves the document's folder"),
                              OUTCOME_INVALID},
	[PROBLEM_DIGEST] = {"digest", N_("what was signed has been changed"), OUTCOME_INVALID},
	[PROBLEM_SIGNATURE] = {"signature", N_("the signature does not verify"), OUTCOME_INVALID},
	[PROBLEM_STAMP] = {"time-stamp", N_("the time stamp does not verify"), OUTCOME_INVALID},
	[PROBLEM_NO_CONTENT] = {"no-content", N_("the signed file is not at hand"), OUTCOME_UNDECIDED},
	[PROBLEM_NO_FILE] = {"no-file", N_("a file that the signature covers is not at hand"), OUTCOME_UNDECIDED},
	[PROBLEM_STAMP_ANCHOR] = {"time-stamp-anchor",
                                  N_("the time stamp's authority has no path to an installed anchor"), OUTCOME_VALID},
	[PROBLEM_STAMP_VALIDITY] = {"time-stamp-validity",
                                    N_("the time stamp authority's certificate was not valid at that time"),
                                    OUTCOME_VALID},
	[PROBLEM_NO_ANCHOR] = {"no-anchor", N_("the certificate has no path to an installed anchor"),
                               OUTCOME_UNDECIDED},
	[PROBLEM_CHAIN] = {"chain", N_("the certificate's chain, policy or use does not allow it"), OUTCOME_INVALID},
	[PROBLEM_REVOKED] = {"revoked", N_("the certificate had been revoked by then"), OUTCOME_INVALID},
	[PROBLEM_REVOKED_LATER] =
		{"revoked-since",
                 N_("the certificate has been revoked, and nothing proves that the signature is older"),
                 OUTCOME_UNDECIDED},
	[PROBLEM_VALIDITY] = {"validity", N_("the certificate was not valid at that time"), OUTCOME_INVALID},
	[PROBLEM_EXPIRED] = {"expired-since",
                             N_("the certificate has expired, and nothing proves that the signature is older"),
                             OUTCOME_UNDECIDED},
	[PROBLEM_TEST] = {"test-certificate", N_("a test certificate, which proves nothing about anybody"),
                          OUTCOME_INVALID},
	[PROBLEM_NO_STATUS] = {"status-unknown", N_("whether the certificate was revoked is not known"),
                               OUTCOME_UNDECIDED},
	[PROBLEM_NO_ROLE] = {"role", N_("the certificate states no role that was asked for"), OUTCOME_INVALID},
	[PROBLEM_ISSUER_SERIAL] = {"issuer-serial", N_("IssuerSerial is malformed; the certificate's digest is right"),
                                   OUTCOME_VALID},
	[PROBLEM_NOT_RECOMPUTED] = {"not-recomputed",
                                    N_("what an archive time stamp covers could not be computed; it was not used"),
                                    OUTCOME_VALID},
	[PROBLEM_CLAIMED_TIME] = {"claimed-time", N_("the claimed time is later than the time stamp"), OUTCOME_VALID},
};

const char *problem_word(enum problem p)
{
	return problems[p].word;
}

const char *problem_text(enum problem p)
{
	return problems[p].text;
}

enum outcome problem_outcome(enum problem p)
{
	return problems[p].outcome;
}

enum error texts_add(struct texts *t, const char *fmt, ...)
{
	char **longer = realloc(t->list, (t->n + 1) * sizeof *longer), *text = NULL;
	va_list args;
	int n;

	if (!longer)
		return E_MEMORY;
	t->list = longer;
	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		return E_MEMORY;
	t->list[t->n++] = text;
	return E_OK;
}

static void texts_free(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->list[i]);
	free(t->list);
}

struct signature *document_add(struct document *d, const char *form, const char *what)
{
	struct signature *longer;

	if (d->n == DOCUMENT_SIGNATURES_MAX) {
		d->problems |= PROBLEM(PROBLEM_TOO_LONG);
		return NULL;
	}
	longer = realloc(d->list, (d->n + 1) * sizeof *longer);
	if (!longer)
		return NULL;
	d->list = longer;
	d->list[d->n] = (struct signature){.form = form, .what = what};
	return &d->list[d->n++];
}

void document_free(struct document *d)
{
	for (size_t i = 0; i < d->n; i++) {
		struct signature *s = &d->list[i];

		for (size_t k = 0; k < s->n_stamps; k++) {
			free(s->stamps[k].name);
			stamp_clear(&s->stamps[k]);
		}
		free(s->stamps);
		buf_free(&s->cert);
		sk_X509_pop_free(s->certs, X509_free);
		sk_X509_CRL_pop_free(s->crls, X509_CRL_free);
		texts_free(&s->covered);
		texts_free(&s->not_covered);
	}
	free(d->list);
	buf_wipe(&d->content);
	*d = (struct document){0};
}
