/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "base/text.h"
#include "card/cia.h"

enum {
	TAG_BOOLEAN = 0x01,
	TAG_INTEGER = 0x02,
	TAG_BITS = 0x03,
	TAG_OCTETS = 0x04,
	TAG_ENUMERATED = 0x0A,
	TAG_UTF8 = 0x0C,
	TAG_SEQUENCE = 0x30,
	TAG_TYPE_ATTRIBUTES = 0xA1,
	TAG_PIN_REFERENCE = 0x80,
	TAG_INFO_LABEL = 0x80,
};

/* Bits of PasswordFlags, the first being 0. */
enum { PIN_NEEDS_PADDING = 5, PIN_UNBLOCKS = 6, PIN_IS_SO = 7 };

enum { PIN_TYPE_NUMERIC = 1, PIN_TYPE_UTF8 = 2 };

/* One object of a directory, in its parts; a part that is not there is empty. */
struct object {
	struct bytes common; /* label, flags, authId, userConsent */
	struct bytes class;  /* iD and the like */
	struct bytes type;   /* path and the like */
};

/* The content of typeAttributes [1]: one SEQUENCE around it when EXPLICIT, none
 * when IMPLICIT. A SEQUENCE that starts with an OCTET STRING is a Path already. */
static struct bytes unwrap(struct bytes in)
{
	struct tlv outer, inner;
	struct bytes content = in;

	if (!tlv_next(&content, &outer) || outer.tag != TAG_SEQUENCE)
		return in;
	content = outer.value;
	return tlv_next(&content, &inner) && inner.tag == TAG_OCTETS ? in : outer.value;
}

/* The next object of the row that is a plain SEQUENCE: RSA keys, X.509
 * certificates, passwords. Choices with a tag of their own are skipped. */
static bool next_object(struct bytes *row, struct object *out)
{
	struct tlv t, common, class, type;

	while (tlv_next(row, &t)) {
		struct bytes in = t.value;

		if (t.tag != TAG_SEQUENCE || !tlv_next(&in, &common) || common.tag != TAG_SEQUENCE ||
		    !tlv_next(&in, &class) || class.tag != TAG_SEQUENCE || !tlv_find(in, TAG_TYPE_ATTRIBUTES, &type))
			continue;
		*out = (struct object){common.value, class.value, unwrap(type.value)};
		return true;
	}
	return false;
}

static bool read_unsigned(struct bytes v, unsigned *out)
{
	unsigned n = 0;

	if (v.len == 0 || v.len > 4 || (v.data[0] & 0x80))
		return false;
	for (size_t i = 0; i < v.len; i++)
		n = n << 8 | v.data[i];
	*out = n;
	return true;
}

static bool bit_set(struct bytes bits, unsigned n)
{
	size_t i = 1 + n / 8; /* the first byte counts unused bits */

	return i < bits.len && (bits.data[i] & (0x80 >> n % 8));
}

/* A reference is one byte; written as INTEGER, 88 may come as 88 or as 00 88. */
static bool read_reference(struct bytes v, uint8_t *out)
{
	if (v.len == 2 && v.data[0] == 0) {
		v.data++;
		v.len--;
	}
	if (v.len != 1)
		return false;
	*out = v.data[0];
	return true;
}

/* efidOrPath: one byte is a short identifier in the upper five bits, two are a
 * FID; of a longer path only the last component is used, since the application is
 * selected already. */
static bool read_path(struct bytes v, struct file_ref *out)
{
	unsigned fid;

	if (v.len == 1) {
		*out = (struct file_ref){.sfi = v.data[0] >> 3};
		return out->sfi >= 1 && out->sfi <= 30 && (v.data[0] & 7) == 0;
	}
	if (v.len < 2)
		return false;
	fid = (unsigned)v.data[v.len - 2] << 8 | v.data[v.len - 1];
	*out = (struct file_ref){.fid = (uint16_t)fid};
	return fid != 0x0000 && fid != 0x3F00 && fid != 0x3FFF && fid != 0xFFFF;
}

/* A Path, or its OCTET STRING bare, somewhere at the top of `in`. */
static bool find_path(struct bytes in, struct file_ref *out)
{
	struct file_ref f;
	struct tlv t, inner;

	while (tlv_next(&in, &t)) {
		if (t.tag == TAG_SEQUENCE && tlv_find(t.value, TAG_OCTETS, &inner))
			t = inner;
		if (t.tag == TAG_OCTETS && read_path(t.value, &f)) {
			*out = f;
			return true;
		}
	}
	return false;
}

/* A label unchanged, with its spaces: programs compare it byte by
 * byte. Bytes that are no printable UTF-8 become '?'; no character is cut in two. */
static void read_text(struct bytes v, char *out, size_t max)
{
	size_t used = 0, n;

	for (size_t i = 0; i < v.len; i += n) {
		uint32_t c;
		size_t good = utf8_next(v.data + i, v.len - i, &c);

		if (c < 0x20 || c == 0x7F)
			good = 0;
		n = good ? good : 1;
		if (used + n > max)
			break;
		if (good)
			memcpy(out + used, v.data + i, n);
		else
			out[used] = '?';
		used += n;
	}
	out[used] = '\0';
}

static void read_label(struct bytes common, char *out)
{
	struct tlv t;

	if (tlv_find(common, TAG_UTF8, &t) && t.value.len)
		read_text(t.value, out, CARD_LABEL_MAX);
}

static void read_id_of(struct bytes in, struct card_id *out)
{
	struct tlv t;

	if (!tlv_find(in, TAG_OCTETS, &t) || t.value.len == 0 || t.value.len > CARD_ID_MAX)
		return;
	memcpy(out->data, t.value.data, t.value.len);
	out->len = t.value.len;
}

void cia_read_od(struct bytes file, struct cia_od *out)
{
	struct file_ref f;
	struct tlv t;

	*out = (struct cia_od){0};
	while (tlv_next(&file, &t)) {
		if (!find_path(t.value, &f))
			continue;
		if (t.tag == 0xA0 && !out->keys.fid && !out->keys.sfi)
			out->keys = f;
		else if (t.tag == 0xA8 && !out->pins.fid && !out->pins.sfi)
			out->pins = f;
		else if (t.tag >= 0xA4 && t.tag <= 0xA6 && out->n_certs < CIA_CERT_DIRS_MAX)
			out->certs[out->n_certs++] = f;
	}
}

bool cia_read_key(struct bytes file, struct card_key *key, struct card_id *auth_id)
{
	struct object o;
	struct tlv t;
	unsigned bits;

	if (!next_object(&file, &o))
		return false;
	read_label(o.common, key->label);
	read_id_of(o.common, auth_id);
	if (tlv_find(o.common, TAG_INTEGER, &t))
		key->user_consent = true;
	read_id_of(o.class, &key->id);
	if (tlv_find(o.class, TAG_INTEGER, &t))
		read_reference(t.value, &key->reference);
	find_path(o.type, &key->file);
	if (tlv_find(o.type, TAG_INTEGER, &t) && read_unsigned(t.value, &bits) && bits >= 1024 && bits <= 8192 &&
	    bits % 8 == 0)
		key->bits = bits;
	return true;
}

/* Reads minLength, storedLength and maxLength?. When they are not valid, the
 * profile's remain. */
static void read_lengths(struct bytes *in, bool padded, struct pin_profile *rule)
{
	struct bytes rest;
	struct tlv t;
	unsigned min, stored, max = rule->max;

	if (!tlv_next(in, &t) || t.tag != TAG_INTEGER || !read_unsigned(t.value, &min))
		return;
	if (!tlv_next(in, &t) || t.tag != TAG_INTEGER || !read_unsigned(t.value, &stored))
		return;
	rest = *in;
	if (tlv_next(&rest, &t) && t.tag == TAG_INTEGER && !read_unsigned(t.value, &max))
		return;
	if (padded && stored && max > stored)
		max = stored;
	if (min < 1 || max < min || max > CARD_PIN_MAX || stored > CARD_PIN_MAX)
		return;
	rule->min = (uint8_t)min;
	rule->max = (uint8_t)max;
	rule->stored = padded ? (uint8_t)stored : 0;
}

/* PasswordAttributes: flags, type, lengths, pwdReference [0]?, padChar?. False when
 * it is not the holder's PIN, or needs a special encoding. */
static bool read_pin(struct bytes in, struct pin_profile *rule)
{
	struct tlv t, flags;
	unsigned type;

	if (!tlv_next(&in, &flags) || flags.tag != TAG_BITS || bit_set(flags.value, PIN_UNBLOCKS) ||
	    bit_set(flags.value, PIN_IS_SO))
		return false;
	if (!tlv_next(&in, &t) || t.tag != TAG_ENUMERATED || !read_unsigned(t.value, &type) ||
	    (type != PIN_TYPE_NUMERIC && type != PIN_TYPE_UTF8))
		return false;
	read_lengths(&in, bit_set(flags.value, PIN_NEEDS_PADDING), rule);
	rule->alphabet = type == PIN_TYPE_NUMERIC ? PIN_DIGITS : PIN_ASCII;
	rule->pad = tlv_find(in, TAG_OCTETS, &t) && t.value.len == 1 ? t.value.data[0] : 0xFF;
	return !tlv_find(in, TAG_PIN_REFERENCE, &t) || read_reference(t.value, &rule->reference);
}

bool cia_same_id(const struct card_id *a, const struct card_id *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

bool cia_read_pin(struct bytes file, const struct card_id *auth_id, struct pin_profile *rule)
{
	const struct pin_profile base = *rule;
	struct object o;
	bool found = false;

	while (next_object(&file, &o)) {
		struct pin_profile r = base;
		struct card_id id = {0};

		read_id_of(o.class, &id);
		if (!read_pin(o.type, &r))
			continue;
		if (!found || (auth_id->len && cia_same_id(&id, auth_id)))
			*rule = r;
		found = true;
	}
	return found;
}

void cia_read_certs(struct bytes file, struct card_cert *certs, size_t *n)
{
	struct object o;
	struct tlv t;

	while (*n < CARD_CERTS_MAX && next_object(&file, &o)) {
		struct card_cert *c = &certs[*n];

		*c = (struct card_cert){0};
		if (!find_path(o.type, &c->file))
			continue;
		read_label(o.common, c->label);
		read_id_of(o.class, &c->id);
		if (tlv_find(o.class, TAG_BOOLEAN, &t) && t.value.len == 1 && t.value.data[0])
			c->role = CERT_CA;
		(*n)++;
	}
}

void cia_read_label(struct bytes file, char label[33])
{
	struct tlv info, t;

	label[0] = '\0';
	if (tlv_find(file, TAG_SEQUENCE, &info) && tlv_find(info.value, TAG_INFO_LABEL, &t))
		read_text(t.value, label, 32);
}
