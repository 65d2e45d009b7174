/* SPDX-License-Identifier: BSD-2-Clause */
/* A struct signer with a key in memory, from PEM files. */
#ifndef TESTS_SIGNER_KEY_SIGNER_H
#define TESTS_SIGNER_KEY_SIGNER_H

#include "signer/signer.h"

struct signer *key_signer_new(const struct crypto *crypto, const char *cert, const char *key); /* NULL: no such files */
extern unsigned key_signer_used; /* how often a key was */
void key_signer_free(struct signer **s);

#endif
