/* SPDX-License-Identifier: BSD-2-Clause */
/* ISO/IEC 7816-15 directories as a card carries them, written from the standard. */
#ifndef INKAN_VCARD_CIA_H
#define INKAN_VCARD_CIA_H

#include "vcard/der.h"
#include "vcard/vcard.h"

struct cia_place {
	uint16_t fid;
	uint8_t sfi;
};

enum { CIA_PRIVATE = 1, CIA_MODIFIABLE = 2 }; /* CommonObjectFlags, bits 0 and 1 */

#define CIA_DIRECTORIES 7

struct cia_layout {
	struct cia_place info, od, aod, prkd, pukd, cd, dcod; /* fid 0: not on the card */
	struct cia_place pin, key, own, issuer, root;
	const char *pin_label;
	unsigned pin_flags;
	unsigned pin_stored;  /* PasswordAttributes.storedLength */
	bool pin_implicit;    /* EF.AOD's typeAttributes as on a real card: no SEQUENCE inside [1] */
	uint8_t pin_reference, auth_id;
	uint8_t key_reference; /* CommonKeyAttributes.keyReference; 0: none */
	enum vcard_labels label_style;
	bool own_only;        /* EF.CD names the own certificate alone */
	uint8_t own_id, issuer_id, root_id; /* the key shares its certificate's */
	bool by_sfi;          /* paths of one byte, SFI << 3, instead of file identifiers */
	size_t vfile_size;     /* directories and ... */
	size_t cert_size;     /* ... certificates are padded to at least so many bytes */
};

/* The content of one file; sign: of the signature application. */
void cia_info(struct der *d, const struct cia_layout *l, bool sign);
void cia_od(struct der *d, const struct cia_layout *l, bool sign);
void cia_aod(struct der *d, const struct cia_layout *l, bool sign);
void cia_prkd(struct der *d, const struct cia_layout *l, bool sign);
void cia_pukd(struct der *d, const struct cia_layout *l, bool sign);
void cia_cd(struct der *d, const struct cia_layout *l, bool sign);
void cia_dcod(struct der *d, const struct cia_layout *l, bool sign);

#endif
