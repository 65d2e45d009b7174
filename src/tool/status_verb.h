/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan status: what its commands share. */
#ifndef INKAN_TOOL_STATUS_VERB_H
#define INKAN_TOOL_STATUS_VERB_H

#include "base/conf.h"
#include "lib/names.h"
#include "say.h"
#include "status/fetch.h"
#include "tool.h"

#define STATUS_CERTIFICATES_MAX 16

struct status_run {
	/* what was asked for */
	bool json, quiet, due, system, help;
	const char *certificates[STATUS_CERTIFICATES_MAX];
	size_t n_certificates;
	const char *bundle, *output, *reload;
	time_t older_than; /* seconds */
	char **args;       /* files or URLs */
	int n_args;
	/* where */
	struct conf conf;
	struct crypto *crypto;
	struct trust *trust;
	struct store *store;
	char folders[2][4096];
	const char *names[2]; /* of those folders */
	size_t n;
};

enum exit_code status_list(struct status_run *run);
enum exit_code status_refresh(struct status_run *run);
enum exit_code status_add(struct status_run *run);
enum exit_code status_import(struct status_run *run);
enum exit_code status_export(struct status_run *run);

/* Says what failed: with the folder and the system's own words when a list could not be written. */
enum exit_code status_complain(const struct status_run *run, enum error e);

/* Says so when there is no CA certificate to verify a list with. */
enum exit_code status_need_trust(const struct status_run *run);

/* The name of an IssuingDistributionPoint, on one line; NULL without. To be freed. */
char *status_point(const struct crl *crl);

const char *status_scope(const struct crl *crl); /* "users", "ca" or "all" */

/* For people in local time, else RFC 3339. */
void status_time(time_t at, bool local, char out[LOCAL_TIME_SIZE]);

#endif
