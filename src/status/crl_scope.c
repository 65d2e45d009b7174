/* SPDX-License-Identifier: BSD-2-Clause */
/* Which certificates a list is about, and which of two lists is the later. */
#include "config.h"
#include <string.h>
#include <openssl/err.h>
#include "status/crl.h"

static bool has_directory_name(const DIST_POINT_NAME *p, const X509_NAME *name)
{
	if (p->type == 1)
		return p->dpname && X509_NAME_cmp(p->dpname, name) == 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(p->name.fullname); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(p->name.fullname, i);

		if (g->type == GEN_DIRNAME && X509_NAME_cmp(g->d.directoryName, name) == 0)
			return true;
	}
	return false;
}

static bool has_name(const DIST_POINT_NAME *p, GENERAL_NAME *name)
{
	if (name->type == GEN_DIRNAME)
		return has_directory_name(p, name->d.directoryName);
	for (int i = 0; p->type == 0 && i < sk_GENERAL_NAME_num(p->name.fullname); i++) {
		if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(p->name.fullname, i), name) == 0)
			return true;
	}
	return false;
}

/* 6.3.3 (b)(2)(i): one name of the list's is one of the certificate's. */
static bool share_name(const DIST_POINT_NAME *a, const DIST_POINT_NAME *b)
{
	if (b->type == 1)
		return b->dpname && has_directory_name(a, b->dpname);
	for (int i = 0; i < sk_GENERAL_NAME_num(b->name.fullname); i++) {
		if (has_name(a, sk_GENERAL_NAME_value(b->name.fullname, i)))
			return true;
	}
	return false;
}

unsigned crl_reason_bits(const ASN1_BIT_STRING *bits)
{
	unsigned mask = 0;

	for (int i = 1; i <= 8; i++)
		if (ASN1_BIT_STRING_get_bit(bits, i))
			mask |= 1U << i;
	return mask;
}

/* A point with a cRLIssuer leads to an indirect list (6.3.3 (b)(1)), one without
 * a name nowhere (4.2.1.13). */
static unsigned named_reasons(const struct crl *crl, const CRL_DIST_POINTS *points)
{
	unsigned mask = 0;

	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		DIST_POINT *p = sk_DIST_POINT_value(points, i);

		if (p->CRLissuer || !p->distpoint || !DIST_POINT_set_dpname(p->distpoint, crl->name))
			continue;
		if (share_name(crl->point->distpoint, p->distpoint))
			mask |= p->reasons ? crl_reason_bits(p->reasons) : CRL_ALL_REASONS; /* (d)(3), (4) */
	}
	return mask;
}

/* A list without a name in its IDP is about everything that its issuer issued,
 * wherever a certificate points to: 6.3.3, last paragraph. By the same paragraph
 * a certificate without distribution points has its issuer's name as one. */
static unsigned reasons_by_name(const struct crl *crl, const struct cert *cert)
{
	int where;
	CRL_DIST_POINTS *points = X509_get_ext_d2i(cert->x509, NID_crl_distribution_points, &where, NULL);
	unsigned mask = 0;

	if (!points && where != -1)
		return 0;
	if (!crl->point || !crl->point->distpoint)
		mask = CRL_ALL_REASONS;
	else if (points)
		mask = named_reasons(crl, points);
	else if (has_directory_name(crl->point->distpoint, crl->name))
		mask = CRL_ALL_REASONS;
	CRL_DIST_POINTS_free(points);
	return mask;
}

unsigned crl_reasons(const struct crl *crl, const struct cert *cert)
{
	unsigned mask;

	if (X509_NAME_cmp(crl->name, X509_get_issuer_name(cert->x509)) != 0)
		return 0;
	if ((cert->ca ? crl->only_users : crl->only_cas) || crl->defects & CRL_ATTRIBUTES)
		return 0;
	ERR_set_mark();
	mask = reasons_by_name(crl, cert);
	ERR_pop_to_mark();
	return crl->only_reasons == -1 ? mask : mask & (unsigned)crl->only_reasons;
}

bool crl_covers(const struct crl *crl, const struct cert *cert)
{
	return crl_reasons(crl, cert) != 0;
}

bool crl_newer(const struct crl *a, const struct crl *b, time_t at)
{
	int number = 0; /* without one in both there is no order */

	if (a->number_len && b->number_len)
		number = a->number_len != b->number_len ? (a->number_len < b->number_len ? -1 : 1) :
			 memcmp(a->number, b->number, a->number_len);
	if (b->next_update && b->next_update < at)
		return a->this_update > b->this_update;
	return number >= 0 && a->this_update >= b->this_update && (number > 0 || a->this_update > b->this_update);
}
