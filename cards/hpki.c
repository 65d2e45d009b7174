/* SPDX-License-Identifier: BSD-2-Clause */
/* HPKI: the cards of doctors, pharmacists and the other licensed health
 * professions. JAHIS standard 24-002, "HPKI対応ICカードガイドライン" Ver. 3.1.
 * The constants are those of the JMA card, for when its directories are
 * missing or broken; cards that are laid out otherwise say so in theirs. */
#include "cards/profile.h"

#define AID_SIGN {0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xA0, 0x00, 0x00, 0x03, 0x91, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01}
#define AID_AUTH {0xE8, 0x28, 0xBD, 0x08, 0x0F, 0xA0, 0x00, 0x00, 0x03, 0x91, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02}

#define SELECT_SIGN {.p1 = 0x04, .p2 = 0x00, .aid = AID_SIGN, .aid_len = 16, .le = true}
#define SELECT_AUTH {.p1 = 0x04, .p2 = 0x00, .aid = AID_AUTH, .aid_len = 16, .le = true}

/* The CA certificates have no file here: where they are, if they are, only the
 * directory knows. Their labels tell the root from the issuing CAs. */
static const struct cert_profile certs[] = {
	{.label = "HPKI END ENTITY CERTIFICATE", .id = 0x17, .file = {.fid = 0x0016}, .role = CERT_OWN},
	{.label = "MHLW CA CERTIFICATE", .id = 0x19, .role = CERT_ROOT},
	{.label = "HPKI ROOT CA CERTIFICATE", .id = 0x1A, .role = CERT_CA},
	{.label = "HPKI CA CERTIFICATE", .id = 0x1B, .role = CERT_CA},
};

/* PSO: COMPUTE DIGITAL SIGNATURE on the padded block, with the key named as the
 * directory says, then by its FID under tag 84 (the one form that is proven on a
 * card in the field), under tag 81 (the standard's text), with its file selected
 * (as the public signer does). Then the dialect of the sample cards of 2019,
 * which pad by themselves. */
#define PSO .input = INPUT_BLOCK, .cla = 0x00, .ins = 0x2A, .p1 = 0x9E, .p2 = 0x9A
#define WAYS_OF(s) \
	{.scheme = (s), PSO, .mse_tag = 0x84, .key_by = KEY_BY_REFERENCE}, \
	{.scheme = (s), PSO, .mse_tag = 0x84, .key_by = KEY_BY_FID}, \
	{.scheme = (s), PSO, .mse_tag = 0x81, .key_by = KEY_BY_FID}, \
	{.scheme = (s), PSO, .mse_tag = 0x84, .key_by = KEY_BY_FID, .select_key = true}

static const struct sign_way ways[] = {
	WAYS_OF(SCHEME_PSS),
	WAYS_OF(SCHEME_PKCS1),
	{SCHEME_PKCS1, INPUT_DIGEST_INFO, .select_key = true, .cla = 0x80, .ins = 0x2A, .p1 = 0x00, .p2 = 0x80},
};

#define PIN {.reference = 0x88, .min = 4, .max = 16, .tries = 15, .alphabet = PIN_ASCII}
#define OD {.fid = 0x5031, .sfi = 0x11}
#define CIA_INFO {.fid = 0x5032, .sfi = 0x12}

const struct profile hpki_auth = {
	.name = "HPKI Authentication",
	.manufacturer = "HPKI",
	.model = "ISO 7816-15:2016",
	.select = SELECT_AUTH,
	.leave = SELECT_SIGN,
	.cia = true,
	.cia_info = CIA_INFO,
	.od = OD,
	.extended = true,
	.publish_certs = true,
	.pin = PIN,
	.key = {.label = "Private key of HPKI", .id = 0x17, .file = {.fid = 0x000C}, .bits = 2048},
	.certs = certs,
	.n_certs = sizeof certs / sizeof *certs,
	.ways = ways,
	.n_ways = sizeof ways / sizeof *ways,
};

const struct profile hpki_sign = {
	.name = "HPKI Signature",
	.manufacturer = "HPKI",
	.model = "ISO 7816-15:2016",
	.select = SELECT_SIGN,
	.leave = SELECT_AUTH,
	.cia = true,
	.cia_info = CIA_INFO,
	.od = OD,
	.extended = true,
	.publish_certs = true,
	.pin = PIN,
	.key = {.label = "Private key of HPKI", .id = 0x17, .file = {.fid = 0x000C}, .bits = 2048,
		.user_consent = true},
	.certs = certs,
	.n_certs = sizeof certs / sizeof *certs,
	.ways = ways,
	.n_ways = sizeof ways / sizeof *ways,
};
