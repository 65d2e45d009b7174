/* SPDX-License-Identifier: BSD-2-Clause */
/* Web eID: challenges, and tokens as the extension's page sends them. */
#ifndef INKAN_AUTHD_WEBEID_H
#define INKAN_AUTHD_WEBEID_H

#include <inkan.h>
#include <jansson.h>
#include "authd/header.h"

#define CHALLENGES 65536 /* outstanding at once */
#define CHALLENGE_SECONDS 300
#define NONCE_SIZE 45 /* 32 bytes in base64, and a NUL */
#define CHALLENGE_COOKIE "__Secure-inkan-web-eid"
#define COOKIE_SIZE 69 /* its value: digits for the place and 32 bytes, and a NUL */
#define TOKEN_MAX ((size_t)10000)

/* Both are the process's, so that a reload ends no login. From any thread. False: no random bytes. */
bool challenge_new(char nonce[NONCE_SIZE], char cookie[COOKIE_SIZE]);
/* Once. False: there is none of this cookie's, it is too old, or it has been taken. */
bool challenge_take(const char *cookie, char nonce[NONCE_SIZE]);

struct token { /* {0}: none */
	struct inkan_web_eid parts;
	json_t *json;
	struct buf certificate, signature;
	char nonce[NONCE_SIZE];
};

/* All parts but origin and nonce. Members that are not known are passed over. */
enum header token_read(const char *json, size_t n, struct token *out);
void token_free(struct token *token); /* wiped */

#endif
