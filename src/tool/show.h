/* SPDX-License-Identifier: BSD-2-Clause */
/* A certificate as text for people and as JSON for programs. */
#ifndef INKAN_TOOL_SHOW_H
#define INKAN_TOOL_SHOW_H

#include <jansson.h>
#include "cert/jpki_san.h"
#include "cert/x509.h"
#include "find.h"

/* Prints it. identity: the whole subject, serial number and JPKI's person too. */
void text_certificate(const struct cert *cert, bool identity);

/* "NAME, Medical Doctor" or, where there is no name to be shown, the profile's;
 * to be freed. */
char *text_headline(const struct cert *cert);

/* "Medical Doctor, Director of Hospital"; NULL without roles. To be freed. */
char *text_roles(const struct cert *cert);

/* The object of design 5: version, certificate, profile, roles, and person when
 * identity. NULL when out of memory. */
json_t *json_certificate(const struct cert *cert, bool identity);

/* A string from outside: what is no UTF-8 in it becomes U+FFFD. */
json_t *json_text(const char *text);

/* Reader, label and PIN of a token. */
json_t *json_token(const struct token *t);

/* On standard output, ASCII alone, so that no terminal is told what to do. */
enum exit_code json_print(json_t *json);

/* JPKI's dates: EYYYYMMDD to "1990-04-01", with the era's year in Japanese
 * reckoning for people; false when it is no such date. */
bool jpki_date(const char *birth, char iso[11], const char **era, int *era_year);

#endif
