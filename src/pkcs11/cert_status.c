/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <time.h>
#include "base/log.h"
#include "inkan-pkcs11.h"
#include "pkcs11/cert_status.h"
#include "pkcs11/token.h"
#include "status/status.h"

#define ASK_EVERY 10 /* seconds; the store itself looks at its files less often */

bool is_status_attribute(CK_ATTRIBUTE_TYPE type)
{
	return type == CKA_INKAN_STATUS || type == CKA_INKAN_STATUS_NEXT_UPDATE;
}

static void open_trust(struct trust **trust)
{
	char folders[2][4096];
	const char *names[] = {folders[0], folders[1]};

	if (trust_open(module.crypto, names, trust_folders(folders), trust) != E_OK)
		log_info("the trust store cannot be read; certificate status is unknown");
}

static void open_store(struct store **store)
{
	char folders[2][4096];
	const char *names[] = {folders[0], folders[1]};

	if (store_open(module.crypto, names, store_folders(folders), store) != E_OK)
		log_info("the store of revocation lists cannot be read; certificate status is unknown");
}

/* Opened when first asked, without a lock: files are read. */
static bool open_both(void)
{
	struct trust *trust = NULL;
	struct store *store = NULL;
	bool open;

	module_lock();
	open = module.trust && module.store;
	module_unlock();
	if (open)
		return true;
	open_trust(&trust);
	open_store(&store);
	module_lock();
	if (trust && store && !module.trust) {
		module.trust = trust;
		module.store = store;
		trust = NULL;
		store = NULL;
	}
	open = module.trust && module.store;
	module_unlock();
	trust_free(&trust);
	store_free(&store);
	return open;
}

/* Whose chain does not hold has no status: nobody could vouch for one. */
static void ask(const struct cert *cert, time_t now, struct status *status)
{
	struct status_rules rules = {.at = now};
	struct chain chain;

	*status = (struct status){.result = STATUS_UNKNOWN};
	if (!open_both())
		return;
	chain_check(module.trust, cert, PURPOSE_ANY, now, &chain);
	if (!(chain.flaws & (FLAW_NO_ISSUER | FLAW_NO_ANCHOR | FLAW_SIGNATURE | FLAW_CA)))
		status_of_chain(module.store, &chain, &rules, status);
}

static void put(struct attrs *a, const struct status *status)
{
	char text[16];
	struct tm tm;

	attrs_remove(a, CKA_INKAN_STATUS);
	attrs_remove(a, CKA_INKAN_STATUS_NEXT_UPDATE);
	attrs_add_ulong(a, CKA_INKAN_STATUS, (CK_ULONG)status->result);
	if (status->next_update && gmtime_r(&status->next_update, &tm) &&
	    strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm))
		attrs_add_text(a, CKA_INKAN_STATUS_NEXT_UPDATE, text);
}

void object_ask_status(struct token *token, struct object *o)
{
	const struct card_cert *file = &token->card->certs[o->index];
	struct bytes der = {file->der, file->der_len};
	struct cert *parsed = NULL;
	struct status status;
	time_t now = time(NULL);

	if (o->status_asked && now >= o->status_asked && now < o->status_asked + ASK_EVERY)
		return;
	if (file->role != CERT_OWN && cert_parse(module.crypto, der, &parsed) != E_OK)
		return;
	ask(parsed ? parsed : token->cert, now, &status);
	cert_free(&parsed);
	put(&o->attrs, &status);
	o->status_asked = now;
}

void status_end(void)
{
	trust_free(&module.trust);
	store_free(&module.store);
}
