/* SPDX-License-Identifier: BSD-2-Clause */
/* End entities: hpki.md 3.2 and 3.3, jpki.md 2. */
#include <stdlib.h>
#include <string.h>
#include "vcard/pki.h"

#define HCROLE_ATTRIBUTE "1.0.17090.0.1"
#define HCROLE_SCHEME "1.2.392.100495.1.6.1.1"
#define JPKI_NAMES "1.2.392.200149.8.5.5."

enum pki_ca pki_person_ca(const struct vcard_spec *spec, enum vcard_app which)
{
	bool sign = which == VCARD_SIGN;

	if (spec->kind == VCARD_JPKI)
		return sign ? CA_JPKI_SIGN : CA_JPKI_AUTH;
	if (spec->test_level)
		return sign ? CA_HPKI_SIGN_TEST : CA_HPKI_AUTH_TEST;
	return sign ? CA_HPKI_SIGN : CA_HPKI_AUTH;
}

/* A number that looks like a register's and is the same for the same name (FNV-1a). */
static unsigned long long number_of(const char *name)
{
	unsigned long long h = 0xCBF29CE484222325ULL;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001B3ULL;
	return h;
}

static bool directs(const struct vcard_spec *spec)
{
	for (size_t i = 0; spec->roles[i]; i++)
		if (!strncmp(spec->roles[i], "Director of ", 12))
			return true;
	return false;
}

static void hpki_name(struct der *d, const struct vcard_spec *spec)
{
	char id[16];
	bool director = spec->organisation && directs(spec);

	snprintf(id, sizeof id, "%08llu", number_of(spec->name) % 100000000);
	x_name(d, (const struct rdn[]){{OID_C, "JP"},
	                               {OID_O, spec->organisation},
	                               {OID_OU, director ? "Director" : NULL},
	                               {OID_CN, spec->name},
	                               {OID_SERIAL, id},
	                               {NULL, NULL}});
}

/* No name: a code. The signature certificate has the municipality as well. */
static void jpki_name(struct der *d, const struct vcard_spec *spec, bool sign)
{
	char code[40];

	snprintf(code, sizeof code, "2026%016llu%05llu%c", number_of(spec->name) % 10000000000000000ULL,
	         number_of(spec->name) % 99991, sign ? 'S' : 'A');
	x_name(d, (const struct rdn[]){{OID_C, "JP"},
	                               {OID_L, sign ? "Mihon-to" : NULL},
	                               {OID_L, sign ? "Mihon-ku" : NULL},
	                               {OID_CN, code},
	                               {NULL, NULL}});
}

bool pki_person_name(const struct vcard_spec *spec, enum vcard_app which, struct buf *out)
{
	struct der d = {0};

	if (spec->kind == VCARD_JPKI)
		jpki_name(&d, spec, which == VCARD_SIGN);
	else
		hpki_name(&d, spec);
	*out = d.b;
	return !d.failed;
}

/* HCActor { codedData [0] SET { codingSchemeReference [0] OID, codeDataFreeText [2] UTF8String } } */
static void put_actor(struct der *d, const char *role)
{
	size_t actor = der_open(d, 0x30), coded = der_open(d, 0xA0), set = der_open(d, 0x31), part;

	part = der_open(d, 0xA0);
	der_oid(d, HCROLE_SCHEME);
	der_close(d, part);
	part = der_open(d, 0xA2);
	der_text(d, 0x0C, role);
	der_close(d, part);
	der_close(d, set);
	der_close(d, coded);
	der_close(d, actor);
}

/* DER's order in a SET OF: by the encodings, shorter ones padded with 00. */
static int by_encoding(const void *va, const void *vb)
{
	const struct buf *a = va, *b = vb;
	size_t n = a->len < b->len ? a->len : b->len;
	int order = n ? memcmp(a->data, b->data, n) : 0;

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static void put_actors(struct der *d, const struct vcard_spec *spec)
{
	struct buf actors[VCARD_ROLES_MAX] = {{0}};
	size_t n;

	for (n = 0; n < VCARD_ROLES_MAX && spec->roles[n]; n++) {
		struct der one = {0};
		put_actor(&one, spec->roles[n]);
		actors[n] = one.b;
		d->failed = d->failed || one.failed;
	}
	qsort(actors, n, sizeof *actors, by_encoding);
	for (size_t i = 0; i < n; i++) {
		der_raw(d, actors[i].data, actors[i].len);
		buf_free(&actors[i]);
	}
}

/* subjectDirectoryAttributes with the one attribute hcRole, whose one value is
 * the SET OF HCActor. */
static void put_hcrole(struct der *d, const struct vcard_spec *spec)
{
	struct x_mark m;
	size_t list, attribute, values, actors;

	if (!spec->roles[0])
		return;
	m = x_ext_open(d, "2.5.29.9", false);
	list = der_open(d, 0x30);
	attribute = der_open(d, 0x30);
	der_oid(d, HCROLE_ATTRIBUTE);
	values = der_open(d, 0x31);
	actors = der_open(d, 0x31);
	put_actors(d, spec);
	der_close(d, actors);
	der_close(d, values);
	der_close(d, attribute);
	der_close(d, list);
	x_ext_close(d, m);
}

/* The name in Japanese as a directoryName. */
static void put_japanese_name(struct der *d, const char *name)
{
	struct x_mark m;
	size_t list, directory;

	if (!name)
		return;
	m = x_ext_open(d, "2.5.29.17", false);
	list = der_open(d, 0x30);
	directory = der_open(d, 0xA4);
	x_name(d, (const struct rdn[]){{OID_CN, name}, {NULL, NULL}});
	der_close(d, directory);
	der_close(d, list);
	x_ext_close(d, m);
}

/* otherName [0] { OID, value [0] UTF8String } */
static void put_other(struct der *d, unsigned n, const char *text)
{
	char oid[64];
	size_t other = der_open(d, 0xA0), value;

	snprintf(oid, sizeof oid, JPKI_NAMES "%u", n);
	der_oid(d, oid);
	value = der_open(d, 0xA0);
	der_text(d, 0x0C, text);
	der_close(d, value);
	der_close(d, other);
}

/* One '0' per character: none is a substitute. */
static void put_substitutes(struct der *d, unsigned n, const char *text)
{
	char flags[256] = {0};
	size_t at = 0;

	for (; *text && at < sizeof flags - 1; text++)
		if (((uint8_t)*text & 0xC0) != 0x80)
			flags[at++] = '0';
	put_other(d, n, flags);
}

/* The four basic attributes of a person who does not exist, in the stored order. */
static void put_resident(struct der *d, const struct vcard_spec *spec)
{
	static const char address[] = "見本都見本区見本町１丁目１番１号";
	const char *name = spec->japanese_name ? spec->japanese_name : spec->name;
	struct x_mark m = x_ext_open(d, "2.5.29.17", false);
	size_t list = der_open(d, 0x30);

	put_other(d, 1, name);
	put_other(d, 4, "319700101");
	put_other(d, 3, "1");
	put_other(d, 5, address);
	put_substitutes(d, 2, name);
	put_substitutes(d, 6, address);
	der_close(d, list);
	x_ext_close(d, m);
}

static void hpki_extensions(struct der *d, const struct vcard_spec *spec, enum pki_ca ca, const char *cps)
{
	bool sign = ca == CA_HPKI_SIGN || ca == CA_HPKI_SIGN_TEST;
	const char *other = spec->policy[sign ? VCARD_SIGN : VCARD_AUTH];
	char url[128];

	x_key_usage(d, sign ? X_KU_NONREPUDIATION : X_KU_SIGNATURE);
	x_policy(d, other ? other : pki_cas[ca].policy, cps);
	put_japanese_name(d, spec->japanese_name);
	put_hcrole(d, spec);
	snprintf(url, sizeof url, PKI_URL "%s", pki_cas[ca].crl);
	x_crl_points(d, NULL, url);
}

static void jpki_extensions(struct der *d, const struct vcard_spec *spec, enum pki_ca ca, const char *cps)
{
	bool sign = ca == CA_JPKI_SIGN;
	struct rdn point[8];

	x_key_usage(d, sign ? X_KU_SIGNATURE | X_KU_NONREPUDIATION : X_KU_SIGNATURE);
	if (!sign)
		x_ext_usage(d, "1.3.6.1.5.5.7.3.2");
	x_policy(d, pki_cas[ca].policy, cps);
	if (sign)
		put_resident(d, spec);
	pki_list_name(ca, pki_cas[ca].list_cn, point);
	x_crl_points(d, point, NULL);
	x_ocsp(d, sign ? PKI_URL "ocspsign" : PKI_URL "ocspauth");
}

bool pki_person_extensions(const struct vcard_spec *spec, enum vcard_app which, EVP_PKEY *key, EVP_PKEY *ca_key,
                           size_t cps_pad, struct buf *out)
{
	enum pki_ca ca = pki_person_ca(spec, which);
	struct der d = {0};
	char *cps = malloc(sizeof PKI_CPS + cps_pad);

	if (!cps)
		return false;
	memcpy(cps, PKI_CPS, sizeof PKI_CPS);
	memset(cps + sizeof PKI_CPS - 1, 'x', cps_pad);
	cps[sizeof PKI_CPS - 1 + cps_pad] = '\0';
	x_authority_key(&d, ca_key, NULL, 0);
	x_subject_key(&d, key);
	if (spec->kind == VCARD_JPKI)
		jpki_extensions(&d, spec, ca, cps);
	else
		hpki_extensions(&d, spec, ca, cps);
	free(cps);
	*out = d.b;
	return !d.failed;
}
