/* SPDX-License-Identifier: BSD-2-Clause */
/* What a card report may show of a card's bytes. Whatever is not known to be harmless
 * is hidden: ISO/IEC 7816-15 has places for the holder's name, the card's serial
 * number, a certificate's serial number and identifiers made of the key, and a card
 * that uses them may be in somebody's hand. */
#include <stdlib.h>
#include <string.h>
#include "base/tlv.h"
#include "card_report.h"

enum { BOOLEAN = 0x01, INTEGER = 0x02, BITS = 0x03, OCTETS = 0x04, OID = 0x06, UTF8 = 0x0C, SEQUENCE = 0x30,
       SET = 0x31 };

static bool is_constructed(const struct tlv *t)
{
	return *t->whole.data & 0x20;
}

/* ---- Bytes of directories */

struct masking {
	const uint8_t *start;
	bool *shown; /* a flag for each byte */
	enum shown kind;
};

static void show(const struct masking *m, const uint8_t *from, size_t n)
{
	memset(m->shown + (from - m->start), true, n);
}

/* A file identifier, a short one, a path from the master file, an identifier of the
 * card's own: not the twenty bytes that are made of a key. */
static bool is_plain_octets(struct bytes v)
{
	return v.len <= 4 || (v.len <= 16 && v.data[0] == 0x3F && v.data[1] == 0x00);
}

static bool may_show(const struct masking *m, const struct tlv *t, bool in_set, bool in_path)
{
	if (m->kind == SHOW_FCI)
		return t->tag == 0x84;
	switch (t->tag) {
	case OID:
		return true;
	case BOOLEAN:
	case 0x05:
	case 0x0A:
		return t->value.len <= 2;
	case INTEGER: /* EF.CD has a place for the certificate's serial number */
		return t->value.len <= 2 && (m->kind != SHOW_CERTIFICATES || in_path);
	case BITS:
		return t->value.len <= 5;
	case OCTETS: /* EF.CIAInfo has one for the card's */
		return m->kind != SHOW_CIA_INFO && is_plain_octets(t->value);
	case UTF8:
		return !in_set;
	case 0x80: /* CIAInfo.label, or a reference */
		return m->kind == SHOW_CIA_INFO || t->value.len <= 2;
	default:
		return false;
	}
}

static bool begins_with_octets(struct bytes in)
{
	struct tlv t;

	return tlv_next(&in, &t) && t.tag == OCTETS;
}

static void unmask(const struct masking *m, struct bytes in, bool in_set, bool in_path)
{
	struct tlv t;

	while (tlv_next(&in, &t)) {
		show(m, t.whole.data, t.whole.len - t.value.len);
		if (is_constructed(&t))
			unmask(m, t.value, in_set || t.tag == SET, t.tag == SEQUENCE && begins_with_octets(t.value));
		else if (may_show(m, &t, in_set, in_path))
			show(m, t.value.data, t.value.len);
	}
}

void put_masked(FILE *out, struct bytes in, enum shown kind)
{
	struct masking m = {.start = in.data, .shown = calloc(in.len + 1, sizeof *m.shown), .kind = kind};

	if (m.shown)
		unmask(&m, in, false, false);
	for (size_t i = 0; i < in.len; i++)
		if (m.shown && m.shown[i])
			fprintf(out, "%02X", in.data[i]);
		else
			fputs("**", out);
	free(m.shown);
}

/* ---- Certificates */

#define COLUMNS 100

struct layout {
	FILE *out;
	size_t column;
};

static void put_word(struct layout *l, const char *word)
{
	if (l->column && l->column + 1 + strlen(word) > COLUMNS) {
		fputc('\n', l->out);
		l->column = 0;
	}
	l->column += (size_t)fprintf(l->out, " %s", word);
}

static void oid_text(struct bytes v, char *out, size_t room)
{
	unsigned long n = 0;
	bool first = true;
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < v.len && at < room; i++) {
		n = n << 7 | (v.data[i] & 0x7F);
		if (v.data[i] & 0x80)
			continue;
		if (first) {
			unsigned long arc = n < 80 ? n / 40 : 2;

			at += (size_t)snprintf(out + at, room - at, "%lu.%lu", arc, n - 40 * arc);
		} else {
			at += (size_t)snprintf(out + at, room - at, ".%lu", n);
		}
		first = false;
		n = 0;
	}
}

/* extnValue, which comes behind an OID (and BOOLEAN): DER of its own. */
static bool is_wrapper(const struct tlv *t, bool after_oid)
{
	struct bytes in = t->value;
	struct tlv inner;

	return t->tag == OCTETS && after_oid && tlv_next(&in, &inner) && in.len == 0;
}

static void put_objects(struct layout *l, struct bytes in)
{
	bool after_oid = false;
	char word[200];
	struct tlv t;

	while (tlv_next(&in, &t)) {
		bool inside = is_constructed(&t) || is_wrapper(&t, after_oid);
		int n = snprintf(word, sizeof word, "%02X(%zu)%s", (unsigned)t.tag, t.value.len, inside ? "{" : "");

		if (t.tag == OID) {
			n = snprintf(word, sizeof word, "06=");
			oid_text(t.value, word + n, sizeof word - (size_t)n);
		}
		if (t.tag == BOOLEAN && t.value.len == 1)
			snprintf(word, sizeof word, "01=%02X", *t.value.data);
		put_word(l, word);
		if (inside) {
			put_objects(l, t.value);
			put_word(l, "}");
		}
		after_oid = t.tag == OID || (after_oid && t.tag == BOOLEAN);
	}
}

void put_structure(FILE *out, struct bytes der)
{
	struct layout l = {.out = out};

	put_objects(&l, der);
	fputc('\n', out);
}

struct outline { /* of a certificate, RFC 5280, 4.1 */
	struct bytes issuer, subject, key, extensions;
};

static bool take_outline(struct bytes der, struct outline *o)
{
	struct tlv t, tbs;
	struct bytes in;

	if (!tlv_next(&der, &t) || t.tag != SEQUENCE || !tlv_next(&t.value, &tbs) || tbs.tag != SEQUENCE)
		return false;
	in = tbs.value;
	if (!tlv_next(&in, &t) || (t.tag == 0xA0 && !tlv_next(&in, &t)) || t.tag != INTEGER || !tlv_next(&in, &t) ||
	    !tlv_next(&in, &t))
		return false;
	o->issuer = t.whole;
	if (!tlv_next(&in, &t) || !tlv_next(&in, &t))
		return false;
	o->subject = t.whole;
	if (!tlv_next(&in, &t))
		return false;
	o->key = t.value;
	o->extensions = in;
	return true;
}

static void key_text(struct bytes in, char out[32])
{
	static const uint8_t rsa[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01};
	struct tlv algorithm, oid, bits, sequence, modulus;
	size_t n;

	snprintf(out, 32, "%s", "no RSA key");
	if (!tlv_next(&in, &algorithm) || !tlv_next(&algorithm.value, &oid) || oid.value.len != sizeof rsa ||
	    memcmp(oid.value.data, rsa, sizeof rsa) != 0 || !tlv_next(&in, &bits) || bits.value.len < 2)
		return;
	bits.value.data++;
	bits.value.len--;
	if (!tlv_next(&bits.value, &sequence) || !tlv_next(&sequence.value, &modulus) || modulus.tag != INTEGER ||
	    modulus.value.len < 2)
		return;
	n = modulus.value.len - (*modulus.value.data == 0);
	snprintf(out, 32, "RSA %zu", n * 8);
}

/* basicConstraints (2.5.29.19) with cA TRUE. */
static bool names_ca(struct bytes in)
{
	static const uint8_t oid[] = {0x06, 0x03, 0x55, 0x1D, 0x13}, yes[] = {0x30, 0x03, 0x01, 0x01, 0xFF};
	const uint8_t *at = memmem(in.data, in.len, oid, sizeof oid);
	size_t left = at ? in.len - (size_t)(at - in.data) : 0;

	return at && memmem(at, left < 20 ? left : 20, yes, sizeof yes);
}

enum certificate_role certificate_role(struct bytes der, char key[32])
{
	struct outline o;

	if (!take_outline(der, &o))
		return NO_CERTIFICATE;
	key_text(o.key, key);
	if (o.issuer.len == o.subject.len && memcmp(o.issuer.data, o.subject.data, o.issuer.len) == 0)
		return ROOT_CERTIFICATE;
	return names_ca(o.extensions) ? CA_CERTIFICATE : OWN_CERTIFICATE;
}
