/* SPDX-License-Identifier: BSD-2-Clause */
/* The person in a JPKI signature certificate: subjectAltName, six otherName
 * (1.2.392.200149.8.5.5.1 to .6), in any order, each possibly absent. */
#ifndef INKAN_CERT_JPKI_SAN_H
#define INKAN_CERT_JPKI_SAN_H

#include "base/error.h"
#include "cert/x509.h"

struct jpki_person {               /* UTF-8, owned; NULL when absent */
	char *name;                /* .1 */
	char *name_substitutes;    /* .2: '0' or '1' per character of the name */
	char *sex;                 /* .3: 1 male, 2 female, 9 not applicable */
	char *birth;               /* .4: EYYYYMMDD */
	char *address;             /* .5 */
	char *address_substitutes; /* .6 */
};

enum error jpki_person_read(const struct cert *cert, struct jpki_person *out);
void jpki_person_free(struct jpki_person *p); /* wiped */

#endif
