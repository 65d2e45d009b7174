/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS#11 5.5, slot and token management. */
#include <string.h>
#include "pkcs11/attr.h"
#include "pkcs11/functions.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

/* Slots with a card first: old programs take the first one. */
static CK_ULONG list_slots(CK_BBOOL token_present, CK_SLOT_ID *list)
{
	CK_ULONG n = 0;

	for (int present = 1; present >= (token_present ? 1 : 0); present--)
		for (size_t i = 0; i < module.n_slots; i++)
			if (slot_has_token(&module.slots[i]) == present)
				list[n++] = module.slots[i].id;
	return n;
}

/* C_GetSlotList (PKCS#11 5.5). Sends no APDU, but where programs want the cards
 * told apart here (JAHIS 24-002 A.4). The set of slots grows only when the list
 * is asked for without a buffer. */
CK_RV inkan_C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID *list, CK_ULONG *count)
{
	CK_SLOT_ID all[SLOTS_MAX];
	CK_ULONG n;
	bool done;
	CK_RV rv = module_enter();

	if (rv != CKR_OK)
		return rv;
	if (!count) {
		module_leave();
		return CKR_ARGUMENTS_BAD;
	}
	slots_refresh(list == NULL);
	if (personality.conventions->sorts_cards)
		slots_sort_cards();
	module_lock();
	n = list_slots(token_present, all);
	module_unlock();
	rv = output_room(list, count, n, &done);
	if (!done && n > 0)
		memcpy(list, all, n * sizeof *list);
	module_leave();
	return rv;
}

static void describe_slot(const struct slot *slot, CK_SLOT_INFO *info)
{
	memset(info, 0, sizeof *info);
	text_pad(info->slotDescription, sizeof info->slotDescription,
	         slot->reader[0] ? slot->reader : "No card reader yet");
	text_pad(info->manufacturerID, sizeof info->manufacturerID, personality.conventions->slot_manufacturer);
	/* the one without a reader too: NSS disables for ever what is not removable and empty */
	info->flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT;
	if (slot_has_token(slot))
		info->flags |= CKF_TOKEN_PRESENT;
}

/* C_GetSlotInfo (PKCS#11 5.5). NSS polls it on its user-interface thread: it sends
 * no APDU and never waits for a card. */
CK_RV inkan_C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO *info)
{
	const struct slot *slot;
	CK_RV rv = module_enter();

	if (rv != CKR_OK)
		return rv;
	slots_refresh(false);
	module_lock();
	slot = slot_find(id);
	if (!info)
		rv = CKR_ARGUMENTS_BAD;
	else if (!slot)
		rv = CKR_SLOT_ID_INVALID;
	else
		describe_slot(slot, info);
	module_unlock();
	module_leave();
	return rv;
}

/* From what is known of this insertion, without the slot's lock. */
static bool warm_token_info(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
	const struct slot *slot;
	bool warm;

	module_lock();
	slot = slot_find(id);
	warm = slot && slot->insertion && slot->info_insertion == slot->insertion;
	if (warm)
		*info = slot->info;
	module_unlock();
	return warm;
}

static CK_RV cold_token_info(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
	struct slot *slot;
	struct token *token;
	CK_RV rv = slot_enter(id, &slot);

	if (rv != CKR_OK)
		return rv;
	rv = slot_token(slot, &token);
	if (rv == CKR_OK)
		token_info(token, info);
	slot_leave(slot);
	return rv;
}

/* C_GetTokenInfo (PKCS#11 5.5). The first call after an insertion reads the card;
 * the others send nothing and wait for nothing. */
CK_RV inkan_C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
	CK_RV rv = module_enter();

	if (rv != CKR_OK)
		return rv;
	slots_refresh(false);
	if (!info)
		rv = CKR_ARGUMENTS_BAD;
	else if (!warm_token_info(id, info))
		rv = cold_token_info(id, info);
	module_leave();
	return rv;
}

static struct slot *take_event(void)
{
	for (size_t i = 0; i < module.n_slots; i++) {
		if (module.slots[i].event) {
			module.slots[i].event = false;
			return &module.slots[i];
		}
	}
	return NULL;
}

/* One thread waits for the readers, any other for that thread. */
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
	if (personality.readers->wait(module.readers, seen, n, -1) == E_CANCELLED)
		rv = CKR_CRYPTOKI_NOT_INITIALIZED;
	module_lock();
	module.waiting = false;
	pthread_cond_broadcast(&module.changed);
	module_unlock();
	return rv;
}

static CK_RV wait_for_event(bool block, CK_SLOT_ID *id)
{
	struct reader_state seen[READER_COUNT_MAX];
	struct slot *slot;
	CK_RV rv = CKR_OK;

	while (rv == CKR_OK) {
		size_t n = READER_COUNT_MAX;
		bool counts = slots_look(false, seen, &n);

		module_lock();
		slot = take_event();
		if (slot)
			*id = slot->id;
		module_unlock();
		if (slot)
			return CKR_OK;
		if (!block)
			rv = CKR_NO_EVENT;
		else if (counts)
			rv = wait_for_readers(seen, n);
	}
	return rv;
}

/* C_WaitForSlotEvent (PKCS#11 5.5), both forms. Blocked, it holds no lock;
 * C_Finalize in another thread ends it with CKR_CRYPTOKI_NOT_INITIALIZED. */
CK_RV inkan_C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
	CK_RV rv = module_enter();

	if (rv != CKR_OK)
		return rv;
	if (!slot || reserved)
		rv = CKR_ARGUMENTS_BAD;
	else
		rv = wait_for_event(!(flags & CKF_DONT_BLOCK), slot);
	module_leave();
	return rv;
}

/* Where a key wants consent, the mechanisms that hash too can be used but are not
 * told: NSS 3.110 signs with them by C_SignUpdate and, unlike with the others,
 * never asks for the consent, so that LibreOffice could not sign. */
static bool tells_hashing(const struct token *token)
{
	return !token->card->key.user_consent;
}

static CK_RV token_mechanisms(struct token *token, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	CK_ULONG n = 0, signing;
	bool done, pss = token_offers_pss(token), hashing = tells_hashing(token);
	CK_RV rv;

	mech_list(token->card->profile, pss, hashing, NULL, &n);
	signing = n;
	digest_list(NULL, &n);
	rv = output_room(list, count, n, &done);
	if (done)
		return rv;
	mech_list(token->card->profile, pss, hashing, list, &signing);
	digest_list(list, &signing);
	return CKR_OK;
}

/* C_GetMechanismList (PKCS#11 5.5): by profile, for nothing is tried on a card
 * before somebody has logged in. */
CK_RV inkan_C_GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	struct slot *slot;
	struct token *token;
	CK_RV rv = slot_enter(id, &slot);

	if (rv != CKR_OK)
		return rv;
	rv = count ? slot_token(slot, &token) : CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = token_mechanisms(token, list, count);
	slot_leave(slot);
	return rv;
}

static CK_RV mechanism_info(const struct token *token, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	CK_ULONG bits = token->cert ? token->cert->key.bits : token->card->key.bits;

	if (digest_offered(type)) {
		*info = (CK_MECHANISM_INFO){0, 0, CKF_DIGEST};
		return CKR_OK;
	}
	if (!mech_offered(token->card->profile, token_offers_pss(token), tells_hashing(token), type))
		return CKR_MECHANISM_INVALID;
	*info = (CK_MECHANISM_INFO){bits, bits, personality.conventions->mechanism_flags};
	return CKR_OK;
}

/* C_GetMechanismInfo (PKCS#11 5.5). */
CK_RV inkan_C_GetMechanismInfo(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	struct slot *slot;
	struct token *token;
	CK_RV rv = slot_enter(id, &slot);

	if (rv != CKR_OK)
		return rv;
	rv = info ? slot_token(slot, &token) : CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = mechanism_info(token, type, info);
	slot_leave(slot);
	return rv;
}
