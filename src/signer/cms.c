/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <string.h>
#include <time.h>
#include <openssl/ess.h>
#include "signer/cms.h"

#define REFERENCES_WORK (1 << 18) /* octets of references to certificates, times certificates */

CMS_ContentInfo *cms_read(const struct crypto *crypto, struct bytes data)
{
	CMS_ContentInfo *cms = CMS_ContentInfo_new_ex(crypto->lib, NULL);
	const uint8_t *p = data.data;

	if (!cms)
		return NULL;
	if (data.len > LONG_MAX || !d2i_CMS_ContentInfo(&cms, &p, (long)data.len) || p != data.data + data.len ||
	    OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) {
		CMS_ContentInfo_free(cms); /* d2i has freed and forgotten it where it failed */
		return NULL;
	}
	return cms;
}

/* What follows the next such text; NULL: there is none. */
static const uint8_t *after(const char *text, const uint8_t *from, const uint8_t *end)
{
	const uint8_t *p = from ? memmem(from, (size_t)(end - from), text, strlen(text)) : NULL;

	return p ? p + strlen(text) : NULL;
}

bool cms_pem_goes_on(struct bytes data)
{
	const uint8_t *end, *p = data.data;

	if (data.len < 2 || (p[0] == 0x30 && p[1] >= 0x80))
		return false;
	end = p + data.len;
	p = after("-----BEGIN ", p, end);
	if (!p)
		return false;
	p = after("-----", after("-----END ", p, end), end);
	for (p = p ? p : end; p < end; p++)
		if (!memchr(" \t\r\n", *p, 4))
			return true;
	return false;
}

enum hash cms_hash(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *oid;

	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	switch (OBJ_obj2nid(oid)) {
	case NID_sha256: return HASH_SHA256;
	case NID_sha384: return HASH_SHA384;
	case NID_sha512: return HASH_SHA512;
	default: return HASH_NONE;
	}
}

bool cms_time(const ASN1_TIME *time, int64_t *out)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	*out = timegm(&tm);
	return true;
}

/* RSA with and without PSS, ECDSA; the hash, where the signature's algorithm has one, is the digest's. libcrypto looks
 * at the digest's alone. */
static bool is_known(const X509_ALGOR *digest, const X509_ALGOR *signature, const EVP_PKEY *key)
{
	const ASN1_OBJECT *digest_oid, *oid;
	int nid, hash = NID_undef, kind = NID_undef;

	X509_ALGOR_get0(&digest_oid, NULL, NULL, digest);
	X509_ALGOR_get0(&oid, NULL, NULL, signature);
	nid = OBJ_obj2nid(oid);
	OBJ_find_sigid_algs(nid, &hash, &kind);
	if (cms_hash(digest) == HASH_NONE || !key)
		return false;
	if (nid == NID_rsassaPss) /* its parameters are the signature's and compared by libcrypto */
		return EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS");
	if (nid == NID_rsaEncryption)
		return EVP_PKEY_is_a(key, "RSA");
	return hash == OBJ_obj2nid(digest_oid) && ((kind == NID_rsaEncryption && EVP_PKEY_is_a(key, "RSA")) ||
	                                           (kind == NID_X9_62_id_ecPublicKey && EVP_PKEY_is_a(key, "EC")));
}

/* The value of a signed attribute that is there once and has one value of that type. */
static void *signed_value(const CMS_SignerInfo *si, int nid, int type)
{
	return CMS_signed_get0_data_by_OBJ(si, OBJ_nid2obj(nid), -3, type);
}

/* They are read anew for each certificate that may be the signer's; nobody needs so many. */
static bool has_many_references(const CMS_SignerInfo *si, const STACK_OF(X509) *certs)
{
	const ASN1_STRING *v1 = signed_value(si, NID_id_smime_aa_signingCertificate, V_ASN1_SEQUENCE);
	const ASN1_STRING *v2 = signed_value(si, NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE);
	int64_t octets = (v1 ? ASN1_STRING_length(v1) : 0) + (v2 ? ASN1_STRING_length(v2) : 0);

	return octets * sk_X509_num(certs) > REFERENCES_WORK;
}

/* The octets of a SigningCertificate (RFC 5035 4, 5) with the first of its references alone, which is the signer's; the
 * others are of CAs, which need not be enclosed. Of OPENSSL_malloc, *n long; NULL: it has none. */
static uint8_t *first_reference(const ASN1_STRING *value, int *n)
{
	struct bytes in = {ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
	struct tlv all, list, first;
	uint8_t *out, *p;
	int inner;

	if (!tlv_next(&in, &all) || !tlv_next(&all.value, &list) || !tlv_next(&list.value, &first))
		return NULL;
	inner = ASN1_object_size(1, (int)first.whole.len, V_ASN1_SEQUENCE);
	*n = ASN1_object_size(1, inner, V_ASN1_SEQUENCE);
	out = p = OPENSSL_malloc((size_t)*n);
	if (!out)
		return NULL;
	ASN1_put_object(&p, 1, inner, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	ASN1_put_object(&p, 1, (int)first.whole.len, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
	memcpy(p, first.whole.data, first.whole.len);
	return out;
}

static ESS_SIGNING_CERT *read_v1(const ASN1_STRING *value)
{
	const uint8_t *p = value ? ASN1_STRING_get0_data(value) : NULL;
	ESS_SIGNING_CERT *whole = p ? d2i_ESS_SIGNING_CERT(NULL, &p, ASN1_STRING_length(value)) : NULL;
	int n = 0;
	uint8_t *first = whole ? first_reference(value, &n) : NULL;

	ESS_SIGNING_CERT_free(whole);
	p = first;
	whole = first ? d2i_ESS_SIGNING_CERT(NULL, &p, n) : NULL;
	OPENSSL_free(first);
	return whole;
}

static ESS_SIGNING_CERT_V2 *read_v2(const ASN1_STRING *value)
{
	const uint8_t *p = value ? ASN1_STRING_get0_data(value) : NULL;
	ESS_SIGNING_CERT_V2 *whole = p ? d2i_ESS_SIGNING_CERT_V2(NULL, &p, ASN1_STRING_length(value)) : NULL;
	int n = 0;
	uint8_t *first = whole ? first_reference(value, &n) : NULL;

	ESS_SIGNING_CERT_V2_free(whole);
	p = first;
	whole = first ? d2i_ESS_SIGNING_CERT_V2(NULL, &p, n) : NULL;
	OPENSSL_free(first);
	return whole;
}

/* Of the two forms one is enough; what is there must be right. */
static bool names_signer(const CMS_SignerInfo *si, X509 *signer)
{
	ESS_SIGNING_CERT *v1 = read_v1(signed_value(si, NID_id_smime_aa_signingCertificate, V_ASN1_SEQUENCE));
	ESS_SIGNING_CERT_V2 *v2 = read_v2(signed_value(si, NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE));
	STACK_OF(X509) *alone = sk_X509_new_null();
	bool right = (v1 || CMS_signed_get_attr_by_NID(si, NID_id_smime_aa_signingCertificate, -1) < 0) &&
	             (v2 || CMS_signed_get_attr_by_NID(si, NID_id_smime_aa_signingCertificateV2, -1) < 0) && alone &&
	             sk_X509_push(alone, signer) > 0 && OSSL_ESS_check_signing_certs(v1, v2, alone, 1) == 1;

	sk_X509_free(alone);
	ESS_SIGNING_CERT_free(v1);
	ESS_SIGNING_CERT_V2_free(v2);
	return right;
}

uint64_t cms_signer_problems(const struct crypto *crypto, CMS_ContentInfo *cms, CMS_SignerInfo *si,
                             STACK_OF(X509) *certs, struct bytes content, X509 **signer)
{
	const ASN1_OBJECT *type = signed_value(si, NID_pkcs9_contentType, V_ASN1_OBJECT);
	const ASN1_OCTET_STRING *hash = signed_value(si, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING);
	X509_ALGOR *digest, *signature;
	uint8_t own[EVP_MAX_MD_SIZE];
	const bool many = has_many_references(si, certs);
	uint64_t problems = 0;
	bool named = false;
	enum hash h;

	*signer = NULL;
	/* nobody has signed the certificates: of two with one name and number the one that is referred to */
	for (int i = 0; i < sk_X509_num(certs) && !named; i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (CMS_SignerInfo_cert_cmp(si, cert) != 0)
			continue;
		named = !many && names_signer(si, cert);
		if (named || !*signer)
			*signer = cert;
	}
	if (!*signer)
		return PROBLEM(PROBLEM_NO_CERTIFICATE);
	CMS_SignerInfo_get0_algs(si, NULL, NULL, &digest, &signature);
	h = cms_hash(digest);
	if (!type || !hash || OBJ_cmp(type, CMS_get0_eContentType(cms)) != 0)
		problems |= PROBLEM(PROBLEM_STRUCTURE);
	if (!is_known(digest, signature, X509_get0_pubkey(*signer)))
		problems |= PROBLEM(PROBLEM_ALGORITHM);
	if (problems)
		return problems;
	if (many)
		return PROBLEM(PROBLEM_TOO_LONG);
	if (!named)
		problems |= PROBLEM(PROBLEM_SIGNING_CERTIFICATE);
	CMS_SignerInfo_set1_signer_cert(si, *signer);
	if (CMS_SignerInfo_verify(si) != 1)
		problems |= PROBLEM(PROBLEM_SIGNATURE);
	if (!content.data)
		problems |= PROBLEM(PROBLEM_NO_CONTENT);
	else if ((size_t)ASN1_STRING_length(hash) != crypto_hash_len(h) ||
	         crypto_hash(crypto, h, content, own) != E_OK ||
	         memcmp(ASN1_STRING_get0_data(hash), own, crypto_hash_len(h)) != 0)
		problems |= PROBLEM(PROBLEM_DIGEST);
	return problems;
}
