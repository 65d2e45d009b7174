/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtual card, and a reader to put it into: what inkan-vcard shows through
 * pcscd and what tests hold in process. It knows the cards from their
 * specifications and shares no table with the driver. */
#ifndef INKAN_VCARD_VCARD_H
#define INKAN_VCARD_VCARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vcard_kind { VCARD_HPKI, VCARD_JPKI, VCARD_FOREIGN };
enum vcard_layout { VCARD_JMA, VCARD_ANNEX_B };
enum vcard_app { VCARD_AUTH, VCARD_SIGN };
enum vcard_directory { VCARD_DIR_GOOD, VCARD_DIR_MISSING, VCARD_DIR_BROKEN, VCARD_DIR_EMPTY };
enum vcard_dialect { VCARD_PSO, VCARD_OLD }; /* hpki.md 1.4: points 3 and 4 */
enum vcard_mse { VCARD_MSE_FILE, VCARD_MSE_REFERENCE, VCARD_MSE_EITHER, VCARD_MSE_ANY }; /* for the key */
enum vcard_select_key { VCARD_SELECT_NEVER, VCARD_SELECT_FOR_MSE, VCARD_SELECT_FOR_PSO };
enum vcard_labels { VCARD_LABELS_PRINTED, VCARD_LABELS_PLAIN, VCARD_LABELS_SPACED };
enum vcard_warning { VCARD_NO_WARNING, VCARD_WARN_FIRST, VCARD_WARN_SIGNATURE };
enum vcard_tail { VCARD_TAIL_ISO, VCARD_TAIL_9000, VCARD_TAIL_6282, VCARD_TAIL_6C };

#define VCARD_ROLES_MAX 8

enum vcard_content {
	VCARD_BYTES,
	VCARD_OWN, VCARD_ISSUER, VCARD_ROOT, /* certificates of the throw-away PKI */
	VCARD_KEY,
	VCARD_PIN,
};

/* One file of a card whose files are told one by one. */
struct vcard_file {
	enum vcard_app app;          /* whose, or (JPKI) whose PIN guards it */
	uint16_t fid;                /* 0: not selectable by it */
	uint8_t sfi;                 /* 0: none */
	enum vcard_content content;
	const uint8_t *bytes;        /* of VCARD_BYTES */
	size_t len;
	size_t size;                 /* filled up to so many bytes */
	uint8_t filler;
	bool locked;                 /* readable after the PIN */
};

/* Everything that a card may be. vcard_spec_init sets the defaults. */
struct vcard_spec {
	enum vcard_kind kind;
	enum vcard_layout layout;
	const char *pki;             /* folder; made on first use */
	const char *name;            /* romaji; CN of an HPKI certificate */
	const char *japanese_name;   /* NULL: no subjectAltName (HPKI); JPKI: the SAN's name */
	const char *organisation;    /* NULL: none */
	const char *roles[VCARD_ROLES_MAX + 1]; /* NULL-terminated; empty: no hcRole */
	const char *pin[2];          /* by enum vcard_app */
	unsigned tries[2];
	size_t certificate_size[2];  /* end entity, exactly so many bytes; 0: as it comes */
	bool no_app[2];              /* this application is not on the card */
	const char *aid[2];          /* HPKI: another application identifier, in hex; NULL: HPKI's */
	const char *policy[2];       /* HPKI: another certificate policy, dotted; NULL: that of its CA */
	bool expired, revoked, test_level;

	bool no_extended;            /* 6700 to extended length */
	bool no_chaining;            /* 6884 */
	bool get_response;           /* long answers as 61xx and GET RESPONSE */
	bool exact_le;               /* 6Cxx to a wrong Le */
	bool no_sfi;                 /* 6A86 to short file identifiers */
	bool no_pss;                 /* refuses RSASSA-PSS */
	bool wrong_pss;              /* answers RSASSA-PSS with a wrong signature */
	bool phone;                  /* JPKI: the authentication certificate needs the PIN */
	bool first_6f00;             /* JPKI: the first command after power-up fails */

	/* What is seen of cards in the field, or may be: hpki.md 1.5, jpki.md 1.1 */
	bool no_counter;             /* 6700 to a VERIFY without data: the counter is told by 63Cx alone */
	bool cut_extended;           /* no answer at all to extended length */
	uint16_t sfi_read, sfi_sign; /* this status word to short file identifiers; 0: they are taken */
	bool no_certificate[2];      /* its file is filled with FF (JPKI: and EF 0008 says so) */
	bool no_state;               /* JPKI: without EF 0008 */
	size_t file_size;            /* certificates' files are filled up to so many bytes */
	uint8_t filler;              /* with this byte */
	enum vcard_tail tail;        /* to a READ BINARY past what is left: 7816-4's way; all there is and 9000
	                              * or 6282; 6Cxx */
	enum vcard_warning select_6283; /* to the first SELECT after a reset, or to that of HPKI's signature */
	bool reselect_locks;         /* selecting the same application again ends a VERIFY */

	/* HPKI */
	uint8_t key_reference;       /* EF.PrKD's keyReference; 0: none */
	enum vcard_mse mse;          /* ANY: PSO refuses what is wrong */
	uint16_t mse_refusal;        /* MSE's status word for what it does not know [6A88] */
	enum vcard_select_key select_key; /* the key's file must be selected before MSE, or before PSO */
	uint16_t refusal;            /* PSO's status word for what it does not do; 0: the usual one of each case */
	bool refusal_spends;         /* and the VERIFY is gone then */
	enum vcard_labels labels;    /* as JAHIS 24-002 prints them, without spaces, with spaces around all */
	bool bare;                   /* JMA layout: EF.PuKD, EF.DCOD and the CA certificates are filled with FF */

	/* A card that was described elsewhere: vcard_like */
	const struct vcard_file *files; /* in place of all files that the layout has; NULL: those */
	size_t n_files;
	uint16_t tag_refusal;        /* MSE's status word for another tag [6A80] */
	uint8_t atr[33];
	size_t atr_len;              /* 0: the usual one */
	uint8_t mse_tag;             /* HPKI: 0x84, 0x81; 0: both */
	enum vcard_dialect dialect;
	enum vcard_directory directory;

	/* HPKI, JMA layout: other file identifiers and references than usual; 0: the usual */
	uint16_t fid_pin_dir, fid_key_dir, fid_cert_dir, fid_key, fid_cert;
	uint8_t pin_reference;
};

void vcard_spec_init(struct vcard_spec *spec, enum vcard_kind kind);

/* Makes everything in the PKI folder (NULL: the user's own) that is not a card's:
 * the authorities, their CRLs, and server.pem and server.key for localhost. */
bool vcard_pki(const char *pki, char *why, size_t why_size);

/* What a card report (doc/CARD-REPORT.md) says of a card: everything but the person
 * and the keys, which are those of the throw-away PKI. NULL with a sentence in why
 * when it cannot be read or makes no sense. */
struct vcard_spec *vcard_like(const char *path, char *why, size_t why_size);
void vcard_like_free(struct vcard_spec **spec);

struct vcard;

/* NULL with a sentence in why when it cannot be made. */
struct vcard *vcard_new(const struct vcard_spec *spec, char *why, size_t why_size);
void vcard_free(struct vcard *card);

size_t vcard_atr(const struct vcard *card, uint8_t *atr, size_t room);
void vcard_power_off(struct vcard *card); /* security status and selection are gone */
void vcard_reset(struct vcard *card);     /* warm reset: a VERIFY of JPKI outlives it */

/* One APDU; never fails, an answer is at least a status word (none at all of
 * cut_extended). *len: in, the room (65538 is always enough); out, the answer's length. */
void vcard_transmit(struct vcard *card, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len);

/* For independent checks in tests. The certificate is owned by the card. */
const uint8_t *vcard_certificate(const struct vcard *card, enum vcard_app app, size_t *len);
unsigned vcard_tries(const struct vcard *card, enum vcard_app app);
void vcard_set_tries(struct vcard *card, enum vcard_app app, unsigned tries);
unsigned vcard_verifies(const struct vcard *card, enum vcard_app app); /* VERIFYs with a PIN seen so far */
unsigned vcard_signatures(const struct vcard *card, enum vcard_app app);

/* A reader: presence, a count of insertions and removals, faults, the trace. */
struct vreader;

enum vfault {
	VFAULT_NONE,
	VFAULT_STATUS, /* the command is not carried out; answered with this status word */
	VFAULT_CUT,    /* carried out; the answer loses its second half */
	VFAULT_NOISE,  /* carried out; the answer is replaced by pseudo-random bytes */
	VFAULT_PULL,   /* carried out; the card is gone before the answer */
	VFAULT_PULL_BEFORE, /* gone before the command arrives */
	VFAULT_RESET,  /* the card loses its power before the command and comes back */
};

struct vreader *vreader_new(const char *name);
void vreader_free(struct vreader *r); /* the card in it too */
const char *vreader_name(const struct vreader *r);
void vreader_insert(struct vreader *r, struct vcard *card); /* takes it over */
struct vcard *vreader_remove(struct vreader *r);            /* gives it back, pulled by a fault too; NULL: none */
struct vcard *vreader_card(const struct vreader *r);        /* NULL: empty */
unsigned vreader_events(const struct vreader *r);           /* insertions and removals so far */

/* The nth command from now on (1 = the next), once. */
void vreader_fault(struct vreader *r, unsigned nth, enum vfault fault, uint16_t status);

void vreader_delay(struct vreader *r, unsigned ms_per_apdu);
unsigned vreader_apdus(const struct vreader *r);             /* commands so far */

/* A line per command: number, reader, command and status word in hex, PIN data
 * replaced by its length. NULL: no trace. */
enum { VREADER_LINE_MAX = 1024 };
void vreader_trace(struct vreader *r, void (*line)(void *arg, const char *text), void *arg);

/* False: no card, or it went away; *len = 0. Safe from several threads. */
bool vreader_transmit(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len);
void vreader_power_off(struct vreader *r);
void vreader_reset(struct vreader *r); /* warm */
size_t vreader_atr(struct vreader *r, uint8_t *atr, size_t room); /* 0: empty */

#endif
