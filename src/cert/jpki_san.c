/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/mem.h"
#include "cert/jpki_san.h"

/* Where the value of 1.2.392.200149.8.5.5.<n> goes; NULL for every other name. */
static char **field_of(const ASN1_OBJECT *type, struct jpki_person *p)
{
	static const char prefix[] = "1.2.392.200149.8.5.5.";
	char **const fields[] = {&p->name,  &p->name_substitutes, &p->sex,
	                         &p->birth, &p->address,          &p->address_substitutes};
	size_t len = sizeof prefix - 1;
	char text[64];

	if (OBJ_obj2txt(text, sizeof text, type, 1) != (int)len + 1 || strncmp(text, prefix, len) != 0 ||
	    text[len] < '1' || text[len] > '6')
		return NULL;
	return fields[text[len] - '1'];
}

static enum error copy_text(const ASN1_TYPE *value, char **out)
{
	const uint8_t *data;
	uint8_t *utf8 = NULL;
	enum error ok = E_FORMAT;
	int n;

	if (*out || !value || ASN1_TYPE_get(value) != V_ASN1_UTF8STRING)
		return E_FORMAT;
	data = ASN1_STRING_get0_data(value->value.utf8string);
	n = ASN1_STRING_to_UTF8(&utf8, value->value.utf8string); /* checks the encoding */
	if (n >= 0 && (n == 0 || !memchr(data, 0, (size_t)n))) {
		*out = strndup((const char *)data, (size_t)n);
		ok = *out ? E_OK : E_MEMORY;
	}
	OPENSSL_clear_free(utf8, n > 0 ? (size_t)n : 0);
	return ok;
}

static enum error read_names(const GENERAL_NAMES *names, struct jpki_person *out)
{
	enum error ok = E_OK;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && ok == E_OK; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		char **field = name->type == GEN_OTHERNAME ? field_of(name->d.otherName->type_id, out) : NULL;

		if (field)
			ok = copy_text(name->d.otherName->value, field);
	}
	return ok;
}

/* GENERAL_NAMES_free alone would leave the person's data in the heap. */
static void free_names(GENERAL_NAMES *names)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		ASN1_TYPE *value = name->type == GEN_OTHERNAME ? name->d.otherName->value : NULL;

		if (value && ASN1_TYPE_get(value) == V_ASN1_UTF8STRING)
			OPENSSL_cleanse(value->value.utf8string->data, (size_t)value->value.utf8string->length);
	}
	GENERAL_NAMES_free(names);
}

static enum error read_extension(const ASN1_OCTET_STRING *value, struct jpki_person *out)
{
	const uint8_t *p = ASN1_STRING_get0_data(value);
	const uint8_t *end = p + ASN1_STRING_length(value);
	GENERAL_NAMES *names = d2i_GENERAL_NAMES(NULL, &p, ASN1_STRING_length(value));
	enum error ok = names && p == end ? read_names(names, out) : E_FORMAT;

	free_names(names);
	return ok;
}

enum error jpki_person_read(const struct cert *cert, struct jpki_person *out)
{
	int at = X509_get_ext_by_NID(cert->x509, NID_subject_alt_name, -1);
	enum error ok = E_FORMAT;

	*out = (struct jpki_person){0};
	if (at < 0)
		return E_OK;
	ERR_set_mark();
	if (X509_get_ext_by_NID(cert->x509, NID_subject_alt_name, at) < 0)
		ok = read_extension(X509_EXTENSION_get_data(X509_get_ext(cert->x509, at)), out);
	ERR_pop_to_mark();
	if (ok != E_OK)
		jpki_person_free(out);
	return ok;
}

void jpki_person_free(struct jpki_person *p)
{
	char *const fields[] = {p->name, p->name_substitutes, p->sex, p->birth, p->address, p->address_substitutes};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		mem_wipe(fields[i], fields[i] ? strlen(fields[i]) : 0);
		free(fields[i]);
	}
	*p = (struct jpki_person){0};
}
