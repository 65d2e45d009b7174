/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests, and what is decided about them by libinkan and a rule of authd.conf. */
#ifndef INKAN_AUTHD_DECISION_H
#define INKAN_AUTHD_DECISION_H

#include "authd/answer.h"
#include "authd/conf.h"

#define REMEMBER_SECONDS 10 /* with the lists' CHECK_SECONDS less than the minute within which a list revokes */
#define CHECK_SECONDS 30
#define ID_MAX 64

/* What a reload replaces as a whole: settings, CA certificates, lists, remembered decisions. Counted: a request keeps
 * the one that it began with. */
struct generation;

struct generation *generation_new(const char *conf_path); /* NULL: told */
const struct conf *generation_conf(const struct generation *generation);
size_t generation_anchors(const struct generation *generation);
void generation_free(struct generation **generation); /* gives a reference back */

/* Makes it the one that requests get, and takes it over. */
void generation_install(struct generation *generation);
struct generation *generation_get(void);

/* A request as it came; texts are the caller's, NULL where there is none. */
struct request {
	const char *rule;
	const char *cert, *chain;
	const struct inkan_web_eid *token; /* in their place */
	enum form form;
	const char *refusal; /* the word of a reason: it is wrong by itself */
	const char *address, *uri;
	char id[ID_MAX + 1];
};

/* The id that a proxy has given, where it can stand in headers and pages, else a random one. */
void request_name(struct request *request, const char *id);

/* Constant once it is made, and counted: many requests share one. It is one piece of memory: where many come and go at
 * random in small pieces, the heap grows for hours. */
struct outcome {
	const struct reason *reason; /* the first */
	const char *field[FIELDS];   /* NULL: empty */
	const char *log;             /* members of the log's JSON object */
	/* the rest is decision.c's */
	size_t size;
	int refs;
	int64_t made, until;
	char text[];
};

/* Decides, counts and logs. NULL: no memory; nothing may be admitted then. */
struct outcome *request_decide(struct generation *generation, const struct request *request);
void outcome_free(struct outcome **outcome);

#endif
