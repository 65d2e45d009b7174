/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "vcard/cia.h"

enum { INTEGER = 0x02, OCTETS = 0x04, ENUMERATED = 0x0A, UTF8 = 0x0C, SEQUENCE = 0x30 };

static void put_byte(struct der *d, uint8_t tag, uint8_t value)
{
	der_put(d, tag, &value, 1);
}

/* A label without the spaces that it is printed with, or with one on either side. */
static void put_label(struct der *d, const struct cia_layout *l, const char *text)
{
	char out[64];
	size_t n;

	if (l->label_style == VCARD_LABELS_PRINTED) {
		der_text(d, UTF8, text);
		return;
	}
	text += strspn(text, " ");
	n = strlen(text);
	while (n && text[n - 1] == ' ')
		n--;
	snprintf(out, sizeof out, l->label_style == VCARD_LABELS_SPACED ? " %.*s " : "%.*s", (int)n, text);
	der_text(d, UTF8, out);
}

/* Path ::= SEQUENCE { efidOrPath OCTET STRING, ... } */
static void put_path(struct der *d, const struct cia_layout *l, struct cia_place p)
{
	const uint8_t fid[2] = {(uint8_t)(p.fid >> 8), (uint8_t)p.fid};
	size_t path = der_open(d, SEQUENCE);

	if (l->by_sfi)
		put_byte(d, OCTETS, (uint8_t)(p.sfi << 3));
	else
		der_put(d, OCTETS, fid, sizeof fid);
	der_close(d, path);
}

/* CIAInfo: version v2(1), label [0], cardflags authRequired(1) and prnGeneration(2) */
void cia_info(struct der *d, const struct cia_layout *l, bool sign)
{
	size_t info = der_open(d, SEQUENCE);

	(void)l;
	(void)sign;
	der_int(d, INTEGER, 1);
	der_text(d, 0x80, "HPKI Application");
	der_flags(d, 1 << 1 | 1 << 2);
	der_close(d, info);
}

static void od_entry(struct der *d, const struct cia_layout *l, unsigned choice, struct cia_place p)
{
	size_t entry;

	if (p.fid == 0)
		return;
	entry = der_open(d, (uint8_t)(0xA0 | choice));
	put_path(d, l, p);
	der_close(d, entry);
}

/* CIOChoice: privateKeys [0], publicKeys [1], certificates [4], dataContainerObjects [7], authObjects [8] */
void cia_od(struct der *d, const struct cia_layout *l, bool sign)
{
	(void)sign;
	od_entry(d, l, 0, l->prkd);
	od_entry(d, l, 1, l->pukd);
	od_entry(d, l, 4, l->cd);
	od_entry(d, l, 7, l->dcod);
	od_entry(d, l, 8, l->aod);
}

/* PasswordAttributes: case-sensitive(0), local(1), initialized(4); utf8(2); lengths; pwdReference [0] */
static void password(struct der *d, const struct cia_layout *l)
{
	der_flags(d, 1 << 0 | 1 << 1 | 1 << 4);
	put_byte(d, ENUMERATED, 2);
	der_int(d, INTEGER, 4);
	der_int(d, INTEGER, l->pin_stored);
	der_int(d, INTEGER, 16);
	der_int(d, 0x80, l->pin_reference);
}

void cia_aod(struct der *d, const struct cia_layout *l, bool sign)
{
	size_t object = der_open(d, SEQUENCE), part, inner;

	(void)sign;
	part = der_open(d, SEQUENCE); /* CommonObjectAttributes */
	put_label(d, l, l->pin_label);
	der_flags(d, l->pin_flags);
	der_close(d, part);
	part = der_open(d, SEQUENCE); /* CommonAuthenticationObjectAttributes */
	put_byte(d, OCTETS, l->auth_id);
	der_close(d, part);
	part = der_open(d, 0xA1);
	inner = l->pin_implicit ? 0 : der_open(d, SEQUENCE);
	password(d, l);
	if (inner)
		der_close(d, inner);
	der_close(d, part);
	der_close(d, object);
}

/* accessControlRules: one rule, execute(2) after authId */
static void access_rules(struct der *d, const struct cia_layout *l)
{
	size_t rules = der_open(d, SEQUENCE), rule = der_open(d, SEQUENCE);

	der_flags(d, 1 << 2);
	put_byte(d, OCTETS, l->auth_id);
	der_close(d, rule);
	der_close(d, rules);
}

/* typeAttributes of an RSA key: value Path, modulusLength */
static void rsa_attributes(struct der *d, const struct cia_layout *l)
{
	size_t type = der_open(d, 0xA1), key = der_open(d, SEQUENCE);

	put_path(d, l, l->key);
	der_int(d, INTEGER, 2048);
	der_close(d, key);
	der_close(d, type);
}

/* KeyUsageFlags: sign(2), verify(6), nonRepudiation(9) */
void cia_prkd(struct der *d, const struct cia_layout *l, bool sign)
{
	size_t object = der_open(d, SEQUENCE), part;

	part = der_open(d, SEQUENCE);
	put_label(d, l, "Private key of HPKI");
	der_flags(d, CIA_PRIVATE);
	put_byte(d, OCTETS, l->auth_id);
	if (sign)
		der_int(d, INTEGER, 1); /* userConsent */
	access_rules(d, l);
	der_close(d, part);
	part = der_open(d, SEQUENCE); /* CommonKeyAttributes */
	put_byte(d, OCTETS, l->own_id);
	der_flags(d, sign ? 1 << 9 : 1 << 2);
	if (l->key_reference)
		der_int(d, INTEGER, l->key_reference);
	der_close(d, part);
	rsa_attributes(d, l);
	der_close(d, object);
}

void cia_pukd(struct der *d, const struct cia_layout *l, bool sign)
{
	size_t object = der_open(d, SEQUENCE), part;

	(void)sign;
	part = der_open(d, SEQUENCE);
	put_label(d, l, "Public key of HPKI");
	der_close(d, part);
	part = der_open(d, SEQUENCE);
	put_byte(d, OCTETS, l->own_id);
	der_flags(d, 1 << 6);
	der_close(d, part);
	rsa_attributes(d, l);
	der_close(d, object);
}

static void certificate(struct der *d, const struct cia_layout *l, const char *label, uint8_t id,
                        struct cia_place place)
{
	static const uint8_t yes = 0xFF;
	size_t object = der_open(d, SEQUENCE), part, inner;

	part = der_open(d, SEQUENCE);
	put_label(d, l, label);
	der_close(d, part);
	part = der_open(d, SEQUENCE); /* CommonCertificateAttributes */
	put_byte(d, OCTETS, id);
	if (id != l->own_id)
		der_put(d, 0x01, &yes, 1); /* authority */
	der_close(d, part);
	part = der_open(d, 0xA1);
	inner = der_open(d, SEQUENCE); /* X509CertificateAttributes */
	put_path(d, l, place);
	der_close(d, inner);
	der_close(d, part);
	der_close(d, object);
}

/* The labels with the spaces that JAHIS 24-002, Annex B, prints. */
void cia_cd(struct der *d, const struct cia_layout *l, bool sign)
{
	(void)sign;
	certificate(d, l, "HPKI END ENTITY CERTIFICATE", l->own_id, l->own);
	if (l->own_only)
		return;
	certificate(d, l, " MHLW CA CERTIFICATE ", l->root_id, l->root);
	certificate(d, l, " HPKI ROOT CA CERTIFICATE", l->issuer_id, l->issuer);
}

void cia_dcod(struct der *d, const struct cia_layout *l, bool sign)
{
	size_t object = der_open(d, SEQUENCE), part;

	(void)sign;
	part = der_open(d, SEQUENCE);
	der_text(d, UTF8, "CIA information");
	der_close(d, part);
	part = der_open(d, SEQUENCE); /* CommonDataContainerObjectAttributes: applicationName */
	der_text(d, UTF8, "HPKI");
	der_close(d, part);
	part = der_open(d, 0xA1);
	put_path(d, l, l->info);
	der_close(d, part);
	der_close(d, object);
}
