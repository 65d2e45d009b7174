/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.h: the context, errors, the log. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "base/i18n.h"
#include "base/log.h"
#include "lib/object.h"

#define FOLDERS_MAX 8
#define CHECK_MAX 86400
#define STRUCT_MAX 4096 /* no version will have a longer struct: a size beyond is not set */

const char *inkan_version(void)
{
	return PACKAGE_VERSION;
}

void inkan_bind_messages(void)
{
	bindtextdomain(INKAN_DOMAIN, LOCALEDIR);
	bind_textdomain_codeset(INKAN_DOMAIN, "UTF-8");
}

/* Of several rows the first has the text; NULL:
 * error_text. */
static const struct {
	enum error internal;
	enum inkan_error e;
	const char *text;
} errors[] = {
	{E_OK, INKAN_OK, NULL},
	{E_ARGUMENT, INKAN_E_ARGUMENT, NULL},
	{E_MEMORY, INKAN_E_MEMORY, NULL},
	{E_NO_SERVICE, INKAN_E_NO_SERVICE, NULL},
	{E_DENIED, INKAN_E_DENIED, NULL},
	{E_NO_READER, INKAN_E_NO_READER, NULL},
	{E_NO_CARD, INKAN_E_NO_CARD, NULL},
	{E_MUTE, INKAN_E_MUTE, NULL},
	{E_FOREIGN, INKAN_E_FOREIGN, NULL},
	{E_BUSY, INKAN_E_BUSY, NULL},
	{E_TIMEOUT, INKAN_E_CARD,
         N_("the card refused a command, took too long, or gave an answer that makes no sense")},
	{E_LINK, INKAN_E_LINK, NULL},
	{E_CHANGED, INKAN_E_LINK, NULL},
	{E_PROTOCOL, INKAN_E_CARD, NULL},
	{E_REFUSED, INKAN_E_CARD, NULL},
	{E_UNSUPPORTED, INKAN_E_CARD, NULL},
	{E_NOT_FOUND, INKAN_E_NO_CERTIFICATE, N_("the card has no certificate for this purpose")},
	{E_FORMAT, INKAN_E_FORMAT, N_("there is no certificate or list in it that can be read")},
	{E_TOO_LONG, INKAN_E_TOO_LONG, NULL},
	{E_SECURITY, INKAN_E_PIN, NULL},
	{E_SIGNATURE, INKAN_E_SIGNATURE, NULL},
	{E_IO, INKAN_E_IO, N_("the file cannot be read")},
	{E_PIN_WRONG, INKAN_E_PIN_WRONG, NULL},
	{E_PIN_LOCKED, INKAN_E_PIN_LOCKED, NULL},
	{E_PIN_LENGTH, INKAN_E_PIN_KEPT, N_("the PIN was not sent to the card")},
	{E_PIN_CHARACTERS, INKAN_E_PIN_KEPT, NULL},
	{E_PIN_REPEATED, INKAN_E_PIN_KEPT, NULL},
	{E_PIN_ELSEWHERE, INKAN_E_PIN_KEPT, NULL},
	{E_PIN_LAST_TRY, INKAN_E_PIN_KEPT, NULL},
	{E_PIN_STALE, INKAN_E_PIN_KEPT, NULL},
	{E_PIN_UNCERTAIN, INKAN_E_PIN_KEPT, NULL},
	{E_CANCELLED, INKAN_E_CANCELLED, NULL},
};

enum inkan_error inkan_error_of(enum error e)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].internal == e)
			return errors[i].e;
	return INKAN_E_INTERNAL;
}

const char *inkan_error_text(enum inkan_error e)
{
	inkan_bind_messages();
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (errors[i].e == e)
			return _(errors[i].text ? errors[i].text : error_text(errors[i].internal));
	return _(error_text(E_INTERNAL));
}

static struct {
	inkan_log_line line;
	void *arg;
} receiver;

static void pass_on(enum log_level level, const char *line)
{
	receiver.line(receiver.arg, (enum inkan_log_level)level, line);
}

void inkan_log_to(enum inkan_log_level level, inkan_log_line line, void *arg)
{
	if ((unsigned)level > INKAN_LOG_TRACE)
		level = INKAN_LOG_TRACE;
	receiver.line = line;
	receiver.arg = arg;
	log_to((enum log_level)level, line ? pass_on : NULL);
}

/* The size that the caller has set, if it can be one and all that this library does not know is zero; else 0. */
static size_t struct_size(const void *theirs, size_t known)
{
	const unsigned char *p = theirs;
	size_t size;

	memcpy(&size, theirs, sizeof size);
	if (size < sizeof size + sizeof(int) || size > STRUCT_MAX)
		return 0;
	for (size_t i = known; i < size; i++)
		if (p[i] != 0)
			return 0;
	return size < known ? size : known;
}

bool struct_take(void *ours, size_t known, const void *theirs)
{
	size_t n = struct_size(theirs, known);

	memcpy(ours, theirs, n);
	return n > 0;
}

bool struct_give(void *theirs, const void *ours, size_t known)
{
	size_t n = struct_size(theirs, known), head = sizeof(size_t);

	if (n > 0)
		memcpy((unsigned char *)theirs + head, (const unsigned char *)ours + head, n - head);
	return n > 0;
}

size_t list_count(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

enum inkan_error inkan_new(const struct inkan_options *options, struct inkan **out)
{
	struct inkan_options o = {.size = sizeof o};
	char folders[2][4096];
	const char *const usual[2] = {folders[0], folders[1]};
	struct inkan *ctx;
	enum error e;
	size_t n;

	if (out)
		*out = NULL;
	if (!out || (options && !struct_take(&o, sizeof o, options)) || list_count(o.lists) > FOLDERS_MAX ||
	    o.check_seconds < 0 || o.check_seconds > CHECK_MAX)
		return INKAN_E_ARGUMENT;
	inkan_bind_messages();
	log_start("libinkan");
	ctx = calloc(1, sizeof *ctx);
	if (!ctx)
		return INKAN_E_MEMORY;
	if ((e = crypto_new(&ctx->crypto)) != E_OK)
		goto fail;
	e = o.anchors                          ? trust_open(ctx->crypto, o.anchors, list_count(o.anchors), &ctx->trust)
	    : (n = trust_folders(folders)) > 0 ? trust_open(ctx->crypto, usual, n, &ctx->trust)
	                                       : E_IO;
	if (e != E_OK)
		goto fail;
	e = o.lists                            ? store_open(ctx->crypto, o.lists, list_count(o.lists), &ctx->store)
	    : (n = store_folders(folders)) > 0 ? store_open(ctx->crypto, usual, n, &ctx->store)
	                                       : E_IO;
	if (e != E_OK)
		goto fail;
	if (o.check_seconds > 0)
		store_check_every(ctx->store, (long)o.check_seconds);
	*out = ctx;
	return INKAN_OK;
fail:
	inkan_free(&ctx);
	return inkan_error_of(e);
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

	for (size_t i = 0; ctx && i < ctx->trust->n; i++)
		n += ctx->trust->list[i]->anchor && ctx->trust->list[i]->sound;
	return n;
}
