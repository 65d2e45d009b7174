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

/* libcrypto compares each certificate with each reference, of which nobody needs so many. */
static bool has_many_references(const CMS_SignerInfo *si, const STACK_OF(X509) *certs)
{
	const ASN1_STRING *v1 = signed_value(si, NID_id_smime_aa_signingCertificate, V_ASN1_SEQUENCE);
	const ASN1_STRING *v2 = signed_value(si, NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE);
	int64_t octets = (v1 ? ASN1_STRING_length(v1) : 0) + (v2 ? ASN1_STRING_length(v2) : 0);

	return octets * sk_X509_num(certs) > REFERENCES_WORK;
}

/* Of the two forms one is enough; what is there must be right. */
static bool names_signer(const CMS_SignerInfo *si, X509 *signer, STACK_OF(X509) *certs)
{
	const ASN1_STRING *v1 = signed_value(si, NID_id_smime_aa_signingCertificate, V_ASN1_SEQUENCE);
	const ASN1_STRING *v2 = signed_value(si, NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE);
	const uint8_t *p1 = v1 ? ASN1_STRING_get0_data(v1) : NULL, *p2 = v2 ? ASN1_STRING_get0_data(v2) : NULL;
	ESS_SIGNING_CERT *ess = v1 ? d2i_ESS_SIGNING_CERT(NULL, &p1, ASN1_STRING_length(v1)) : NULL;
	ESS_SIGNING_CERT_V2 *ess2 = v2 ? d2i_ESS_SIGNING_CERT_V2(NULL, &p2, ASN1_STRING_length(v2)) : NULL;
	STACK_OF(X509) *chain = sk_X509_dup(certs); /* the first reference is the signer's, the next are of its chain */
	bool right = (ess || CMS_signed_get_attr_by_NID(si, NID_id_smime_aa_signingCertificate, -1) < 0) &&
	             (ess2 || CMS_signed_get_attr_by_NID(si, NID_id_smime_aa_signingCertificateV2, -1) < 0) && chain &&
	             sk_X509_unshift(chain, signer) > 0 && OSSL_ESS_check_signing_certs(ess, ess2, chain, 1) == 1;

	sk_X509_free(chain);
	ESS_SIGNING_CERT_free(ess);
	ESS_SIGNING_CERT_V2_free(ess2);
	return right;
}

uint64_t cms_signer_problems(const struct crypto *crypto, CMS_ContentInfo *cms, CMS_SignerInfo *si,
                             STACK_OF(X509) *certs, struct bytes content, X509 **signer)
{
	const ASN1_OBJECT *type = signed_value(si, NID_pkcs9_contentType, V_ASN1_OBJECT);
	const ASN1_OCTET_STRING *hash = signed_value(si, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING);
	X509_ALGOR *digest, *signature;
	uint8_t own[EVP_MAX_MD_SIZE];
	uint64_t problems = 0;
	enum hash h;

	*signer = NULL;
	for (int i = 0; i < sk_X509_num(certs) && !*signer; i++)
		if (CMS_SignerInfo_cert_cmp(si, sk_X509_value(certs, i)) == 0)
			*signer = sk_X509_value(certs, i);
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
	if (has_many_references(si, certs))
		return PROBLEM(PROBLEM_TOO_LONG);
	if (!names_signer(si, *signer, certs))
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
