/* SPDX-License-Identifier: BSD-2-Clause */
/* Which programs are set up to use our modules, where, and how inkan setup changes that. */
#ifndef INKAN_TOOL_SETUP_H
#define INKAN_TOOL_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "tool.h"

enum setup_client {
	SETUP_FIREFOX,
	SETUP_CHROME,
	SETUP_SSH,
	SETUP_OPENSSL,
	SETUP_PAM,
	SETUP_SSSD,
	SETUP_P11KIT,
	SETUP_SIGNERS,
	SETUP_WEB_EID,
	SETUP_CLIENTS
};

/* "firefox", …: what inkan setup calls it. "Firefox", …: its name for people, translated. */
const char *setup_client_word(enum setup_client client);
const char *setup_client_name(enum setup_client client);

enum setup_kind {
	SETUP_NOTHING, /* the file is there, and none of our modules in it */
	SETUP_AUTH,    /* the module with the authentication tokens; of Web eID, our program */
	SETUP_SIGN,    /* that with the signature tokens */
	SETUP_FOREIGN, /* another's module, OpenSC's for instance */
};

/* A file in which a program looks for modules, with one module that is registered there. */
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

/* The folder (as setup_path takes it, or "") below root as it is, then a pattern of os_glob; to be freed. */
char *setup_pattern(const char *root, const char *folder, const char *pattern);

/* Something is there by that name. */
bool setup_there(const char *root, const char *folder, const char *pattern);

/* The last value of a setting in the text files of that pattern (as of setup_pattern); to be freed. NULL: it is in none
 * that can be read. */
char *setup_setting(const char *root, const char *folder, const char *pattern, const char *key);

/* Whether OpenSSL has a provider for PKCS#11 modules that works with ours. */
bool setup_has_provider(const char *root);

/* Like asprintf, but NULL when out of memory. */
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- One call of inkan setup: what is asked for, and the files that change. Each function says what went wrong. */

struct change {
	char *path;           /* symbolic links followed */
	char *before, *after; /* texts; NULL: there is no such file */
	mode_t mode;          /* of a file that is made, and of its folder (x added) */
	bool database;        /* a pkcs11.txt, and NSS's certutil makes the rest of the database */
};

struct setup_job {
	enum setup_client client;
	bool yes, undo, dry_run, system, sign;
	const char *root; /* "" or an absolute path; no file names it */
	char *module;     /* as programs see it; web-eid: the program */
	const char *host, *user, *certificate, *reader, *card;
	struct change *changes;
	size_t n;
	char *next; /* what the person can do then */
};

enum exit_code setup_no_memory(void);

/* A change of this file (path is taken; NULL: no memory), so far none. *c is valid until the next call. */
enum exit_code change_open(struct setup_job *job, char *path, mode_t mode, struct change **c);

/* The new text (taken; NULL: no memory); "": the file is removed. */
enum exit_code change_to(struct change *c, char *text);

/* Lines of ours between two marks that name the client (NULL lines: removes them): in place of those that
 * are there, or as the first or the last lines. */
enum exit_code block_put(struct change *c, enum setup_client client, bool first, const char *lines);
char *block_lines(const struct change *c, enum setup_client client); /* to be freed; NULL: none */

/* A file (setup_path) that is a block and nothing else. Another's will do if it names the module; if
 * `stay`, ours too, however it was changed. */
enum exit_code block_file(struct setup_job *job, const char *path, const char *lines, mode_t mode, bool stay);

/* Shows the changes, asks, makes them, each file in one step with owner and mode kept. */
enum exit_code changes_make(struct setup_job *job);
void changes_free(struct setup_job *job);

enum exit_code setup_firefox(struct setup_job *job);
enum exit_code setup_databases(struct setup_job *job); /* chrome, signers */
enum exit_code setup_ssh(struct setup_job *job);
enum exit_code setup_openssl(struct setup_job *job);
enum exit_code setup_pam(struct setup_job *job); /* pam, sssd */
enum exit_code setup_p11kit(struct setup_job *job);
enum exit_code setup_web_eid(struct setup_job *job);

#endif
