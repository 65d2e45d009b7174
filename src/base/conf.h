/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.conf: SYSCONFDIR/inkan/inkan.conf, then $XDG_CONFIG_HOME/inkan/inkan.conf
 * (else ~/.config/inkan/inkan.conf); a later line overrides an earlier one. The user's file is not
 * read in a set-user-id program. INI; lines below [program NAME, NAME...] are for these
 * programs, named as in p11-kit's enable-in, and override the general part of both files.
 * [general] begins the general part again.
 *
 *   card = hpki | jpki | any     the cards that are shown
 *   ca-certificates = show | hide
 *   pss = auto | on | off        offer RSASSA-PSS: as the card's profile says, always, never
 *   last-try = keep | allow      whether C_Login may use the last PIN try
 *   reader = PATTERN             fnmatch(3) pattern; readers with other names are not shown
 *   anchors = FOLDER             in place of the system's or, in the user's file, the
 *   lists = FOLDER               user's: trust_folders, store_folders
 *   max-list-size = N            MiB of one revocation list, 1 to 256; default 64
 *   clock-tolerance = N          seconds that this clock and a CA's may differ, 0 to 86400; default 300
 *   pinentry = PROGRAM           the pinentry of inkan-web-eid: a path, or a name in PATH
 *   log = off | error | info | debug | trace
 *   log-file = FILE              used when INKAN_DEBUG is not set: log.h
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
	char anchors[CONF_PATH_SIZE], lists[CONF_PATH_SIZE]; /* absolute; "": the default folders */
};

struct conf {
	char card[16]; /* one of conf_cards; "" = any */
	bool hide_ca_certificates;
	enum conf_pss pss;
	bool last_try_allowed;
	char reader[128]; /* "" = every reader */
	struct conf_folders system, user;
	long max_list_size;            /* bytes */
	long clock_tolerance;          /* seconds */
	char pinentry[CONF_PATH_SIZE]; /* "": the desktop's own */
	enum log_level log;
	char log_file[CONF_PATH_SIZE]; /* "": standard error */
	bool unread; /* a file is there that could not be read for want of memory or files: it may say otherwise */
};

/* The values of `card =`, up to a NULL; the first is "any". Defined in cards/families.c. */
extern const char *const conf_cards[];

/* Reads the files over the defaults and sets up the log as they say. A missing file is no error. A line that is not
 * understood, and a section that is not known, is logged with file and line number and ignored: a typing error must
 * not prevent a doctor's login. */
void conf_load(struct conf *conf);

/* The same with these files: the system's and, with n = 2, the user's. */
void conf_load_from(struct conf *conf, char paths[][4096], size_t n);

/* Reads a file only to report its mistakes, those in other programs' sections too: `line` is called with the number of
 * each line that is not understood. E_IO: it cannot be read. */
enum error conf_check(const char *path, void (*line)(void *arg, int line), void *arg);

/* The files of conf_load, in its order. Returns how many: 1 without a user's file. */
size_t conf_files(char paths[2][4096]);

/* True when the `reader` setting matches this reader. */
bool conf_shows_reader(const struct conf *conf, const char *name);

#endif
