/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/x509.h>
#include "base/i18n.h"
#include "signer/stamp.h"

static const struct {
	const char *word, *text;
} rows[PROBLEM_COUNT] = {
	[PROBLEM_TOO_LONG] = {"too-long",
                              N_("the document is too long, nested too deeply, or has too much of something")},
	[PROBLEM_FORM] = {"form", N_("the document is malformed")},
	[PROBLEM_ENCODING] = {"encoding", N_("the document's encoding is not one of UTF-8, Shift_JIS and EUC-JP")},
	[PROBLEM_DOCTYPE] = {"doctype", N_("the document has a document type declaration")},
	[PROBLEM_ID_TWICE] = {"id-twice", N_("two elements have the same Id")},
	[PROBLEM_NOT_SIGNED] = {"not-signed", N_("there is no signature in the document")},
	[PROBLEM_NOT_COMPLETE] = {"not-covered", N_("the signature covers nothing of the document")},
	[PROBLEM_STRUCTURE] = {"structure", N_("the signature's structure is not the standard's")},
	[PROBLEM_ALGORITHM] = {"algorithm", N_("an algorithm is too weak, or not known")},
	[PROBLEM_TRANSFORM] = {"transform", N_("a transform is not permitted")},
	[PROBLEM_PREFIX_LIST] = {"prefix-list", N_("an InclusiveNamespaces list is not permitted")},
	[PROBLEM_EXTERNAL] = {"external-reference", N_("a reference leaves the document")},
	[PROBLEM_REFERENCE] = {"reference", N_("a reference does not lead to the element in its place")},
	[PROBLEM_NO_CERTIFICATE] = {"no-certificate", N_("the signer's certificate is not in it")},
	[PROBLEM_SIGNING_CERTIFICATE] = {"signing-certificate",
                                         N_("the signed reference to the certificate is missing, or of another one")},
	[PROBLEM_MANIFEST] = {"manifest", N_("a file name of the manifest leaves the document's folder")},
	[PROBLEM_DIGEST] = {"digest", N_("what was signed has been changed")},
	[PROBLEM_SIGNATURE] = {"signature", N_("the signature does not verify")},
	[PROBLEM_STAMP] = {"time-stamp", N_("the time stamp does not verify")},
	[PROBLEM_CHAIN] = {"chain", N_("the certificate's chain, policy or use does not allow it")},
	[PROBLEM_REVOKED] = {"revoked", N_("the certificate had been revoked by then")},
	[PROBLEM_VALIDITY] = {"validity", N_("the certificate was not valid at that time")},
	[PROBLEM_TEST] = {"test-certificate", N_("a test certificate, which proves nothing about anybody")},
	[PROBLEM_NO_ROLE] = {"role", N_("the certificate states no role that was asked for")},
	[PROBLEM_NO_CONTENT] = {"no-content", N_("the signed file is not at hand")},
	[PROBLEM_NO_FILE] = {"no-file", N_("a file that the signature covers is not at hand")},
	[PROBLEM_ELSEWHERE] = {"elsewhere", N_("it covers an element that may not be the one that programs read")},
	[PROBLEM_NO_ANCHOR] = {"no-anchor", N_("the certificate has no path to an installed anchor")},
	[PROBLEM_REVOKED_LATER] =
		{"revoked-since",
                 N_("the certificate has been revoked, and nothing proves that the signature is older")},
	[PROBLEM_EXPIRED] = {"expired-since",
                             N_("the certificate has expired, and nothing proves that the signature is older")},
	[PROBLEM_NO_STATUS] = {"status-unknown", N_("whether the certificate was revoked is not known")},
	[PROBLEM_STAMP_ANCHOR] = {"time-stamp-anchor",
                                  N_("the time stamp's authority has no path to an installed anchor")},
	[PROBLEM_STAMP_VALIDITY] = {"time-stamp-validity",
                                    N_("the time stamp authority's certificate was not valid at that time")},
	[PROBLEM_ISSUER_SERIAL] = {"issuer-serial", N_("IssuerSerial is malformed; the certificate's digest is right")},
	[PROBLEM_NOT_RECOMPUTED] = {"not-recomputed",
                                    N_("what an archive time stamp covers could not be computed; it was not used")},
	[PROBLEM_CLAIMED_TIME] =
		{"claimed-time",
                 N_("the claimed time is later than the time stamp or than now, or outside the certificate's "
                    "validity")},
};

const char *problem_word(enum problem p)
{
	return rows[p].word;
}

const char *problem_text(enum problem p)
{
	return rows[p].text;
}

enum outcome problem_outcome(enum problem p)
{
	return p < PROBLEM_NO_CONTENT ? OUTCOME_INVALID : p < PROBLEM_STAMP_ANCHOR ? OUTCOME_UNDECIDED : OUTCOME_VALID;
}

enum problem problem_at(uint64_t set, size_t k)
{
	enum problem p = 0;

	while (p < PROBLEM_COUNT && (!(set & PROBLEM(p)) || k-- > 0))
		p++;
	return p;
}

enum outcome outcome_of(uint64_t set)
{
	return problem_outcome(problem_at(set, 0));
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

		for (size_t k = 0; k < s->n_stamps; k++)
			stamp_clear(&s->stamps[k]);
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

enum error document_prove(check_function *check, const struct check_input *in, const char *what, size_t n_stamps,
                          uint64_t known, uint64_t *problems)
{
	struct document d = {0};
	enum error ok = check(in, &d);

	*problems = PROBLEM(PROBLEM_STRUCTURE);
	for (size_t i = 0; i < d.n; i++) {
		const struct signature *s = &d.list[i];
		bool ours = !strcmp(s->what, what);

		if (ours && s->n_stamps == n_stamps)
			*problems &= ~PROBLEM(PROBLEM_STRUCTURE);
		*problems |= s->problems & (ours ? ~known : PROBLEMS_DECIDING);
		for (size_t k = 0; k < s->n_stamps && ours; k++)
			*problems |= s->stamps[k].problems;
	}
	*problems |= d.problems;
	document_free(&d);
	return ok;
}
