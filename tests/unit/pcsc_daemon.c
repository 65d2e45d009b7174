/* SPDX-License-Identifier: BSD-2-Clause */
/* The way to PC/SC with the real pcscd and virtual cards: an HPKI card in the
 * first reader, a JPKI card in the second. Run by test_pcsc_daemon.sh. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <winscard.h>
#include "card/card.h"

static const struct reader_ops *const ops = &pcsc_reader_ops;
static void *self;
static struct card_system cards;
static struct reader_state seen[READER_COUNT_MAX];
static size_t n_seen;
static struct card *card;

/* What inkan-vcard answers to a control command. */
static const char *control(const char *what)
{
	static char line[200];
	char command[600];
	FILE *p;

	snprintf(command, sizeof command, "\"$INKAN_VCARD\" --send '%s'", what);
	p = popen(command, "r");
	ck_assert_ptr_nonnull(p);
	line[0] = '\0';
	ck_assert_ptr_nonnull(fgets(line, sizeof line, p));
	while (fgetc(p) != EOF)
		;
	ck_assert_int_eq(pclose(p), 0);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static enum error list(void)
{
	n_seen = READER_COUNT_MAX;
	return ops->list(self, seen, &n_seen);
}

/* Until the readers are as wanted; pcscd needs a moment. */
static void settle(enum error e, size_t present)
{
	for (int i = 0; i < 100; i++) {
		size_t n = 0;
		enum error got = list();

		for (size_t k = 0; k < n_seen; k++)
			n += seen[k].present;
		if (got == e && n == present)
			return;
		usleep(50000);
	}
	ck_abort_msg("the readers do not settle");
}

static void setup(void)
{
	struct crypto *crypto;

	ck_assert_int_eq(crypto_new(&crypto), E_OK);
	ck_assert_int_eq(ops->open(&self, true), E_OK);
	cards = (struct card_system){ops, self, crypto, NULL, NULL};
	settle(E_OK, 2);
	ck_assert_uint_eq(n_seen, 2);
}

static void teardown(void)
{
	card_free(&card);
	ops->close(self);
}

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static enum error open_card(int reader)
{
	card_free(&card);
	return card_open(&cards, seen[reader].name, profiles_auth, &card);
}

static enum error log_in(void)
{
	return card_login(card, text("1234"), false);
}

static enum error sign(void)
{
	static const uint8_t block[256] = {0x00, 0x01, 0xFF};
	uint8_t signature[512];
	size_t len = sizeof signature;
	struct scheme_params params = {.scheme = SCHEME_PKCS1, .signature_len = 256};
	struct encoded in = {.block = {block, 256}, .message = {block, 51}};

	return card_sign(card, text("1234"), &params, &in, signature, &len);
}

START_TEST(login_and_signature)
{
	ck_assert_int_eq(open_card(_i), E_OK);
	ck_assert_uint_eq(card->insertion, seen[_i].insertion);
	ck_assert_int_eq(log_in(), E_OK);
	ck_assert_int_eq(sign(), E_OK);
	ck_assert_int_eq(sign(), E_OK);
	ck_assert_int_eq(list(), E_OK);
	ck_assert_uint_eq(card->insertion, seen[_i].insertion);
}
END_TEST

/* Another program on the machine, with a connection of its own. */
struct other {
	SCARDCONTEXT context;
	SCARDHANDLE card;
};

static struct other other_program(DWORD share)
{
	struct other o;
	DWORD protocol;

	ck_assert_int_eq(SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &o.context), SCARD_S_SUCCESS);
	ck_assert_int_eq(SCardConnect(o.context, seen[1].name, share, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &o.card,
	                              &protocol),
	                 SCARD_S_SUCCESS);
	return o;
}

static void other_leaves(struct other *o, DWORD disposition)
{
	SCardDisconnect(o->card, disposition);
	SCardReleaseContext(o->context);
}

static uint16_t other_sends(const struct other *o, const char *bytes, size_t n)
{
	uint8_t response[300];
	DWORD len = sizeof response, protocol;
	LONG rc = SCardTransmit(o->card, SCARD_PCI_T1, (const BYTE *)bytes, n, NULL, response, &len);

	if (rc == SCARD_W_RESET_CARD) {
		SCardReconnect(o->card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, SCARD_LEAVE_CARD, &protocol);
		len = sizeof response;
		rc = SCardTransmit(o->card, SCARD_PCI_T1, (const BYTE *)bytes, n, NULL, response, &len);
	}
	ck_assert_int_eq(rc, SCARD_S_SUCCESS);
	ck_assert_uint_ge(len, 2);
	return (uint16_t)(response[len - 2] << 8 | response[len - 1]);
}

#define SELECT_JPKI "\x00\xA4\x04\x0C\x0A\xD3\x92\xF0\x00\x26\x01\0\0\0\x01"

static uint16_t other_signs(const struct other *o)
{
	ck_assert_uint_eq(other_sends(o, SELECT_JPKI, 15), 0x9000);
	return other_sends(o, "\x80\x2A\x00\x97\x02\xAA\xBB\x00", 8);
}

START_TEST(left_locked_for_others)
{
	struct other o = other_program(SCARD_SHARE_SHARED);

	ck_assert_int_eq(open_card(1), E_OK);
	ck_assert_uint_eq(other_signs(&o), 0x6982);
	ck_assert_int_eq(log_in(), E_OK);
	ck_assert_uint_eq(other_signs(&o), 0x6982);
	ck_assert_int_eq(sign(), E_OK);
	ck_assert_uint_eq(other_signs(&o), 0x6982);
	other_leaves(&o, SCARD_LEAVE_CARD);
}
END_TEST

static void transmit(struct reader_link *link, const char *bytes, size_t n)
{
	uint8_t response[300];
	size_t len = sizeof response;

	ck_assert_int_eq(ops->transmit(link, (const uint8_t *)bytes, n, response, &len), E_OK);
	ck_assert_uint_eq(response[len - 2], 0x90);
}

/* The second line of defence, and that the test above can fail. */
START_TEST(power_off_locks)
{
	struct other o = other_program(SCARD_SHARE_SHARED);
	struct reader_link link;
	bool power_off = _i;

	ck_assert_int_eq(ops->begin(self, seen[1].name, 1000, &link), E_OK);
	transmit(&link, SELECT_JPKI, 15);
	transmit(&link, "\x00\xA4\x02\x0C\x02\x00\x18", 7);
	transmit(&link, "\x00\x20\x00\x80\x04""1234", 9);
	ops->end(&link, power_off);
	ck_assert_uint_eq(other_signs(&o), power_off ? 0x6982 : 0x9000);
	other_sends(&o, "\x00\xA4\x04\x0C\x07\xA0\x00\x00\x01\x51\x00\x00", 12);
	other_leaves(&o, SCARD_UNPOWER_CARD);
}
END_TEST

START_TEST(held_by_another)
{
	struct other o = other_program(SCARD_SHARE_EXCLUSIVE);

	ck_assert_int_eq(open_card(1), E_BUSY);
	other_leaves(&o, SCARD_LEAVE_CARD);
	ck_assert_int_eq(open_card(1), E_OK);
}
END_TEST

START_TEST(reset_by_another)
{
	struct other o = other_program(SCARD_SHARE_SHARED);

	ck_assert_int_eq(open_card(1), E_OK);
	ck_assert_int_eq(log_in(), E_OK);
	other_leaves(&o, SCARD_RESET_CARD);
	ck_assert_int_eq(sign(), E_OK);
	ck_assert_str_eq(control("reset 2"), "ok");
	ck_assert_int_eq(sign(), E_OK);
}
END_TEST

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *later(void *command)
{
	usleep(300000);
	if (command)
		control(command);
	else
		ops->cancel(self);
	return NULL;
}

static enum error wait_for(const char *command)
{
	char copy[100];
	double start = seconds();
	pthread_t thread;
	enum error e;

	snprintf(copy, sizeof copy, "%s", command ? command : "");
	ck_assert_int_eq(list(), E_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, later, command ? copy : NULL), 0);
	e = ops->wait(self, seen, n_seen, 10000);
	ck_assert_msg(seconds() - start < 5, "waited %.1f s", seconds() - start);
	if (!command)
		ck_assert(seconds() - start < 1);
	pthread_join(thread, NULL);
	return e;
}

START_TEST(out_and_in)
{
	ck_assert_int_eq(open_card(0), E_OK);
	ck_assert_int_eq(wait_for("remove 1"), E_OK);
	settle(E_OK, 1);
	ck_assert_int_eq(log_in(), E_NO_CARD);
	ck_assert_int_eq(wait_for("insert 1"), E_OK);
	settle(E_OK, 2);
	ck_assert_int_eq(log_in(), E_CHANGED);
	ck_assert_int_eq(sign(), E_CHANGED);
	ck_assert_int_eq(open_card(0), E_OK);
	ck_assert_int_eq(log_in(), E_OK);
}
END_TEST

START_TEST(cancelling)
{
	ck_assert_int_eq(wait_for(NULL), E_CANCELLED);
	ops->cancel(self);
	ck_assert_int_eq(ops->wait(self, seen, n_seen, 10000), E_CANCELLED);
}
END_TEST

START_TEST(pcscd_restarts)
{
	uint32_t before;

	ck_assert_int_eq(open_card(0), E_OK);
	before = card->insertion;
	ck_assert_int_eq(wait_for("service stop"), E_OK);
	settle(E_NO_SERVICE, 0);
	ck_assert_int_eq(log_in(), E_NO_SERVICE);
	ck_assert_str_eq(control("service start"), "ok");
	ck_assert_int_eq(ops->wait(self, seen, n_seen, 10000), E_OK);
	settle(E_OK, 2);
	ck_assert_uint_ne(seen[0].insertion, before);
	ck_assert_int_eq(log_in(), E_CHANGED);
	ck_assert_int_eq(open_card(0), E_OK);
	ck_assert_int_eq(log_in(), E_OK);
}
END_TEST

/* pulled at the VERIFY: the fourth command of a JPKI login */
START_TEST(pulled_at_the_pin)
{
	ck_assert_int_eq(open_card(1), E_OK);
	control("fault 2 4 pull");
	ck_assert_int_eq(log_in(), E_LINK);
	control("insert 2");
	settle(E_OK, 2);
	ck_assert_str_eq(control("tries 2 auth"), "ok 3");
	ck_assert_int_eq(log_in(), E_CHANGED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pcsc with pcscd");
	TCase *tc = tcase_create("pcscd");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, login_and_signature, 0, 2);
	tcase_add_test(tc, left_locked_for_others);
	tcase_add_loop_test(tc, power_off_locks, 0, 2);
	tcase_add_test(tc, held_by_another);
	tcase_add_test(tc, reset_by_another);
	tcase_add_test(tc, out_and_in);
	tcase_add_test(tc, cancelling);
	tcase_add_test(tc, pcscd_restarts);
	tcase_add_test(tc, pulled_at_the_pin);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
