/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines: src/signer/cms_check.c src/signer/xades_check.c src/signer/xades_cert.c src/signer/xades_stamp.c src/signer/xml.c src/signer/document.c src/signer/inkan_check.c */
/* Signed documents as they come, and changed ones: what inkan check calls valid says what was signed, by whom and when. */
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <time.h>
#include "fuzz.h"
#include "signer/signer.h"
#include "tests/unit/make_cert.h"
#include "tests/unit/make_crl.h"

#define DOCUMENTS 10
#define TEXT(s) {(const uint8_t *)(s), sizeof(s) - 1}

static struct {
	struct crypto *crypto;
	struct inkan *ctx;
	struct cert *holder;
	X509 *tsa;
	char anchors[128], tsas[128];
	struct document_made {
		const char *name;
		struct buf data;
		struct bytes content; /* of a detached signature */
		bool xml;             /* all of it is signed */
		bool invalid;         /* made so */
		struct told *told;    /* about it as it was made */
	} list[DOCUMENTS];
	size_t n;
} world;

/* ---- Making them */

static enum error sign(void *self, const uint8_t hash[32], uint8_t *signature, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(self, NULL);

	MUST(EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 && EVP_PKEY_sign(ctx, signature, len, hash, 32) == 1);
	EVP_PKEY_CTX_free(ctx);
	return E_OK;
}

static ASN1_INTEGER *next_serial(TS_RESP_CTX *ctx, void *arg)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	(void)ctx, (void)arg;
	ASN1_INTEGER_set(serial, 4711);
	return serial;
}

enum error __wrap_stamp_fetch(const struct stamp_request *r, struct bytes octets, struct buf *token, char why[256]);

/* The authority, in this process. */
enum error __wrap_stamp_fetch(const struct stamp_request *r, struct bytes octets, struct buf *token, char why[256])
{
	TS_RESP_CTX *ctx = TS_RESP_CTX_new();
	TS_REQ *request = TS_REQ_new();
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	uint8_t hash[32], *der = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	TS_RESP *response;
	int n;

	(void)r, (void)why;
	MUST(crypto_hash(world.crypto, HASH_SHA256, octets, hash) == E_OK);
	X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL);
	MUST(TS_MSG_IMPRINT_set_algo(imprint, algorithm) && TS_MSG_IMPRINT_set_msg(imprint, hash, 32));
	MUST(TS_REQ_set_version(request, 1) && TS_REQ_set_msg_imprint(request, imprint) && TS_REQ_set_cert_req(request, 1));
	MUST(i2d_TS_REQ_bio(bio, request));
	MUST(TS_RESP_CTX_set_signer_cert(ctx, world.tsa) && TS_RESP_CTX_set_signer_key(ctx, make_ec_key(2)));
	MUST(TS_RESP_CTX_set_signer_digest(ctx, EVP_sha256()) && TS_RESP_CTX_add_md(ctx, EVP_sha256()));
	MUST(TS_RESP_CTX_set_ess_cert_id_digest(ctx, EVP_sha256()));
	MUST(TS_RESP_CTX_set_def_policy(ctx, OBJ_nid2obj(NID_sha256))); /* any will do */
	TS_RESP_CTX_set_serial_cb(ctx, next_serial, NULL);
	response = TS_RESP_create_response(ctx, bio);
	MUST(response && TS_RESP_get_token(response));
	n = i2d_PKCS7(TS_RESP_get_token(response), &der);
	MUST(n > 0 && buf_append(token, der, (size_t)n) == E_OK);
	OPENSSL_free(der);
	TS_RESP_free(response);
	TS_RESP_CTX_free(ctx);
	TS_REQ_free(request);
	TS_MSG_IMPRINT_free(imprint);
	X509_ALGOR_free(algorithm);
	BIO_free(bio);
	return E_OK;
}

static X509 *x509_of(struct bytes der)
{
	const uint8_t *p = der.data;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);

	MUST(x != NULL);
	return x;
}

/* An RSA certificate of the CA with the EC key. */
static struct bytes rsa_cert(const char *conf)
{
	struct bytes der = make_ec_cert(&(struct cert_spec){"Test CA", "Signer", 0, 1, 5, conf});
	X509 *x = x509_of(der);
	uint8_t *out = NULL;
	int n;

	made_free(&der);
	MUST(X509_set_pubkey(x, make_rsa_key()) && X509_sign(x, make_ec_key(0), EVP_sha256()) > 0);
	n = i2d_X509(x, &out);
	MUST(n > 0);
	X509_free(x);
	return (struct bytes){out, (size_t)n};
}

/* ---- What is told about one */

struct told {
	enum inkan_check_result result;
	size_t n;
	struct buf text; /* content, signers, what is covered */
	int64_t proven;  /* the latest time that a stamp tells; 0: none. What nobody has signed may be lost */
};

static void tell(struct bytes data, struct bytes content, struct told *out)
{
	const char *const tsas[] = {world.tsas, NULL};
	struct inkan_rules rules = {.size = sizeof rules, .status = INKAN_STATUS_IGNORE};
	struct inkan_check_options o = {.size = sizeof o, .rules = &rules, .content = content.data, .content_n = content.len,
	                                .folder = fuzz_folder(), .tsa_anchors = tsas};
	struct inkan_check *check;
	const unsigned char *inside;
	const char *text;
	size_t n;

	*out = (struct told){.result = INKAN_CHECK_INVALID};
	if (inkan_check(world.ctx, data.data, data.len, &o, &check) != INKAN_OK)
		return;
	out->result = inkan_check_result(check);
	out->n = inkan_check_count(check);
	MUST(out->result == INKAN_CHECK_INVALID || out->n > 0);
	inside = inkan_check_content(check, &n);
	if (inside)
		buf_append(&out->text, inside, n);
	for (size_t i = 0; i <= out->n; i++) {
		struct inkan_signature_info info = {.size = sizeof info};
		struct inkan_stamp_info stamp = {.size = sizeof stamp};
		enum inkan_check_result means;

		for (size_t k = 0; inkan_check_problem(check, i, k, &means); k++)
			MUST(inkan_check_problem_text(check, i, k) && (out->result >= means));
		for (size_t k = 0; inkan_check_not_covered(check, i, k); k++)
			;
		if (inkan_check_signature(check, i, &info) != INKAN_OK)
			continue;
		buf_append(&out->text, info.form, strlen(info.form));
		if (info.cert)
			buf_append(&out->text, inkan_cert_sha256(info.cert), 32);
		for (size_t k = 0; (text = inkan_check_covered(check, i, k)); k++)
			buf_append(&out->text, text, strlen(text));
		for (size_t k = 0; inkan_check_stamp(check, i, k, &stamp) == INKAN_OK; k++)
			if (stamp.accepted && stamp.time > out->proven)
				out->proven = stamp.time;
	}
	inkan_check_free(&check);
}

/* ---- The oracle for XML of which all is signed: its canonical form without the signature, by libxml2 alone. */

static xmlChar *canonical(struct bytes in)
{
	xmlDoc *doc = xmlReadMemory((const char *)in.data, (int)in.len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlChar *out = NULL;
	xmlNode *next;

	MUST(doc && xmlDocGetRootElement(doc));
	for (xmlNode *n = xmlDocGetRootElement(doc)->children; n; n = next) {
		next = n->next;
		if (n->type == XML_ELEMENT_NODE && n->ns && strcmp((const char *)n->ns->href, "http://www.w3.org/2000/09/xmldsig#") == 0) {
			xmlUnlinkNode(n);
			xmlFreeNode(n);
		}
	}
	MUST(xmlC14NDocDumpMemory(doc, NULL, XML_C14N_1_1, NULL, 0, &out) >= 0);
	xmlFreeDoc(doc);
	return out;
}

static void check(const struct document_made *d, struct bytes data)
{
	struct told now;

	tell(data, d ? d->content : (struct bytes){0}, &now);
	if (now.result == INKAN_CHECK_VALID) {
		MUST(d && !d->invalid); /* keys are new in each process: what comes from outside has none of them */
		MUST(now.n == d->told->n && now.proven <= d->told->proven);
		MUST(now.text.len == d->told->text.len && memcmp(now.text.data, d->told->text.data, now.text.len) == 0);
		if (d->xml) {
			xmlChar *a = canonical(data), *b = canonical((struct bytes){d->data.data, d->data.len});

			MUST(strcmp((const char *)a, (const char *)b) == 0);
			MUST(memchr(data.data, 0, data.len) == NULL); /* libxml2 takes it for the end */
			xmlFree(a);
			xmlFree(b);
		}
	}
	buf_free(&now.text);
}

static struct buf *make(const char *name, bool xml)
{
	world.list[world.n] = (struct document_made){.name = name, .xml = xml};
	return &world.list[world.n++].data;
}

static void install(char folder[128], const char *name, struct bytes der)
{
	char path[256];

	snprintf(folder, 128, "%s/%s", fuzz_folder(), name);
	MUST(mkdir(folder, 0755) == 0);
	snprintf(path, sizeof path, "%s/a.der", folder);
	fuzz_write(path, der);
}

static void start_pki(void)
{
	static const char conf[] = "[exts]\nkeyUsage = critical,nonRepudiation\ncertificatePolicies = critical,1.2.392.100495.1.5.1.1.3.1\n";
	static const char ca_conf[] = "keyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\n"
				      "certificatePolicies = critical,1.2.392.100495.1.5.1.1.3.1\n";
	static const char tsa_conf[] = "[exts]\nkeyUsage = critical,digitalSignature\nextendedKeyUsage = critical,timeStamping\n";
	const char *const anchors[] = {world.anchors, NULL}, *const lists[] = {"/nowhere", NULL};
	struct inkan_options options = {.size = sizeof options, .anchors = anchors, .lists = lists};
	struct bytes der;
	struct trusted_ca ca, tsa_ca;

	MUST(crypto_new(&world.crypto) == E_OK);
	ca = make_ca(world.crypto, "Test CA", 0, ca_conf);
	tsa_ca = make_ca(world.crypto, "Stamp CA", 3, NULL);
	install(world.anchors, "anchors", ca.cert->der);
	install(world.tsas, "tsas", tsa_ca.cert->der);
	cert_free(&ca.cert);
	cert_free(&tsa_ca.cert);
	der = make_ec_cert(&(struct cert_spec){"Stamp CA", "Authority", 3, 2, 6, tsa_conf});
	world.tsa = x509_of(der);
	made_free(&der);
	der = rsa_cert(conf);
	MUST(cert_parse(world.crypto, der, &world.holder) == E_OK);
	made_free(&der);
	MUST(inkan_new(&options, &world.ctx) == INKAN_OK && inkan_anchor_count(world.ctx) == 1);
}

static void put(struct buf *out, const char *text)
{
	MUST(buf_append(out, text, strlen(text)) == E_OK);
}

static void put_base64(struct buf *out, struct bytes der)
{
	char *text = malloc(4 * (der.len / 3 + 1) + 1);

	MUST(text != NULL);
	EVP_EncodeBlock((uint8_t *)text, der.data, (int)der.len);
	put(out, text);
	free(text);
}

/* A document with all the evidence that levels XL and A add; its archive time stamp is of something else. */
static void add_evidence(const struct buf *from, struct buf *out)
{
	static const char end[] = "</xa:UnsignedSignatureProperties>";
	const char *at = memmem(from->data, from->len, end, sizeof end - 1);
	struct bytes list = make_list(&(struct list_spec){"Test CA", 0, time(NULL) - 3600, time(NULL) + 3600, "01", NULL, NULL, 0});
	struct buf token = {0};
	uint8_t *tsa = NULL;
	int n = i2d_X509(world.tsa, &tsa);

	MUST(at && n > 0);
	MUST(__wrap_stamp_fetch(NULL, (struct bytes){(const uint8_t *)"other", 5}, &token, NULL) == E_OK);
	buf_append(out, from->data, (size_t)(at - (const char *)from->data));
	for (int i = 0; i < 2; i++) { /* of the signature, and of its first time stamp */
		put(out, i ? "<v:TimeStampValidationData xmlns:v=\"http://uri.etsi.org/01903/v1.4.1#\" URI=\"#stamp\">" : "");
		put(out, "<xa:CertificateValues><xa:EncapsulatedX509Certificate>");
		put_base64(out, i ? (struct bytes){tsa, (size_t)n} : world.holder->der);
		put(out, "</xa:EncapsulatedX509Certificate></xa:CertificateValues><xa:RevocationValues><xa:CRLValues><xa:EncapsulatedCRLValue>");
		put_base64(out, list);
		put(out, "</xa:EncapsulatedCRLValue></xa:CRLValues></xa:RevocationValues>");
		put(out, i ? "</v:TimeStampValidationData>" : "");
	}
	put(out, "<v:ArchiveTimeStamp xmlns:v=\"http://uri.etsi.org/01903/v1.4.1#\" Id=\"stamp\"><ds:CanonicalizationMethod "
		 "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>"
		 "<xa:EncapsulatedTimeStamp>");
	put_base64(out, (struct bytes){token.data, token.len});
	put(out, "</xa:EncapsulatedTimeStamp></v:ArchiveTimeStamp>");
	buf_append(out, at, from->len - (size_t)(at - (const char *)from->data));
	OPENSSL_free(tsa);
	buf_free(&token);
	made_free(&list);
}

/* The older reference to the signer's certificate, which nobody has signed. */
static void add_name(const struct buf *from, struct buf *out)
{
	static const char begin[] = "<xa:SigningCertificateV2>";
	const char *at = memmem(from->data, from->len, begin, sizeof begin - 1);

	MUST(at != NULL);
	buf_append(out, from->data, (size_t)(at - (const char *)from->data));
	put(out, "<xa:SigningCertificate><xa:Cert><xa:CertDigest><ds:DigestMethod "
		 "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>"
		 "<ds:DigestValue xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">");
	put_base64(out, (struct bytes){world.holder->sha256, 32});
	put(out, "</ds:DigestValue></xa:CertDigest><xa:IssuerSerial><ds:X509IssuerName xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">"
		 "CN=\"Test CA\", OID.2.5.4.6 = J\\50 </ds:X509IssuerName><ds:X509SerialNumber "
		 "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"> 5 </ds:X509SerialNumber></xa:IssuerSerial></xa:Cert></xa:SigningCertificate>");
	buf_append(out, at, from->len - (size_t)(at - (const char *)from->data));
}

static void start(void)
{
	static const struct bytes text = TEXT("A referral letter."), csv = TEXT("SJ1\n1,1,0100001,13,1\n"),
				  given = TEXT("CJ1\n1,1,0100001,13,1\n"),
				  xml = TEXT("<a:letter xmlns:a=\"urn:a\"><!-- c --><to b=\"1\">B &amp; C</to><?p i?></a:letter>");
	struct stamp_request stamps = {.seconds = 1, .tolerance = 60};
	struct signer s = {.sign = sign};
	struct inkan_part file = {"letter.txt", text.data, text.len};
	char path[256];

	start_pki();
	s.crypto = stamps.crypto = world.crypto;
	s.cert = world.holder;
	s.self = make_rsa_key();
	MUST(cades_sign(&s, text, true, make("CAdES", false)) == E_OK);
	MUST(cades_sign(&s, text, false, make("CAdES detached", false)) == E_OK);
	world.list[1].content = text;
	MUST(xades_sign_enveloped(&s, xml, make("XAdES", true)) == E_OK);
	MUST(prescription_sign(&s, csv, make("prescription", false)) == E_OK);
	MUST(xades_sign_detached(&s, &file, 1, make("XAdES detached", false)) == E_OK);
	snprintf(path, sizeof path, "%s/letter.txt", fuzz_folder());
	fuzz_write(path, text);
	s.stamps = &stamps;
	MUST(cades_sign(&s, text, true, make("CAdES T", false)) == E_OK);
	MUST(xades_sign_enveloped(&s, xml, make("XAdES T", true)) == E_OK);
	MUST(dispensing_sign(&s, (struct bytes){world.list[3].data.data, world.list[3].data.len}, given, make("dispensing", false)) == E_OK);
	add_evidence(&world.list[6].data, make("XAdES A", true));
	world.list[8].invalid = true;
	add_name(&world.list[6].data, make("XAdES with a name", true));
	world.list[9].invalid = true;
	for (size_t i = 0; i < world.n; i++) {
		struct document_made *d = &world.list[i];

		d->told = calloc(1, sizeof *d->told);
		tell((struct bytes){d->data.data, d->data.len}, d->content, d->told);
		if ((d->told->result == INKAN_CHECK_VALID) == d->invalid)
			fprintf(stderr, "%s\n", d->name);
		MUST((d->told->result == INKAN_CHECK_VALID) != d->invalid);
	}
}

static void quiet(void *ctx, const char *msg, ...)
{
	(void)ctx, (void)msg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size}, edited;
	const struct document_made *d;
	uint8_t which;

	if (!world.crypto) {
		setenv("XDG_CONFIG_HOME", "/nowhere", 1);
		xmlSetGenericErrorFunc(NULL, quiet);
		start();
	}
	which = feed_byte(&in);
	if (which >= 0x80) {
		check(NULL, in);
		return 0;
	}
	d = &world.list[which % world.n];
	edited.data = fuzz_edit((struct bytes){d->data.data, d->data.len}, &in, &edited.len);
	check(d, edited);
	free((void *)(uintptr_t)edited.data);
	ERR_clear_error();
	return 0;
}
