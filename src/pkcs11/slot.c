/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "base/log.h"
#include "pkcs11/ckr.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"
#include "pkcs11/token.h"

#define LOOK_MS 2000 /* how long a call waits while another one examines a card */

struct slot *slot_find(CK_SLOT_ID id)
{
	return id < module.n_slots ? &module.slots[id] : NULL;
}

bool slot_is_occupied(const struct slot *slot)
{
	return slot->insertion != 0 && slot->settled == slot->insertion && slot->profile;
}

void slot_end_login(struct slot *slot)
{
	slot->logged_in = false;
	slot->unfinished = true;
}

static void slot_add(void)
{
	struct slot *slot = &module.slots[module.n_slots];

	if (module.n_slots == SLOTS_MAX)
		return;
	pthread_mutex_init(&slot->lock, NULL);
	slot->id = module.n_slots++;
}

static const struct reader_state *find_state(const struct reader_state *states, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(states[i].name, name) == 0)
			return &states[i];
	return NULL;
}

static struct slot *slot_of_reader(const char *name)
{
	for (size_t i = 0; i < module.n_slots; i++)
		if (strcmp(module.slots[i].reader, name) == 0)
			return &module.slots[i];
	return NULL;
}

/* One that never had a reader, else one whose reader is gone. */
static struct slot *free_slot(const struct reader_state *states, size_t n)
{
	struct slot *empty = slot_of_reader("");

	for (size_t i = 0; !empty && i < module.n_slots; i++)
		if (!find_state(states, n, module.slots[i].reader))
			empty = &module.slots[i];
	return empty;
}

/* The previous card is gone, with its token, its sessions and its login, whichever card
 * is inserted now: nothing of it must be returned again. */
static void change_card(struct slot *slot, uint32_t insertion)
{
	slot->insertion = insertion;
	slot->settled = 0;
	slot->profile = NULL;
	slot->event = true;
	if (slot->token)
		slot->token->gone = true;
	for (struct session *s = module.sessions; s; s = s->next)
		s->removed |= s->slot == slot;
	slot_end_login(slot);
	pthread_cond_broadcast(&module.changed);
}

static void place_readers(const struct reader_state *states, size_t n, bool grow)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = states[i].name;
		struct slot *slot;

		if (slot_of_reader(name) || !conf_shows_reader(&module.conf, name))
			continue;
		if (grow && !free_slot(states, n))
			slot_add();
		slot = free_slot(states, n);
		if (!slot)
			continue;
		if (slot->insertion)
			change_card(slot, 0); /* insertions are counted per reader */
		memcpy(slot->reader, name, strlen(name) + 1);
	}
	if (grow && personality.conventions->spare_slot && !slot_of_reader(""))
		slot_add();
}

static void note_cards(const struct reader_state *states, size_t n)
{
	for (size_t i = 0; i < module.n_slots; i++) {
		struct slot *slot = &module.slots[i];
		const struct reader_state *state = find_state(states, n, slot->reader);
		uint32_t now = state && state->present ? state->insertion : 0;

		if (slot->insertion != now)
			change_card(slot, now);
		if (now && state->mute)
			slot->settled = now;
	}
}

/* Threads may list the readers at the same time; a list that was begun before the last one
 * used is discarded. */
bool slots_look(bool grow, struct reader_state *states, size_t *n)
{
	unsigned long look;
	enum error e;
	bool newer;

	module_lock();
	look = ++module.looks;
	module_unlock();
	e = personality.readers->list(module.cards.self, states, n);
	if (e != E_OK) {
		log_info("SCardListReaders: %s", error_text(e));
		*n = 0;
	}
	module_lock();
	newer = look > module.merged;
	if (newer) {
		module.merged = look;
		place_readers(states, *n, grow);
		note_cards(states, *n);
	}
	module_unlock();
	return newer;
}

void slots_refresh(bool grow)
{
	struct reader_state states[READER_COUNT_MAX];
	size_t n = READER_COUNT_MAX;

	slots_look(grow, states, &n);
}

void slots_start(void)
{
	slots_refresh(true);
	module_lock();
	for (size_t i = 0; i < module.n_slots; i++)
		module.slots[i].event = false;
	module_unlock();
}

static struct slot *find_unsettled(const struct slot *only, const bool *tried)
{
	for (size_t i = 0; i < module.n_slots; i++) {
		struct slot *slot = &module.slots[i];

		if (!tried[i] && (!only || slot == only) && slot->insertion && slot->settled != slot->insertion)
			return slot;
	}
	return NULL;
}

static bool is_none_of_ours(enum error e)
{
	return e == E_FOREIGN || e == E_MUTE || e == E_NOT_FOUND || e == E_UNSUPPORTED;
}

/* With the table lock held: records the profile of an insertion, if it is still current. */
static void settle(struct slot *slot, const char *reader, uint32_t insertion, const struct profile *profile)
{
	if (slot->insertion != insertion || strcmp(slot->reader, reader) != 0)
		return;
	slot->settled = insertion;
	slot->profile = profile;
}

/* One thread examines cards at a time; others wait for its result, so that no two calls
 * answer differently. */
void slots_recognize(const struct slot *only)
{
	struct timespec until = module_time(LOOK_MS);
	bool tried[SLOTS_MAX] = {false};
	struct slot *slot;

	module_lock();
	while (module.looking && !module.finalizing && find_unsettled(only, tried) && module_wait(&until))
		;
	while (!module.looking && (slot = find_unsettled(only, tried))) {
		const struct profile *profile = NULL;
		char reader[READER_NAME_MAX];
		uint32_t insertion = slot->insertion;
		enum error e;

		tried[slot->id] = true;
		memcpy(reader, slot->reader, sizeof reader);
		module.looking = true;
		module_unlock();
		e = card_look(&module.cards, reader, module.shown, &insertion, &profile);
		log_info("slot %lu: %s", slot->id, e == E_OK ? profile->name : error_text(e));
		module_lock();
		module.looking = false;
		pthread_cond_broadcast(&module.changed);
		if (e == E_OK || is_none_of_ours(e))
			settle(slot, reader, insertion, e == E_OK ? profile : NULL);
	}
	module_unlock();
}

/* With the slot's lock held: frees closed sessions and the token of a removed card,
 * and wipes what an ended login has left. */
static void finish(struct slot *slot)
{
	struct session *closed;
	struct token *gone = NULL;
	bool wipe;

	module_lock();
	closed = slot->closed;
	slot->closed = NULL;
	if (slot->token && slot->token->gone) {
		gone = slot->token;
		slot->before = gone->objects[0].handle;
		slot->n_before = gone->n_objects;
		slot->token = NULL;
	}
	wipe = slot->unfinished && !slot->logged_in;
	if (wipe)
		sessions_wipe_consent(slot);
	slot->unfinished = false;
	module_unlock();
	sessions_free_list(closed);
	token_free(&gone);
	if (wipe && slot->token)
		token_logout(slot->token);
}

void slot_lock(struct slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	finish(slot);
}

/* A call without the lock may set `unfinished` until the lock is released. */
void slot_unlock(struct slot *slot)
{
	do {
		finish(slot);
		pthread_mutex_unlock(&slot->lock);
	} while (slot->unfinished && pthread_mutex_trylock(&slot->lock) == 0);
}

void slots_finish(void)
{
	for (size_t i = 0; i < SLOTS_MAX; i++)
		if (module.slots[i].unfinished && pthread_mutex_trylock(&module.slots[i].lock) == 0)
			slot_unlock(&module.slots[i]);
}

void slots_logout(void)
{
	module_lock();
	for (size_t i = 0; i < module.n_slots; i++)
		slot_end_login(&module.slots[i]);
	module_unlock();
	slots_finish();
}

/* Clears all but the slot's number and its reader's name. */
static void forget_card(struct slot *slot)
{
	slot->token = NULL;
	slot->closed = NULL;
	slot->insertion = slot->settled = 0;
	slot->logged_in = slot->unfinished = slot->event = false;
}

void slots_end(void)
{
	for (size_t i = 0; i < module.n_slots; i++) {
		sessions_free_list(module.slots[i].closed);
		token_free(&module.slots[i].token);
		forget_card(&module.slots[i]);
	}
}

void slots_forget(void)
{
	for (size_t i = 0; i < module.n_slots; i++) {
		pthread_mutex_init(&module.slots[i].lock, NULL);
		forget_card(&module.slots[i]);
	}
}

/* With the table lock held. */
static CK_RV presence(const struct slot *slot)
{
	if (slot->insertion == 0)
		return CKR_TOKEN_NOT_PRESENT;
	return slot->settled == slot->insertion && !slot->profile ? CKR_TOKEN_NOT_RECOGNIZED : CKR_OK;
}

static bool has_token(const struct slot *slot)
{
	return slot->token && !slot->token->gone;
}

/* Reads the token from the card, whose profile is not known when another program held the
 * card. If the card was exchanged meanwhile, the slot has no token. */
static CK_RV read_token(struct slot *slot)
{
	char reader[READER_NAME_MAX];
	struct token *token = NULL;
	const struct profile *known;
	uint32_t insertion;
	enum error e = E_OK;
	bool there;
	CK_RV rv;

	slot_lock(slot);
	module_lock();
	rv = presence(slot);
	there = has_token(slot);
	memcpy(reader, slot->reader, sizeof reader);
	insertion = slot->insertion;
	known = slot->profile;
	module_unlock();
	if (rv == CKR_OK && !there) {
		e = token_load(reader, known ? (struct profile_set){&known, 1} : module.shown, &token);
		slots_refresh(false);
		module_lock();
		if (e == E_OK && !slot->token && token->card->insertion == slot->insertion &&
		    strcmp(slot->reader, reader) == 0) {
			settle(slot, reader, slot->insertion, token->card->profile);
			token_info(token, &slot->info);
			slot->token = token;
			token = NULL;
		} else if (is_none_of_ours(e)) {
			settle(slot, reader, insertion, NULL);
		}
		module_unlock();
		if (e != E_OK)
			log_info("slot %lu: %s", slot->id, error_text(e));
		rv = is_none_of_ours(e) ? CKR_TOKEN_NOT_RECOGNIZED : ckr_of_card(e);
	}
	token_free(&token);
	slot_unlock(slot);
	return rv;
}

CK_RV slot_enter_unread(struct call *call, const char *name, CK_SLOT_ID id)
{
	CK_RV rv = call_enter(call, name);

	if (rv != CKR_OK)
		return rv;
	slots_refresh(false);
	module_lock();
	call->slot = slot_find(id);
	module_unlock();
	if (!call->slot)
		return CKR_SLOT_ID_INVALID;
	slots_recognize(call->slot);
	call_lock_table(call);
	return CKR_OK;
}

CK_RV slot_enter(struct call *call, const char *name, CK_SLOT_ID id)
{
	CK_RV rv = slot_enter_unread(call, name, id);

	if (rv != CKR_OK)
		return rv;
	rv = presence(call->slot);
	if (rv != CKR_OK || has_token(call->slot))
		return rv;
	call_unlock(call);
	rv = read_token(call->slot);
	call_lock_table(call);
	if (rv == CKR_OK && !has_token(call->slot))
		rv = CKR_TOKEN_NOT_PRESENT;
	return rv;
}
