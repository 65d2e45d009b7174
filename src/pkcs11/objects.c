/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.7, object management: searching and attributes. Everything is answered
 * from memory, with only the table lock, except for a CA certificate that
 * has not been read yet. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/log.h"
#include "inkan-pkcs11.h"
#include "pkcs11/ckr.h"
#include "pkcs11/functions.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"
#include "status/status.h"

#define ASK_EVERY 10 /* seconds; the store itself looks at its files less often */

/* Reads one CA certificate from the card; *e is the card's error. The call has the table lock
 * before and, unless a session is not found, after it. */
static CK_RV read_certificate(struct call *call, CK_SESSION_HANDLE handle, size_t i, enum error *e)
{
	struct cert *cert = NULL;
	struct token *token;
	struct object *o;
	CK_RV rv;

	call_unlock(call);
	rv = session_lock(call, handle);
	if (rv != CKR_OK)
		return rv;
	token = call->slot->token;
	o = &token->objects[i];
	*e = card_read_cert(token->card, o->index);
	if (*e == E_OK) {
		const struct card_cert *file = &token->card->certs[o->index];

		*e = cert_parse(module.crypto, (struct bytes){file->der, file->der_len}, &cert);
	}
	module_lock();
	if (*e == E_OK)
		object_complete_ca(token, o, cert);
	else if (*e == E_NOT_FOUND || *e == E_FORMAT)
		o->gone = true;
	module_unlock();
	cert_free(&cert);
	call_unlock(call);
	return session_find(call, handle);
}

/* ---- CKA_INKAN_STATUS and CKA_INKAN_STATUS_NEXT_UPDATE: what the local store of
 * revocation lists says, with issuers from the trust store. No network, no APDU. */

/* With the table lock held: the template asks for one of the two, and they are not recent. */
static bool status_is_old(const struct object *o, const CK_ATTRIBUTE *template, CK_ULONG count)
{
	time_t now = time(NULL);
	bool asked = false;

	for (CK_ULONG i = 0; i < count; i++)
		asked |= template[i].type == CKA_INKAN_STATUS || template[i].type == CKA_INKAN_STATUS_NEXT_UPDATE;
	if (!asked || o->kind != OBJECT_CERTIFICATE || !o->complete)
		return false;
	return !o->status_asked || now < o->status_asked || now >= o->status_asked + ASK_EVERY;
}

/* Opens both stores at the first use. */
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

/* With no lock held: files are read. The status is unknown when the chain is not valid, and
 * for a certificate behind a PIN (der.len 0). */
static void status_ask(struct bytes der, struct status *status)
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

/* At C_Finalize. */
void status_end(void)
{
	trust_free(&module.trust);
	store_free(&module.store);
}

/* Asks the stores about one certificate, with no lock held meanwhile. */
static CK_RV read_status(struct call *call, CK_SESSION_HANDLE handle, const struct object *o)
{
	const CK_ATTRIBUTE *value = attrs_find(&o->attrs, CKA_VALUE);
	CK_OBJECT_HANDLE object = o->handle;
	struct buf der = {0};
	struct status status;
	struct object *again;
	struct tm tm;
	char text[16];
	CK_RV rv;

	if (!o->private && value && buf_append(&der, value->pValue, value->ulValueLen) != E_OK)
		return CKR_HOST_MEMORY;
	call_unlock(call);
	status_ask((struct bytes){der.data, der.len}, &status);
	buf_wipe(&der);
	rv = session_find(call, handle);
	if (rv != CKR_OK)
		return rv;
	again = object_find(call->session->slot->token, object, call->session->slot->logged_in);
	if (!again || !again->complete)
		return CKR_OK;
	attrs_remove(&again->attrs, CKA_INKAN_STATUS);
	attrs_remove(&again->attrs, CKA_INKAN_STATUS_NEXT_UPDATE);
	attrs_add_ulong(&again->attrs, CKA_INKAN_STATUS, (CK_ULONG)status.result);
	if (status.next_update && gmtime_r(&status.next_update, &tm) &&
	    strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm))
		attrs_add_text(&again->attrs, CKA_INKAN_STATUS_NEXT_UPDATE, text);
	again->status_asked = time(NULL);
	return CKR_OK;
}

/* Reads what the template asks for and memory lacks, of one object or, for a search
 * (CK_INVALID_HANDLE), of all that may match. *e: why a certificate could not be
 * read. */
static CK_RV complete(struct call *call, CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE only, const CK_ATTRIBUTE *template,
                      CK_ULONG count, enum error *e)
{
	bool search = only == CK_INVALID_HANDLE;
	CK_RV rv = CKR_OK;

	*e = E_OK;
	for (size_t i = 0; rv == CKR_OK && i < call->session->slot->token->n_objects; i++) {
		const struct slot *slot = call->session->slot;
		const struct object *o = &slot->token->objects[i];

		if ((!search && o->handle != only) || !object_visible(o, slot->logged_in))
			continue;
		if (object_is_unread(o, template, count, search))
			rv = read_certificate(call, handle, i, e);
		if (rv != CKR_OK)
			return rv;
		o = &call->session->slot->token->objects[i];
		if (status_is_old(o, template, count))
			rv = read_status(call, handle, o);
	}
	return rv;
}

/* C_FindObjectsInit (PKCS#11 5.7): the result is made here, so that objects that
 * appear or disappear during a search do not change it. */
CK_RV inkan_C_FindObjectsInit(CK_SESSION_HANDLE handle, CK_ATTRIBUTE *template, CK_ULONG count)
{
	const struct token *token;
	struct session *s;
	struct find f = {0};
	struct call call;
	enum error e;
	CK_RV rv = session_enter(&call, "C_FindObjectsInit", handle);

	if (rv == CKR_OK && count > 0 && !template)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK && call.session->operation != OPERATION_NONE)
		rv = CKR_OPERATION_ACTIVE;
	if (rv == CKR_OK)
		rv = complete(&call, handle, CK_INVALID_HANDLE, template, count, &e);
	if (rv == CKR_OK && call.session->operation != OPERATION_NONE)
		rv = CKR_OPERATION_ACTIVE; /* begun by another thread meanwhile */
	if (rv != CKR_OK)
		return call_leave(&call, rv);
	s = call.session;
	token = s->slot->token;
	f.list = calloc(token->n_objects, sizeof *f.list);
	if (!f.list)
		return call_leave(&call, CKR_HOST_MEMORY);
	for (size_t i = 0; i < token->n_objects; i++) {
		const struct object *o = &token->objects[i];

		if (object_visible(o, s->slot->logged_in) && object_matches(o, template, count))
			f.list[f.n++] = o->handle;
	}
	s->find = f;
	s->operation = OPERATION_FIND;
	return call_leave(&call, rv);
}

/* C_FindObjects (PKCS#11 5.7): at most `room` handles; none is the end. */
CK_RV inkan_C_FindObjects(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *count)
{
	struct find *f;
	struct call call;
	CK_ULONG n = 0;
	CK_RV rv = session_enter(&call, "C_FindObjects", handle);

	if (rv == CKR_OK && (!count || (room > 0 && !objects)))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK && call.session->operation != OPERATION_FIND)
		rv = CKR_OPERATION_NOT_INITIALIZED;
	if (rv != CKR_OK)
		return call_leave(&call, rv);
	f = &call.session->find;
	while (n < room && f->next < f->n)
		objects[n++] = f->list[f->next++];
	*count = n;
	return call_leave(&call, rv);
}

/* C_FindObjectsFinal (PKCS#11 5.7). */
CK_RV inkan_C_FindObjectsFinal(CK_SESSION_HANDLE handle)
{
	struct call call;
	CK_RV rv = session_enter(&call, "C_FindObjectsFinal", handle);

	if (rv == CKR_OK && call.session->operation != OPERATION_FIND)
		rv = CKR_OPERATION_NOT_INITIALIZED;
	if (rv == CKR_OK) {
		free(call.session->find.list);
		call.session->find = (struct find){0};
		call.session->operation = OPERATION_NONE;
	}
	return call_leave(&call, rv);
}

/* Answers for an attribute that the object does not have. */
static CK_RV missing(const struct object *o, CK_ATTRIBUTE *out)
{
	out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
	switch (out->type) {
	case CKA_PRIVATE_EXPONENT:
	case CKA_PRIME_1:
	case CKA_PRIME_2:
	case CKA_EXPONENT_1:
	case CKA_EXPONENT_2:
	case CKA_COEFFICIENT:
		return o->kind == OBJECT_PRIVATE_KEY ? CKR_ATTRIBUTE_SENSITIVE : CKR_ATTRIBUTE_TYPE_INVALID;
	default: return CKR_ATTRIBUTE_TYPE_INVALID;
	}
}

/* C_GetAttributeValue (PKCS#11 5.7): every attribute of the template is
 * processed, also after an error with another. */
CK_RV inkan_C_GetAttributeValue(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                                CK_ULONG count)
{
	const struct object *o = NULL;
	const struct slot *slot;
	struct call call;
	enum error e = E_OK;
	CK_RV rv = session_enter(&call, "C_GetAttributeValue", handle);

	if (rv == CKR_OK && (!template || count == 0))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK && object == CK_INVALID_HANDLE)
		rv = CKR_OBJECT_HANDLE_INVALID;
	if (rv == CKR_OK)
		rv = complete(&call, handle, object, template, count, &e);
	if (rv != CKR_OK)
		return call_leave(&call, rv);
	slot = call.session->slot;
	o = object_find(slot->token, object, slot->logged_in);
	if (!o)
		return call_leave(&call, CKR_OBJECT_HANDLE_INVALID);
	for (CK_ULONG i = 0; i < count; i++) {
		const CK_ATTRIBUTE *have = attrs_find(&o->attrs, template[i].type);
		CK_RV one = have ? attr_give(have, &template[i]) : missing(o, &template[i]);

		if (one != CKR_OK)
			rv = one;
	}
	return call_leave(&call, e == E_OK ? rv : ckr_of_session(e));
}

/* C_GetObjectSize (PKCS#11 5.7), which does not define an object's size: here the
 * sum of its attributes' lengths; CK_UNAVAILABLE_INFORMATION for a certificate that
 * has not been read. */
CK_RV inkan_C_GetObjectSize(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
	const struct object *o = NULL;
	struct call call;
	CK_RV rv = session_enter(&call, "C_GetObjectSize", handle);

	if (rv == CKR_OK && !size)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		o = object_find(call.session->slot->token, object, call.session->slot->logged_in);
	if (rv == CKR_OK && !o)
		rv = CKR_OBJECT_HANDLE_INVALID;
	if (rv != CKR_OK)
		return call_leave(&call, rv);
	*size = o->kind == OBJECT_CERTIFICATE && !o->complete ? CK_UNAVAILABLE_INFORMATION : 0;
	for (size_t i = 0; i < o->attrs.n && *size != CK_UNAVAILABLE_INFORMATION; i++)
		*size += o->attrs.list[i].ulValueLen;
	return call_leave(&call, rv);
}
