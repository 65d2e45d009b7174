/* SPDX-License-Identifier: BSD-2-Clause */
/* Dialogs by a pinentry program (GnuPG's; the Assuan protocol): one process for each. */
#ifndef INKAN_TOOL_PINENTRY_H
#define INKAN_TOOL_PINENTRY_H

#include "base/mem.h"

struct pinentry {
	const char *program;                                    /* a path, or a name to be found in PATH */
	const char *title, *text, *error, *ok, *other, *cancel; /* NULL: the program's own, or none */
	const char *prompt;                                     /* beside the field for a PIN; NULL: buttons alone */

	/* Called before each line, every 200 ms and after a signal. What is not E_OK closes the dialog and is the
	 * answer. NULL: nothing but the person does. */
	enum error (*watch)(void *arg);
	void *arg;
};

/* With a prompt, *pin is what was typed, perhaps nothing (secret_free); else NULL.
 * E_CANCELLED: the person does not want to. E_REFUSED: the button `other`. E_PIN_LENGTH: longer than any PIN.
 * E_IO: there is no such program, it is no pinentry, or it has nowhere to show a dialog. */
enum error pinentry_ask(const struct pinentry *p, struct secret **pin);

#endif
