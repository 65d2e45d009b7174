/* SPDX-License-Identifier: BSD-2-Clause */
/* HPKI: the cards of doctors, pharmacists and the other licensed health
 * professions. JAHIS standard 24-002, "HPKI対応ICカードガイドライン" Ver. 3.1.
 * The constants are those of the JMA card, for when its directories are
 * missing or broken; cards with another layout describe it in theirs. */
#include "cards/family.h"

extern const struct family hpki_family;

#define SELECT(last) \
	{.p1 = 0x04, .p2 = 0x00, .le = true, .aid_len = 16, \
	 .aid = {0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xA0, 0x00, 0x00, 0x03, 0x91, 0x00, 0x00, 0x00, 0x00, 0x00, (last)}}
#define SELECT_SIGN SELECT(0x01)
#define SELECT_AUTH SELECT(0x02)

/* The CA certificates have no file here: only the directory says whether and where they
 * are. Their labels distinguish the root from the issuing CAs. */
static const struct cert_profile certs[] = {
	{.label = "HPKI END ENTITY CERTIFICATE", .id = 0x17, .file = {.fid = 0x0016}, .role = CERT_OWN},
	{.label = "MHLW CA CERTIFICATE", .id = 0x19, .role = CERT_ROOT},
	{.label = "HPKI ROOT CA CERTIFICATE", .id = 0x1A, .role = CERT_CA},
	{.label = "HPKI CA CERTIFICATE", .id = 0x1B, .role = CERT_CA},
};

/* PSO: COMPUTE DIGITAL SIGNATURE on the padded block, with the key named as the
 * directory says, then by its FID under tag 84 (the one form that is known to work
 * on an issued card), under tag 81 (the standard's text), with its file selected
 * (as a published signing program does). Then the command of the sample cards of 2019,
 * which pad themselves. */
#define PSO .input = INPUT_BLOCK, .cla = 0x00, .ins = 0x2A, .p1 = 0x9E, .p2 = 0x9A
#define METHODS_OF(s) \
	{.scheme = (s), PSO, .mse_tag = 0x84, .key_by = KEY_BY_REFERENCE}, \
	{.scheme = (s), PSO, .mse_tag = 0x84, .key_by = KEY_BY_FID}, \
	{.scheme = (s), PSO, .mse_tag = 0x81, .key_by = KEY_BY_FID}, \
	{.scheme = (s), PSO, .mse_tag = 0x84, .key_by = KEY_BY_FID, .select_key = true}

static const struct sign_method methods[] = {
	METHODS_OF(SCHEME_PSS),
	METHODS_OF(SCHEME_PKCS1),
	{SCHEME_PKCS1, INPUT_DIGEST_INFO, .select_key = true, .cla = 0x80, .ins = 0x2A, .p1 = 0x00, .p2 = 0x80},
};

/* What the two applications have in common. */
#define COMMON \
	.family = &hpki_family, \
	.manufacturer = "HPKI", \
	.model = "ISO 7816-15:2016", \
	.cia = true, \
	.cia_info = {.fid = 0x5032, .sfi = 0x12}, \
	.od = {.fid = 0x5031, .sfi = 0x11}, \
	.extended = true, \
	.publish_certs = true, \
	.pin = {.reference = 0x88, .min = 4, .max = 16, .tries = 15, .alphabet = PIN_ASCII}, \
	.certs = certs, \
	.n_certs = sizeof certs / sizeof *certs, \
	.methods = methods, \
	.n_methods = sizeof methods / sizeof *methods
#define KEY .label = "Private key of HPKI", .id = 0x17, .file = {.fid = 0x000C}, .bits = 2048

const struct profile hpki_auth = {
	COMMON,
	.use = USE_AUTH,
	.name = N_("HPKI Authentication"),
	.select = SELECT_AUTH,
	.leave = SELECT_SIGN,
	.key = {KEY},
};

const struct profile hpki_sign = {
	COMMON,
	.use = USE_SIGN,
	.name = N_("HPKI Signature"),
	.select = SELECT_SIGN,
	.leave = SELECT_AUTH,
	.key = {KEY, .user_consent = true},
};

static const struct profile *const profiles[] = {&hpki_auth, &hpki_sign};

const struct profile_set profiles_hpki_auth = {&profiles[0], 1};
const struct profile_set profiles_hpki_sign = {&profiles[1], 1};

/* 1.2.392.100495.1.5.1.<use>.<level>.<version> */
static const struct policy_profile policies[] = {
	{.family = &hpki_family, .oid = "1.2.392.100495.1.5.1.1.", .has_level = true,
	 .kind = CERT_HPKI_SIGN, .word = "hpki-sign", .use = USE_SIGN,
	 .text = N_("HPKI, signature"), .ca_text = N_("CA certificate: HPKI, signature")},
	{.family = &hpki_family, .oid = "1.2.392.100495.1.5.1.2.", .has_level = true,
	 .kind = CERT_HPKI_AUTH_PERSON, .word = "hpki-auth-person", .use = USE_AUTH,
	 .text = N_("HPKI, authentication of a person"),
	 .ca_text = N_("CA certificate: HPKI, authentication of persons")},
	{.family = &hpki_family, .oid = "1.2.392.100495.1.5.1.3.", .has_level = true,
	 .kind = CERT_HPKI_AUTH_ORGANISATION, .word = "hpki-auth-organisation", .use = USE_AUTH,
	 .text = N_("HPKI, authentication of an organisation"),
	 .ca_text = N_("CA certificate: HPKI, authentication of organisations")},
};

/* As the Ministry and the CAs publish them. */
static const struct known_ca cas[] = {
	{"6ed2796b1b101736d952185787cb36da9ce80522cc8cb7b5ce728b61be1b674c",
	 N_("the root of HPKI: MHLW HPKI Root CA V2 (Ministry of Health, Labour and Welfare)"),
	 USE_ANY, "http://hpki.mhlw.go.jp/"},
	{"5ebddc823cda0c1275f45ac8508ac28609e55bd5daa1d7da8d0d75b1a3c13360",
	 N_("HPKI, signature CA of the Japan Medical Association"), USE_SIGN, "http://crl.pki.med.or.jp/"},
	{"5f497e73f986c4503eb25eb94851a79193d2edc8f829f32e930a61f0b569e033",
	 N_("HPKI, signature CA of MEDIS"), USE_SIGN, "http://cert.medis.or.jp/"},
	{"476b64ddd92129cad257906d206fff4e8e32390faf2f64892f6c810cfff54bc3",
	 N_("HPKI, authentication CA of MEDIS, for persons"), USE_AUTH, "http://cert.medis.or.jp/"},
};

const struct family hpki_family = {
	.word = "hpki",
	.name = N_("HPKI card"),
	.pin_office = N_("Ask the organisation that issued the card."),
	.renewal = N_("Ask the organisation that issued the card for a new one."),
	.profiles = {profiles, sizeof profiles / sizeof *profiles},
	.policies = policies,
	.n_policies = sizeof policies / sizeof *policies,
	.cas = cas,
	.n_cas = sizeof cas / sizeof *cas,
};
