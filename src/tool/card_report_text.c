/* SPDX-License-Identifier: BSD-2-Clause */
/* What a card report may show of a card's bytes. Whatever is not known to be harmless is
 * hidden: ISO/IEC 7816-15 has places for the holder's name, serial numbers of the card and
 * of certificates, and identifiers made of the key. */
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include "card_report.h"

enum {
	BOOLEAN = 0x01,
	INTEGER = 0x02,
	BITS = 0x03,
	OCTETS = 0x04,
	NOTHING = 0x05,
	OID = 0x06,
	ENUMERATED = 0x0A,
	UTF8 = 0x0C,
	SEQUENCE = 0x30,
	SET = 0x31
};

void put_hex(FILE *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%02X", p[i]);
}

/* ---- Directories */

/* File identifiers and paths are at most 4 bytes or begin at the master file; an identifier that is made of a key
 * has twenty bytes. EF.CD has a place for a certificate's serial number, EF.CIAInfo one for the card's. */
static bool may_show(enum shown kind, const struct tlv *t, bool in_set, bool in_path)
{
	size_t n = t->value.len;

	if (kind == SHOW_FCI)
		return t->tag == 0x84;
	switch (t->tag) {
	case OID: return true;
	case BOOLEAN:
	case NOTHING:
	case ENUMERATED: return n <= 2;
	case INTEGER: return n <= 2 && (kind != SHOW_CERTIFICATES || in_path);
	case BITS: return n <= 5;
	case OCTETS: return kind != SHOW_CIA_INFO && (n <= 4 || (n <= 16 && memcmp(t->value.data, "\x3F\x00", 2) == 0));
	case UTF8: return !in_set;
	case 0x80: /* CIAInfo.label, or a reference */ return kind == SHOW_CIA_INFO || n <= 2;
	default: return false;
	}
}

static void put_hidden(FILE *out, struct bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		fputs("**", out);
}

static void mask(FILE *out, struct bytes in, enum shown kind, bool in_set, bool in_path)
{
	struct bytes inner;
	struct tlv t, first;

	while (tlv_next(&in, &t)) {
		put_hex(out, t.whole.data, t.whole.len - t.value.len);
		inner = t.value;
		if (*t.whole.data & 0x20) /* constructed */
			mask(out, t.value, kind, in_set || t.tag == SET,
			     t.tag == SEQUENCE && tlv_next(&inner, &first) && first.tag == OCTETS);
		else if (may_show(kind, &t, in_set, in_path))
			put_hex(out, t.value.data, t.value.len);
		else
			put_hidden(out, t.value);
	}
	put_hidden(out, in);
}

void put_masked(FILE *out, struct bytes in, enum shown kind)
{
	mask(out, in, kind, false, false);
}

/* ---- Certificates */

void put_certificate(FILE *out, struct bytes der)
{
	const uint8_t *p = der.data;
	X509 *x509 = d2i_X509(NULL, &p, (long)der.len);
	EVP_PKEY *key = x509 ? X509_get0_pubkey(x509) : NULL;

	if (!x509)
		return;
	fprintf(out, "what: %s\ncertificate: %zu bytes, ",
	        X509_NAME_cmp(X509_get_issuer_name(x509), X509_get_subject_name(x509)) == 0 ? "root certificate"
	        : X509_check_ca(x509) == 1                                                  ? "CA certificate"
	                                                                                    : "own certificate",
	        der.len);
	if (key && EVP_PKEY_is_a(key, "RSA"))
		fprintf(out, "RSA %d\n", EVP_PKEY_get_bits(key));
	else
		fputs("no RSA key\n", out);
	X509_free(x509);
}
