/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.7, object management: searching and attributes. */
#include <stdlib.h>
#include <string.h>
#include "pkcs11/functions.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

static CK_RV find(struct session *session, const CK_ATTRIBUTE *template, CK_ULONG count)
{
	struct token *token = session->slot->token;
	struct find *f = &session->find;

	f->list = calloc(token->n_objects, sizeof *f->list);
	if (!f->list)
		return CKR_HOST_MEMORY;
	for (size_t i = 0; i < token->n_objects; i++) {
		struct object *o = &token->objects[i];

		if (object_visible(o, session->slot->logged_in) && object_matches(token, o, template, count))
			f->list[f->n++] = o->handle;
	}
	session->operation = OPERATION_FIND;
	return CKR_OK;
}

/* C_FindObjectsInit (PKCS#11 5.7): the answer is made here, so that objects that
 * come or go during a search do not shift it. */
CK_RV inkan_C_FindObjectsInit(CK_SESSION_HANDLE handle, CK_ATTRIBUTE *template, CK_ULONG count)
{
	struct session *session;
	CK_RV rv = session_enter(handle, true, &session);

	if (rv != CKR_OK)
		return rv;
	if (count > 0 && !template)
		rv = CKR_ARGUMENTS_BAD;
	else if (session->operation != OPERATION_NONE)
		rv = CKR_OPERATION_ACTIVE;
	else
		rv = find(session, template, count);
	session_leave(session);
	return rv;
}

static CK_ULONG take_found(struct find *f, CK_OBJECT_HANDLE *objects, CK_ULONG room)
{
	CK_ULONG n = 0;

	while (n < room && f->next < f->n)
		objects[n++] = f->list[f->next++];
	return n;
}

/* C_FindObjects (PKCS#11 5.7): at most `room` handles; none is the end. */
CK_RV inkan_C_FindObjects(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *count)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	if (!count || (room > 0 && !objects))
		rv = CKR_ARGUMENTS_BAD;
	else if (session->operation != OPERATION_FIND)
		rv = CKR_OPERATION_NOT_INITIALIZED;
	else
		*count = take_found(&session->find, objects, room);
	session_leave(session);
	return rv;
}

/* C_FindObjectsFinal (PKCS#11 5.7). */
CK_RV inkan_C_FindObjectsFinal(CK_SESSION_HANDLE handle)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	if (session->operation == OPERATION_FIND)
		session_end_operation(session);
	else
		rv = CKR_OPERATION_NOT_INITIALIZED;
	session_leave(session);
	return rv;
}

static bool is_secret(const struct object *o, CK_ATTRIBUTE_TYPE type)
{
	if (o->kind != OBJECT_PRIVATE_KEY)
		return false;
	return type == CKA_PRIVATE_EXPONENT || type == CKA_PRIME_1 || type == CKA_PRIME_2 ||
	       type == CKA_EXPONENT_1 || type == CKA_EXPONENT_2 || type == CKA_COEFFICIENT;
}

static CK_RV give(struct token *token, struct object *o, CK_ATTRIBUTE *out)
{
	const CK_ATTRIBUTE *have;

	if (is_secret(o, out->type)) {
		out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_ATTRIBUTE_SENSITIVE;
	}
	have = object_attr(token, o, out->type);
	if (!have) {
		out->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return CKR_ATTRIBUTE_TYPE_INVALID;
	}
	return attr_give(have, out);
}

static CK_RV get_attributes(struct session *session, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE *template,
                            CK_ULONG count)
{
	struct token *token = session->slot->token;
	struct object *o = object_find(token, handle, session->slot->logged_in);
	CK_RV rv = CKR_OK;

	if (!o)
		return CKR_OBJECT_HANDLE_INVALID;
	for (CK_ULONG i = 0; i < count; i++) {
		CK_RV one = give(token, o, &template[i]);

		if (one != CKR_OK)
			rv = one;
	}
	return rv;
}

/* C_GetAttributeValue (PKCS#11 5.7): every attribute of the template is
 * processed, whatever became of the others. */
CK_RV inkan_C_GetAttributeValue(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
                                CK_ULONG count)
{
	struct session *session;
	CK_RV rv = session_enter(handle, false, &session);

	if (rv != CKR_OK)
		return rv;
	if (!template || count == 0)
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = get_attributes(session, object, template, count);
	session_leave(session);
	return rv;
}
