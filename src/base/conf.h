/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.conf: SYSCONFDIR/inkan/inkan.conf, then $XDG_CONFIG_HOME/inkan/inkan.conf
 * (else ~/.config/inkan/inkan.conf), the later line winning. The user's file is not
 * read in a set-user-id program. INI; lines below [program NAME, NAME...] are for these
 * programs, named as in p11-kit's enable-in, and beat the general part of both files.
 * [general] leads back to that.
 *
 *   card = hpki | jpki | any     the cards that are shown
 *   ca-certificates = show | hide
 *   pss = auto | on | off        offer RSASSA-PSS: by profile, always, never
 *   last-try = keep | allow      may C_Login use the last PIN try
 *   reader = PATTERN             fnmatch(3) on reader names: others are not shown
 *   anchors = FOLDER             in place of the system's or, in the user's file, the
 *   lists = FOLDER               user's: trust_folders, store_folders
 *   max-list-size = N            MiB of one revocation list, 1 to 256; 64 unless told
 *   clock-tolerance = N          seconds that this clock and a CA's may differ, 0 to 86400; 300 unless told
 *   log = off | error | info | debug | trace
 *   log-file = FILE              where the environment says nothing: log.h
 */
#ifndef INKAN_BASE_CONF_H
#define INKAN_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"
#include "base/log.h"

enum conf_pss { PSS_AUTO, PSS_ON, PSS_OFF };

#define CONF_PATH_SIZE 1024

struct conf_folders {
	char anchors[CONF_PATH_SIZE], lists[CONF_PATH_SIZE]; /* absolute; "": the usual ones */
};

struct conf {
	char card[16]; /* one of conf_cards; "" = any */
	bool hide_ca_certificates;
	enum conf_pss pss;
	bool last_try_allowed;
	char reader[128]; /* "" = every reader */
	struct conf_folders system, user;
	long max_list_size;     /* bytes */
	long clock_tolerance;   /* seconds */
	enum log_level log;
	char log_file[CONF_PATH_SIZE]; /* "": standard error */
};

/* What `card =` may be, up to a NULL; the first is "any". The families of cards give it (cards/families.c). */
extern const char *const conf_cards[];

/* Defaults, then what the files say to this program, and the log as they want it. A missing file is no error.
 * A line that is not understood is logged with file and line number and passed over, and so is all of a section
 * that is not known: a typing error must not take a doctor's login away. */
void conf_load(struct conf *conf);

/* The same of other files than conf_files says: the system's and the user's (n = 1: none). */
void conf_load_from(struct conf *conf, char paths[][4096], size_t n);

struct conf_checks {
	void (*line)(void *arg, int line); /* in which something is not understood */
	void (*program)(void *arg, int line, const char *name); /* of which a section speaks */
	void *arg;
};

/* Reads a file for the sake of its mistakes, those in other programs' sections too. E_IO: it cannot be read. */
enum error conf_check(const char *path, const struct conf_checks *checks);

/* The files of conf_load, in its order; how many (1 without a user's). */
size_t conf_files(char paths[2][4096]);

/* True when the filter lets this reader through. */
bool conf_shows_reader(const struct conf *conf, const char *name);

#endif
