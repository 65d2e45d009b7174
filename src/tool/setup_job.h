/* SPDX-License-Identifier: BSD-2-Clause */
/* One call of inkan setup: what is asked for, and the files that change. Each function says what went wrong. */
#ifndef INKAN_TOOL_SETUP_JOB_H
#define INKAN_TOOL_SETUP_JOB_H

#include <sys/types.h>
#include "setup.h"

struct change {
	char *path;           /* symbolic links followed */
	char *before, *after; /* texts; NULL: there is no such file */
	mode_t mode;          /* of a file that is made, and of its folder (x added) */
	bool nss;             /* a pkcs11.txt: NSS's modutil writes it, `after` is what is shown */
};

struct setup_job {
	enum setup_client client;
	bool yes, undo, dry_run, system, sign;
	const char *root; /* "" or an absolute path; no file names it */
	char *module;     /* as programs see it */
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
enum exit_code block_file(struct setup_job *job, const char *path, const char *lines, bool stay);

/* Shows the changes, asks, makes them. */
enum exit_code changes_make(struct setup_job *job);
void changes_free(struct setup_job *job);

/* modutil's part of a change. */
enum exit_code nss_write(const struct setup_job *job, const char *file, bool is_there);

enum exit_code setup_firefox(struct setup_job *job);
enum exit_code setup_databases(struct setup_job *job); /* chrome, signers */
enum exit_code setup_ssh(struct setup_job *job);
enum exit_code setup_openssl(struct setup_job *job);
enum exit_code setup_pam(struct setup_job *job);
enum exit_code setup_p11kit(struct setup_job *job);

#endif
