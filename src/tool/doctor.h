/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor: checks, each of which looks at one thing and reports what it
 * found. None asks for a PIN, and none uses the network. */
#ifndef INKAN_TOOL_DOCTOR_H
#define INKAN_TOOL_DOCTOR_H

#include <time.h>
#include "doctor_report.h"
#include "find.h"
#include "setup_dirs.h"
#include "verify.h"

#define DOCTOR_SCOPES_MAX 64

/* The revocation lists that are held, by scope: the newest of each. */
struct doctor_lists {
	struct {
		uint8_t key[64];
		time_t this_update, next_update;
	} list[DOCTOR_SCOPES_MAX];
	size_t n, unusable;
	bool told;                /* that they are missing or too old */
};

struct doctor {
	struct report report;
	struct setup_dirs dirs;   /* where other programs' files are */
	struct setup_rows rows;   /* what stands in them */
	struct find find;         /* conf, readers, cards: as far as they could be looked at */
	enum error looked;        /* why there is no reader */
	struct reader_state readers[READER_COUNT_MAX]; /* those that the settings hide, too */
	size_t n_readers;
	struct judge judge;       /* NULLs when the stores could not be opened */
	struct doctor_lists lists;
	time_t now;
};

/* What is needed to reach a card. */
void check_service(struct doctor *d);
void check_readers(struct doctor *d);
void check_usb(struct doctor *d);

/* The cards; no PIN is sent. */
void check_cards(struct doctor *d);
void check_pins(struct doctor *d);
void check_certificates(struct doctor *d);

/* Time, and the word of the certificates' authorities. */
void check_clock(struct doctor *d);
void check_anchors(struct doctor *d);
void check_lists(struct doctor *d);
void check_revocation(struct doctor *d);

/* This software. */
void check_settings(struct doctor *d);
void check_modules(struct doctor *d);

/* The programs that should use it. */
void check_sandboxes(struct doctor *d);
void check_clients(struct doctor *d);
void check_rivals(struct doctor *d);

/* Into d->lists. */
void doctor_look_at_lists(struct doctor *d);

/* The path of a system's file below the root; to be freed. NULL: no memory. */
char *doctor_path(const struct doctor *d, const char *path);
bool doctor_has(const struct doctor *d, const char *path);

/* What helps when others may write a file or folder: the system's, or the user's. */
void doctor_remedy_others(struct report *r, const char *path, bool system);

/* One of those browsers is installed, and not in a sandbox. */
bool doctor_has_browser(const struct doctor *d, enum setup_client client);

/* How this distribution installs the service ("sudo apt-get install pcscd"); NULL
 * for one that is not known. */
const char *doctor_install_service(const struct doctor *d);

/* inkan doctor --try-pss. */
struct pss_wish {
	const char *reader;
	bool yes;
};
enum exit_code doctor_try_pss(const struct pss_wish *wish);

/* inkan doctor --card-report. */
struct card_report_wish {
	const char *reader, *file; /* file NULL: standard output */
	bool sign;
};
enum exit_code doctor_card_report(const struct card_report_wish *wish);

#endif
