/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.h: certificates and roles. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "cert/file.h"
#include "lib/object.h"

enum inkan_error inkan_cert_wrap(struct cert *cert, struct trust *trust, struct inkan_cert **out)
{
	*out = malloc(sizeof **out);
	if (!*out) {
		cert_free(&cert);
		trust_free(&trust);
		return INKAN_E_MEMORY;
	}
	**out = (struct inkan_cert){.cert = cert, .trust = trust};
	return INKAN_OK;
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
	enum error e = E_IO;
	int fd, why;

	if (out)
		*out = NULL;
	if (!ctx || !path || !out)
		return INKAN_E_ARGUMENT;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return INKAN_E_IO;
	e = cert_file_read(fd, CERT_FILE_MAX, &b);
	why = errno;
	close(fd);
	if (e == E_OK)
		e = cert_read(ctx->crypto, (struct bytes){b.data, b.len}, &cert);
	buf_wipe(&b);
	errno = why;
	return e == E_OK ? inkan_cert_wrap(cert, NULL, out) : inkan_error_of(e);
}

void inkan_cert_free(struct inkan_cert **cert)
{
	if (!cert || !*cert)
		return;
	cert_free(&(*cert)->cert);
	trust_free(&(*cert)->trust);
	free(*cert);
	*cert = NULL;
}

const unsigned char *inkan_cert_der(const struct inkan_cert *cert, size_t *n)
{
	*n = cert->cert->der.len;
	return cert->cert->der.data;
}

const unsigned char *inkan_cert_sha256(const struct inkan_cert *cert)
{
	return cert->cert->sha256;
}

static int64_t seconds(const ASN1_TIME *time)
{
	struct tm tm;

	/* it was read once when the certificate was parsed */
	return ASN1_TIME_to_tm(time, &tm) ? (int64_t)timegm(&tm) : 0;
}

int64_t inkan_cert_not_before(const struct inkan_cert *cert)
{
	return seconds(X509_get0_notBefore(cert->cert->x509));
}

int64_t inkan_cert_not_after(const struct inkan_cert *cert)
{
	return seconds(X509_get0_notAfter(cert->cert->x509));
}

int inkan_cert_is_ca(const struct inkan_cert *cert)
{
	return cert->cert->ca;
}

enum inkan_profile inkan_cert_profile(const struct inkan_cert *cert)
{
	return (enum inkan_profile)cert->cert->kind;
}

const char *inkan_cert_policy(const struct inkan_cert *cert)
{
	return cert->cert->policy;
}

int inkan_cert_is_production(const struct inkan_cert *cert)
{
	return cert->cert->production;
}

size_t inkan_role_count(const struct inkan_cert *cert)
{
	return cert->cert->roles.n;
}

int inkan_roles_malformed(const struct inkan_cert *cert)
{
	return cert->cert->roles_broken;
}

static const struct hcrole *role(const struct inkan_cert *cert, size_t i)
{
	return i < cert->cert->roles.n ? &cert->cert->roles.list[i] : NULL;
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
	if (!role(cert, i))
		return NULL;
	*n = role(cert, i)->der.len;
	return role(cert, i)->der.data;
}

int inkan_has_role(const struct inkan_cert *cert, const char *text)
{
	return text && cert_holds_role(cert->cert, text);
}
