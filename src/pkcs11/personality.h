/* SPDX-License-Identifier: BSD-2-Clause */
/* What makes one module differ from the next. Each module links the same core
 * with one definition of `personality`. */
#ifndef INKAN_PKCS11_PERSONALITY_H
#define INKAN_PKCS11_PERSONALITY_H

#include <stdbool.h>
#include "card/reader.h"
#include "cards/profile.h"

struct personality {
	const char *program;           /* in the log */
	const char *description;       /* CK_INFO.libraryDescription, at most 32 characters */
	const struct profile_set *profiles;
	const struct reader_ops *readers;
	bool shows_root;               /* the self-signed root is an object too */
};

extern const struct personality personality;

#endif
