/* SPDX-License-Identifier: BSD-2-Clause */
#include <time.h>
#include "base/log.h"
#include "inkan-pkcs11.h"
#include "pkcs11/cert_status.h"
#include "pkcs11/module.h"

#define ASK_EVERY 10 /* seconds; the store itself looks at its files less often */

bool object_status_is_old(const struct object *o, const CK_ATTRIBUTE *template, CK_ULONG count)
{
	time_t now = time(NULL);
	bool asked = false;

	for (CK_ULONG i = 0; i < count; i++)
		asked |= template[i].type == CKA_INKAN_STATUS || template[i].type == CKA_INKAN_STATUS_NEXT_UPDATE;
	if (!asked || o->kind != OBJECT_CERTIFICATE || !o->complete)
		return false;
	return !o->status_asked || now < o->status_asked || now >= o->status_asked + ASK_EVERY;
}

/* Opened when first asked. */
static bool open_both(void)
{
	char folders[2][4096];
	const char *names[] = {folders[0], folders[1]};
	struct trust *trust = NULL;
	struct store *store = NULL;
	bool open;

	module_lock();
	open = module.trust && module.store;
	module_unlock();
	if (open)
		return true;
	if (trust_open(module.crypto, names, trust_folders(folders), &trust) != E_OK)
		log_info("the trust store cannot be read; certificate status is unknown");
	else if (store_open(module.crypto, names, store_folders(folders), &store) != E_OK)
		log_info("the store of revocation lists cannot be read; certificate status is unknown");
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

void status_ask(struct bytes der, struct status *status)
{
	struct status_rules rules = {.at = time(NULL)};
	struct status_chain whole;
	struct cert *cert = NULL;
	struct chain chain;

	*status = (struct status){.result = STATUS_UNKNOWN};
	if (der.len == 0 || !open_both() || cert_parse(module.crypto, der, &cert) != E_OK)
		return;
	chain_check(module.trust, cert, PURPOSE_ANY, rules.at, &chain);
	if (!(chain.flaws & (FLAW_NO_ISSUER | FLAW_NO_ANCHOR | FLAW_SIGNATURE | FLAW_CA))) {
		status_of_chain(module.store, module.trust, &chain, &rules, &whole);
		*status = whole.all;
	}
	cert_free(&cert);
}

void object_put_status(struct object *o, const struct status *status)
{
	struct attrs *a = &o->attrs;
	char text[16];
	struct tm tm;

	attrs_remove(a, CKA_INKAN_STATUS);
	attrs_remove(a, CKA_INKAN_STATUS_NEXT_UPDATE);
	attrs_add_ulong(a, CKA_INKAN_STATUS, (CK_ULONG)status->result);
	if (status->next_update && gmtime_r(&status->next_update, &tm) &&
	    strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm))
		attrs_add_text(a, CKA_INKAN_STATUS_NEXT_UPDATE, text);
	o->status_asked = time(NULL);
}

void status_end(void)
{
	trust_free(&module.trust);
	store_free(&module.store);
}
