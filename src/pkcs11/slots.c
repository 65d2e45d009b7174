/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.5, slot and token management. */
#include <string.h>
#include "pkcs11/attr.h"
#include "pkcs11/functions.h"
#include "pkcs11/module.h"
#include "pkcs11/token.h"

/* C_GetSlotList (PKCS#11 5.5). A token is present when the card is known to be
 * supported, which a SELECT finds out once per insertion; the call does not wait for other
 * programs. Slots with a card come first: old programs use the
 * first one. The set of slots grows only in calls without a
 * buffer. */
CK_RV inkan_C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID *list, CK_ULONG *count)
{
	CK_SLOT_ID all[SLOTS_MAX];
	CK_ULONG n = 0;
	bool done;
	struct call call;
	CK_RV rv = call_enter(&call, "C_GetSlotList");

	if (rv == CKR_OK && !count)
		rv = CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		return call_leave(&call, rv);
	slots_refresh(list == NULL);
	slots_recognize(NULL);
	call_lock_table(&call);
	for (int occupied = 1; occupied >= (token_present ? 1 : 0); occupied--)
		for (size_t i = 0; i < module.n_slots; i++)
			if (slot_is_occupied(&module.slots[i]) == occupied)
				all[n++] = module.slots[i].id;
	rv = output_room(list, count, n, &done);
	if (!done && list)
		memcpy(list, all, n * sizeof *list);
	return call_leave(&call, rv);
}

/* C_GetSlotInfo (PKCS#11 5.5): CKF_TOKEN_PRESENT by the rule of C_GetSlotList. NSS
 * polls it on its user-interface thread: it never waits for another program. */
CK_RV inkan_C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO *info)
{
	struct call call;
	CK_RV rv = slot_enter_unread(&call, "C_GetSlotInfo", id);

	if (rv == CKR_OK && !info)
		rv = CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		return call_leave(&call, rv);
	memset(info, 0, sizeof *info);
	text_pad(info->slotDescription, sizeof info->slotDescription,
	         call.slot->reader[0] ? call.slot->reader : "No card reader yet");
	text_pad(info->manufacturerID, sizeof info->manufacturerID, personality.conventions->slot_manufacturer);
	/* also without a reader: NSS disables an empty slot that is not removable for ever */
	info->flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT;
	if (slot_is_occupied(call.slot))
		info->flags |= CKF_TOKEN_PRESENT;
	return call_leave(&call, rv);
}

/* C_GetTokenInfo (PKCS#11 5.5). The first call after an insertion reads the card;
 * later ones send nothing and do not wait. */
CK_RV inkan_C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
	struct call call;
	CK_RV rv = slot_enter(&call, "C_GetTokenInfo", id);

	if (rv == CKR_OK && !info)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		*info = call.slot->info;
	return call_leave(&call, rv);
}

/* One thread waits for the readers, the others wait for that thread. */
static CK_RV wait_for_readers(const struct reader_state *seen, size_t n)
{
	bool mine;
	CK_RV rv = CKR_OK;

	module_lock();
	mine = !module.waiting;
	if (module.finalizing)
		rv = CKR_CRYPTOKI_NOT_INITIALIZED;
	else if (mine)
		module.waiting = true;
	else
		pthread_cond_wait(&module.changed, &module.lock);
	module_unlock();
	if (rv != CKR_OK || !mine)
		return rv;
	if (personality.readers->wait(module.cards.self, seen, n, -1) == E_CANCELLED)
		rv = CKR_CRYPTOKI_NOT_INITIALIZED;
	module_lock();
	module.waiting = false;
	pthread_cond_broadcast(&module.changed);
	module_unlock();
	return rv;
}

/* C_WaitForSlotEvent (PKCS#11 5.5), both forms. Blocked, it holds no lock;
 * C_Finalize in another thread ends it with CKR_CRYPTOKI_NOT_INITIALIZED. */
CK_RV inkan_C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *id, void *reserved)
{
	struct reader_state seen[READER_COUNT_MAX];
	struct slot *slot = NULL;
	struct call call;
	CK_RV rv = call_enter(&call, "C_WaitForSlotEvent");

	if (rv == CKR_OK && (!id || reserved))
		rv = CKR_ARGUMENTS_BAD;
	while (rv == CKR_OK && !slot) {
		size_t n = READER_COUNT_MAX;
		bool newer = slots_look(false, seen, &n);

		slots_finish(); /* wipes the PIN of a removed card, since this call may last for hours */
		module_lock();
		for (size_t i = 0; i < module.n_slots && !slot; i++)
			if (module.slots[i].event)
				slot = &module.slots[i];
		if (slot) {
			slot->event = false;
			*id = slot->id;
		}
		module_unlock();
		if (slot)
			break;
		if (flags & CKF_DONT_BLOCK)
			rv = CKR_NO_EVENT;
		else if (newer)
			rv = wait_for_readers(seen, n);
	}
	return call_leave(&call, rv);
}

/* By profile, since nothing is tried on a card before a login: those
 * that sign, *n_sign of them, then hashes. Where a key needs consent, the mechanisms
 * that hash too can be used but are not listed: with them NSS 3.110 signs by
 * C_SignUpdate and does not ask for the consent, so that LibreOffice could not sign. */
static CK_ULONG list_mechanisms(const struct token *token, CK_MECHANISM_TYPE list[MECHS_MAX], CK_ULONG *n_sign)
{
	const struct card *card = token->card;
	CK_ULONG n = mech_list(card->profile, token_offers_pss(token), !card->key.user_consent, list);

	*n_sign = n;
	for (size_t h = 0; h < HASH_COUNT && !personality.conventions->rsa_pkcs_only; h++)
		list[n++] = hash_names[h].mechanism;
	return n;
}

/* C_GetMechanismList (PKCS#11 5.5, 5.2). */
CK_RV inkan_C_GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	CK_MECHANISM_TYPE all[MECHS_MAX];
	CK_ULONG n, n_sign;
	bool done;
	struct call call;
	CK_RV rv = slot_enter(&call, "C_GetMechanismList", id);

	if (rv == CKR_OK && !count)
		rv = CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		return call_leave(&call, rv);
	n = list_mechanisms(call.slot->token, all, &n_sign);
	rv = output_room(list, count, n, &done);
	if (!done)
		memcpy(list, all, n * sizeof *list);
	return call_leave(&call, rv);
}

/* C_GetMechanismInfo (PKCS#11 5.5): of the mechanisms in the list. */
CK_RV inkan_C_GetMechanismInfo(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	CK_MECHANISM_TYPE all[MECHS_MAX];
	const struct token *token;
	CK_ULONG n, n_sign, bits, i = 0;
	struct call call;
	CK_RV rv = slot_enter(&call, "C_GetMechanismInfo", id);

	if (rv == CKR_OK && !info)
		rv = CKR_ARGUMENTS_BAD;
	if (rv != CKR_OK)
		return call_leave(&call, rv);
	token = call.slot->token;
	bits = token->bits ? token->bits : token->card->key.bits;
	n = list_mechanisms(token, all, &n_sign);
	while (i < n && all[i] != type)
		i++;
	if (i < n_sign)
		*info = (CK_MECHANISM_INFO){bits, bits, personality.conventions->mechanism_flags};
	else if (i < n)
		*info = (CK_MECHANISM_INFO){0, 0, CKF_DIGEST};
	else
		rv = CKR_MECHANISM_INVALID;
	return call_leave(&call, rv);
}
