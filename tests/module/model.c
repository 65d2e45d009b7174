/* SPDX-License-Identifier: BSD-2-Clause */
/* The model test of PIN tries: fixed scripts, then random steps, INKAN_MODEL_STEPS of
 * them from INKAN_MODEL_SEED on. Each rule that is broken is told with the steps before
 * it, the first time. INKAN_MODEL_TRACE=1 tells all steps. */
#include "config.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "pkcs11/pkcs11.h"
#include "tests/module/model.h"

enum { NOTES = 40, NOTE_MAX = 160, NEVER = -10000000 };

static const char *const rules[N_RULES] = {
	[R_CHILD] = "a forked child talks to nobody before its own C_Initialize",
	[R_CRASH] = "a process answers",
	[R_NOT_TYPED_FOR] = "no PIN goes to a card that it was not typed for",
	[R_NOT_ASKED] = "the counter is asked for in the same transaction before each VERIFY",
	[R_TWICE] = "one VERIFY per typed PIN and per signature",
	[R_LOCKED] = "no VERIFY after \"locked\" until the card was out",
	[R_CUT] = "no VERIFY after one that was cut off until the counter was read or the card was out",
	[R_LAST_TRY] = "no last try without permission",
	[R_ELSEWHERE] = "no PIN to a second card within three seconds",
	[R_REPEATED] = "no refused PIN once more until the counter has risen",
	[R_LOW_COUNTER] = "no stored PIN when the counter is lower than the login left it",
	[R_STALE] = "at most one try lost per PIN change",
	[R_NO_CALL] = "no VERIFY in a call that needs none",
	[R_UNLOCKED] = "no card is left unlocked",
	[R_TRANSACTION] = "no transaction outlives its call",
	[R_TOKEN] = "a session is with the card that is in",
	[R_HINDERED] = "a PIN that nothing speaks against is taken",
	[R_SCRIPT] = "a script ends as it should",
};

static const char *const calls[] = {"dlopen", "dlclose", "C_Initialize", "C_Finalize", "C_OpenSession",
                                    "C_CloseSession", "C_Login", "C_Logout", "C_SignInit", "C_Login for consent",
                                    "C_Sign", "C_SetPIN", "fork"};

static char notes[NOTES][NOTE_MAX];
static unsigned n_notes, n_broken;
static bool trace;
static const char *script;
static uint64_t random_state;

void note(const char *format, ...)
{
	char *text = notes[n_notes++ % NOTES];
	int n = snprintf(text, NOTE_MAX, "%6u ", world.step);
	va_list args;

	va_start(args, format);
	vsnprintf(text + n, NOTE_MAX - (size_t)n, format, args);
	va_end(args);
	if (trace)
		puts(text);
}

void broken(enum rule rule, const char *format, ...)
{
	char text[NOTE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	note("  BROKEN: %s: %s", rules[rule], text);
	n_broken++;
	if (world.broken[rule]++ > 0)
		return;
	printf("\nBROKEN in %s: %s: %s\n", script ? script : "the random steps", rules[rule], text);
	for (unsigned i = n_notes < NOTES ? 0 : n_notes - NOTES; !trace && i < n_notes; i++)
		printf("    %s\n", notes[i % NOTES]);
}

uint64_t rnd(uint64_t n) /* xorshift64* */
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return n ? (random_state * 2685821657736338717u >> 33) % n : 0;
}

/* ---- processes and their calls */

static void process_clear(struct process *of, pid_t pid)
{
	*of = (struct process){.pid = pid};
	memset(of->session, NONE, sizeof of->session);
	for (int c = 0; c < N_CARDS; c++)
		for (int a = 0; a < 2; a++) {
			struct known *k = &of->known[c][a];

			k->tries = -1;
			k->stale_change = UINT32_MAX;
			for (int i = 0; i < N_PINS; i++) {
				k->refused[i] = k->worst[i] = -1;
				k->given[i] = k->offered[i] = NEVER;
			}
		}
}

static void process_start(int p, bool last_try_allowed)
{
	pid_t pid = fork();

	if (pid == 0) {
		setenv("XDG_CONFIG_HOME", last_try_allowed ? CONF_DIR "/allow" : CONF_DIR "/keep", 1);
		client_run(p);
	}
	process_clear(&world.processes[p], pid);
	world.processes[p].last_try_allowed = last_try_allowed;
	note("process %d starts, last try %s", p, last_try_allowed ? "allowed" : "kept");
}

/* The next word of a process; what an earlier one of its number had said is passed over. */
static bool hear(int p)
{
	struct process *of = &world.processes[p];

	for (int tries = 0; tries < 300; ) {
		if (message_receive(lines[p][0], &of->asked)) {
			if (of->asked.pid == of->pid)
				return true;
			continue;
		}
		tries++;
		if (kill(of->pid, 0) != 0)
			break;
	}
	broken(R_CRASH, "process %d in %s", p, calls[of->call.what]);
	process_kill(p);
	return false;
}

/* What only a person knows who sits there and waits: nothing speaks against this PIN. */
static bool should_work(const struct process *of)
{
	int m = of->call.module, reader = of->call.reader, card = of->session[m][reader];
	enum vcard_app app = app_of(m);
	const struct reader *r = &world.readers[reader];
	const struct login *login = &of->login[m][reader];
	int pin = pin_number(of->call.pin);

	if (card == NONE || card != r->card || of->session_stamp[m][reader] != r->stamp || r->untold ||
	    !of->initialized[m])
		return false;
	if (of->call.what == DO_SIGN)
		return login->stamp == r->stamp && login->changes == world.cards[card].changes[app] && login->begun &&
		       (app == VCARD_AUTH || login->consent) &&
		       credential(card, app)->tries == credential(card, app)->limit;
	if (of->call.what != DO_LOGIN || credential(card, app)->tries < 2 || !has_pin(card, app, of->call.pin))
		return false;
	for (int c = 0; c < N_CARDS; c++)
		for (int a = 0; a < 2; a++)
			if ((c != card || a != (int)app) && *model_ms - of->known[c][a].offered[pin] < 4000)
				return false;
	return of->known[card][app].worst[pin] < (int)credential(card, app)->tries;
}

static void call_begin(int p, enum what what, int module, int reader, const char *pin, const char *new_pin)
{
	struct process *of = &world.processes[p];
	int card = what == DO_FORK ? NONE : of->session[module][reader];

	of->call = (struct message){.what = what, .module = module, .value = reader};
	of->call.reader = what == DO_FORK ? 0 : reader; /* else a fork's value, which is a process */
	snprintf(of->call.pin, sizeof of->call.pin, "%s", pin ? pin : "");
	snprintf(of->call.new_pin, sizeof of->call.new_pin, "%s", new_pin ? new_pin : "");
	of->busy = true;
	of->accepted = of->refused_since = false;
	of->verifies = 0;
	of->must_succeed = should_work(of);
	note("process %d module %d: %s, reader %d (%s) %s %s", p, module, calls[what], reader,
	     card == NONE ? "no session" : world.cards[card].name, of->call.pin, of->call.new_pin);
	if (pin && card != NONE) {
		struct known *k = &of->known[card][app_of(module)];

		k->typed |= 1u << pin_number(pin) | (new_pin ? 1u << pin_number(new_pin) : 0);
		k->offered[pin_number(pin)] = *model_ms;
	}
	message_send(lines[p][0], &of->call);
	hear(p);
}

static void opened(struct process *of, const struct message *m)
{
	enum vcard_app app = app_of(m->module);
	const struct reader *r = &world.readers[m->reader];
	int card = NONE;

	for (int c = 0; c < N_CARDS; c++)
		if (strncmp(world.cards[c].serial[app], m->serial, 16) == 0)
			card = c;
	of->session[m->module][m->reader] = card;
	of->session_stamp[m->module][m->reader] = world.disturbed ? 0 : r->stamp;
	if (card == NONE || (card != r->card && !world.disturbed))
		broken(R_TOKEN, "reader %d has %s, the serial number is of %s", m->reader,
		       r->card == NONE ? "no card" : world.cards[r->card].name,
		       card == NONE ? "none" : world.cards[card].name);
}

static void forget_sessions(struct process *of, int module)
{
	for (int r = 0; r < N_READERS; r++) {
		of->session[module][r] = NONE;
		of->login[module][r] = (struct login){0};
	}
}

/* The child has the parent's modules as they are, but no PIN. */
static void forked(int p, int child, pid_t pid)
{
	struct process *of = &world.processes[child];

	*of = world.processes[p];
	of->pid = pid;
	of->busy = false;
	for (int m = 0; m < N_MODULES; m++) {
		of->inherited[m] = of->initialized[m] || of->inherited[m];
		of->initialized[m] = false;
	}
	for (int c = 0; c < N_CARDS; c++)
		of->known[c][VCARD_AUTH].typed = of->known[c][VCARD_SIGN].typed = 0;
	world.forks++;
	note("process %d is a child of process %d", child, p);
	hear(child);
}

static void call_end(int p)
{
	struct process *of = &world.processes[p];
	const struct message *m = &of->asked;
	int module = of->call.module, reader = of->call.reader;
	struct login *login = &of->login[module][reader];
	CK_RV rv = (CK_RV)m->value;

	of->busy = false;
	note("process %d: %s: 0x%lx", p, calls[of->call.what], rv);
	for (int i = 0; i < N_READERS; i++)
		if (world.readers[i].holder == p)
			broken(R_TRANSACTION, "process %d in %s", p, calls[of->call.what]);
	world.musts += of->must_succeed && !world.disturbed;
	if (of->must_succeed && !world.disturbed && rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
		broken(R_HINDERED, "process %d: %s answers 0x%lx", p, calls[of->call.what], rv);
	switch (of->call.what) {
	case DO_FORK:
		forked(p, (int)of->call.value, (pid_t)m->value);
		return;
	case DO_LOAD:
		of->loaded[module] = rv == CKR_OK;
		return;
	case DO_UNLOAD:
		of->loaded[module] = of->initialized[module] = of->inherited[module] = false;
		forget_sessions(of, module);
		return;
	case DO_INITIALIZE:
		of->initialized[module] = true;
		of->inherited[module] = false;
		forget_sessions(of, module);
		return;
	case DO_FINALIZE:
		of->initialized[module] = of->inherited[module];
		forget_sessions(of, module);
		return;
	default:
		break;
	}
	if (of->inherited[module] && rv != CKR_CRYPTOKI_NOT_INITIALIZED)
		broken(R_CHILD, "process %d: %s answers 0x%lx", p, calls[of->call.what], rv);
	if (of->call.what == DO_OPEN && rv == CKR_OK)
		opened(of, m);
	if (of->call.what == DO_CLOSE || rv == CKR_DEVICE_REMOVED || rv == CKR_SESSION_HANDLE_INVALID)
		forget_sessions(of, module);
	if (of->call.what == DO_SIGN_INIT) {
		login->begun = rv == CKR_OK;
	} else if (of->call.what == DO_LOGIN && rv == CKR_OK) {
		*login = (struct login){.stamp = world.disturbed ? 0 : world.readers[reader].stamp, .consent = true};
		login->changes = login->stamp ? world.cards[world.readers[reader].card].changes[app_of(module)] : 0;
	} else if (of->call.what == DO_SIGN || of->call.what == DO_CONSENT) {
		login->begun = of->call.what == DO_CONSENT && rv == CKR_OK && login->begun;
		login->consent = of->call.what == DO_CONSENT && rv == CKR_OK;
		login->stamp = rv == CKR_OK ? login->stamp : 0;
	} else if (of->call.what == DO_LOGOUT || of->call.what == DO_SET_PIN) {
		*login = (struct login){0};
	}
}

/* Goes on with one of the processes that are in a call, and have asked for something that
 * they can have, until none is. */
static void run(void)
{
	for (;;) {
		int list[N_PROCESSES], n = 0, p;

		for (p = 0; p < N_PROCESSES; p++) {
			const struct process *of = &world.processes[p];
			bool waits = of->busy && of->asked.what == ASK_BEGIN &&
			             world.readers[of->asked.reader].holder != NOBODY;

			if (of->busy && (!waits || (world.faults && rnd(20) == 0))) /* E_BUSY at last */
				list[n++] = p;
		}
		if (n == 0) {
			for (p = 0; p < N_PROCESSES && !world.processes[p].busy; p++)
				;
			if (p == N_PROCESSES)
				return;
			continue;
		}
		p = list[rnd((uint64_t)n)];
		if (world.faults && rnd(300) == 0)
			world_event();
		if (world.processes[p].asked.what == DONE)
			call_end(p);
		else if (answer(p))
			hear(p);
	}
}

static CK_RV call(int p, enum what what, int module, int reader, const char *pin, const char *new_pin)
{
	world.disturbed = false;
	world.step++;
	call_begin(p, what, module, reader, pin, new_pin);
	run();
	return (CK_RV)world.processes[p].asked.value;
}

/* ---- scripts */

static void expect(bool met, const char *what)
{
	if (!met)
		broken(R_SCRIPT, "%s", what);
}

static void open_in(int p, int module, int reader)
{
	struct process *of = &world.processes[p];

	if (!of->pid)
		process_start(p, false);
	if (!of->loaded[module])
		call(p, DO_LOAD, module, 0, NULL, NULL);
	if (!of->initialized[module])
		call(p, DO_INITIALIZE, module, 0, NULL, NULL);
	call(p, DO_OPEN, module, reader, NULL, NULL);
}

static CK_RV login_in(int p, int module, int reader, const char *pin)
{
	open_in(p, module, reader);
	return call(p, DO_LOGIN, module, reader, pin, NULL);
}

static CK_RV sign_in(int p, int module, int reader)
{
	CK_RV rv = call(p, DO_SIGN_INIT, module, reader, NULL, NULL);

	return rv == CKR_OK ? call(p, DO_SIGN, module, reader, NULL, NULL) : rv;
}

/* Three programs are logged in, a fourth changes the PIN, each signs. */
static void script_change(void)
{
	for (int p = 0; p < 3; p++)
		expect(login_in(p, M_AUTH, 1, "1234") == CKR_OK && sign_in(p, M_AUTH, 1) == CKR_OK, "signed");
	other_program_changes(J1, VCARD_AUTH, "2468");
	for (int p = 0; p < 3; p++)
		expect(sign_in(p, M_AUTH, 1) == CKR_USER_NOT_LOGGED_IN, "the login has ended");
	expect(credential(J1, VCARD_AUTH)->tries >= 2, "at most one try");
	expect(login_in(0, M_AUTH, 1, "2468") == CKR_OK && sign_in(0, M_AUTH, 1) == CKR_OK, "the new PIN");
}

static void script_untold(uint16_t word)
{
	const struct credential *cred = credential(J1, VCARD_AUTH);

	card_in(1, J1, word);
	expect(login_in(0, M_AUTH, 1, "8080") == CKR_PIN_INCORRECT && cred->tries == 2, "the first wrong PIN");
	expect(login_in(0, M_AUTH, 1, "9999") == CKR_PIN_INCORRECT && cred->tries == 1, "the second wrong PIN");
	expect(login_in(0, M_AUTH, 1, "1357") == CKR_FUNCTION_REJECTED && cred->tries == 1, "the last try is kept");
	process_kill(0);
	process_start(0, true);
	login_in(0, M_AUTH, 1, "7777");
	expect(cred->tries == 0, "the last try, allowed");
	expect(login_in(0, M_AUTH, 1, "1234") == CKR_PIN_LOCKED, "locked");
	expect(login_in(0, M_AUTH, 1, "2468") == CKR_PIN_LOCKED, "locked still");
}

static void script_untold_6700(void)
{
	script_untold(0x6700);
}

static void script_untold_9000(void)
{
	script_untold(0x9000);
}

/* HPKI with 7777 and JPKI with 1234: ssh-add -s MODULE with 7777, -e, again. */
static void script_ssh_add(void)
{
	for (int round = 0; round < 3; round++) {
		expect(login_in(0, M_AUTH, 0, "7777") == CKR_OK, "the first card takes its PIN");
		expect(login_in(0, M_AUTH, 1, "7777") == CKR_PIN_INCORRECT, "the second is not asked");
		call(0, DO_FINALIZE, M_AUTH, 0, NULL, NULL);
		call(0, DO_UNLOAD, M_AUTH, 0, NULL, NULL);
		*model_ms += 60 * 1000;
	}
	expect(credential(J1, VCARD_AUTH)->tries == 3, "no try of the second card is lost");
	card_in(0, H2, 0);
	expect(login_in(0, M_AUTH, 0, "1234") == CKR_OK, "one PIN for both: the first card");
	*model_ms += 4000;
	expect(login_in(0, M_AUTH, 1, "1234") == CKR_OK, "one PIN for both: typed for the second card");
}

static void script_refused(void)
{
	const struct credential *cred = credential(J1, VCARD_AUTH);

	expect(login_in(0, M_AUTH, 1, "8080") == CKR_PIN_INCORRECT && cred->tries == 2, "refused");
	call(0, DO_FINALIZE, M_AUTH, 0, NULL, NULL);
	expect(login_in(0, M_AUTH, 1, "8080") == CKR_PIN_INCORRECT && cred->tries == 2, "after C_Finalize");
	call(0, DO_FINALIZE, M_AUTH, 0, NULL, NULL);
	call(0, DO_UNLOAD, M_AUTH, 0, NULL, NULL);
	expect(login_in(0, M_AUTH, 1, "8080") == CKR_PIN_INCORRECT && cred->tries == 2, "after dlclose");
	expect(login_in(0, M_AUTH_2, 1, "8080") == CKR_PIN_INCORRECT && cred->tries == 2, "by another of our modules");
	call(0, DO_FORK, M_AUTH, 1, NULL, NULL);
	expect(login_in(1, M_AUTH, 1, "8080") == CKR_PIN_INCORRECT && cred->tries == 2, "in a forked child");
	expect(login_in(1, M_AUTH, 1, "1234") == CKR_OK && cred->tries == 3, "the right one");
	call(1, DO_LOGOUT, M_AUTH, 1, NULL, NULL);
	login_in(1, M_AUTH, 1, "8080");
	expect(cred->tries == 2, "the counter had risen");
}

/* One that was refused may be the right one later, and is then no refused one any more. */
static void script_refused_once(void)
{
	expect(login_in(0, M_AUTH, 1, "8080") == CKR_PIN_INCORRECT, "refused");
	other_program_changes(J1, VCARD_AUTH, "8080");
	expect(login_in(0, M_AUTH, 1, "8080") == CKR_OK, "right now");
	call(0, DO_LOGOUT, M_AUTH, 1, NULL, NULL);
	other_program_tries(J1, VCARD_AUTH);
	expect(login_in(0, M_AUTH, 1, "8080") == CKR_OK, "right still, though the counter is where it was refused");
}

/* Two modules of one process keep a PIN that is changed: what one has learned the other knows. */
static void script_two_modules(void)
{
	expect(login_in(0, M_AUTH, 1, "1234") == CKR_OK && login_in(0, M_AUTH_2, 1, "1234") == CKR_OK, "logged in");
	other_program_changes(J1, VCARD_AUTH, "2468");
	expect(sign_in(0, M_AUTH, 1) == CKR_USER_NOT_LOGGED_IN, "the first module's login has ended");
	other_program_verifies(J1, VCARD_AUTH);
	expect(sign_in(0, M_AUTH_2, 1) == CKR_USER_NOT_LOGGED_IN, "the second module's too");
	expect(credential(J1, VCARD_AUTH)->tries == 3, "no second try");
}

/* As the first script, on a card that tells its counter only while no PIN is verified, after
 * somebody's wrong tries. */
static void script_change_below(void)
{
	for (int p = 0; p < 3; p++) {
		other_program_tries(H1, VCARD_AUTH);
		expect(login_in(p, M_AUTH, 0, "7777") == CKR_OK, "logged in");
	}
	other_program_changes(H1, VCARD_AUTH, "2468");
	for (int p = 0; p < 3; p++)
		expect(sign_in(p, M_AUTH, 0) == CKR_USER_NOT_LOGGED_IN, "the login has ended");
	expect(credential(H1, VCARD_AUTH)->tries >= 14, "at most one try");
}

static void script_elsewhere_later(void)
{
	expect(login_in(0, M_AUTH, 0, "7777") == CKR_OK, "the first card");
	login_in(0, M_AUTH_2, 0, "9999");
	expect(login_in(0, M_AUTH, 1, "7777") == CKR_PIN_INCORRECT, "not the second, with another PIN between");
	expect(credential(J1, VCARD_AUTH)->tries == 3, "no try of the second card is lost");
}

/* A VERIFY is cut off, before or after the card saw it: once with, once without a counter
 * that can be read, the PIN typed or stored. */
static void script_cut(void)
{
	const struct credential *cred = credential(J1, VCARD_AUTH);

	for (int cut = 1; cut <= 2; cut++)
		for (int untold = 0; untold < 2; untold++) {
			world_reset();
			card_in(1, J1, untold ? 0x6700 : 0);
			open_in(0, M_AUTH, 1);
			world.cut_next_verify = cut;
			expect(login_in(0, M_AUTH, 1, "8080") != CKR_OK, "cut off");
			expect(cred->tries == (cut == 2 ? 2 : 3), "as many tries as the card saw");
			expect((login_in(0, M_AUTH, 1, "1234") == CKR_OK) == !untold, "taken if the counter was read");
			card_in(1, J1, untold ? 0x6700 : 0);
			expect(login_in(0, M_AUTH, 1, "1234") == CKR_OK, "taken when the card was out");
			world.cut_next_verify = cut;
			expect(sign_in(0, M_AUTH, 1) != CKR_OK, "cut off");
			expect(sign_in(0, M_AUTH, 1) == CKR_USER_NOT_LOGGED_IN, "the login is over");
		}
}

/* What is changed by one of ours is another's stored PIN. */
static void script_set_pin(void)
{
	expect(login_in(0, M_SIGN, 1, "ABC123") == CKR_OK, "logged in");
	expect(login_in(1, M_SIGN, 1, "ABC123") == CKR_OK, "logged in");
	expect(call(0, DO_SET_PIN, M_SIGN, 1, "ABC123", "XYZ789") == CKR_OK, "changed");
	expect(call(0, DO_SIGN_INIT, M_SIGN, 1, NULL, NULL) == CKR_OK, "a signature");
	expect(call(0, DO_CONSENT, M_SIGN, 1, "XYZ789", NULL) == CKR_OK, "consent with the new PIN");
	expect(call(0, DO_SIGN, M_SIGN, 1, NULL, NULL) == CKR_OK, "signed");
	expect(sign_in(1, M_SIGN, 1) == CKR_USER_NOT_LOGGED_IN, "the login has ended");
	expect(credential(J1, VCARD_SIGN)->tries >= 4, "at most one try");
}

static const struct {
	const char *name;
	void (*run)(void);
} scripts[] = {
	{"three logins and a PIN change", script_change},
	{"6700 to the empty VERIFY", script_untold_6700},
	{"9000 to the empty VERIFY", script_untold_9000},
	{"ssh-add -s, two cards", script_ssh_add},
	{"two cards, another PIN between", script_elsewhere_later},
	{"a refused PIN", script_refused},
	{"a PIN that was refused once", script_refused_once},
	{"two modules and a PIN change", script_two_modules},
	{"a PIN change after wrong tries", script_change_below},
	{"a VERIFY cut off", script_cut},
	{"C_SetPIN", script_set_pin},
};

/* ---- random steps */

/* Right in most cases, for a card in one of the readers. */
static const char *some_pin(const struct process *of, int card, int module)
{
	enum vcard_app app = app_of(module);

	if (of->call.pin[0] && rnd(5) == 0)
		return pins[pin_number(of->call.pin)]; /* as a program does that has but one to give */
	if (card != NONE && rnd(10) < 7)
		for (int i = 0; i < N_PINS; i++)
			if (has_pin(card, app, pins[i]))
				return pins[i];
	return pins[rnd(8) == 0 ? rnd(N_PINS) : app == VCARD_AUTH ? rnd(6) : 6 + rnd(6)];
}

static void random_call(int p)
{
	struct process *of = &world.processes[p];
	int m = (int)rnd(N_MODULES), r = (int)rnd(N_READERS), other = (int)rnd(N_PROCESSES), card;
	const char *pin, *new_pin = NULL;
	enum what what;
	uint64_t kind = rnd(100);

	for (int i = 0; i < 3 && of->session[m][r] == NONE; i++) { /* more often with a session than without */
		m = (int)rnd(N_MODULES);
		r = (int)rnd(N_READERS);
	}
	card = of->session[m][r];
	pin = some_pin(of, card, m);

	if (!of->loaded[m])
		what = DO_LOAD;
	else if (!of->initialized[m] && (!of->inherited[m] || rnd(2)))
		what = DO_INITIALIZE;
	else if (kind < 1)
		what = DO_UNLOAD;
	else if (kind < 2)
		what = DO_FINALIZE;
	else if (kind < 5 && !world.processes[other].pid && !world.disturbed) /* one at a time */
		what = DO_FORK;
	else if (card == NONE && !of->inherited[m])
		what = DO_OPEN;
	else if (kind < 40)
		what = DO_LOGIN;
	else if (kind < 60)
		what = of->login[m][r].begun ? DO_SIGN : DO_SIGN_INIT;
	else if (kind < 80)
		what = !of->login[m][r].begun ? DO_SIGN_INIT : m == M_SIGN ? DO_CONSENT : DO_SIGN;
	else if (kind < 90)
		what = DO_SET_PIN;
	else
		what = kind < 96 ? DO_LOGOUT : DO_CLOSE;
	if (what == DO_FORK)
		r = other;
	if (what == DO_SET_PIN)
		new_pin = pins[m == M_SIGN ? 6 + rnd(4) : rnd(4)];
	if (what == DO_LOGIN || what == DO_CONSENT || what == DO_SET_PIN)
		call_begin(p, what, m, r, pin, new_pin);
	else
		call_begin(p, what, m, r, NULL, NULL);
}

static void random_step(void)
{
	int p = (int)rnd(N_PROCESSES);

	world.disturbed = false;
	world.step++;
	*model_ms += (int64_t)(rnd(10) ? rnd(900) : rnd(20000));
	if (rnd(10) == 0)
		world_event();
	else if (world.processes[p].pid && rnd(300) == 0)
		process_kill(p);
	else if (world.processes[p].pid)
		random_call(p);
	else if (rnd(15) == 0) /* there is room for a forked child most of the time */
		process_start(p, rnd(3) == 0);
	if (rnd(4) == 0) { /* another at the same time */
		p = (p + 1) % N_PROCESSES;
		if (world.processes[p].pid && !world.processes[p].busy) {
			world.disturbed = true;
			random_call(p);
		}
	}
	run();
}

/* ---- */

static unsigned long long setting(const char *name, unsigned long long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void make_lines(void)
{
	struct timeval a_little = {.tv_usec = 200000};

	for (int p = 0; p < N_PROCESSES; p++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, lines[p]) != 0) {
			perror("socketpair");
			exit(99);
		}
		setsockopt(lines[p][0], SOL_SOCKET, SO_RCVTIMEO, &a_little, sizeof a_little);
	}
}

int main(void)
{
	unsigned long long steps = setting("INKAN_MODEL_STEPS", 20000), seed = setting("INKAN_MODEL_SEED", 8);
	unsigned bad = 0, first;

	setvbuf(stdout, NULL, _IOLBF, 0);
	trace = getenv("INKAN_MODEL_TRACE") != NULL;
	random_state = seed * 0x9E3779B97F4A7C15u | 1;
	printf("INKAN_MODEL_SEED=%llu INKAN_MODEL_STEPS=%llu\n", seed, steps);
	model_ms = mmap(NULL, sizeof *model_ms, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (model_ms == MAP_FAILED)
		return 99;
	signal(SIGCHLD, SIG_IGN); /* a killed process is gone, whose child it ever was */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	*model_ms = 1000000;
	make_lines();
	world_make();
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		script = scripts[i].name;
		world_reset();
		n_notes = n_broken = 0;
		scripts[i].run();
		printf("%s: %u times a rule broken\n", script, n_broken);
	}
	script = NULL;
	world_reset();
	world.faults = true;
	for (first = world.step; world.step < first + steps;)
		random_step();
	world.faults = false;
	world_reset();
	printf("%u steps: %u VERIFYs, %u accepted, %u tries lost by typed PINs and %u by stored ones,\n"
	       "%u links cut, %u processes killed, %u forks, %u calls that had to succeed\n", world.step,
	       world.verifies, world.accepted, world.lost_typed, world.lost_stale,
	       world.cuts, world.kills, world.forks, world.musts);
	for (int i = 0; i < N_RULES; i++) {
		if (world.broken[i])
			printf("BROKEN %u times: %s\n", world.broken[i], rules[i]);
		bad += world.broken[i];
	}
	for (int c = 0; c < N_CARDS; c++)
		vcard_free(world.cards[c].card);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
