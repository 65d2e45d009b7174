/* SPDX-License-Identifier: BSD-2-Clause */
/* hcRole (ISO 17090-2; JAHIS HPKI certificate policy): which licences and posts
 * a certificate states. The text is opaque UTF-8: shown as it is, compared byte
 * for byte, never checked against a table. */
#ifndef INKAN_CERT_HCROLE_H
#define INKAN_CERT_HCROLE_H

#include "base/error.h"
#include "base/tlv.h"

#define HCROLE_OID "1.0.17090.0.1" /* id-hcpki-at-healthcareactor */

struct hcrole {
	char *text;          /* codeDataFreeText as UTF-8; no control character inside */
	char *coding_scheme; /* dotted OID */
	char *code;          /* codeDataValue; NULL without one */
	struct bytes der;    /* this HCActor as it stands in the certificate */
};

struct hcroles {
	struct hcrole *list;
	size_t n;
	struct bytes *broken; /* each HCActor that does not parse, as it stands */
	size_t n_broken;
	struct bytes der; /* the attribute's value, SET OF HCActor, as it stands */
};

/* `extension`: the value of subjectDirectoryAttributes. Absent attribute: E_OK
 * and n = 0. E_FORMAT: nothing is returned; one malformed HCActor alone is noted as
 * broken and takes no other away. The bytes are not copied: the roles live as long
 * as the extension does. */
enum error hcrole_parse(struct bytes extension, struct hcroles *out);
void hcrole_free(struct hcroles *roles);

#endif
