/* SPDX-License-Identifier: BSD-2-Clause */
/* A family of a known kind, made up: a clinic's cards for its staff, with ISO/IEC
 * 7816-15 directories. This file is all that the family is; it is linked in place of
 * cards/, and in cards/ it would be this file, a row in families.c, and its name. */
#include "base/conf.h"
#include "cards/family.h"

extern const struct family clinic_family;

#define AID(n) {0xF0, 'C', 'L', 'I', 'N', 'I', 'C', (n)}
#define SELECT(n) {.p1 = 0x04, .p2 = 0x00, .aid = AID(n), .aid_len = 8, .le = true}
#define TOKEN(n, other) \
	.family = &clinic_family, \
	.manufacturer = "Clinic", \
	.model = "Staff card", \
	.select = SELECT(n), \
	.leave = SELECT(other), \
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
#define KEY .label = "Staff key", .id = 0x17, .file = {.fid = 0x000C}, .bits = 2048

static const struct cert_profile certs[] = {
	{.label = "Staff certificate", .id = 0x17, .file = {.fid = 0x0016}, .role = CERT_OWN},
};

static const struct sign_method methods[] = {
	{.scheme = SCHEME_PSS, .input = INPUT_BLOCK, .mse_tag = 0x84, .key_by = KEY_BY_FID, .ins = 0x2A,
	 .p1 = 0x9E, .p2 = 0x9A},
	{.scheme = SCHEME_PKCS1, .input = INPUT_BLOCK, .mse_tag = 0x84, .key_by = KEY_BY_FID, .ins = 0x2A,
	 .p1 = 0x9E, .p2 = 0x9A},
};

static const struct profile clinic_auth = {
	TOKEN(2, 1), .use = USE_AUTH, .name = N_("Clinic Authentication"), .key = {KEY},
};

static const struct profile clinic_sign = {
	TOKEN(1, 2), .use = USE_SIGN, .name = N_("Clinic Signature"), .key = {KEY, .user_consent = true},
};

static const struct profile *const profiles[] = {&clinic_auth, &clinic_sign};

static const struct policy_profile policies[] = {
	{.family = &clinic_family, .oid = "1.3.6.1.4.1.99999.7.1.", .has_level = true, .kind = (enum cert_kind)64,
	 .word = "clinic-sign", .use = USE_SIGN,
	 .text = N_("Clinic, signature"), .ca_text = N_("CA certificate: clinic, signature")},
	{.family = &clinic_family, .oid = "1.3.6.1.4.1.99999.7.2.", .has_level = true, .kind = (enum cert_kind)65,
	 .word = "clinic-auth", .use = USE_AUTH,
	 .text = N_("Clinic, authentication"), .ca_text = N_("CA certificate: clinic, authentication")},
};

const struct family clinic_family = {
	.word = "clinic",
	.name = N_("clinic's card"),
	.pin_office = N_("The clinic's front desk sets a new PIN."),
	.renewal = N_("The clinic's front desk has new cards."),
	.profiles = {profiles, sizeof profiles / sizeof *profiles},
	.policies = policies,
	.n_policies = sizeof policies / sizeof *policies,
};

/* What cards/families.c is. */
const struct family *const families[] = {&clinic_family, NULL};
const char *const conf_cards[] = {"any", "clinic", NULL};
const struct profile_set profiles_auth = {&profiles[0], 1};
const struct profile_set profiles_sign = {&profiles[1], 1};
