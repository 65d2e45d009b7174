/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines for scripts, written from the specifications of the cards by hand, and
 * what the tests of card operations share. */
#ifndef INKAN_TESTS_UNIT_CARD_SCRIPT_H
#define INKAN_TESTS_UNIT_CARD_SCRIPT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "card/card.h"
#include "fake_reader.h"

#define HPKI_SIGN_AID "E828BD080FA000000391000000000001"
#define HPKI_AUTH_AID "E828BD080FA000000391000000000002"
#define SELECT_HPKI_AUTH "00A40400 10 " HPKI_AUTH_AID " 00"
#define SELECT_HPKI_SIGN "00A40400 10 " HPKI_SIGN_AID " 00"
#define SELECT_JPKI "00A4040C 0A D392F000260100000001"
#define LEAVE_JPKI "00A4040C 07 A0000001510000"
#define FCI(aid) "6F128410" aid " 9000"
#define FILE_(fid) "00A4020C 02 " fid

/* The real JMA layout: directories by FID, the PIN's reference 88, the key 000C. */
#define JMA_OD "A00630040402 0002 A40630040402 0004 A80630040402 0001 9000"
#define JMA_PRKD "301B 3006 0C014B 040108 3003 040117 A10C 300A 3004 0402000C 02020800 9000"
#define JMA_AOD "301D 3000 3003 040108 A114 030203C8 0A0102 020104 020100 020110 80020088 9000"
#define JMA_CD "3014 3003 0C0143 3003 040117 A108 3006 3004 04020016 9000"

#define BEGIN {"begin", NULL}
#define END {"end", NULL}
#define END_OFF {"end off", NULL}
#define OPEN_JMA \
	BEGIN, {SELECT_HPKI_AUTH, FCI(HPKI_AUTH_AID)}, {"00B09100 00 0000", JMA_OD}, {FILE_("0002"), "9000"}, \
	{"00B00000 00 0000", JMA_PRKD}, {FILE_("0001"), "9000"}, {"00B00000 00 0000", JMA_AOD}, \
	{FILE_("0004"), "9000"}, {"00B00000 00 0000", JMA_CD}, {FILE_("0016"), "9000"}, \
	{"00B00000 00 0000", "*0:5000 9000"}, END
/* On a card that takes short length alone. */
#define INFO_JPKI {"00B08600 00", "*2000:160 9000"}
#define REFUSED_0A {"00B08A00 00 0000", "6700"}
#define OPEN_JPKI_SHORT(size) \
	BEGIN, {SELECT_HPKI_AUTH, "6A82"}, {SELECT_JPKI, "9000"}, INFO_JPKI, REFUSED_0A, {"00B08A00 00", size}

#define PIN1234 "04 31323334"

/* One card for the tests of a program; opened by the script that is played. */
extern struct card *card;

/* A certificate of that many bytes in fake.file, followed by FF; at 2000 JPKI's EF 0006. */
void make_file(size_t certificate);

enum error open_card(struct profile_set set);
enum error look_at_card(struct profile_set set, const struct profile **profile);
enum error log_in(const char *pin, bool last_try_allowed);

/* A signature of a block, of a message of 51 bytes, or of a hash of 32. */
enum error sign(const char *pin, enum scheme scheme);
extern uint8_t signature[512];
extern size_t signature_len;

int run_suite(Suite *suite);

#endif
