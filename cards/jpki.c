/* SPDX-License-Identifier: BSD-2-Clause */
/* JPKI: the public key application of the My Number Card and of phones that
 * replace it. It pads itself; P1 = 04 with a SHA-256 hash is RSASSA-PSS.
 * A card stays verified after the process has ended, until another application is selected. */
#include "cards/family.h"

extern const struct family jpki_family;

#define SELECT \
	{.p1 = 0x04, .p2 = 0x0C, .aid = {0xD3, 0x92, 0xF0, 0x00, 0x26, 0x01, 0x00, 0x00, 0x00, 0x01}, .aid_len = 10}
#define LEAVE {.p1 = 0x04, .p2 = 0x0C, .aid = {0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00}, .aid_len = 7}
#define AUTH_CERT {.fid = 0x000A, .sfi = 0x0A}

/* The key by its short identifier (P2 = 80 + SFI) saves a SELECT. */
#define METHODS(key_p2) \
	{SCHEME_PKCS1, INPUT_DIGEST_INFO, .cla = 0x80, .ins = 0x2A, .p1 = 0x00, .p2 = (key_p2)}, \
	{SCHEME_PKCS1, INPUT_DIGEST_INFO, .select_key = true, .cla = 0x80, .ins = 0x2A, .p1 = 0x00, .p2 = 0x80}, \
	{SCHEME_PSS, INPUT_HASH, .cla = 0x80, .ins = 0x2A, .p1 = 0x04, .p2 = (key_p2), .input_len = 32, \
	 .salt_len = 32}, \
	{SCHEME_PSS, INPUT_HASH, .select_key = true, .cla = 0x80, .ins = 0x2A, .p1 = 0x04, .p2 = 0x80, \
	 .input_len = 32, .salt_len = 32}

static const struct sign_method auth_methods[] = {METHODS(0x97)};
static const struct sign_method sign_methods[] = {METHODS(0x9A)};

/* The CA's is self-signed, as all of JPKI's: the modules have no object for it. */
static const struct cert_profile auth_certs[] = {
	{.label = "User Authentication Certificate", .id = 0x17, .file = AUTH_CERT, .role = CERT_OWN},
	{.label = "User Authentication CA Certificate", .id = 0x0B, .file = {.fid = 0x000B, .sfi = 0x0B},
	 .role = CERT_ROOT},
};

/* The holder's certificate contains name, address, birth date and sex. */
static const struct cert_profile sign_certs[] = {
	{.label = "Digital Signature Certificate", .id = 0x1A, .file = {.fid = 0x0001, .sfi = 0x01},
	 .role = CERT_OWN, .pin_protected = true},
	{.label = "Digital Signature CA Certificate", .id = 0x02, .file = {.fid = 0x0002, .sfi = 0x02},
	 .role = CERT_CA},
};

/* What the two tokens have in common. */
#define COMMON \
	.family = &jpki_family, \
	.manufacturer = "JPKI", \
	.select = SELECT, \
	.leave = LEAVE, \
	.token_info = {.fid = 0x0006, .sfi = 0x06}, \
	.wake_on_6f00 = true, \
	.extended = true

const struct profile jpki_auth = {
	COMMON,
	.use = USE_AUTH,
	.name = N_("JPKI Authentication"),
	.publish_certs = true,
	.pin = {.file = {.fid = 0x0018}, .reference = 0x80, .min = 4, .max = 4, .tries = 3,
		.alphabet = PIN_DIGITS, .change = true},
	.key = {.label = "User Authentication Key", .id = 0x17, .file = {.fid = 0x0017}, .bits = 2048},
	.certs = auth_certs,
	.n_certs = sizeof auth_certs / sizeof *auth_certs,
	.methods = auth_methods,
	.n_methods = sizeof auth_methods / sizeof *auth_methods,
};

const struct profile jpki_sign = {
	COMMON,
	.use = USE_SIGN,
	.name = N_("JPKI Signature"),
	.identity = AUTH_CERT,
	.certificates = {.fid = 0x0008, .sfi = 0x08},
	.pin = {.file = {.fid = 0x001B}, .reference = 0x80, .min = 6, .max = 16, .tries = 5,
		.alphabet = PIN_UPPER_ALNUM, .change = true},
	.key = {.label = "Digital Signature Key", .id = 0x1A, .file = {.fid = 0x001A}, .bits = 2048,
		.user_consent = true},
	.certs = sign_certs,
	.n_certs = sizeof sign_certs / sizeof *sign_certs,
	.methods = sign_methods,
	.n_methods = sizeof sign_methods / sizeof *sign_methods,
};

static const struct profile *const profiles[] = {&jpki_auth, &jpki_sign};

static const struct policy_profile policies[] = {
	{.family = &jpki_family, .oid = "1.2.392.200149.8.5.1.3.",
	 .kind = CERT_JPKI_AUTH, .word = "jpki-auth", .use = USE_AUTH,
	 .text = N_("My Number Card (JPKI), user authentication"),
	 .ca_text = N_("CA certificate: JPKI, user authentication")},
	{.family = &jpki_family, .oid = "1.2.392.200149.8.5.1.1.",
	 .kind = CERT_JPKI_SIGN, .word = "jpki-sign", .use = USE_SIGN, .person_in_san = true,
	 .text = N_("My Number Card (JPKI), digital signature"),
	 .ca_text = N_("CA certificate: JPKI, digital signature")},
};

const struct family jpki_family = {
	.word = "jpki",
	.name = N_("My Number Card"),
	.pin_office = N_("Your municipal office sets a new one; take the card and an identity document."),
	.renewal = N_("Have the certificates renewed at your municipal office; take the card."),
	.personal = true,
	.lists_closed = true,
	.profiles = {profiles, sizeof profiles / sizeof *profiles},
	.policies = policies,
	.n_policies = sizeof policies / sizeof *policies,
};
