/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.h: the context and the decision. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "base/i18n.h"
#include "base/log.h"
#include "lib/object.h"

#define FOLDERS_MAX 8

const char *inkan_version(void)
{
	return PACKAGE_VERSION;
}

enum inkan_error inkan_error_of(enum error e)
{
	switch (e) {
	case E_OK:
		return INKAN_OK;
	case E_ARGUMENT:
		return INKAN_E_ARGUMENT;
	case E_MEMORY:
		return INKAN_E_MEMORY;
	case E_FORMAT:
	case E_TOO_LONG:
		return INKAN_E_FORMAT;
	case E_IO:
		return INKAN_E_IO;
	case E_NO_SERVICE:
	case E_NO_READER:
	case E_NO_CARD:
	case E_FOREIGN:
	case E_NOT_FOUND:
		return INKAN_E_NO_CARD;
	case E_SECURITY:
		return INKAN_E_PIN;
	case E_INTERNAL:
		return INKAN_E_INTERNAL;
	default:
		return INKAN_E_CARD;
	}
}

const char *inkan_error_text(enum inkan_error e)
{
	switch (e) {
	case INKAN_OK:
		return _("no error");
	case INKAN_E_ARGUMENT:
		return _("an argument is not valid");
	case INKAN_E_MEMORY:
		return _("out of memory");
	case INKAN_E_FORMAT:
		return _("no certificate, or a malformed one");
	case INKAN_E_IO:
		return _("the file could not be read");
	case INKAN_E_NO_CARD:
		return _("there is no card that Inkan knows in a reader");
	case INKAN_E_PIN:
		return _("the card shows this certificate after its PIN only");
	case INKAN_E_CARD:
		return _("the card, or the connection to it, failed");
	case INKAN_E_INTERNAL:
		break;
	}
	return _("an internal error occurred");
}

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static enum error open_trust(struct inkan *ctx, const struct inkan_options *options)
{
	char folders[2][4096];
	const char *list[2] = {folders[0], folders[1]};

	if (options->anchors)
		return trust_open(ctx->crypto, options->anchors, count(options->anchors), &ctx->trust);
	return trust_open(ctx->crypto, list, trust_folders(folders), &ctx->trust);
}

static enum error open_store(struct inkan *ctx, const struct inkan_options *options)
{
	char folders[2][4096];
	const char *list[2] = {folders[0], folders[1]};

	if (options->lists)
		return store_open(ctx->crypto, options->lists, count(options->lists), &ctx->store);
	return store_open(ctx->crypto, list, store_folders(folders), &ctx->store);
}

enum inkan_error inkan_new(const struct inkan_options *options, struct inkan **out)
{
	struct inkan_options o = {.size = sizeof o};
	struct inkan *ctx;
	enum error e;

	if (out)
		*out = NULL;
	if (!out || (options && (options->size < sizeof o || count(options->lists) > FOLDERS_MAX)))
		return INKAN_E_ARGUMENT;
	if (options)
		o = *options;
	log_start("libinkan");
	ctx = calloc(1, sizeof *ctx);
	if (!ctx)
		return INKAN_E_MEMORY;
	if ((e = crypto_new(&ctx->crypto)) != E_OK || (e = open_trust(ctx, &o)) != E_OK ||
	    (e = open_store(ctx, &o)) != E_OK) {
		inkan_free(&ctx);
		return inkan_error_of(e);
	}
	*out = ctx;
	return INKAN_OK;
}

void inkan_free(struct inkan **ctx)
{
	if (!ctx || !*ctx)
		return;
	store_free(&(*ctx)->store);
	trust_free(&(*ctx)->trust);
	crypto_free(&(*ctx)->crypto);
	free(*ctx);
	*ctx = NULL;
}

size_t inkan_anchor_count(const struct inkan *ctx)
{
	size_t n = 0;

	for (size_t i = 0; i < ctx->trust->n; i++)
		n += ctx->trust->list[i]->anchor && ctx->trust->list[i]->sound;
	return n;
}

/* False: a value that is none. */
static bool read_rules(const struct inkan_rules *rules, struct rules *q)
{
	*q = (struct rules){.purpose = PURPOSE_ANY};
	if (!rules)
		return true;
	if (rules->size < sizeof *rules || (unsigned)rules->purpose > INKAN_PURPOSE_SIGN ||
	    (unsigned)rules->status > INKAN_STATUS_IGNORE || rules->at < 0 || rules->grace < 0)
		return false;
	q->purpose = (enum purpose)rules->purpose;
	q->need = (enum status_need)rules->status;
	q->at = (time_t)rules->at;
	q->grace = (long)rules->grace;
	q->roles = rules->roles;
	q->n_roles = count(rules->roles);
	return !rules->roles || q->n_roles > 0;
}

enum inkan_error inkan_decide(struct inkan *ctx, const struct inkan_cert *cert, const struct inkan_rules *rules,
                              struct inkan_decision **out)
{
	struct rules q;

	if (out)
		*out = NULL;
	if (!ctx || !cert || !out || !read_rules(rules, &q))
		return INKAN_E_ARGUMENT;
	*out = malloc(sizeof **out);
	if (!*out)
		return INKAN_E_MEMORY;
	decide(cert->trust ? cert->trust : ctx->trust, ctx->store, cert->cert, &q, &(*out)->d);
	return INKAN_OK;
}

void inkan_decision_free(struct inkan_decision **decision)
{
	if (!decision)
		return;
	free(*decision);
	*decision = NULL;
}

enum inkan_verdict inkan_decision_verdict(const struct inkan_decision *decision)
{
	return (enum inkan_verdict)decision->d.verdict;
}

const char *inkan_decision_reason(const struct inkan_decision *decision, size_t i)
{
	unsigned reason = i < 32 ? reason_next(decision->d.reasons, (unsigned)i) : 0;

	return reason ? reason_word(reason) : NULL;
}

const char *inkan_decision_reason_text(const struct inkan_decision *decision, size_t i)
{
	unsigned reason = i < 32 ? reason_next(decision->d.reasons, (unsigned)i) : 0;

	return reason ? _(reason_text(reason)) : NULL;
}

const unsigned char *inkan_decision_chain(const struct inkan_decision *decision, size_t i, size_t *n)
{
	const struct chain *chain = &decision->d.chain;

	if (i >= chain->n)
		return NULL;
	*n = chain->cas[i]->cert->der.len;
	return chain->cas[i]->cert->der.data;
}

enum inkan_error inkan_decision_status(const struct inkan_decision *decision, struct inkan_status_info *out)
{
	const struct status *s = &decision->d.status;
	bool unknown = s->result == STATUS_UNKNOWN;

	if (!out || out->size < sizeof *out)
		return INKAN_E_ARGUMENT;
	*out = (struct inkan_status_info){
		.size = out->size,
		.result = (enum inkan_status)s->result,
		.freshness = (enum inkan_freshness)s->freshness,
		.reason = s->reason,
		.revoked = s->revoked,
		.this_update = s->this_update,
		.next_update = s->next_update,
		.crl_number = s->crl_number,
		.source = s->source,
		.why = unknown && decision->d.asked ? _(status_why_text(s->why)) : "",
	};
	return INKAN_OK;
}
