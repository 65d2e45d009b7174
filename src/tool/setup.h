/* SPDX-License-Identifier: BSD-2-Clause */
/* Which programs are set up to use our modules, and where. */
#ifndef INKAN_TOOL_SETUP_H
#define INKAN_TOOL_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include "base/mem.h"
#include "tool.h"

enum setup_client {
	SETUP_FIREFOX,
	SETUP_CHROME,
	SETUP_SSH,
	SETUP_OPENSSL,
	SETUP_PAM,
	SETUP_P11KIT,
	SETUP_SIGNERS,
	SETUP_CLIENTS
};

/* "firefox", …: what inkan setup calls it. "Firefox", …: its name for people, translated. */
const char *setup_client_word(enum setup_client client);
const char *setup_client_name(enum setup_client client);

/* A name that `inkan setup CLIENT --card` writes into inkan.conf. */
bool setup_knows_program(const char *name);

enum setup_kind {
	SETUP_NOTHING, /* the file is there, and none of our modules in it */
	SETUP_AUTH,    /* the module with the authentication tokens */
	SETUP_SIGN,    /* that with the signature tokens */
	SETUP_FOREIGN, /* another's module, OpenSC's for instance */
};

/* A file in which a program looks for modules, with one module that is registered there.
 * For inkan doctor, of the rows of one client:
 *   it is set up         one has kind SETUP_AUTH, and is neither gone nor confined
 *   it is set up twice   two such in one file, or a SETUP_FOREIGN that drives the same cards
 *   it is installed      any row that is not confined (or the program itself is there)
 *   what was found       file, library */
struct setup_row {
	enum setup_client client;
	enum setup_kind kind;
	bool system;          /* for everybody on this machine */
	bool confined;        /* a snap or flatpak program: it cannot load the module */
	bool gone;            /* the library is not there (any more) */
	char *file, *library; /* library as it is written there; NULL with SETUP_NOTHING */
};

struct setup_rows {
	struct setup_row *list;
	size_t n;
};

/* Looks, and changes nothing: this user's files, and the machine's, below root ("": none).
 * Runs no program, loads no library, asks no card. A file that cannot be read is passed
 * over. rows need not be initialised; setup_rows_free after success and failure alike. */
enum error setup_registered(const char *root, struct setup_rows *rows);
void setup_rows_free(struct setup_rows *rows);

/* Where a file is: "/etc/…", "~/…", "config/…" (XDG_CONFIG_HOME) or "data/…" (XDG_DATA_HOME),
 * below root; to be freed. NULL: the user has no such folder, or no memory. */
char *setup_path(const char *root, const char *file);

/* Shows how the file will change, asks unless `yes`, replaces it in one step with owner and
 * mode kept. What went wrong has been said. */
enum exit_code setup_replace(const char *path, const struct buf *content, bool yes);

/* Like asprintf, but NULL when out of memory. */
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
