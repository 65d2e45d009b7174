/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "base/i18n.h"
#include "signer/cms.h"
#include "signer/stamp.h"

/* The signature's own, and two kinds of archive time stamps. */
static const char *const stamps[] = {
	"1.2.840.113549.1.9.16.2.14", /* RFC 3161 A */
	"1.2.840.113549.1.9.16.2.48", /* ETSI TS 101 733 6.4.1 */
	"0.4.0.1733.2.4",             /* ETSI EN 319 122-1 5.5.3 */
};

/* What begins as a ContentInfo of SignedData (RFC 5652 3), in DER or BER. */
static bool is_signed_data(struct bytes data)
{
	static const uint8_t oid[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02};
	size_t head = data.len > 1 && data.data[1] > 0x80 ? 2 + (data.data[1] & 0x7FU) : 2;

	return data.len > head + sizeof oid && data.data[0] == 0x30 && memcmp(data.data + head, oid, sizeof oid) == 0;
}

/* Each value of each unsigned attribute of that type is a time stamp. An archive time stamp's octets (ETSI EN 319 122-1
 * 5.5.3) are not put together here. */
static enum error add_stamps(const struct crypto *crypto, CMS_SignerInfo *si, const char *type, bool archive,
                             struct signature *s)
{
	const ASN1_OCTET_STRING *value = CMS_SignerInfo_get0_signature(si);
	struct bytes octets = {0};
	ASN1_OBJECT *oid = OBJ_txt2obj(type, 1);
	enum error ok = oid ? E_OK : E_MEMORY;
	int at = -1;

	if (!archive)
		octets = (struct bytes){ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
	while (ok == E_OK && (at = CMS_unsigned_get_attr_by_OBJ(si, oid, at)) >= 0) {
		X509_ATTRIBUTE *attribute = CMS_unsigned_get_attr(si, at);

		for (int i = 0; i < X509_ATTRIBUTE_count(attribute) && ok == E_OK; i++) {
			const ASN1_TYPE *t = X509_ATTRIBUTE_get0_type(attribute, i);
			struct bytes token = {0};

			if (ASN1_TYPE_get(t) == V_ASN1_SEQUENCE)
				token = (struct bytes){t->value.sequence->data, (size_t)t->value.sequence->length};
			ok = stamp_add(crypto, s, archive, token, octets);
		}
	}
	ASN1_OBJECT_free(oid);
	return ok;
}

/* signing-time (11.3). False: there, and not once, or no time. */
static bool read_time(const CMS_SignerInfo *si, int64_t *out)
{
	const ASN1_OBJECT *oid = OBJ_nid2obj(NID_pkcs9_signingTime);
	const ASN1_TIME *time = CMS_signed_get0_data_by_OBJ(si, oid, -3, V_ASN1_UTCTIME);

	if (!time)
		time = CMS_signed_get0_data_by_OBJ(si, oid, -3, V_ASN1_GENERALIZEDTIME);
	return time ? cms_time(time, out) : CMS_signed_get_attr_by_NID(si, NID_pkcs9_signingTime, -1) < 0;
}

struct found {
	CMS_ContentInfo *cms;
	STACK_OF(X509) *certs;
	STACK_OF(X509_CRL) *crls;
	struct bytes content; /* data NULL: not at hand */
	bool enclosed;
};

static enum error check_signer(const struct crypto *crypto, const struct found *f, CMS_SignerInfo *si,
                               struct signature *s)
{
	enum error ok = E_OK;
	uint8_t *der = NULL;
	X509 *signer;
	int n;

	s->problems = cms_signer_problems(crypto, f->cms, si, f->certs, f->content, &signer);
	if (!read_time(si, &s->claimed))
		s->problems |= PROBLEM(PROBLEM_STRUCTURE);
	if (CMS_signed_get_attr_by_NID(si, NID_id_smime_aa_signingCertificate, -1) >= 0 ||
	    CMS_signed_get_attr_by_NID(si, NID_id_smime_aa_signingCertificateV2, -1) >= 0)
		s->form = "CAdES";
	if (signer) {
		n = i2d_X509(signer, &der);
		ok = n > 0 ? buf_append(&s->cert, der, (size_t)n) : E_MEMORY;
		OPENSSL_free(der);
	}
	s->certs = X509_chain_up_ref(f->certs);
	s->crls = sk_X509_CRL_deep_copy(f->crls, X509_CRL_dup, X509_CRL_free);
	if (!s->certs || !s->crls)
		return E_MEMORY;
	X509_free(sk_X509_delete_ptr(s->certs, signer));
	for (size_t i = 0; ok == E_OK && i < sizeof stamps / sizeof *stamps; i++)
		ok = add_stamps(crypto, si, stamps[i], i > 0, s);
	if (ok == E_OK && !(s->problems & (PROBLEM(PROBLEM_DIGEST) | PROBLEM(PROBLEM_NO_CONTENT))))
		ok = texts_add(&s->covered,
		               f->enclosed ? _("the enclosed file, whole (%zu bytes)")
		                           : _("the file, whole (%zu bytes)"),
		               f->content.len);
	if (ok == E_OK)
		ok = texts_add(&s->not_covered, "%s", _("the file's name and date"));
	if (ok == E_OK && CMS_unsigned_get_attr_by_NID(si, NID_pkcs9_countersignature, -1) >= 0)
		ok = texts_add(&s->not_covered, "%s", _("counter-signatures in it, which were not looked at"));
	return ok;
}

static enum error check_all(const struct check_input *in, struct bytes der, struct document *out)
{
	struct found f = {.cms = der.len <= DOCUMENT_MAX ? cms_read(in->crypto, der) : NULL, .content = in->content};
	STACK_OF(CMS_SignerInfo) *signers;
	ASN1_OCTET_STRING **octets;
	enum error ok = E_OK;

	if (!f.cms) {
		out->problems |= PROBLEM(der.len > DOCUMENT_MAX ? PROBLEM_TOO_LONG : PROBLEM_FORM);
		return E_OK;
	}
	octets = CMS_get0_content(f.cms);
	f.enclosed = octets && *octets;
	if (f.enclosed) {
		f.content = (struct bytes){ASN1_STRING_get0_data(*octets), (size_t)ASN1_STRING_length(*octets)};
		ok = buf_append(&out->content, f.content.data, f.content.len);
	}
	f.certs = CMS_get1_certs(f.cms);
	f.crls = CMS_get1_crls(f.cms);
	if (!f.certs)
		f.certs = sk_X509_new_null();
	if (!f.crls)
		f.crls = sk_X509_CRL_new_null();
	if (ok == E_OK && (!f.certs || !f.crls))
		ok = E_MEMORY;
	signers = CMS_get0_SignerInfos(f.cms);
	if (sk_CMS_SignerInfo_num(signers) <= 0)
		out->problems |= PROBLEM(PROBLEM_NOT_SIGNED);
	for (int i = 0; ok == E_OK && i < sk_CMS_SignerInfo_num(signers); i++) {
		struct signature *s = document_add(out, "CMS", "file");

		if (!s && !out->problems)
			ok = E_MEMORY;
		if (!s)
			break;
		ok = check_signer(in->crypto, &f, sk_CMS_SignerInfo_value(signers, i), s);
		if (f.enclosed && in->content.data &&
		    (in->content.len != f.content.len || memcmp(in->content.data, f.content.data, f.content.len) != 0))
			s->problems |= PROBLEM(PROBLEM_DIGEST); /* of another file than the one that is asked about */
	}
	sk_X509_pop_free(f.certs, X509_free);
	sk_X509_CRL_pop_free(f.crls, X509_CRL_free);
	CMS_ContentInfo_free(f.cms);
	return ok;
}

enum error cms_check(const struct check_input *in, struct document *out)
{
	enum error ok = E_UNSUPPORTED;
	uint8_t *der = NULL;
	BIO *text;
	long n;

	ERR_set_mark();
	if (is_signed_data(in->data)) {
		ok = check_all(in, in->data, out);
	} else if (in->data.len <= 2 * DOCUMENT_MAX && memmem(in->data.data, in->data.len, "-----BEGIN ", 11)) {
		text = BIO_new_mem_buf(in->data.data, (int)in->data.len);
		if (text && PEM_bytes_read_bio(&der, &n, NULL, PEM_STRING_CMS, text, NULL, NULL) == 1 &&
		    is_signed_data((struct bytes){der, (size_t)n}))
			ok = check_all(in, (struct bytes){der, (size_t)n}, out);
		OPENSSL_free(der);
		BIO_free(text);
	}
	ERR_pop_to_mark();
	return ok;
}
