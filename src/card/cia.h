/* SPDX-License-Identifier: BSD-2-Clause */
/* ISO/IEC 7816-15 directories, read tolerantly: a row of objects up to the end
 * or to padding; attributes tagged EXPLICIT (as the standard says) or IMPLICIT
 * (as on issued cards); what is not understood is skipped.
 * Pure functions over bytes. */
#ifndef INKAN_CARD_CIA_H
#define INKAN_CARD_CIA_H

#include "base/tlv.h"
#include "card/card.h"

#define CIA_CERT_DIRS_MAX 4

/* EF.OD: where the directories are; {0} = not listed. */
struct cia_od {
	struct file_ref keys, pins;
	struct file_ref certs[CIA_CERT_DIRS_MAX];
	size_t n_certs;
};

void cia_read_od(struct bytes file, struct cia_od *out);

/* EF.PrKD: the first RSA key overwrites members of key; auth_id is the PIN that
 * protects it. False, with both unchanged, when there is none. */
bool cia_read_key(struct bytes file, struct card_key *key, struct card_id *auth_id);

/* EF.AOD: the rule of the PIN of that authId (else of the first PIN that is no
 * unblocking code) overwrites members of rule. False, unchanged, when there is none. */
bool cia_read_pin(struct bytes file, const struct card_id *auth_id, struct pin_profile *rule);

/* EF.CD: appends certificates up to CARD_CERTS_MAX. role is CERT_CA for those
 * with the authority flag, else CERT_OWN. */
void cia_read_certs(struct bytes file, struct card_cert *certs, size_t *n);

bool cia_same_id(const struct card_id *a, const struct card_id *b);

/* EF.CIAInfo: the label, "" without one. */
void cia_read_label(struct bytes file, char label[33]);

#endif
