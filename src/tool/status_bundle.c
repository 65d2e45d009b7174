/* SPDX-License-Identifier: BSD-2-Clause */
/* What nginx (ssl_crl) and Apache httpd (SSLCARevocationFile) need. Both ask
 * OpenSSL to check every certificate of the chain, the root too: without a list
 * for one of them every card is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include "status_verb.h"

#define FATAL (CRL_DELTA | CRL_INDIRECT | CRL_CRITICAL | CRL_NO_NEXT | CRL_ATTRIBUTES)

struct part {
	const struct trusted_ca *ca;
	struct held held;
};

struct parts {                  /* one for each sound CA */
	struct part *list;
	size_t n;
};

static enum error take_parts(struct status_room *room, struct parts *p)
{
	p->list = calloc(room->trust->n ? room->trust->n : 1, sizeof *p->list);
	if (!p->list)
		return E_MEMORY;
	for (size_t i = 0; i < room->trust->n; i++) {
		const struct trusted_ca *ca = room->trust->list[i];

		if (!ca->sound)
			continue;
		p->list[p->n].ca = ca;
		store_lists(room->store, ca, &p->list[p->n++].held);
	}
	return E_OK;
}

static void free_parts(struct parts *p)
{
	for (size_t i = 0; i < p->n; i++)
		store_release(&p->list[i].held);
	free(p->list);
}

static const struct part *part_of(const struct parts *p, const struct trusted_ca *ca)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].ca == ca)
			return &p->list[i];
	return NULL;
}

/* ---- What is lacking */

static const struct trusted_ca *root_of(const struct trusted_ca *ca)
{
	for (int depth = 0; ca->issuer && !ca->anchor && depth < TRUST_DEPTH_MAX; depth++)
		ca = ca->issuer;
	return ca;
}

/* A tree of which no list is held is none that these servers are meant to check:
 * JPKI's, of which an ordinary host gets none. */
static bool is_checked(const struct parts *p, const struct trusted_ca *ca)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].held.n > 0 && root_of(p->list[i].ca) == root_of(ca))
			return true;
	return false;
}

static bool is_fresh(const struct crl *crl)
{
	return !(crl->defects & FATAL) && crl->next_update > time(NULL);
}

static bool has_list_about(const struct part *issuer, const struct cert *about)
{
	for (size_t i = 0; issuer && i < issuer->held.n; i++) {
		const struct crl *crl = issuer->held.list[i];

		if (is_fresh(crl) && (about ? crl_covers(crl, about) : !crl->only_cas))
			return true;
	}
	return false;
}

static bool issues_to_people(const struct parts *p, const struct trusted_ca *ca)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i].ca != ca && p->list[i].ca->issuer == ca)
			return false;
	return true;
}

static void complain_lacking(const struct trusted_ca *ca, bool about_it)
{
	char *name = fact_dn(X509_get_subject_name(ca->cert->x509));

	complain(about_it ? _("There is no list that is still valid about the CA certificate of %s.") :
		 _("There is no list that is still valid from %s about its end entities."), name ? name : "");
	advise(_("A server with this bundle refuses every card of this CA. Get it: inkan status refresh, or import"));
	free(name);
}

static bool find_lacking(const struct parts *p)
{
	bool lacking = false;

	for (size_t i = 0; i < p->n; i++) {
		const struct trusted_ca *ca = p->list[i].ca, *issuer = ca->anchor || !ca->issuer ? ca : ca->issuer;

		if (!is_checked(p, ca))
			continue;
		if (!has_list_about(part_of(p, issuer), ca->cert)) {
			complain_lacking(ca, true);
			lacking = true;
		}
		if (issues_to_people(p, ca) && !has_list_about(&p->list[i], NULL)) {
			complain_lacking(ca, false);
			lacking = true;
		}
	}
	return lacking;
}

/* ---- The text */

static enum error append_list(const struct crl *crl, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *issuer = fact_dn(crl->name), *point = status_point(crl), *text;
	char from[FACT_TIME_SIZE], until[FACT_TIME_SIZE];
	enum error e = E_MEMORY;
	long n;

	status_time(crl->this_update, false, from);
	status_time(crl->next_update, false, until);
	if (bio && BIO_printf(bio, "# %s\n# %s%s%s; %s to %s\n", issuer ? issuer : "", status_scope(crl),
	                      point ? ": " : "", point ? point : "", from, until) > 0 &&
	    PEM_write_bio(bio, PEM_STRING_X509_CRL, "", crl->der.data, (long)crl->der.len) > 0) {
		n = BIO_get_mem_data(bio, &text);
		e = buf_append(out, text, (size_t)n);
	}
	BIO_free(bio);
	free(issuer);
	free(point);
	return e;
}

static int by_key(const void *a, const void *b)
{
	const struct crl *const *x = a, *const *y = b;

	return memcmp((*x)->key, (*y)->key, sizeof (*x)->key);
}

/* In an order of their own, so that the same lists make the same file. */
static enum error write_lists(const struct parts *p, struct bundle *out)
{
	const struct crl **all;
	enum error e = E_OK;
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->list[i].held.n;
	all = calloc(n ? n : 1, sizeof *all);
	if (!all)
		return E_MEMORY;
	n = 0;
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < p->list[i].held.n; k++)
			if (!(p->list[i].held.list[k]->defects & FATAL))
				all[n++] = p->list[i].held.list[k];
	qsort(all, n, sizeof *all, by_key);
	for (size_t i = 0; i < n && e == E_OK; i++)
		e = append_list(all[i], &out->pem);
	out->lists = n;
	free(all);
	return e;
}

enum error bundle_make(struct status_room *room, struct bundle *out)
{
	struct parts parts = {.n = 0};
	enum error e = take_parts(room, &parts);

	*out = (struct bundle){.lists = 0};
	if (e == E_OK)
		e = write_lists(&parts, out);
	if (e == E_OK && out->lists > 0)
		out->lacking = find_lacking(&parts);
	free_parts(&parts);
	return e;
}
