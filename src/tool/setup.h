/* SPDX-License-Identifier: BSD-2-Clause */
/* Which programs know our modules, and where they have been told. */
#ifndef INKAN_TOOL_SETUP_H
#define INKAN_TOOL_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

enum setup_client {
	SETUP_FIREFOX,
	SETUP_CHROME,
	SETUP_SSH,
	SETUP_OPENSSL,
	SETUP_PAM,
	SETUP_P11KIT,
	SETUP_SIGNERS, /* the database for document signers */
	SETUP_CLIENTS, /* how many there are */
};

/* "firefox", …: what inkan setup calls it. */
const char *setup_client_word(enum setup_client client);

/* A name that `inkan setup CLIENT --card` writes into inkan.conf. */
bool setup_knows_program(const char *name);

enum setup_kind {
	SETUP_NOTHING, /* the place is there, and no module of ours in it (there may be others') */
	SETUP_AUTH,    /* the module with the authentication tokens */
	SETUP_SIGN,    /* that with the signature tokens */
	SETUP_FOREIGN, /* another's module, OpenSC's for instance */
};

/* A place where a program is told of modules, with one module that stands there. */
struct setup_row {
	enum setup_client client;
	enum setup_kind kind;
	bool system;   /* for everybody on this machine */
	bool confined; /* a snap or flatpak program: it cannot load what it is told here */
	bool gone;     /* the library is not there (any more) */
	char *file;    /* pkcs11.txt, policies.json, config, … */
	char *library; /* as it is written there; NULL with SETUP_NOTHING */
};

struct setup_rows {
	struct setup_row *list;
	size_t n;
};

/* Looks, and changes nothing: this user's places, and the machine's. A file that
 * cannot be read counts as not there. Never asks a card. rows need not be
 * initialised; setup_rows_free after success and failure alike. */
enum error setup_registered(struct setup_rows *rows);
void setup_rows_free(struct setup_rows *rows);

#endif
