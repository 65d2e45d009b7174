/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys and certificates of the persons, kept and found again. A person is a
 * name: the key is kept by it; the certificate by everything that it says. */
#include <stdlib.h>
#include <string.h>
#include "vcard/pki.h"

#define DAY ((time_t)24 * 60 * 60)

/* "hpki-auth-taro-sample": letters and digits of the name, the rest as '-' and,
 * where bytes of other alphabets are lost by that, a sum of them at the end. */
static void person_stem(const struct vcard_spec *spec, enum vcard_app which, char out[96])
{
	unsigned sum = 0;
	int n = snprintf(out, 96, "%s-%s-", spec->kind == VCARD_JPKI ? "jpki" : "hpki",
	                 which == VCARD_SIGN ? "sign" : "auth");

	for (const char *p = spec->name; *p && n < 80; p++) {
		char c = *p;
		if (c & 0x80)
			sum = sum * 31 + (uint8_t)c;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		out[n++] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
	}
	out[n] = '\0';
	if (sum)
		snprintf(out + n, 96 - (size_t)n, "-%08x", sum);
}

static void absorb(EVP_MD_CTX *ctx, const char *text)
{
	static const char none[] = "\1";

	if (!text)
		text = none;
	EVP_DigestUpdate(ctx, text, strlen(text) + 1);
}

/* Eight hex digits over what the certificate says. */
static bool fingerprint(const struct vcard_spec *spec, enum vcard_app which, char out[9])
{
	uint8_t md[EVP_MAX_MD_SIZE] = {0};
	char numbers[64];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) > 0;

	if (ok) {
		snprintf(numbers, sizeof numbers, "1 %d %d %zu %d %d %d", spec->kind, which,
		         spec->certificate_size[which], spec->expired, spec->revoked, spec->test_level);
		absorb(ctx, numbers);
		absorb(ctx, spec->name);
		absorb(ctx, spec->japanese_name);
		absorb(ctx, spec->organisation);
		if (spec->policy[which])
			absorb(ctx, spec->policy[which]);
		for (size_t i = 0; spec->roles[i]; i++)
			absorb(ctx, spec->roles[i]);
		ok = EVP_DigestFinal_ex(ctx, md, NULL) > 0;
	}
	EVP_MD_CTX_free(ctx);
	snprintf(out, 9, "%02x%02x%02x%02x", md[0], md[1], md[2], md[3]);
	return ok;
}

/* The next serial number; small, as HPKI's are. */
static bool next_serial(struct folder *s, uint8_t serial[4])
{
	struct buf text = {0};
	char line[16] = "65536";
	unsigned long n;
	int len;
	bool ok = true;

	if (folder_has(s, "serial"))
		ok = folder_read(s, "serial", &text);
	if (ok && text.len && text.len < sizeof line) {
		memcpy(line, text.data, text.len);
		line[text.len] = '\0';
	}
	buf_free(&text);
	n = strtoul(line, NULL, 10) & 0x7FFFFF;
	serial[0] = 0;
	for (size_t i = 1; i < 4; i++)
		serial[i] = (uint8_t)(n >> 8 * (3 - i));
	len = snprintf(line, sizeof line, "%lu\n", n + 1);
	return ok && folder_write(s, "serial", line, (size_t)len, 0600);
}

struct draft {
	struct folder *s;
	const struct vcard_spec *spec;
	enum vcard_app which;
	EVP_PKEY *key, *ca_key;
	uint8_t serial[4]; /* the first byte is used when the size cannot be met otherwise */
	bool long_serial;
	size_t cps_pad;
};

static bool write_draft(const struct draft *d, struct buf *out)
{
	time_t now = time(NULL), day = 5 * 365 * DAY, end = d->spec->expired ? now - DAY : now + day;
	struct x_certificate c = {.serial = d->serial + 1, .serial_len = 3, .key = d->key,
	                          .from = d->spec->expired ? now - 3 * 365 * DAY : now - DAY,
	                          .to = end - end % DAY + 14 * 3600 + 3599}; /* midnight in Japan */
	struct buf issuer = {0}, subject = {0}, ext = {0};
	bool ok;

	if (d->long_serial) {
		c.serial = d->serial;
		c.serial_len = 4;
	}
	c.issuer = &issuer;
	c.subject = &subject;
	c.extensions = &ext;
	ok = pki_ca_name(pki_person_ca(d->spec, d->which), &issuer) &&
	     pki_person_name(d->spec, d->which, &subject) &&
	     pki_person_extensions(d->spec, d->which, d->key, d->ca_key, d->cps_pad, &ext) &&
	     x_certificate_sign(&c, d->ca_key, out);
	buf_free(&issuer);
	buf_free(&subject);
	buf_free(&ext);
	return ok;
}

/* The CPS URI grows until the size is met. Where a length field grows with it a
 * size is jumped over: then the serial number gets a byte more. */
static bool write_sized(struct draft *d, size_t size, struct buf *out)
{
	for (unsigned round = 0; round < 24; round++) {
		buf_free(out);
		if (!write_draft(d, out))
			return false;
		if (size == 0 || out->len == size)
			return true;
		if (out->len < size) {
			d->cps_pad += size - out->len;
		} else if (d->cps_pad >= out->len - size) {
			d->cps_pad -= out->len - size;
			d->long_serial = d->long_serial || round >= 6;
		} else {
			return folder_fail(d->s, "a certificate of %zu bytes is too small for what it says (%zu)",
			                  size, out->len);
		}
	}
	return folder_fail(d->s, "a certificate of exactly %zu bytes cannot be made", size);
}

static bool make(struct folder *s, const struct vcard_spec *spec, enum vcard_app which, EVP_PKEY *key,
                 struct buf *out)
{
	struct draft d = {.s = s, .spec = spec, .which = which, .key = key};
	bool ok;

	d.ca_key = pki_ca_key(s, pki_person_ca(spec, which));
	ok = d.ca_key && next_serial(s, d.serial);
	d.serial[0] = 0x01;
	ok = ok && write_sized(&d, spec->certificate_size[which], out);
	EVP_PKEY_free(d.ca_key);
	return ok;
}

/* Still what was asked for: by this authority, for this key, in time. */
static bool still_good(const struct vcard_spec *spec, const struct buf *der, EVP_PKEY *key,
                       const struct buf *issuer)
{
	X509 *x = folder_parse(der), *ca = folder_parse(issuer);
	time_t soon = time(NULL) + 30 * DAY;
	bool ok = x && ca && X509_verify(x, X509_get0_pubkey(ca)) > 0 && X509_check_private_key(x, key) > 0 &&
	          (spec->expired || X509_cmp_time(X509_get0_notAfter(x), &soon) > 0);

	X509_free(x);
	X509_free(ca);
	return ok;
}

static bool certificate_of(struct folder *s, const struct vcard_spec *spec, enum vcard_app which,
                           struct pki_identity *out)
{
	char stem[96], print[9], name[128], file[136];

	person_stem(spec, which, stem);
	if (!fingerprint(spec, which, print))
		return folder_fail(s, "SHA-256 does not work");
	snprintf(name, sizeof name, "%s-%s", stem, print);
	snprintf(file, sizeof file, "%s.pem", name);
	if (folder_has(s, file) && folder_read_certificate(s, name, &out->certificate) &&
	    still_good(spec, &out->certificate, out->key, &out->issuer))
		return true;
	buf_free(&out->certificate);
	return make(s, spec, which, out->key, &out->certificate) &&
	       folder_write_certificate(s, name, &out->certificate);
}

bool pki_issue(struct folder *s, const struct vcard_spec *spec, enum vcard_app which, struct pki_identity *out)
{
	enum pki_ca ca = pki_person_ca(spec, which);
	char stem[96];

	person_stem(spec, which, stem);
	if (!pki_ca_ready(s, CA_ROOT) || !pki_ca_ready(s, ca) || !pki_ca_certificate(s, ca, &out->issuer))
		return false;
	if (pki_cas[ca].issuer == CA_ROOT && !pki_ca_certificate(s, CA_ROOT, &out->root))
		return false;
	out->key = folder_key(s, stem);
	return out->key && certificate_of(s, spec, which, out) &&
	       (!spec->revoked || pki_revoke(s, ca, &out->certificate));
}
