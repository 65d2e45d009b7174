/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <time.h>
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include "base/i18n.h"
#include "base/log.h"
#include "crypto/scheme.h"
#include "signer/document.h"
#include "signer/signer.h"

/* RFC 5652 5.4: signed as a SET OF, in DER; libcrypto, which stores them as [0], has no name for it. */
ASN1_ITEM_TEMPLATE(SIGNED_ATTRIBUTES) = ASN1_EX_TEMPLATE_TYPE(ASN1_TFLG_SET_OF, 0, attributes, X509_ATTRIBUTE)
	static_ASN1_ITEM_TEMPLATE_END(SIGNED_ATTRIBUTES)

	/* Beside signing-certificate-v2, which CMS_add1_signer has written. */
	static bool add_attributes(CMS_SignerInfo * si, const uint8_t hash[32])
{
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	bool added = now &&
	             CMS_signed_add1_attr_by_NID(si, NID_pkcs9_contentType, V_ASN1_OBJECT, OBJ_nid2obj(NID_pkcs7_data),
	                                         -1) == 1 &&
	             CMS_signed_add1_attr_by_NID(si, NID_pkcs9_signingTime, now->type, now, -1) == 1 &&
	             CMS_signed_add1_attr_by_NID(si, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, hash, 32) == 1;

	ASN1_TIME_free(now);
	return added;
}

static enum error hash_attributes(const struct crypto *crypto, const CMS_SignerInfo *si, uint8_t hash[32])
{
	STACK_OF(X509_ATTRIBUTE) *all = sk_X509_ATTRIBUTE_new_null();
	uint8_t *der = NULL;
	enum error ok = E_MEMORY;
	int n = -1;

	for (int i = 0; i < CMS_signed_get_attr_count(si); i++)
		if (!all || sk_X509_ATTRIBUTE_push(all, CMS_signed_get_attr(si, i)) <= 0)
			goto out;
	n = ASN1_item_i2d((const ASN1_VALUE *)all, &der, ASN1_ITEM_rptr(SIGNED_ATTRIBUTES));
	if (n > 0)
		ok = crypto_hash(crypto, HASH_SHA256, (struct bytes){der, (size_t)n}, hash);
out:
	OPENSSL_free(der);
	sk_X509_ATTRIBUTE_free(all);
	return ok;
}

/* The one signature of the card, and with s->stamps a time stamp on its octets (ETSI EN 319 122-1 5.3). */
static enum error sign(struct signer *s, CMS_SignerInfo *si)
{
	struct buf token = {0};
	uint8_t hash[32], value[SIGNATURE_MAX];
	size_t n = sizeof value;
	enum error ok = hash_attributes(s->crypto, si, hash);

	if (ok == E_OK && (ok = s->sign(s->self, hash, value, &n)) == E_OK &&
	    ASN1_OCTET_STRING_set(CMS_SignerInfo_get0_signature(si), value, (int)n) != 1)
		ok = E_MEMORY;
	if (ok == E_OK && s->stamps)
		ok = stamp_fetch(s->stamps, (struct bytes){value, n}, &token, s->why);
	if (ok == E_OK && s->stamps &&
	    CMS_unsigned_add1_attr_by_NID(si, NID_id_smime_aa_timeStampToken, V_ASN1_SEQUENCE, token.data,
	                                  (int)token.len) != 1)
		ok = E_MEMORY;
	buf_free(&token);
	return ok;
}

enum error cades_sign(struct signer *s, struct bytes content, bool enclosed, struct buf *out)
{
	const unsigned flags =
		CMS_PARTIAL | CMS_BINARY | CMS_NOSMIMECAP | CMS_CADES | (enclosed ? 0 : (unsigned)CMS_DETACHED);
	CMS_ContentInfo *cms = NULL;
	CMS_SignerInfo *si = NULL;
	X509_ALGOR *algorithm;
	uint8_t hash[32], *der = NULL;
	struct check_input in;
	uint64_t problems = 0;
	enum error ok;
	int n;

	if (!s->cert->x509 || s->cert->key.kind != KEY_RSA)
		return E_UNSUPPORTED;
	if (content.len > (enclosed ? ENCLOSED_MAX : DOCUMENT_MAX))
		return E_TOO_LONG;
	if (!content.data) /* an empty file */
		content.data = (const uint8_t *)"";
	if ((ok = crypto_hash(s->crypto, HASH_SHA256, content, hash)) != E_OK)
		return ok;
	ERR_set_mark();
	ok = E_INTERNAL;
	/* the private key is nowhere near: the certificate's public one stands in for it */
	cms = CMS_sign_ex(NULL, NULL, s->chain, NULL, flags, s->crypto->lib, NULL);
	if (cms)
		si = CMS_add1_signer(cms, s->cert->x509, s->cert->key.pkey, s->crypto->md[HASH_SHA256], flags);
	if (!si || !add_attributes(si, hash) ||
	    (enclosed && ASN1_OCTET_STRING_set(*CMS_get0_content(cms), content.data, (int)content.len) != 1)) {
		log_error("CMS_sign: %s", ERR_reason_error_string(ERR_peek_last_error()));
		goto out;
	}
	CMS_SignerInfo_get0_algs(si, NULL, NULL, NULL, &algorithm);
	X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_rsaEncryption), V_ASN1_NULL, NULL);
	if ((ok = sign(s, si)) != E_OK)
		goto out;
	n = i2d_CMS_ContentInfo(cms, &der);
	in = (struct check_input){.crypto = s->crypto, .data = {der, n > 0 ? (size_t)n : 0}, .content = content};
	ok = n > 0 ? document_prove(cms_check, &in, "file", s->stamps ? 1 : 0, 0, &problems) : E_MEMORY;
	if (ok == E_OK && problems) {
		log_error("a signature of ours does not verify: %s", problem_word(problem_at(problems, 0)));
		ok = E_INTERNAL;
	}
	if (ok == E_OK)
		ok = buf_append(out, der, (size_t)n);
out:
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	ERR_pop_to_mark();
	return ok;
}
