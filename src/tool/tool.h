/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs of the command, and what they answer to the shell. */
#ifndef INKAN_TOOL_TOOL_H
#define INKAN_TOOL_TOOL_H

#include "base/error.h"

/* sysexits.h's numbers, and those of design.md 5 below 64. */
enum exit_code {
	EXIT_DONE = 0,      /* 1 to 6: enum verdict of lib/decide.h */
	EXIT_TO_MEND = 1,   /* inkan doctor: something is not in order */
	EXIT_LACKING = 3,   /* status unknown or stale; a list is lacking */
	EXIT_MALFORMED = 7, /* no certificate, or a broken one */
	EXIT_USAGE = 64,
	EXIT_NO_INPUT = 66,    /* the file cannot be read */
	EXIT_UNAVAILABLE = 69, /* no pcscd, reader or card, not our card, or not a thing it can do */
	EXIT_INTERNAL = 70,
	EXIT_OUTPUT = 74,  /* what was to be said could not be written */
	EXIT_BUSY = 75,    /* another program holds the card, or the link broke: try again */
	EXIT_PARTLY = 76,  /* status refresh: some sources failed, others did not */
	EXIT_REFUSED = 77, /* PIN wrong, locked or not sent; not permitted */
};

/* argv[0] is the verb's name. */
enum exit_code verb_list(int argc, char **argv);
enum exit_code verb_setup(int argc, char **argv);
enum exit_code verb_show(int argc, char **argv);
enum exit_code verb_pin(int argc, char **argv);
enum exit_code verb_doctor(int argc, char **argv);
enum exit_code verb_status(int argc, char **argv);
enum exit_code verb_trust(int argc, char **argv);
enum exit_code verb_verify(int argc, char **argv);
enum exit_code verb_watch(int argc, char **argv);
enum exit_code verb_portal(int argc, char **argv);

enum exit_code verb_sign(int argc, char **argv); /* these two are inkan-signer's */
enum exit_code verb_check(int argc, char **argv);

enum exit_code exit_of(enum error e);

/* A full disk or a closed pipe must not look like success. */
enum exit_code finish(enum exit_code code);

/* The next option, as getopt_long gives it, or -1 after the last. What is not
 * an option of this verb has been complained about: '?'. */
struct option;
int next_option(int argc, char **argv, const struct option *options);

/* Says that this argument is one too many, or wrong here. */
enum exit_code refuse_argument(const char *verb, const char *argument);
/* EXIT_DONE, or says that this build fetches nothing. */
enum exit_code fetches(void);
/* Says that the last option does not take this value. */
enum exit_code refuse_value(const char *verb, const char *value);

#endif
