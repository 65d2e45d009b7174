/* SPDX-License-Identifier: BSD-2-Clause */
/* What a web page asks for, and the person's answer to it. */
#ifndef INKAN_WEBEID_REQUEST_H
#define INKAN_WEBEID_REQUEST_H

#include <jansson.h>
#include "base/mem.h"
#include "crypto/scheme.h"

#define REQUEST_MAX 8192 /* bytes of a message */

enum command { AUTHENTICATE, GET_SIGNING_CERTIFICATE, SIGN, QUIT };

struct request {
	enum command command;
	const char *site; /* of origin_host: an international name as xn--…, for decoded it could look like another */
	enum hash hash;
	uint8_t digest[64]; /* to be signed; of `hash` */
	const char *cert;   /* SIGN: base64 of the certificate whose key is to sign */
	const char *lang;   /* NULL: the system's */
	bool (*gone)(void); /* nobody waits for the answer any more */
};

/* All but gone. The texts are the message's. NULL, or what is wrong, in English, for the page. */
const char *request_read(const json_t *message, struct request *out);

struct consent {
	struct buf cert; /* DER, hidden */
	uint8_t signature[SIGNATURE_MAX];
	size_t signature_len;
};

/* Shows the person who asks for what, waits for the right card, asks for the PIN, and signs. What can be mended is
 * shown and waited for; no PIN is sent but one typed for this request. buf_wipe(&out->cert).
 * E_CANCELLED: the person does not want to, or gone. E_IO: no pinentry shows a dialog. */
enum error consent_ask(const struct request *r, struct consent *out);

/* What the page gets. NULL: no memory. */
json_t *request_answer(const struct request *r, const struct consent *c);

#endif
