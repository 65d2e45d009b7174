/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the control socket and its verbs. */
#ifndef INKAN_VCARD_CONTROL_H
#define INKAN_VCARD_CONTROL_H

#include "vcard/daemon.h"

#define CONTROL_LINE_MAX 2048

struct reply {
	char text[CONTROL_LINE_MAX];
};

/* "ok" or "error", and a text; returns ok. */
bool reply_say(struct reply *r, bool ok, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* One command; argv[0] is the verb. */
struct call {
	struct world *world;
	struct slot *slot; /* of a verb whose first argument is a reader's number */
	int argc;
	char **argv;
	struct reply *reply;
};

bool control_obey(struct call *c);

#endif
