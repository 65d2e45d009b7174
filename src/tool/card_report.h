/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor --card-report: a transcript of what a card answers to commands of our
 * own. doc/CARD-REPORT.md is the format, and what never stands in it. */
#ifndef INKAN_TOOL_CARD_REPORT_H
#define INKAN_TOOL_CARD_REPORT_H

#include <stdio.h>
#include "card/apdu.h"
#include "cards/family.h"
#include "find.h"

#define EXCHANGES_MAX 64

/* One command as it went over the link and what came back. */
struct exchange {
	uint8_t header[4];
	uint8_t data[24];    /* of SELECT and MANAGE SECURITY ENVIRONMENT; of others never kept */
	size_t data_len;
	size_t sent;         /* bytes of the whole command */
	uint16_t sw;         /* 0: no answer */
	size_t len;          /* of the answer without its status word */
	unsigned ms;
};

/* A way to readers that remembers what passes; for one thread and one link. */
struct recorder {
	const struct reader_ops *ops;
	void *self;
	struct reader_link inner;
	struct exchange list[EXCHANGES_MAX];
	size_t n;            /* since it was last set to 0 */
};

extern const struct reader_ops recording_ops; /* self is the struct recorder */

/* A card under examination: one transaction, begun anew when the link breaks. */
struct probe {
	FILE *out;
	struct recorder recorder;
	struct apdu_link link;
	const struct select_cmd *app; /* selected again after a broken link; NULL: none */
	bool open;
	enum error error;    /* why it cannot go on; nothing is sent then */
};

enum error probe_open(struct probe *p, const struct find *f, const struct reader_state *reader);
void probe_close(struct probe *p); /* the card loses its power, and a VERIFY with it */

/* Sends it and keeps what was answered; the last status word, 0 when none came. out:
 * NULL, or what comes is appended. ask_extended insists on extended length. */
uint16_t ask(struct probe *p, const struct apdu *c, struct buf *out);
uint16_t ask_extended(struct probe *p, const struct apdu *c, struct buf *out);
uint16_t ask_select(struct probe *p, const struct select_cmd *app, struct buf *fci);
uint16_t ask_select_file(struct probe *p, uint16_t fid);

/* "key: 6C14+9000, 20 bytes, 12 ms", about the last one asked. */
void put_answer(struct probe *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

bool sw_is_good(uint16_t sw); /* 9000, 61xx, 6282, 6283 */

/* The section of an application with ISO/IEC 7816-15 directories, and that of a family
 * whose profiles are one application without. */
void report_directories(struct probe *p, const struct profile *profile, const char *section);
void report_known_files(struct probe *p, const struct family *family);

/* "hpki-auth", "jpki": how the section of this profile's application is headed. */
const char *report_section(const struct profile *profile, char out[32]);

/* Ways of signing, with the holder's PIN; a complaint has been said when it is not E_OK. */
enum error report_signing(FILE *out, const struct find *f, struct token *t);

/* ---- card_report_text.c: what of a card's bytes may be shown */

enum shown { SHOW_CIA_INFO, SHOW_CERTIFICATES, SHOW_DIRECTORY, SHOW_FCI };

/* Hex digits; ** where a byte may tell who the holder is or which card it is: names,
 * serial numbers, key identifiers, dates, and all that is not understood. */
void put_masked(FILE *out, struct bytes in, enum shown kind);

/* Tags, lengths and OIDs of a certificate, on lines that begin with a blank. */
void put_structure(FILE *out, struct bytes der);

enum certificate_role { NO_CERTIFICATE, OWN_CERTIFICATE, CA_CERTIFICATE, ROOT_CERTIFICATE };

/* What it is by its own words; key: "RSA 2048". */
enum certificate_role certificate_role(struct bytes der, char key[32]);

#endif
