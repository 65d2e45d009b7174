/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <openssl/evp.h>
#include "authd/header.h"
#include "base/text.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

struct text {
	const char *p;
	size_t n;
};

static bool begins(struct text t, const char *with)
{
	return t.n >= strlen(with) && memcmp(t.p, with, strlen(with)) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct text trimmed(struct text t)
{
	for (; t.n > 0 && is_blank(*t.p); t.n--)
		t.p++;
	while (t.n > 0 && is_blank(t.p[t.n - 1]))
		t.n--;
	return t;
}

/* Up to the mark, or all; *in goes on behind it. */
static struct text take_until(struct text *in, const char *mark, bool *found)
{
	const char *at = memmem(in->p, in->n, mark, strlen(mark));
	struct text t = {in->p, at ? (size_t)(at - in->p) : in->n};
	size_t gone = t.n + (at ? strlen(mark) : 0);

	*found = at != NULL;
	*in = (struct text){in->p + gone, in->n - gone};
	return t;
}

/* What has been decoded so far ends at `at`: every form is longer than its DER. */
struct decoding {
	struct certs *certs;
	uint8_t *at;
};

/* RFC 4648 4, with its padding; between the digits blanks only where `blanks`. */
static enum header add(struct decoding *d, struct text digits, bool blanks)
{
	struct certs *c = d->certs;
	EVP_ENCODE_CTX *ctx;
	enum header ok = HEADER_MALFORMED;
	int n = 0, rest = 0;

	if (c->n == CERTS_MAX)
		return HEADER_TOO_LONG;
	/* libcrypto ends at a hyphen, and passes blanks over */
	for (size_t i = 0; i < digits.n; i++)
		if (digits.p[i] == '-' || (!blanks && is_blank(digits.p[i])))
			return HEADER_MALFORMED;
	ctx = EVP_ENCODE_CTX_new();
	if (!ctx)
		return HEADER_NO_MEMORY;
	EVP_DecodeInit(ctx);
	if (EVP_DecodeUpdate(ctx, d->at, &n, (const uint8_t *)digits.p, (int)digits.n) >= 0 &&
	    EVP_DecodeFinal(ctx, d->at + n, &rest) == 1 && n > 0) {
		c->der[c->n++] = (struct bytes){d->at, (size_t)n};
		d->at += n;
		ok = HEADER_READ;
	}
	EVP_ENCODE_CTX_free(ctx);
	return ok;
}

static enum header read_pem(struct decoding *d, struct text t)
{
	enum header ok = HEADER_MALFORMED;
	bool ended;

	for (t = trimmed(t); t.n > 0; t = trimmed(t)) {
		if (*t.p == ',' && ok == HEADER_READ)
			t = trimmed((struct text){t.p + 1, t.n - 1});
		if (!begins(t, BEGIN))
			return HEADER_MALFORMED;
		t = (struct text){t.p + strlen(BEGIN), t.n - strlen(BEGIN)};
		ok = add(d, take_until(&t, END, &ended), true);
		if (ok != HEADER_READ || !ended)
			return ok == HEADER_READ ? HEADER_MALFORMED : ok;
	}
	return ok;
}

/* Base64 of DER, several by commas (Traefik); RFC 9440 has each between colons. Apache can encode its PEM so. */
static enum header read_base64(struct decoding *d, struct text t, bool colons)
{
	enum header ok = HEADER_READ;
	bool more = true;

	while (more && ok == HEADER_READ) {
		struct text item = trimmed(take_until(&t, ",", &more));
		struct bytes *last = &d->certs->der[d->certs->n];

		if (colons && (item.n < 2 || item.p[0] != ':' || item.p[item.n - 1] != ':'))
			return HEADER_MALFORMED;
		if (colons)
			item = (struct text){item.p + 1, item.n - 2};
		ok = add(d, item, false);
		if (ok == HEADER_READ && begins((struct text){(const char *)last->data, last->len}, BEGIN)) {
			d->certs->n--;
			ok = read_pem(d, (struct text){(const char *)last->data, last->len});
		}
	}
	return ok;
}

static enum header read_percent(struct decoding *d, struct text t)
{
	char *plain = malloc(t.n + 1);
	struct text out = {plain, 0};
	enum header ok = plain ? HEADER_READ : HEADER_NO_MEMORY;

	for (size_t i = 0; i < t.n && ok == HEADER_READ; i++) {
		char hex[3] = {0};
		uint8_t byte = (uint8_t)t.p[i];

		if (t.p[i] == '%') {
			memcpy(hex, t.p + i + 1, t.n - i > 2 ? 2 : 0);
			ok = hex_read(hex, &byte, 1) ? HEADER_READ : HEADER_MALFORMED;
			i += 2;
		}
		plain[out.n++] = (char)byte;
	}
	if (ok == HEADER_READ)
		ok = begins(trimmed(out), BEGIN) ? read_pem(d, out) : read_base64(d, out, false);
	if (plain)
		mem_wipe(plain, t.n + 1);
	free(plain);
	return ok;
}

/* The value behind a key of an element, without its quotes. False: another element follows, or it is not closed. */
static bool next_pair(struct text *in, struct text *key, struct text *value)
{
	bool found, quoted;
	size_t n = 0;

	*key = trimmed(take_until(in, "=", &found));
	quoted = in->n > 0 && *in->p == '"';
	if (!found || memchr(key->p, ',', key->n) || memchr(key->p, ';', key->n))
		return false;
	for (n = quoted; n < in->n && !(quoted ? in->p[n] == '"' : in->p[n] == ';' || in->p[n] == ','); n++)
		n += quoted && in->p[n] == '\\';
	if (n > in->n || (quoted && n == in->n))
		return false;
	*value = (struct text){in->p + quoted, n - quoted};
	n += quoted;
	*in = trimmed((struct text){in->p + n, in->n - n});
	if (in->n > 0 && *in->p != ';')
		return false;
	*in = (struct text){in->p + (in->n > 0), in->n - (in->n > 0)};
	return true;
}

/* One element: with several, a proxy has added its own to what a client may have written. */
static enum header read_xfcc(struct decoding *d, struct text t)
{
	struct text key, value, cert = {NULL, 0}, chain = {NULL, 0};
	enum header ok;

	while (t.n > 0) {
		struct text *out;

		if (!next_pair(&t, &key, &value))
			return HEADER_MALFORMED;
		out = key.n == 4 && strncasecmp(key.p, "Cert", 4) == 0    ? &cert
		      : key.n == 5 && strncasecmp(key.p, "Chain", 5) == 0 ? &chain
		                                                          : NULL;
		if (out && out->p)
			return HEADER_MALFORMED;
		if (out)
			*out = value;
	}
	if (cert.n == 0)
		return chain.n > 0 ? read_percent(d, chain) : HEADER_MALFORMED;
	ok = read_percent(d, cert);
	return ok == HEADER_READ && chain.n > 0 ? read_percent(d, chain) : ok;
}

static enum form form_of(struct text t)
{
	if (begins(t, BEGIN))
		return FORM_PEM_BLANKS;
	if (*t.p == ':')
		return FORM_RFC9440;
	return memchr(t.p, '%', t.n) ? FORM_PEM_URL : FORM_DER_BASE64;
}

enum header header_read(enum form form, const char *value, size_t n, struct certs *out)
{
	struct text t = trimmed((struct text){value, n});
	struct decoding d = {.certs = out};
	enum header ok = HEADER_MALFORMED;

	if (n > VALUE_MAX)
		return HEADER_TOO_LONG;
	/* Caddy's placeholder that nothing has filled, Apache's (null), nginx's and HAProxy's - in logs' fashion */
	if (t.n == 0 || *t.p == '{' || (t.n == 1 && *t.p == '-') || (t.n == 6 && begins(t, "(null)")))
		return HEADER_EMPTY;
	/* where base64 holds PEM, the text is decoded, then its digits: twice the room is never too little */
	d.at = malloc(2 * t.n + 3);
	if (!d.at)
		return HEADER_NO_MEMORY;
	out->memory[out->n_memory++] = (struct buf){.data = d.at, .size = 2 * t.n + 3, .len = 2 * t.n + 3};
	if (form == FORM_AUTO)
		form = form_of(t);
	switch (form) {
	case FORM_PEM_BLANKS: ok = begins(t, BEGIN) ? read_pem(&d, t) : HEADER_MALFORMED; break;
	case FORM_PEM_URL: ok = read_percent(&d, t); break;
	case FORM_RFC9440: ok = read_base64(&d, t, true); break;
	case FORM_XFCC: ok = read_xfcc(&d, t); break;
	case FORM_AUTO:
	case FORM_DER_BASE64: ok = read_base64(&d, t, false); break;
	}
	return ok;
}

void certs_free(struct certs *certs)
{
	for (size_t i = 0; i < certs->n_memory; i++)
		buf_wipe(&certs->memory[i]);
	*certs = (struct certs){0};
}
