/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor: facts (doctor_facts.c), what they mean (doctor_findings.c), how that is printed (doctor_print.c). */
#ifndef INKAN_TOOL_DOCTOR_H
#define INKAN_TOOL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include "card/reader.h"
#include "tool.h"

/* What a fact is about; its value is one of those below, or a number. */
/* clang-format off */
enum about {
	SETTINGS_FILE,   /* enum state */
	SETTING,         /* enum setting */
	MODULE,          /* enum state */
	SERVICE,         /* enum state */
	DEVICE,          /* on USB, that is no reader of pcscd's: enum state */
	READERS,         /* how many readers there are */
	READER,
	READER_HIDDEN,   /* how many others are not */
	CARDS,           /* how many cards are in readers */
	CARD,            /* enum error */
	CARD_BESIDE,     /* the same of a card when one of ours is in another reader */
	PIN,             /* tries that are left; PIN_FULL: all */
	CERT_UNREAD,     /* enum error */
	CERT_BEGINS,     /* seconds until then, when it has not begun */
	CERT_ENDS,       /* seconds until then */
	CERT_TEST,
	STATUS,          /* enum inkan_status, STATUS_CLOSED or STATUS_UNCHAINED */
	CLOCK,           /* enum state */
	ANCHORS, LISTS,  /* enum state */
	LISTS_UNUSABLE,  /* how many */
	CONFINED,        /* a browser that is a snap or a flatpak: 1 when it is there as a package, too */
	CLIENT,          /* enum state */
	CLIENT_SECOND,   /* enum setup_client: two modules drive one card */
	CLIENT_SIGN,     /* enum setup_client: the signature module is registered */
};

enum state {
	GOOD, UNTRIED, MISSING, BROKEN, DENIED, OTHERS_MAY_WRITE, NOT_UNDERSTOOD, STOPPED, NO_DRIVER, KERNEL_DRIVER,
	OWN_PROTOCOL, EARLY, BEHIND, OLD, UNSOUND,
};
/* clang-format on */
enum setting { SETTING_CARD, SETTING_LAST_TRY, SETTING_PSS_OFF };

#define PIN_FULL 1000
#define STATUS_CLOSED 100    /* nobody but registered verifiers may know */
#define STATUS_UNCHAINED 101 /* its CA is not known */

struct fact {
	enum about about;
	long value;
	char *subject; /* which reader, token, program or file; "" for the machine */
	char *word;    /* for each %s of the message */
	char *help;    /* for each %s of the remedy */
};

struct facts {
	struct fact *list;
	size_t n;
	bool incomplete; /* there was no memory for all of them */
};

/* Sends no PIN, opens no connection to the network, runs nothing of root ("": the machine itself), changes nothing.
 * Without memory facts are incomplete. E_NO_READER: none is named so. */
enum error facts_find(const char *root, const char *reader, struct facts *facts);
void facts_free(struct facts *facts);

/* A reader's name without what stands in parentheses, where drivers put serial numbers. */
void reader_name(const char *name, char out[READER_NAME_MAX]);

enum result { RESULT_OK, RESULT_NOTE, RESULT_PROBLEM, RESULT_COUNT };

/* What it means that a fact has a value from `from` to `to`. */
struct finding {
	enum about about;
	long from, to;
	const char *id; /* inkan-doctor(1) lists them; never changes */
	enum result result;
	const char *message, *remedy; /* N_; remedy NULL: none is needed */
};

/* The first that applies; NULL: nothing is to be said. */
const struct finding *finding_of(const struct fact *fact);

/* On standard output; quiet: without what is in order. What is printed may be sent to others: the names of homes
 * are hidden. */
enum exit_code findings_print(const struct facts *facts, bool json, bool quiet);

enum exit_code doctor_try_pss(const char *reader);

/* file NULL: standard output. */
enum exit_code doctor_card_report(const char *reader, const char *file, bool with_signatures);

#endif
