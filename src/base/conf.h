/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.conf: SYSCONFDIR/inkan/inkan.conf, then $XDG_CONFIG_HOME/inkan/inkan.conf
 * (else ~/.config/inkan/inkan.conf), the later line winning. INI, no sections
 * needed. The user's file is not read in a set-user-id program.
 *
 *   pss = auto | on | off        offer RSASSA-PSS: by profile, always, never
 *   last-try = keep | allow      may C_Login use the last PIN try
 *   reader = PATTERN             fnmatch(3) on reader names: others are not shown
 */
#ifndef INKAN_BASE_CONF_H
#define INKAN_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

enum conf_pss { PSS_AUTO, PSS_ON, PSS_OFF };

struct conf {
	enum conf_pss pss;
	bool last_try_allowed;
	char reader[128]; /* "" = every reader */
};

/* Defaults, then what the files say. A missing file is no error. A line that
 * is not understood is logged with file and line number and passed over:
 * a typing error must not take a doctor's login away. */
void conf_load(struct conf *conf);

/* One file over what conf holds already; E_IO when it cannot be read. */
enum error conf_read(struct conf *conf, const char *path);

/* The same, and says in which lines something is not understood. */
enum error conf_check(struct conf *conf, const char *path, void (*tell)(void *arg, int line), void *arg);

/* The files of conf_load, in its order; how many (1 without a user's). */
size_t conf_files(char paths[2][4096]);

/* True when the filter lets this reader through. */
bool conf_shows_reader(const struct conf *conf, const char *name);

#endif
