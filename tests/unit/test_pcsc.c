/* SPDX-License-Identifier: BSD-2-Clause */
/* The way to PC/SC, on a daemon that says what a test wants. */
#include <pthread.h>
#include <stdlib.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tests/check_case.h"
#include "card/reader.h"
#include "fake_pcscd.h"

static const struct reader_ops *const ops = &pcsc_reader_ops;
static void *self;
static struct reader_state seen[READER_COUNT_MAX];
static size_t n_seen;

static void setup(void)
{
	pcscd_reset();
	ck_assert_int_eq(ops->open(&self, true), E_OK);
}

static void teardown(void)
{
	ops->close(self);
	if (pcscd.generation)
		ck_assert_int_eq(pcscd.contexts + pcscd.connections + pcscd.transactions, 0);
}

static enum error list(void)
{
	n_seen = READER_COUNT_MAX;
	return ops->list(self, seen, &n_seen);
}

START_TEST(nothing_there)
{
	ck_assert_int_eq(list(), E_OK);
	ck_assert_uint_eq(n_seen, 0);
	pcscd.generation = 0;
	ck_assert_int_eq(list(), E_NO_SERVICE);
	ck_assert_uint_eq(n_seen, 0);
	pcscd.generation = 2;
	pcscd.establish = SCARD_W_SECURITY_VIOLATION;
	ck_assert_int_eq(list(), E_DENIED);
	pcscd.generation = 0; /* the last context was lost with its daemon */
}
END_TEST

START_TEST(readers_and_cards)
{
	pcscd_slot("One", true);
	pcscd_slot("Two", false);
	pcscd_slot("Three", true)->mute = true;
	ck_assert_int_eq(list(), E_OK);
	ck_assert_uint_eq(n_seen, 3);
	ck_assert_str_eq(seen[0].name, "One");
	ck_assert(seen[0].present && !seen[0].mute && seen[0].insertion);
	ck_assert(!seen[1].present && !seen[1].insertion);
	ck_assert(seen[2].present && seen[2].mute);
	n_seen = 1;
	ck_assert_int_eq(ops->list(self, seen, &n_seen), E_OK);
	ck_assert_uint_eq(n_seen, 1);
}
END_TEST

static uint32_t insertion(void)
{
	ck_assert_int_eq(list(), E_OK);
	ck_assert_uint_ge(n_seen, 1);
	return seen[0].insertion;
}

START_TEST(what_makes_another_insertion)
{
	struct fake_slot *s = pcscd_slot("One", true);
	struct fake_slot copy;
	uint32_t first, second, third, fourth;

	s->events = 0;
	first = insertion();
	ck_assert_uint_ne(first, 0);
	ck_assert_uint_eq(insertion(), first);
	s->events = 2;
	second = insertion();
	s->events = 0; /* pcscd began anew and counts from the start */
	pcscd.generation = 2;
	pcscd.contexts = 0;
	pcscd.contexts++;
	third = insertion();
	copy = *s; /* the reader was unplugged and plugged in */
	pcscd.n_slots = 0;
	ck_assert_int_eq(list(), E_OK);
	*pcscd_slot("One", true) = copy;
	fourth = insertion();
	ck_assert(first != second && first != third && first != fourth && second != third && second != fourth &&
	          third != fourth);
}
END_TEST

START_TEST(one_operation)
{
	struct fake_slot *s = pcscd_slot("One", true);
	struct reader_link link;
	uint8_t response[300];
	size_t len = sizeof response;

	ck_assert_int_eq(ops->begin(self, "One", 1000, &link), E_OK);
	ck_assert_uint_eq(link.insertion, insertion());
	ck_assert_int_eq(pcscd.transactions, 1);
	ck_assert_int_eq(ops->transmit(&link, (const uint8_t *)"\0\xA4\0\0", 4, response, &len), E_OK);
	ck_assert_uint_eq(len, 2);
	ops->end(&link, false);
	ck_assert_uint_eq(pcscd.ended, SCARD_LEAVE_CARD);
	ck_assert_uint_eq(pcscd.disconnected, SCARD_LEAVE_CARD);
	ck_assert_int_eq(pcscd.connections + pcscd.transactions, 0);
	s->transaction = SCARD_W_RESET_CARD;
	ck_assert_int_eq(ops->begin(self, "One", 1000, &link), E_OK);
	ck_assert_int_eq(pcscd.reconnections, 1);
	ops->end(&link, true);
	ck_assert_uint_eq(pcscd.ended, SCARD_UNPOWER_CARD);
}
END_TEST

START_TEST(a_pulled_card)
{
	struct fake_slot *s = pcscd_slot("One", true);
	struct reader_link link;
	uint8_t response[300];
	size_t len = sizeof response;

	ck_assert_int_eq(ops->begin(self, "One", 1000, &link), E_OK);
	s->present = false; /* success, and no answer */
	ck_assert_int_eq(ops->transmit(&link, (const uint8_t *)"\0\xA4\0\0", 4, response, &len), E_LINK);
	s->transmit = SCARD_W_RESET_CARD;
	len = sizeof response;
	ck_assert_int_eq(ops->transmit(&link, (const uint8_t *)"\0\xA4\0\0", 4, response, &len), E_LINK);
	ck_assert_uint_eq(len, 0);
	ops->end(&link, false);
	ck_assert_int_eq(ops->begin(self, "One", 1000, &link), E_NO_CARD);
	ck_assert_int_eq(ops->begin(self, "Two", 1000, &link), E_NO_READER);
}
END_TEST

static void *cancel_soon(void *arg)
{
	struct timespec t = {0, 50000000};

	nanosleep(&t, NULL);
	ops->cancel(self);
	return arg;
}

START_TEST(errors_of_a_connection)
{
	static const struct {
		LONG rc;
		enum error e;
	} rows[] = {
		{SCARD_E_SHARING_VIOLATION, E_BUSY},  {SCARD_W_UNRESPONSIVE_CARD, E_MUTE},
		{SCARD_W_UNPOWERED_CARD, E_MUTE},     {SCARD_E_PROTO_MISMATCH, E_MUTE},
		{SCARD_W_REMOVED_CARD, E_NO_CARD},    {SCARD_W_SECURITY_VIOLATION, E_DENIED},
		{SCARD_E_READER_UNAVAILABLE, E_NO_READER}, {SCARD_E_NO_MEMORY, E_MEMORY},
		{SCARD_F_INTERNAL_ERROR, E_INTERNAL}, {SCARD_E_NO_SERVICE, E_NO_SERVICE},
		{SCARD_E_TIMEOUT, E_LINK},            {SCARD_E_COMM_DATA_LOST, E_LINK},
		{SCARD_E_NO_SMARTCARD, E_NO_CARD},    {SCARD_E_UNKNOWN_READER, E_NO_READER},
		{SCARD_E_CANCELLED, E_CANCELLED},     {SCARD_E_NO_ACCESS, E_DENIED},
		{SCARD_E_SERVER_TOO_BUSY, E_NO_SERVICE},
	};
	struct fake_slot *s = pcscd_slot("One", true);
	struct reader_link link;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		s->connect = rows[i].rc;
		ck_assert_int_eq(ops->begin(self, "One", 1000, &link), rows[i].e);
		s->connect = SCARD_S_SUCCESS;
		s->transaction = rows[i].rc;
		ck_assert_int_eq(ops->begin(self, "One", 1000, &link), rows[i].e);
		ck_assert_int_eq(pcscd.contexts, 1); /* for looking at readers */
		ck_assert_int_eq(pcscd.connections + pcscd.transactions, 0);
	}
	pcscd.generation = 0;
	ck_assert_int_eq(ops->begin(self, "One", 1000, &link), E_NO_SERVICE);
}
END_TEST

static void *let_go(void *arg)
{
	struct timespec t = {0, 50000000};

	nanosleep(&t, NULL);
	pcscd_lock();
	((struct fake_slot *)arg)->held = false;
	pcscd_unlock();
	return NULL;
}

static void wait_until_let_go(int contexts)
{
	struct timespec ms = {0, 1000000};
	bool all = false;

	for (int i = 0; i < 2000 && !all; i++) {
		nanosleep(&ms, NULL);
		pcscd_lock();
		all = pcscd.contexts == contexts && pcscd.connections == 0 && pcscd.transactions == 0;
		pcscd_unlock();
	}
}

/* Who goes away leaves one thread that waits for the next who comes, and lets go as
 * soon as it has hold when nobody does. */
START_TEST(a_card_that_another_program_holds)
{
	struct fake_slot *s = pcscd_slot("One", true);
	struct reader_link link;
	pthread_t thread;
	sigset_t mask;

	s->held = true;
	ck_assert_int_eq(ops->begin(self, "One", 0, &link), E_BUSY);
	ck_assert_int_eq(ops->begin(self, "One", 30, &link), E_BUSY);
	ck_assert_int_eq(ops->begin(self, "One", 30, &link), E_BUSY);
	pcscd_lock();
	ck_assert_int_eq(pcscd.contexts, 2); /* for looking at readers, and of the one that waits */
	pcscd_unlock();
	ck_assert(pcscd.signals_blocked); /* in the thread that waits: they are the application's */
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	ck_assert(!sigismember(&mask, SIGINT));
	ck_assert_int_eq(pthread_create(&thread, NULL, let_go, s), 0);
	ck_assert_int_eq(ops->begin(self, "One", 10000, &link), E_OK);
	ops->end(&link, false);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(pcscd.contexts + pcscd.connections + pcscd.transactions, 1);
	pcscd_lock();
	s->held = true;
	pcscd_unlock();
	ck_assert_int_eq(ops->begin(self, "One", 0, &link), E_BUSY);
	let_go(s);
	wait_until_let_go(1); /* by the thread itself */
	ck_assert_int_eq(ops->begin(self, "One", 30, &link), E_OK);
	ops->end(&link, false);
	pcscd_lock();
	s->held = true;
	pcscd_unlock();
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
	ck_assert_int_eq(ops->begin(self, "One", 10000, &link), E_CANCELLED);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(ops->begin(self, "One", 10000, &link), E_CANCELLED);
	let_go(s);
	ops->close(self); /* its context for looking at readers goes, too */
	wait_until_let_go(0);
	ck_assert_int_eq(pcscd.contexts + pcscd.connections + pcscd.transactions, 0);
	setup();
}
END_TEST

/* Nobody holds it, so the time is the card's own. */
START_TEST(a_card_without_power)
{
	struct fake_slot *s = pcscd_slot("One", true);
	struct reader_link link;

	s->power_ms = 200;
	ck_assert_int_eq(ops->begin(self, "One", 30, &link), E_OK);
	ops->end(&link, false);
}
END_TEST

/* A program that forbids threads waits itself, whatever limit it was given. */
START_TEST(a_card_that_is_held_and_no_threads)
{
	struct fake_slot *s = pcscd_slot("One", true);
	bool may_create_threads = _i;
	struct reader_link link;
	pthread_t thread;

	ops->close(self);
	ck_assert_int_eq(ops->open(&self, may_create_threads), E_OK);
	s->held = true;
	ck_assert_int_eq(pthread_create(&thread, NULL, let_go, s), 0);
	ck_assert_int_eq(ops->begin(self, "One", may_create_threads ? 10000 : 0, &link), E_OK);
	ck_assert_int_eq(!pthread_equal(pcscd.connected_by, pthread_self()), may_create_threads);
	ops->end(&link, false);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(a_reader_that_was_plugged_elsewhere)
{
	struct fake_slot *s = pcscd_slot("One", true);
	struct reader_link link;
	uint32_t first;

	s->channel = 0x200105;
	ck_assert_int_eq(ops->begin(self, "One", 1000, &link), E_OK);
	first = link.insertion;
	ops->end(&link, false);
	ck_assert_int_eq(ops->begin(self, "One", 1000, &link), E_OK);
	ck_assert_uint_eq(link.insertion, first);
	ops->end(&link, false);
	s->channel = 0x200106;
	ck_assert_int_eq(ops->begin(self, "One", 1000, &link), E_OK);
	ck_assert_uint_ne(link.insertion, first);
	ck_assert_uint_eq(link.insertion, insertion());
	ops->end(&link, false);
}
END_TEST

START_TEST(what_a_reader_takes)
{
	static const struct {
		int64_t max_data;
		size_t max_apdu;
	} rows[] = {{-1, 0}, {0, 261}, {0x10000, 0x10009}, {2048, 2057}, {0xFFFFFFFF, 0x10009}};
	struct fake_slot *s = pcscd_slot("One", true);
	struct reader_link link;

	s->max_data = rows[_i].max_data;
	ck_assert_int_eq(ops->begin(self, "One", 1000, &link), E_OK);
	ck_assert_uint_eq(link.max_apdu, rows[_i].max_apdu);
	ops->end(&link, false);
}
END_TEST

START_TEST(no_le_beside_data_on_t0)
{
	static const uint8_t select[] = {0x00, 0xA4, 0x04, 0x00, 0x02, 0xAA, 0xBB, 0x00};
	struct fake_slot *s = pcscd_slot("One", true);
	struct reader_link link;
	uint8_t response[300];
	size_t len = sizeof response;

	s->protocol = _i ? SCARD_PROTOCOL_T0 : SCARD_PROTOCOL_T1;
	ck_assert_int_eq(ops->begin(self, "One", 1000, &link), E_OK);
	ck_assert_int_eq(ops->transmit(&link, select, sizeof select, response, &len), E_OK);
	ck_assert_uint_eq(pcscd.apdu_len, _i ? 7 : 8);
	len = sizeof response;
	ck_assert_int_eq(ops->transmit(&link, select, 5, response, &len), E_OK);
	ck_assert_uint_eq(pcscd.apdu_len, 5);
	ops->end(&link, false);
}
END_TEST

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

enum change { INSERT, PLUG, RESTART, START, CANCEL, CANCEL_LATE, NOTHING };

/* After a while, from another thread. */
static void *change(void *arg)
{
	pause_ms(100);
	switch (*(const enum change *)arg) {
	case INSERT:
		pcscd_lock();
		pcscd.slots[0].present = true;
		pcscd.slots[0].events++;
		pcscd_unlock();
		break;
	case PLUG:
		pcscd_lock();
		pcscd_slot("Late", false);
		pcscd_unlock();
		break;
	case RESTART:
	case START:
		pcscd_lock();
		pcscd.generation = 2;
		pcscd_unlock();
		break;
	case CANCEL_LATE:
		pcscd_lock();
		pcscd.deaf = false;
		pcscd_unlock();
		break;
	case CANCEL:
		ops->cancel(self);
		break;
	case NOTHING:
		break;
	}
	return NULL;
}

/* That it ends is asserted by the limit of the whole case. */
static enum error wait_for(enum change what, int timeout_ms)
{
	pthread_t thread;
	enum error e;

	ck_assert_int_eq(pthread_create(&thread, NULL, change, &what), 0);
	e = ops->wait(self, seen, n_seen, timeout_ms);
	pthread_join(thread, NULL);
	return e;
}

START_TEST(waiting)
{
	static const enum change changes[] = {INSERT, PLUG, RESTART};

	pcscd_slot("One", changes[_i] == RESTART);
	ck_assert_int_eq(list(), E_OK);
	ck_assert_int_eq(wait_for(changes[_i], -1), E_OK);
	ck_assert_int_le(pcscd.waits, 1); /* pcscd tells; nobody asks again and again */
	pcscd.contexts = 0;
	pcscd.generation = 0;
}
END_TEST

START_TEST(what_changed_before_the_wait)
{
	struct fake_slot *s = pcscd_slot("One", false);

	ck_assert_int_eq(list(), E_OK);
	s->present = true;
	s->events++;
	ck_assert_int_eq(wait_for(NOTHING, -1), E_OK);
	ck_assert_int_eq(list(), E_OK);
	s->events += 2; /* out and in */
	ck_assert_int_eq(wait_for(NOTHING, -1), E_OK);
}
END_TEST

START_TEST(waiting_in_vain)
{
	int64_t start = now_ms();

	pcscd_slot("One", true);
	ck_assert_int_eq(list(), E_OK);
	ck_assert_int_eq(ops->wait(self, seen, n_seen, 0), E_OK);
	ck_assert_int_eq(wait_for(NOTHING, 200), E_OK);
	ck_assert_int_ge(now_ms() - start, 200);
	ck_assert_int_eq(pcscd.waits, 1);
}
END_TEST

START_TEST(cancelling)
{
	struct reader_link link;

	pcscd_slot("One", true);
	ck_assert_int_eq(list(), E_OK);
	ck_assert_int_eq(wait_for(CANCEL, -1), E_CANCELLED);
	ops->cancel(self);
	ck_assert_int_eq(wait_for(NOTHING, -1), E_CANCELLED);
	ck_assert_int_eq(wait_for(NOTHING, 150), E_OK);
	ck_assert_int_eq(ops->begin(self, "One", 1000, &link), E_CANCELLED); /* though nobody holds the card */
	ck_assert_int_eq(pcscd.connections, 0);
}
END_TEST

static void *cancel(void *arg)
{
	(void)arg;
	pause_ms(50);
	ops->cancel(self);
	return NULL;
}

/* pcscd hears a cancel only while somebody waits inside. */
START_TEST(cancelling_too_early)
{
	pthread_t thread;

	pcscd_slot("One", true);
	pcscd.deaf = true;
	ck_assert_int_eq(list(), E_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel, NULL), 0);
	ck_assert_int_eq(wait_for(CANCEL_LATE, -1), E_CANCELLED);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(waiting_for_pcscd)
{
	pcscd.generation = 0;
	ck_assert_int_eq(list(), E_NO_SERVICE);
	ck_assert_int_eq(wait_for(CANCEL, -1), E_CANCELLED);
	ck_assert_int_eq(wait_for(NOTHING, 150), E_OK);
	pcscd_slot("One", true);
	ck_assert_int_eq(wait_for(START, -1), E_OK);
	ck_assert_int_eq(list(), E_OK);
	ck_assert_uint_eq(n_seen, 1);
}
END_TEST

START_TEST(a_child_talks_to_nobody)
{
	struct fake_pcscd before;
	void *other;

	ck_assert_int_eq(ops->open(&other, true), E_OK);
	n_seen = READER_COUNT_MAX;
	ck_assert_int_eq(ops->list(other, seen, &n_seen), E_OK);
	before = pcscd;
	ops->forget(other);
	ck_assert_mem_eq(&before, &pcscd, sizeof before);
	pcscd.contexts--;
}
END_TEST

static void *look(void *arg)
{
	list();
	*(atomic_bool *)arg = true;
	return NULL;
}

/* While a context is established or readers are listed. The lock would stay locked in the child. Nobody waits for a pcscd that hangs. */
START_TEST(a_fork_while_libpcsclite_is_locked)
{
	atomic_bool looked = false;
	pthread_t thread;
	int status = -1;
	const bool hangs = _i % 2, lists = _i / 2;
	pid_t pid;

	pcscd.establish_ms = lists ? 0 : hangs ? 3000 : 300;
	pcscd.list_ms = !lists ? 0 : hangs ? 3000 : 300;
	ck_assert_int_eq(pthread_create(&thread, NULL, look, &looked), 0);
	pthread_detach(thread); /* for ThreadSanitizer in the child, where nobody can join it */
	while (!pcscd.busy)
		pause_ms(1);
	pid = fork();
	if (pid == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(5);
		_exit(hangs || (ops->open(&self, true) == E_OK && list() == E_OK) ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(!hangs || !looked);
	while (!looked)
		pause_ms(1);
	ck_assert_int_eq(list(), E_OK);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("pcsc"), .setup = setup, .teardown = teardown, .seconds = 30};
	SRunner *runner = srunner_create(cases.suite);
	int failed;

	add_case(&cases, nothing_there);
	add_case(&cases, readers_and_cards);
	add_case(&cases, what_makes_another_insertion);
	add_case(&cases, one_operation);
	add_case(&cases, a_pulled_card);
	add_case(&cases, errors_of_a_connection);
	add_case(&cases, a_card_that_another_program_holds);
	add_case(&cases, a_card_without_power);
	add_loop_case(&cases, a_card_that_is_held_and_no_threads, 2);
	add_case(&cases, a_reader_that_was_plugged_elsewhere);
	add_loop_case(&cases, what_a_reader_takes, 5);
	add_loop_case(&cases, no_le_beside_data_on_t0, 2);
	add_loop_case(&cases, waiting, 3);
	add_case(&cases, what_changed_before_the_wait);
	add_case(&cases, waiting_in_vain);
	add_case(&cases, cancelling);
	add_case(&cases, cancelling_too_early);
	add_case(&cases, waiting_for_pcscd);
	add_case(&cases, a_child_talks_to_nobody);
	add_loop_case(&cases, a_fork_while_libpcsclite_is_locked, 4);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
