/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.h: the holder of a certificate. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/mem.h"
#include "cert/jpki_san.h"
#include "lib/names.h"
#include "lib/object.h"

#define FIELDS (INKAN_PERSON_ADDRESS_SUBSTITUTES + 1)

struct inkan_person {
	char *field[FIELDS]; /* owned; NULL: absent */
	bool malformed;
};

/* CN of a directoryName in subjectAltName: where HPKI's CAs write the name in Japanese. */
static char *japanese_name(const struct cert *cert, bool *lost)
{
	GENERAL_NAMES *names;
	char *found = NULL;

	ERR_set_mark();
	names = X509_get_ext_d2i(cert->x509, NID_subject_alt_name, NULL, NULL);
	ERR_pop_to_mark();
	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DIRNAME)
			found = name_part(name->d.directoryName, NID_commonName, lost);
	}
	GENERAL_NAMES_free(names);
	return found;
}

/* EYYYYMMDD, E the era from 1 (Meiji) to 5 (Reiwa) or 0, the year of the common era. */
static char *birth_date(const char *birth)
{
	char *date = NULL;

	if (!birth || strlen(birth) != 9 || strspn(birth, "0123456789") != 9 || birth[0] > '5')
		return NULL;
	return asprintf(&date, "%.4s-%.2s-%.2s", birth + 1, birth + 5, birth + 7) < 0 ? NULL : date;
}

/* The strings of p become the object's. */
static void take_jpki(struct inkan_person *person, struct jpki_person *p)
{
	person->field[INKAN_PERSON_NAME] = p->name;
	person->field[INKAN_PERSON_NAME_SUBSTITUTES] = p->name_substitutes;
	person->field[INKAN_PERSON_SEX] = p->sex;
	person->field[INKAN_PERSON_BIRTH] = p->birth;
	person->field[INKAN_PERSON_BIRTH_DATE] = birth_date(p->birth);
	person->field[INKAN_PERSON_ADDRESS] = p->address;
	person->field[INKAN_PERSON_ADDRESS_SUBSTITUTES] = p->address_substitutes;
}

enum inkan_error inkan_person_new(const struct inkan_cert *cert, struct inkan_person **out)
{
	const struct cert *c = cert ? cert->cert : NULL;
	struct jpki_person jpki;
	struct inkan_person *p;
	const X509_NAME *subject;
	bool lost = false; /* a part that is there, for want of memory */
	enum error e;
	char *hex;
	BIGNUM *bn;

	if (out)
		*out = NULL;
	if (!cert || !out)
		return INKAN_E_ARGUMENT;
	p = calloc(1, sizeof *p);
	if (!p)
		return INKAN_E_MEMORY;
	subject = X509_get_subject_name(c->x509);
	if (c->profile->person_in_san) {
		e = jpki_person_read(c, &jpki);
		p->malformed = e != E_OK;
		lost = e == E_MEMORY;
		take_jpki(p, &jpki);
	} else if (!c->profile->family->personal) {
		p->field[INKAN_PERSON_NAME] = name_part(subject, NID_commonName, &lost);
		p->field[INKAN_PERSON_JAPANESE_NAME] = japanese_name(c, &lost);
		p->field[INKAN_PERSON_ORGANISATION] = name_part(subject, NID_organizationName, &lost);
		p->field[INKAN_PERSON_ID] = name_part(subject, NID_serialNumber, &lost);
	}
	p->field[INKAN_PERSON_SUBJECT] = name_text(subject);
	bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(c->x509), NULL);
	hex = bn ? BN_bn2hex(bn) : NULL;
	p->field[INKAN_PERSON_SERIAL] = hex ? strdup(hex) : NULL;
	OPENSSL_free(hex);
	BN_free(bn);
	if (lost || !p->field[INKAN_PERSON_SUBJECT] || !p->field[INKAN_PERSON_SERIAL]) {
		inkan_person_free(&p);
		return INKAN_E_MEMORY;
	}
	*out = p;
	return INKAN_OK;
}

void inkan_person_free(struct inkan_person **person)
{
	if (!person || !*person)
		return;
	for (size_t i = 0; i < FIELDS; i++) {
		char *text = (*person)->field[i];

		mem_wipe(text, text ? strlen(text) : 0);
		free(text);
	}
	free(*person);
	*person = NULL;
}

const char *inkan_person_get(const struct inkan_person *person, enum inkan_person_field field)
{
	return person && (unsigned)field < FIELDS ? person->field[field] : NULL;
}

int inkan_person_malformed(const struct inkan_person *person)
{
	return person ? person->malformed : 0;
}
