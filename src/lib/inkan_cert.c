/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.h: certificates and roles. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/i18n.h"
#include "cert/file.h"
#include "lib/names.h"
#include "lib/object.h"

enum inkan_error inkan_cert_wrap(struct cert *cert, struct trust *trust, struct inkan_cert **out)
{
	*out = calloc(1, sizeof **out);
	if (!*out) {
		cert_free(&cert);
		trust_free(&trust);
		return INKAN_E_MEMORY;
	}
	**out = (struct inkan_cert){.cert = cert, .owned = cert, .trust = trust, .texts = &(*out)->own};
	return INKAN_OK;
}

void inkan_cert_view(const struct cert *cert, struct inkan_cert *out)
{
	*out = (struct inkan_cert){.cert = cert, .texts = &out->own};
}

enum inkan_error inkan_cert_from_der(struct inkan *ctx, const void *der, size_t n, struct inkan_cert **out)
{
	struct cert *cert;
	enum error e;

	if (out)
		*out = NULL;
	if (!ctx || !der || !out)
		return INKAN_E_ARGUMENT;
	e = cert_parse(ctx->crypto, (struct bytes){der, n}, &cert);
	return e == E_OK ? inkan_cert_wrap(cert, NULL, out) : inkan_error_of(e);
}

enum inkan_error inkan_cert_from_pem(struct inkan *ctx, const char *pem, size_t n, struct inkan_cert **out)
{
	struct cert *cert;
	enum error e;

	if (out)
		*out = NULL;
	if (!ctx || !pem || !out)
		return INKAN_E_ARGUMENT;
	e = cert_read(ctx->crypto, (struct bytes){(const uint8_t *)pem, n}, &cert);
	return e == E_OK ? inkan_cert_wrap(cert, NULL, out) : inkan_error_of(e);
}

enum inkan_error inkan_cert_from_file(struct inkan *ctx, const char *path, struct inkan_cert **out)
{
	struct cert *cert = NULL;
	struct buf b = {0};
	enum error e;
	int why;

	if (out)
		*out = NULL;
	if (!ctx || !path || !out)
		return INKAN_E_ARGUMENT;
	e = path_read(path, CERT_FILE_MAX, &b);
	why = errno;
	if (e == E_NOT_FOUND || e == E_DENIED)
		e = E_IO;
	if (e == E_OK)
		e = cert_read(ctx->crypto, (struct bytes){b.data, b.len}, &cert);
	buf_wipe(&b);
	errno = why;
	return e == E_OK ? inkan_cert_wrap(cert, NULL, out) : inkan_error_of(e);
}

void cert_texts_free(struct cert_texts *texts)
{
	free(texts->issuer);
	free(texts->subject);
	free(texts->urls);
}

void inkan_cert_free(struct inkan_cert **cert)
{
	if (!cert || !*cert)
		return;
	cert_free(&(*cert)->owned);
	trust_free(&(*cert)->trust);
	cert_texts_free(&(*cert)->own);
	free(*cert);
	*cert = NULL;
}

const unsigned char *inkan_cert_der(const struct inkan_cert *cert, size_t *n)
{
	if (n)
		*n = cert ? cert->cert->der.len : 0;
	return cert ? cert->cert->der.data : NULL;
}

const unsigned char *inkan_cert_sha256(const struct inkan_cert *cert)
{
	return cert ? cert->cert->sha256 : NULL;
}

int64_t inkan_cert_not_before(const struct inkan_cert *cert)
{
	return cert ? cert->cert->not_before : 0;
}

int64_t inkan_cert_not_after(const struct inkan_cert *cert)
{
	return cert ? cert->cert->not_after : 0;
}

int inkan_cert_is_ca(const struct inkan_cert *cert)
{
	return cert ? cert->cert->ca : 0;
}

/* Of two threads that make it at once one is too late. */
static const char *set_once(_Atomic(char *) *slot, char *text)
{
	char *before = NULL;

	if (atomic_compare_exchange_strong(slot, &before, text))
		return text ? text : "";
	free(text);
	return before;
}

const char *inkan_cert_issuer(const struct inkan_cert *cert)
{
	if (!cert)
		return NULL;
	if (cert->texts->issuer)
		return cert->texts->issuer;
	return set_once(&cert->texts->issuer, name_text(X509_get_issuer_name(cert->cert->x509)));
}

const char *inkan_cert_subject(const struct inkan_cert *cert)
{
	if (!cert)
		return NULL;
	if (!cert->cert->ca)
		return "";
	if (cert->texts->subject)
		return cert->texts->subject;
	return set_once(&cert->texts->subject, name_text(X509_get_subject_name(cert->cert->x509)));
}

const char *inkan_cert_list_url(const struct inkan_cert *cert, size_t i)
{
	const char *url;

	if (!cert)
		return NULL;
	url = cert->texts->urls ? cert->texts->urls : set_once(&cert->texts->urls, list_urls(cert->cert->x509));
	while (url[0] && i-- > 0)
		url += strlen(url) + 1;
	return url[0] ? url : NULL;
}

unsigned inkan_cert_key_usage(const struct inkan_cert *cert)
{
	uint32_t libcrypto;
	unsigned bits = 0;

	if (!cert || X509_get_ext_by_NID(cert->cert->x509, NID_key_usage, -1) < 0)
		return 0;
	/* its first octet holds the first eight, the highest bit first; its second one the ninth */
	libcrypto = X509_get_key_usage(cert->cert->x509);
	for (unsigned i = 0; i < 8; i++)
		bits |= libcrypto & 0x80U >> i ? 1U << i : 0;
	return libcrypto & KU_DECIPHER_ONLY ? bits | 1U << 8 : bits;
}

const char *inkan_cert_key_type(const struct inkan_cert *cert)
{
	const char *name = cert && cert->cert->key.pkey ? EVP_PKEY_get0_type_name(cert->cert->key.pkey) : NULL;

	return name ? name : cert ? "" : NULL;
}

int inkan_cert_key_bits(const struct inkan_cert *cert)
{
	return cert && cert->cert->key.pkey ? (int)cert->cert->key.bits : 0;
}

enum inkan_profile inkan_cert_profile(const struct inkan_cert *cert)
{
	return cert ? (enum inkan_profile)cert->cert->kind : INKAN_PROFILE_UNKNOWN;
}

const char *inkan_cert_profile_word(const struct inkan_cert *cert)
{
	return cert ? cert->cert->profile->word : NULL;
}

const char *inkan_cert_profile_text(const struct inkan_cert *cert)
{
	if (!cert)
		return NULL;
	return cert->cert->ca ? _(cert->cert->profile->ca_text) : _(cert->cert->profile->text);
}

const char *inkan_cert_policy(const struct inkan_cert *cert)
{
	return cert ? cert->cert->policy : NULL;
}

int inkan_cert_is_production(const struct inkan_cert *cert)
{
	return cert ? cert->cert->production : 0;
}

int inkan_cert_is_personal(const struct inkan_cert *cert)
{
	return cert ? cert->cert->profile->family->personal : 0;
}

static const struct hcrole *role(const struct inkan_cert *cert, size_t i)
{
	return cert && i < cert->cert->roles.n ? &cert->cert->roles.list[i] : NULL;
}

size_t inkan_role_count(const struct inkan_cert *cert)
{
	return cert ? cert->cert->roles.n : 0;
}

int inkan_roles_malformed(const struct inkan_cert *cert)
{
	return cert ? cert->cert->roles_broken : 0;
}

const char *inkan_role_text(const struct inkan_cert *cert, size_t i)
{
	return role(cert, i) ? role(cert, i)->text : NULL;
}

const char *inkan_role_scheme(const struct inkan_cert *cert, size_t i)
{
	return role(cert, i) ? role(cert, i)->coding_scheme : NULL;
}

const char *inkan_role_code(const struct inkan_cert *cert, size_t i)
{
	return role(cert, i) ? role(cert, i)->code : NULL;
}

const unsigned char *inkan_role_der(const struct inkan_cert *cert, size_t i, size_t *n)
{
	if (n)
		*n = role(cert, i) ? role(cert, i)->der.len : 0;
	return role(cert, i) ? role(cert, i)->der.data : NULL;
}

const unsigned char *inkan_role_malformed_der(const struct inkan_cert *cert, size_t i, size_t *n)
{
	bool there = cert && i < cert->cert->roles.n_broken;

	if (n)
		*n = there ? cert->cert->roles.broken[i].len : 0;
	return there ? cert->cert->roles.broken[i].data : NULL;
}

int inkan_has_role(const struct inkan_cert *cert, const char *text)
{
	return cert && text && cert_holds_role(cert->cert, text);
}
