/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INKAN_TOOL_TRUST_H
#define INKAN_TOOL_TRUST_H

#include "lib/decide.h"
#include "tool.h"

#define FINGERPRINT_SIZE 65

/* Hexadecimal, small letters. */
void trust_fingerprint(const struct cert *cert, char hex[FINGERPRINT_SIZE]);

/* What a well-known certificate is, translated; NULL for any other. */
const char *trust_known_name(const struct cert *cert);

/* Name, fingerprint, what it is known as, until when. */
void trust_put_certificate(const struct cert *cert);

enum exit_code trust_list_json(const struct trust *trust);
void trust_list_text(const struct trust *trust);

/* Into the user's folder or the system's, as FINGERPRINT.pem; and out of it. What
 * was done, or went wrong, has been said. */
enum exit_code anchor_write(const struct cert *cert, bool system);
enum exit_code anchor_remove(const char *file, bool system);

#endif
