/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtual card in this process and commands for it in hex. */
#ifndef INKAN_TEST_VCARD_H
#define INKAN_TEST_VCARD_H

#include <check.h>
#include <openssl/x509.h>
#include "vcard/vcard.h"

#define HPKI_SIGN_AID "E828BD080FA000000391000000000001"
#define HPKI_AUTH_AID "E828BD080FA000000391000000000002"
#define SELECT_HPKI_SIGN "00A4040C10" HPKI_SIGN_AID
#define SELECT_HPKI_AUTH "00A4040C10" HPKI_AUTH_AID
#define SELECT_JPKI "00A4040C0AD392F000260100000001"
#define SELECT_MANAGER "00A4040C07A0000001510000"

/* The last answer without its status word. */
extern uint8_t answer[65536];
extern size_t answer_len;

/* vcard_spec_init with the tests' PKI folder (INKAN_TEST_PKI, else tests/pki). */
struct vcard_spec spec_of(enum vcard_kind kind);
struct vcard *card_of(const struct vcard_spec *spec);
struct vcard *plain_card(enum vcard_kind kind);

size_t from_hex(const char *hex, uint8_t *out, size_t room);
bool answered(const char *hex); /* the last answer is exactly this */

unsigned send_bytes(struct vcard *card, const uint8_t *apdu, size_t n); /* the status word */
unsigned send_hex(struct vcard *card, const char *hex);                 /* blanks are skipped */

/* header and n bytes of data, with extended length; le: 0000 at the end. */
unsigned send_extended(struct vcard *card, const char *header, const uint8_t *p, size_t n, bool le);

#define is(expression, sw) ck_assert_uint_eq((unsigned)(expression), (unsigned)(sw))

X509 *certificate_of(const struct vcard *card, enum vcard_app app);

/* True when the last answer is this key's signature. Raw: of that block; else
 * of a DigestInfo (PKCS#1 v1.5) or a SHA-256 hash (PSS, salt 32). */
bool signed_raw(const struct vcard *card, enum vcard_app app, const uint8_t *block, size_t n);
bool signed_pkcs1(const struct vcard *card, enum vcard_app app, const uint8_t *message, size_t n);
bool signed_pss(const struct vcard *card, enum vcard_app app, const uint8_t hash[32]);

int run_suite(Suite *suite); /* what main returns */

#endif
