/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <strings.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/mem.h"
#include "lib/names.h"

char *name_text(const X509_NAME *name)
{
	const unsigned long flags = XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_DN_REV | XN_FLAG_FN_SN | ASN1_STRFLGS_ESC_2253 |
	                            ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT | ASN1_STRFLGS_DUMP_UNKNOWN |
	                            ASN1_STRFLGS_DUMP_DER;
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, *copy = NULL;
	long n;

	if (bio && X509_NAME_print_ex(bio, name, 0, flags) >= 0) {
		n = BIO_get_mem_data(bio, &text);
		copy = n >= 0 ? strndup(n ? text : "", (size_t)n) : NULL;
	}
	BIO_free(bio); /* wiped: it may be a person's name */
	return copy;
}

char *name_part(const X509_NAME *name, int nid, bool *lost)
{
	unsigned char *utf8 = NULL;
	int at = -1, last = -1, n;
	char *copy;

	while ((at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0)
		last = at;
	if (last < 0)
		return NULL;
	n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
	if (n < 0)
		return NULL;
	/* A NUL inside must not cut a name short: it becomes SUB, which is made visible. */
	for (int i = 0; i < n; i++)
		if (utf8[i] == 0)
			utf8[i] = 0x1A;
	copy = strndup((const char *)utf8, (size_t)n);
	*lost |= !copy;
	OPENSSL_clear_free(utf8, (size_t)n);
	return copy;
}

static bool is_web_url(const ASN1_STRING *url)
{
	const char *text = (const char *)ASN1_STRING_get0_data(url);
	size_t n = (size_t)ASN1_STRING_length(url);

	if ((n < 8 || strncasecmp(text, "http://", 7) != 0) && (n < 9 || strncasecmp(text, "https://", 8) != 0))
		return false;
	for (size_t i = 0; i < n; i++)
		if (text[i] <= 0x20 || text[i] == 0x7F) /* RFC 3986: ASCII without blanks */
			return false;
	return true;
}

char *list_urls(const X509 *x509)
{
	STACK_OF(DIST_POINT) *points;
	struct buf out = {0};
	enum error e = E_OK;

	ERR_set_mark();
	points = X509_get_ext_d2i(x509, NID_crl_distribution_points, NULL, NULL);
	ERR_pop_to_mark();
	for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
		const DIST_POINT_NAME *point = sk_DIST_POINT_value(points, i)->distpoint;

		for (int k = 0; point && point->type == 0 && k < sk_GENERAL_NAME_num(point->name.fullname); k++) {
			const GENERAL_NAME *name = sk_GENERAL_NAME_value(point->name.fullname, k);
			const ASN1_STRING *url = name->d.uniformResourceIdentifier;

			if (name->type != GEN_URI || !is_web_url(url) || e != E_OK)
				continue;
			e = buf_append(&out, ASN1_STRING_get0_data(url), (size_t)ASN1_STRING_length(url));
			if (e == E_OK)
				e = buf_append(&out, "", 1);
		}
	}
	sk_DIST_POINT_pop_free(points, DIST_POINT_free);
	if (e == E_OK)
		e = buf_append(&out, "", 1);
	if (e != E_OK)
		buf_free(&out);
	return (char *)out.data;
}
