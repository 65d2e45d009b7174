/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan status: what its words share. */
#ifndef INKAN_TOOL_STATUS_VERB_H
#define INKAN_TOOL_STATUS_VERB_H

#include <jansson.h>
#include "facts.h"
#include "say.h"
#include "status/fetch_list.h"
#include "status/fetch_turn.h"
#include "status/store.h"
#include "tool.h"

#define STATUS_CERTIFICATES_MAX 16

struct status_wish {
	bool json, quiet, due, system, help;
	const char *certificates[STATUS_CERTIFICATES_MAX];
	size_t n_certificates;
	const char *bundle, *output, *reload;
	long older_than;        /* seconds */
	char **args;            /* files or URLs */
	int n_args;
};

struct status_room {
	struct crypto *crypto;
	struct trust *trust;
	struct store *store;
	char folders[2][4096];
	const char *names[2];   /* of those folders */
	size_t n;
};

enum exit_code status_list(struct status_room *room, const struct status_wish *wish);
enum exit_code status_refresh(struct status_room *room, const struct status_wish *wish);
enum exit_code status_add(struct status_room *room, const struct status_wish *wish);
enum exit_code status_import(struct status_room *room, const struct status_wish *wish);
enum exit_code status_export(struct status_room *room, const struct status_wish *wish);

enum exit_code status_list_json(struct status_room *room, const struct fetch_plan *plan);

/* Says that it failed, in words of what it was about. */
enum exit_code status_complain(enum error e);

/* Says so when there is no CA certificate to verify a list with. */
enum exit_code status_need_trust(const struct status_room *room);

/* What is remembered of a URL, of the last folder that knows it; tried is 0 without. */
void status_look(const struct status_room *room, const char *url, struct fetch_turn *turn);

/* "sarl.crl's CN, …" of an IssuingDistributionPoint; NULL without. To be freed. */
char *status_point(const struct crl *crl);

/* "users", "ca" or "all"; and a word for each defect, from 0: NULL after the last. */
const char *status_scope(const struct crl *crl);
const char *status_defect(const struct crl *crl, unsigned i);

void status_hex(const uint8_t *in, size_t n, char *out);
void status_time(time_t at, bool local, char out[FACT_TIME_SIZE]);

/* The PEM text of every list that a server needs: see status_bundle.c. */
struct bundle {
	struct buf pem;
	size_t lists;
	bool lacking;           /* what is lacking has been said */
};
enum error bundle_make(struct status_room *room, struct bundle *out);

#endif
