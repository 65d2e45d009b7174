/* SPDX-License-Identifier: BSD-2-Clause */
/* A card report as it is read, line by line, before a card is made of it. The
 * format is doc/CARD-REPORT.md. */
#ifndef INKAN_VCARD_LIKE_H
#define INKAN_VCARD_LIKE_H

#include "base/mem.h"
#include "vcard/vcard.h"

#define LIKE_FILES_MAX 48
#define LIKE_SWS_MAX 8
#define LIKE_MSE_MAX 12
#define LIKE_WAYS_MAX 24

/* What was answered: the status words of the command and of what it led to. */
struct like_answer {
	bool given;          /* the report has this line */
	bool none;           /* the link broke */
	uint16_t sw[LIKE_SWS_MAX];
	size_t n;
};

enum like_app { LIKE_HPKI_AUTH, LIKE_HPKI_SIGN, LIKE_JPKI, LIKE_APPS };

enum like_what { LIKE_DATA, LIKE_OWN, LIKE_CA, LIKE_ROOT, LIKE_KEY, LIKE_PIN };

struct like_file {
	enum like_app app;
	uint16_t fid;
	uint8_t sfi;
	enum like_what what;
	struct like_answer by_id, by_sfi, read, end;
	size_t size, padding, certificate;
	uint8_t filler;
	struct buf content;
	char label[33];      /* of JPKI's EF 0006 */
};

struct like_mse {
	bool selected;       /* after SELECT of the key's file */
	uint8_t crt[8];
	size_t len;
	struct like_answer answer;
};

/* One way of signing. */
struct like_way {
	bool pss, right, wrong;
	bool selected;       /* the key's file */
	uint8_t crt[8];
	size_t crt_len;
	uint16_t mse, sign;  /* status words; 0: not sent */
	uint8_t cla, p1, p2; /* of the signature's command */
};

struct like_part {
	struct like_answer select, again, extended, counter[2]; /* JPKI: by enum vcard_app */
	unsigned counter_number[2]; /* P2, or the PIN's file */
	struct like_mse mse[LIKE_MSE_MAX];
	size_t n_mse;
	struct like_way ways[LIKE_WAYS_MAX];
	size_t n_ways;
};

struct like {
	struct vcard_spec spec; /* first: what the caller sees */
	struct vcard_file files[LIKE_FILES_MAX + 4];
	uint8_t atr[33];
	size_t atr_len;
	struct like_answer first;
	struct like_part parts[LIKE_APPS];
	struct like_file read[LIKE_FILES_MAX];
	size_t n_read;
};

/* False with a sentence that names the line. */
bool like_parse(struct like *l, const char *path, char *why, size_t why_size);

/* Fills l->spec and l->files from the rest. */
bool like_settle(struct like *l, char *why, size_t why_size);

#endif
