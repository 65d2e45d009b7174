/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines: src/cert/x509.c src/cert/hcrole.c src/cert/jpki_san.c src/cert/policy.c src/cert/file.c src/card/cia.c src/base/tlv.c */
/* Certificates, extensions and a card's directories. The first byte says what the rest is; a certificate that was
 * changed has no good chain. */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include "base/text.h"
#include "card/cia.h"
#include "cert/chain.h"
#include "cert/file.h"
#include "cert/jpki_san.h"
#include "fuzz.h"
#include "tests/unit/make_crl.h"

#define AT ((time_t)1790000000)
#define POLICY "1.2.392.100495.1.5.1.2.3.1"

static struct {
	struct crypto *crypto;
	struct trust *trust;
	struct bytes leaf; /* a good one */
	struct cert *good;
} world;

static bool same(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* What is shown to people: UTF-8; of a role without control characters, too. */
static void must_be_text(const char *text, bool plain)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t n = text ? strlen(text) : 0, taken;
	uint32_t c;

	for (; n > 0; p += taken, n -= taken) {
		MUST((taken = utf8_next(p, n, &c)) > 0);
		MUST(!plain || (c >= 0x20 && (c < 0x7F || c >= 0xA0)));
	}
}

static void check_roles(struct bytes extension, const struct hcroles *roles)
{
	for (size_t i = 0; i < roles->n; i++) {
		MUST(roles->list[i].text && roles->list[i].coding_scheme);
		must_be_text(roles->list[i].text, true);
		MUST(lies_in(roles->list[i].der, extension));
	}
	for (size_t i = 0; i < roles->n_broken; i++)
		MUST(lies_in(roles->broken[i], extension));
	MUST(lies_in(roles->der, extension));
}

static struct bytes signed_part(struct bytes der)
{
	struct tlv t;

	return tlv_next(&der, &t) && tlv_next(&t.value, &t) ? t.whole : (struct bytes){0};
}

static void check_cert(struct bytes der)
{
	struct cert *cert, *private;
	struct jpki_person person;
	struct chain chain;

	if (cert_parse(world.crypto, der, &cert) != E_OK)
		return;
	MUST(same(cert->der, der));
	MUST(lies_in(cert->serial, cert->der) && lies_in(cert->subject, cert->der) && lies_in(cert->issuer, cert->der));
	MUST(strlen(cert->start) == 8 && strlen(cert->end) == 8);
	MUST(cert->profile && (cert->profile->kind == cert->kind));
	MUST(cert->kind != CERT_UNKNOWN || (!cert->production && !cert->policy[0]));
	/* both ways of reading see the same certificate */
	MUST(cert_parse_private(world.crypto, der, &private) == E_OK);
	MUST(same(private->serial, cert->serial) && same(private->subject, cert->subject) &&
	     same(private->issuer, cert->issuer) && same(private->spki, cert->spki));
	MUST(!strcmp(private->start, cert->start) && !strcmp(private->end, cert->end) && !strcmp(private->policy, cert->policy));
	MUST(private->kind == cert->kind && private->production == cert->production);
	MUST(private->key.kind == cert->key.kind && private->key.bits == cert->key.bits);
	cert_free(&private);
	for (size_t i = 0; i < cert->roles.n; i++)
		must_be_text(cert->roles.list[i].text, true);
	if (jpki_person_read(cert, &person) == E_OK) {
		const char *const fields[] = {person.name, person.name_substitutes, person.sex, person.birth, person.address,
		                              person.address_substitutes};

		for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
			must_be_text(fields[i], false);
		jpki_person_free(&person);
	}
	for (enum purpose p = PURPOSE_ANY; p <= PURPOSE_SIGN; p++) {
		chain_check(world.trust, cert, p, AT, &chain);
		MUST(chain.flaws || same(signed_part(der), signed_part(world.leaf)));
	}
	chain_issuing_flaws(cert);
	cert_free(&cert);
}

/* One extension of the good certificate has other content. */
static void check_extension(struct bytes in)
{
	static const int kinds[] = {NID_subject_alt_name, NID_subject_directory_attributes, NID_certificate_policies,
	                            NID_basic_constraints, NID_key_usage, NID_crl_distribution_points,
	                            NID_authority_key_identifier, NID_ext_key_usage};
	uint8_t which = feed_byte(&in), *der = NULL;
	X509 *x = X509_dup(world.good->x509);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e;
	int n, nid = kinds[which % 8], at = X509_get_ext_by_NID(x, nid, -1);

	if (at >= 0)
		X509_EXTENSION_free(X509_delete_ext(x, at));
	MUST(ASN1_OCTET_STRING_set(value, in.data, (int)in.len));
	e = X509_EXTENSION_create_by_NID(NULL, nid, which >= 0x80, value);
	MUST(X509_add_ext(x, e, which & 0x40 ? 0 : -1));
	n = i2d_re_X509_tbs(x, NULL);
	MUST(n > 0 && (n = i2d_X509(x, &der)) > 0);
	check_cert((struct bytes){der, (size_t)n});
	OPENSSL_free(der);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(value);
	X509_free(x);
}

static void check_roles_alone(struct bytes in)
{
	struct hcroles roles = {0};

	if (hcrole_parse(in, &roles) == E_OK)
		check_roles(in, &roles);
	hcrole_free(&roles);
}

static void check_directories(struct bytes in)
{
	struct cia_od od;
	struct card_key key = {.bits = 2048};
	struct card_id auth = {0};
	struct pin_profile rule = {.min = 4, .max = 16};
	struct card_cert certs[CARD_CERTS_MAX];
	size_t n = 0;
	char label[33];

	cia_read_od(in, &od);
	MUST(od.n_certs <= CIA_CERT_DIRS_MAX);
	cia_read_key(in, &key, &auth);
	MUST(key.id.len <= CARD_ID_MAX && auth.len <= CARD_ID_MAX && memchr(key.label, 0, sizeof key.label));
	MUST(key.bits >= 1024 && key.bits <= 8192 && key.bits % 8 == 0);
	cia_read_pin(in, &auth, &rule);
	MUST(rule.min >= 1 && rule.min <= rule.max && rule.max <= CARD_PIN_MAX && rule.stored <= CARD_PIN_MAX);
	cia_read_certs(in, certs, &n);
	cia_read_certs(in, certs, &n);
	MUST(n <= CARD_CERTS_MAX);
	for (size_t i = 0; i < n; i++) {
		MUST(certs[i].id.len <= CARD_ID_MAX);
		must_be_text(certs[i].label, false);
	}
	cia_read_label(in, label);
	must_be_text(label, false);
}

static void check_objects(struct bytes in, int depth)
{
	struct bytes before = in;
	struct tlv t;

	while (tlv_next(&in, &t)) {
		MUST(lies_in(t.whole, before) && lies_in(t.value, t.whole) && t.whole.len > t.value.len);
		MUST(t.whole.data + t.whole.len == in.data && in.len < before.len);
		MUST(tlv_announced(t.whole) == t.whole.len);
		if (depth < 8)
			check_objects(t.value, depth + 1);
	}
}

static void check_file(struct bytes in)
{
	struct cert *cert;

	if (cert_read(world.crypto, in, &cert) == E_OK)
		cert_free(&cert);
}

static void start(void)
{
	static const char conf[] = "[exts]\nkeyUsage = critical,digitalSignature\ncertificatePolicies = critical," POLICY
				   "\nextendedKeyUsage = clientAuth\nauthorityKeyIdentifier = keyid\n";
	static const char ca_conf[] = "keyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\n"
				      "certificatePolicies = critical," POLICY "\n";
	struct trusted_ca ca;
	const struct cert *list[1];
	struct chain chain;

	MUST(crypto_new(&world.crypto) == E_OK);
	ca = make_ca(world.crypto, "Test CA", 0, ca_conf);
	list[0] = ca.cert;
	MUST(trust_of(world.crypto, list, 1, &world.trust) == E_OK);
	world.leaf = make_ec_cert(&(struct cert_spec){"Test CA", "Test Holder", 0, 1, 4711, conf});
	MUST(cert_parse(world.crypto, world.leaf, &world.good) == E_OK);
	chain_check(world.trust, world.good, PURPOSE_LOGIN, AT, &chain);
	MUST(chain.flaws == 0);
	cert_free(&ca.cert);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	uint8_t *edited;
	size_t n;

	if (!world.crypto)
		start();
	switch (feed_byte(&in) % 7) {
	case 0: check_cert(in); break;
	case 1:
		edited = fuzz_edit(world.leaf, &in, &n);
		check_cert((struct bytes){edited, n});
		free(edited);
		break;
	case 2: check_roles_alone(in); break;
	case 3: check_extension(in); break;
	case 4: check_directories(in); break;
	case 5: check_objects(in, 0); break;
	case 6: check_file(in); break;
	}
	return 0;
}
