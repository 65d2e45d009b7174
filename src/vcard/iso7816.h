/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of the virtual card: files in applications, two credentials, the state
 * between two commands. hpki.c and jpki.c fill it, command.c, files.c and
 * security.c run it. */
#ifndef INKAN_VCARD_ISO7816_H
#define INKAN_VCARD_ISO7816_H

#include <openssl/evp.h>
#include "base/mem.h"
#include "base/tlv.h"
#include "vcard/vcard.h"

#define VCARD_FILES_MAX 32
#define VCARD_APPS_MAX 3
#define VCARD_PIN_MAX 16
#define VCARD_CHAIN_MAX 4096 /* of command data by chaining */

/* Status words of ISO/IEC 7816-4, 5.1.3. */
enum sw {
	SW_OK = 0x9000,
	SW_MORE = 0x6100,
	SW_END_OF_FILE = 0x6282,
	SW_DEACTIVATED = 0x6283,
	SW_TRIES = 0x63C0,
	SW_LENGTH = 0x6700,
	SW_CHANNEL = 0x6881,
	SW_SECURE_MESSAGING = 0x6882,
	SW_LAST_EXPECTED = 0x6883,
	SW_CHAINING = 0x6884,
	SW_WRONG_FILE = 0x6981,
	SW_SECURITY = 0x6982,
	SW_BLOCKED = 0x6983,
	SW_UNUSABLE = 0x6984,
	SW_CONDITIONS = 0x6985,
	SW_NO_FILE = 0x6986,
	SW_DATA = 0x6A80,
	SW_NOT_FOUND = 0x6A82,
	SW_P1P2 = 0x6A86,
	SW_NO_REFERENCE = 0x6A88,
	SW_OFFSET = 0x6B00,
	SW_EXACT = 0x6C00,
	SW_INS = 0x6D00,
	SW_CLA = 0x6E00,
	SW_UNKNOWN = 0x6F00,
};

enum vfile_kind { VFILE_DATA, VFILE_PIN, VFILE_KEY };

struct vfile {
	uint16_t fid;         /* 0: not selectable by it */
	uint8_t sfi;          /* 0: none */
	enum vfile_kind kind;
	enum vcard_app owner; /* whose PIN, or key, or protection */
	bool locked;          /* readable after the owner's VERIFY alone */
	struct buf data;
};

struct vapp {
	uint8_t aid[16];
	size_t aid_len;
	struct vfile files[VCARD_FILES_MAX];
	size_t n_files;
};

struct credential {
	bool present;
	uint8_t pin[VCARD_PIN_MAX];
	size_t pin_len, pin_min;
	uint8_t reference;    /* P2 of VERIFY; 0x80 is the selected file */
	unsigned limit, tries;
	bool verified;
	bool once;            /* a signature uses the VERIFY up */
	EVP_PKEY *key;
	struct buf certificate, issuer, root;
	unsigned verifies, signatures;
};

struct vcard {
	struct vcard_spec spec; /* without its strings, which are the caller's */
	uint8_t atr[33];
	size_t atr_len;
	struct vapp apps[VCARD_APPS_MAX];
	size_t n_apps;
	struct credential creds[2];

	/* from power-up to power-off */
	bool awake;                /* has answered a command */
	const struct vapp *trusted; /* the application that the VERIFYs hold for */
	/* from reset to reset */
	const struct vapp *app;
	const struct vfile *file;
	bool greeted;              /* an application was selected */
	const struct credential *mse; /* whose key is set for PSO */
	bool mse_wrong;            /* VCARD_MSE_ANY: PSO will refuse it */
	struct buf chain;          /* command data so far */
	uint8_t chain_head[3];     /* INS P1 P2 */
	struct buf pending;        /* for GET RESPONSE */
};

/* One command, chaining and GET RESPONSE already taken care of. */
struct command {
	uint8_t cla, ins, p1, p2;
	struct bytes data;
	size_t ne;                 /* 0: no Le field */
	bool le_all;               /* the Le field was all zeros */
	bool extended;
};

/* The answer's data: a command fills it and returns the status word. */
struct answer {
	uint8_t data[65536];
	size_t len;
};

/* Adds a file; the buffer's content becomes the card's. False: no room. */
bool vapp_add(struct vapp *app, struct vfile file);

/* Appends the byte until there are so many: files of fixed size have that after their DER. */
bool vfile_fill(struct buf *content, size_t size, uint8_t byte);
struct vapp *vcard_add_app(struct vcard *card, const uint8_t *aid, size_t n);

/* Adds what spec.files has for that application, or that half of JPKI's. */
bool vfile_make_all(struct vcard *card, struct vapp *app, enum vcard_app which);

bool hpki_make(struct vcard *card);
bool jpki_make(struct vcard *card);

uint16_t vfile_select(struct vcard *card, const struct command *c, struct answer *a);
uint16_t vfile_read(struct vcard *card, const struct command *c, struct answer *a);
const struct vfile *vfile_by_fid(const struct vapp *app, uint16_t fid);
const struct vfile *vfile_by_sfi(const struct vapp *app, uint8_t sfi);

uint16_t pin_verify(struct vcard *card, const struct command *c);
uint16_t pin_change(struct vcard *card, const struct command *c);
uint16_t key_manage(struct vcard *card, const struct command *c);
uint16_t key_sign(struct vcard *card, const struct command *c, struct answer *a);

/* 6Cxx when the card insists on an exact Le and n bytes are not what Le says,
 * else 9000. Asked before a command has any effect. */
uint16_t exact_le(const struct vcard *card, const struct command *c, size_t n);

/* The status word that this card has for short file identifiers; 9000: takes them. */
uint16_t sfi_refusal(const struct vcard *card, bool signing);

#endif
