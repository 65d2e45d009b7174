/* SPDX-License-Identifier: BSD-2-Clause */
/* What is to change, file by file, before any of it is done: shown, asked about, done. */
#ifndef INKAN_TOOL_SETUP_PLAN_H
#define INKAN_TOOL_SETUP_PLAN_H

#include <sys/types.h>
#include "base/mem.h"
#include "setup_dirs.h"
#include "tool.h"

struct change {
	char *path;              /* as the person knows it */
	char *real;              /* what is written: symbolic links followed */
	struct buf before, after;
	bool was, is;            /* the file is there before, and after */
	mode_t mode;             /* of a file that is made, and of its folder (x added) */
	/* Where a whole folder is made or taken away: fills the new one (a neighbour,
	 * renamed when it is complete), or NULL. */
	enum exit_code (*fill)(const struct change *c, const char *folder);
	bool (*may_go)(const struct change *c); /* still as it was when that was planned; NULL */
	char *module, *name;     /* for fill */
};

struct plan {
	struct change *list;
	size_t n;
	char *next;              /* said when it is done: what to do now; NULL for nothing */
};

/* A new change of this file (path is taken), `after` being as `before`. What stands
 * in the way (no text, a link to nothing, not readable) has been said. *c stays
 * valid until the next change is made. */
enum exit_code plan_file(struct plan *p, char *path, mode_t mode, struct change **c);

/* The new content; lines that end as those of the file do (CRLF). */
enum error change_to(struct change *c, const char *text, size_t n);

void plan_free(struct plan *p);

/* With sudo HOME and its like may be somebody's: files of root's would lie in his
 * folders. Refuses, and says so, where this path, or the first above it that is there,
 * is neither ours nor root's. */
enum exit_code check_whose(const char *path);

struct setup_wish {
	const struct setup_dirs *dirs;
	enum setup_client client;
	bool yes, undo, dry_run, system, sign;
	char *module;            /* the library as the programs see it: not below the root */
	const char *host, *user, *certificate, *reader, *card;
};

/* What the person does next; the last word counts. */
void plan_next(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* There is something to do. */
bool change_matters(const struct change *c);

/* Shows it, asks unless told not to, does it. */
enum exit_code plan_carry_out(const struct plan *p, const struct setup_wish *w);

/* ---- setup_file.c */

/* The whole of it; E_NOT_FOUND when it is not there. */
enum error file_read_all(const char *path, struct buf *out);

/* In one step, as long as the file is still as it was before. What went wrong has been said. */
enum exit_code change_do(const struct change *c);

/* Removes a folder and the files of an NSS database in it; what else is in it stays. */
#define NSS_MADE "made-by-inkan" /* in a database that we made: what its files were then */
void folder_clear(const char *folder);

/* Runs a program without input and output; true when it ended with 0. */
bool run_quietly(const char *const *argv);

/* ---- setup_block.c: lines of ours in a file of somebody's, between two marks */

enum block_place { BLOCK_FIRST, BLOCK_LAST };

/* text: lines. A block that is there already is replaced; when it says the same, it
 * stays where it is. */
enum exit_code block_set(struct change *c, enum block_place place, const char *text);
enum exit_code block_drop(struct change *c);

/* The same for a file of which the block is all. One that somebody has written by hand
 * will do if it names the module; else it is left alone, and that has been said. */
enum exit_code block_set_whole(struct change *c, const char *module, const char *text);

/* What stands between the marks, without CR; to be freed. NULL: no block. */
char *block_text(const struct change *c);

/* ---- Each client: what it takes to set it up, or to undo that */

enum exit_code setup_firefox(struct plan *p, const struct setup_wish *w);
enum exit_code setup_chrome(struct plan *p, const struct setup_wish *w);
enum exit_code setup_ssh(struct plan *p, const struct setup_wish *w);
enum exit_code setup_openssl(struct plan *p, const struct setup_wish *w);
enum exit_code setup_pam(struct plan *p, const struct setup_wish *w);
enum exit_code setup_p11kit(struct plan *p, const struct setup_wish *w);
enum exit_code setup_signers(struct plan *p, const struct setup_wish *w);

/* The section of inkan.conf with the cards that the client's programs see; asks on a terminal when cards of
 * several kinds are in. */
enum exit_code setup_card(struct plan *p, const struct setup_wish *w);

/* Says it, and is EXIT_INTERNAL. */
enum exit_code setup_no_memory(void);

#endif
