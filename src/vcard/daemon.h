/* SPDX-License-Identifier: BSD-2-Clause */
/* The private pcscd and everything it needs, in one folder that goes away. */
#ifndef INKAN_VCARD_DAEMON_H
#define INKAN_VCARD_DAEMON_H

#include <stdio.h>
#include <sys/types.h>
#include "vcard/options.h"
#include "vcard/slot.h"

struct world {
	const struct options *options;
	char dir[80];           /* "" before it is made */
	char socket[108];       /* pcscd's: PCSCLITE_CSOCK_NAME */
	char control[108];      /* the control socket: INKAN_VCARD_CONTROL */
	char pcscd[PATH_MAX];
	bool polkit;            /* this pcscd must be told not to ask polkit */
	struct slot slots[SLOTS_MAX];
	size_t n_slots;
	FILE *trace;
	int control_fd;
	pid_t service;          /* pcscd; 0: not running */
	pid_t command;          /* 0: none, or ended */
	int status;             /* of the command, as waitpid has it */
	int signals;            /* a signalfd */
};

/* Exit codes of sysexits.h: 0, or one with a sentence printed to stderr. */
int world_open(struct world *w, const struct options *o);
void world_close(struct world *w);

bool service_start(struct world *w); /* a sentence on stderr when it fails */
void service_stop(struct world *w);

/* Runs the command, or waits for a signal without one; the exit status. */
int world_run(struct world *w);

bool control_open(struct world *w, const char *path);
void control_serve(struct world *w); /* one connection that waits */
int control_send(const char *command); /* the client; an exit status */

/* Makes a card and puts it in. False with a sentence. */
bool slot_insert_new(struct world *w, struct slot *slot, const struct card_options *card, char *why, size_t size);

#endif
