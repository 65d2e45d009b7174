/* SPDX-License-Identifier: BSD-2-Clause */
/* The model test of PIN tries. One process, the owner, has the virtual cards and the
 * two readers; its children load modules of ours whose way to card readers is a socket
 * to the owner. The owner decides who goes on when, so that a run depends on its seed
 * alone; it sees every VERIFY and knows every PIN that was typed, and for which card. */
#ifndef INKAN_TESTS_MODEL_H
#define INKAN_TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "card/reader.h"
#include "vcard/iso7816.h"

enum { N_PROCESSES = 4, N_MODULES = 3, N_READERS = 2, N_CARDS = 4, N_PINS = 12, NOBODY = -1, NONE = -1 };
enum { M_AUTH, M_SIGN, M_AUTH_2 }; /* the third: another module of ours with the same tokens as the first */
enum { H1, H2, J1, J2 };           /* two HPKI and two JPKI cards */

/* What the owner tells a process to do: one C_ function each, as far as it matters.
 * And what a process asks of the owner. */
enum what {
	DO_LOAD, DO_UNLOAD, DO_INITIALIZE, DO_FINALIZE, DO_OPEN, DO_CLOSE, DO_LOGIN, DO_LOGOUT, DO_SIGN_INIT,
	DO_CONSENT, DO_SIGN, DO_SET_PIN, DO_FORK,
	ASK_LIST, ASK_BEGIN, ASK_TRANSMIT, ASK_END, DONE
};

struct message {
	pid_t pid;
	enum what what;
	int module, reader, wait_ms;
	long value;         /* a CK_RV, an enum error, a process */
	uint32_t insertion;
	char pin[20], new_pin[20], serial[20];
	size_t len;
	uint8_t data[8192];
};

bool message_send(int fd, struct message *m);
bool message_receive(int fd, struct message *m);

extern const char *const reader_names[N_READERS];
extern int lines[N_PROCESSES][2]; /* the owner's end, the process's end */
extern volatile int64_t *model_ms; /* CLOCK_MONOTONIC of all processes, shared */

_Noreturn void client_run(int process); /* serves the owner */

/* ---- model_world.c: cards, readers, rules */

struct reader {
	int card;           /* NONE: empty */
	uint32_t insertion; /* counted in each reader: the same number in both is no rarity */
	unsigned stamp;     /* the insertion, of no other one */
	uint16_t untold;    /* what the empty VERIFY is answered in this insertion; 0: the counter */
	int holder;         /* the process whose transaction is on it */
	bool dead;          /* the holder's link is broken */
	bool asked[2];      /* in this transaction, since the last VERIFY: the counter, by application */
};

struct model_card {
	const char *name;
	struct vcard *card;
	char serial[2][17];
	unsigned changes[2], stale_lost[2]; /* PIN changes; tries lost by stored PINs since the counter last rose */
};

/* What a process was told by one application of a card, or did to it. */
struct known {
	int tries;            /* the last 63CX; -1: none */
	unsigned locked_at, cut_at; /* the insertion in which it said so; a VERIFY was cut off */
	unsigned stale_change; /* the PIN change that has cost a try */
	int refused[N_PINS];  /* what the refusal left; -1: not refused, or the counter has risen */
	int worst[N_PINS];    /* the most that a refusal left since the PIN was taken; -1: it was not refused */
	uint32_t typed;       /* PINs */
	int64_t given[N_PINS], offered[N_PINS]; /* when that was: sent; passed to C_Login */
};

struct login {
	unsigned stamp, changes;
	bool begun, consent; /* C_SignInit; a PIN for one signature */
};

struct process {
	pid_t pid; /* 0: none */
	bool last_try_allowed;
	bool loaded[N_MODULES], initialized[N_MODULES], inherited[N_MODULES]; /* by a fork, not initialized since */
	int session[N_MODULES][N_READERS]; /* the card that it was opened for, NONE: none */
	unsigned session_stamp[N_MODULES][N_READERS];
	struct login login[N_MODULES][N_READERS];
	struct known known[N_CARDS][2];

	/* the call under way */
	bool busy, must_succeed, accepted, refused_since;
	unsigned verifies;
	struct message call, asked;
};

enum rule {
	R_CHILD, R_CRASH, R_NOT_TYPED_FOR, R_NOT_ASKED, R_TWICE, R_LOCKED, R_CUT, R_LAST_TRY, R_ELSEWHERE, R_REPEATED,
	R_LOW_COUNTER, R_STALE, R_NO_CALL, R_UNLOCKED, R_TRANSACTION, R_TOKEN, R_HINDERED, R_SCRIPT, N_RULES
};

struct world {
	struct reader readers[N_READERS];
	struct model_card cards[N_CARDS];
	struct process processes[N_PROCESSES];
	unsigned stamps, step;
	bool faults;         /* links break and processes are killed at random */
	bool disturbed;      /* since the calls under way began */
	int cut_next_verify; /* for scripts: 1 before, 2 after the card saw it */
	unsigned broken[N_RULES];
	unsigned verifies, accepted, lost_typed, lost_stale, cuts, kills, forks, musts;
};

extern struct world world;
extern const char *const pins[N_PINS];

uint64_t rnd(uint64_t n); /* 0 … n-1 */
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);
__attribute__((format(printf, 2, 3))) void broken(enum rule rule, const char *format, ...);

int pin_number(const char *pin);
enum vcard_app app_of(int module);
struct credential *credential(int card, enum vcard_app app);
bool has_pin(int card, enum vcard_app app, const char *pin);

void world_make(void);
void world_reset(void); /* PINs, counters, readers as at the start: H1 and J1 are in */
void card_in(int reader, int card, uint16_t untold); /* NONE: out */
void card_reset(int reader);
void other_program_tries(int card, enum vcard_app app);  /* a wrong PIN */
void other_program_verifies(int card, enum vcard_app app); /* the right one */
void other_program_changes(int card, enum vcard_app app, const char *pin);
void world_event(void); /* one of the above at random */

void process_kill(int p);
bool answer(int p); /* what it has asked for; false: it is gone */

#endif
