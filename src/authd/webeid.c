/* SPDX-License-Identifier: BSD-2-Clause */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "authd/webeid.h"
#include "base/text.h"

/* A ring: a new challenge takes the oldest one's place. Were new ones refused when it is full, 220 requests per second
 * would shut everybody out; to push somebody's challenge out while he types his PIN, it takes ten times as many. */
static struct {
	pthread_mutex_t lock;
	unsigned next;
	struct challenge {
		uint8_t secret[32], nonce[32];
		time_t until; /* 0: taken */
	} ring[CHALLENGES];
} challenges = {.lock = PTHREAD_MUTEX_INITIALIZER};

static time_t uptime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

bool challenge_new(char nonce[NONCE_SIZE], char cookie[COOKIE_SIZE])
{
	struct challenge c = {.until = uptime() + CHALLENGE_SECONDS};
	unsigned place;

	if (RAND_priv_bytes(c.secret, sizeof c.secret) != 1 || RAND_bytes(c.nonce, sizeof c.nonce) != 1)
		return false;
	pthread_mutex_lock(&challenges.lock);
	place = challenges.next++ % CHALLENGES;
	challenges.ring[place] = c;
	pthread_mutex_unlock(&challenges.lock);
	EVP_EncodeBlock((uint8_t *)nonce, c.nonce, sizeof c.nonce);
	hex_write(c.secret, sizeof c.secret, cookie + sprintf(cookie, "%04x", place));
	return true;
}

bool challenge_take(const char *cookie, char nonce[NONCE_SIZE])
{
	uint8_t bytes[2 + sizeof challenges.ring->secret];
	struct challenge *c;
	bool there;

	if (!hex_read(cookie, bytes, sizeof bytes))
		return false;
	c = &challenges.ring[bytes[0] << 8 | bytes[1]];
	pthread_mutex_lock(&challenges.lock);
	there = CRYPTO_memcmp(c->secret, bytes + 2, sizeof c->secret) == 0 && uptime() < c->until;
	if (there) {
		c->until = 0;
		EVP_EncodeBlock((uint8_t *)nonce, c->nonce, sizeof c->nonce);
	}
	pthread_mutex_unlock(&challenges.lock);
	return there;
}

/* RFC 4648 4, with its padding and nothing else. */
static enum header decode(const char *text, struct buf *out)
{
	size_t n = strlen(text);
	size_t digits = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

	if (n == 0 || n % 4 != 0 || n - digits > 2 || strspn(text + digits, "=") != n - digits)
		return HEADER_MALFORMED;
	*out = (struct buf){.data = malloc(n / 4 * 3), .size = n / 4 * 3};
	if (!out->data)
		return HEADER_NO_MEMORY;
	if (EVP_DecodeBlock(out->data, (const uint8_t *)text, (int)n) < 0)
		return HEADER_MALFORMED;
	out->len = n / 4 * 3 - (n - digits);
	return HEADER_READ;
}

enum header token_read(const char *json, size_t n, struct token *t)
{
	const char *certificate, *signature;
	enum header ok = HEADER_MALFORMED;

	t->json = json_loadb(json, n, JSON_REJECT_DUPLICATES, NULL);
	t->parts.size = sizeof t->parts;
	if (json_unpack(t->json, "{s:s, s:s, s:s, s:s}", "unverifiedCertificate", &certificate, "signature", &signature,
	                "algorithm", &t->parts.algorithm, "format", &t->parts.format) == 0)
		ok = decode(certificate, &t->certificate);
	if (ok == HEADER_READ)
		ok = decode(signature, &t->signature);
	t->parts.certificate = t->certificate.data;
	t->parts.certificate_len = t->certificate.len;
	t->parts.signature = t->signature.data;
	t->parts.signature_len = t->signature.len;
	return ok;
}

void token_free(struct token *t)
{
	json_decref(t->json);
	buf_wipe(&t->certificate);
	buf_wipe(&t->signature);
	*t = (struct token){.json = NULL};
}
