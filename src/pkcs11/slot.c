/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "base/log.h"
#include "pkcs11/ckr.h"
#include "pkcs11/module.h"
#include "pkcs11/session.h"
#include "pkcs11/slot.h"
#include "pkcs11/token.h"

struct slot *slot_find(CK_SLOT_ID id)
{
	for (size_t i = 0; i < module.n_slots; i++)
		if (module.slots[i].id == id)
			return &module.slots[i];
	return NULL;
}

bool slot_has_token(const struct slot *slot)
{
	return slot->insertion != 0 && slot->strange != slot->insertion;
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

/* Insertions are counted per reader: what the slot knew was of another one. */
static void take_reader(struct slot *slot, const char *name)
{
	memcpy(slot->reader, name, strlen(name) + 1);
	slot->insertion = slot->strange = slot->info_insertion = 0;
}

static void place_readers(const struct reader_state *states, size_t n, bool grow)
{
	for (size_t i = 0; i < n; i++) {
		struct slot *slot;

		if (slot_of_reader(states[i].name) || !conf_shows_reader(&module.conf, states[i].name))
			continue;
		if (grow && !free_slot(states, n))
			slot_add();
		slot = free_slot(states, n);
		if (slot)
			take_reader(slot, states[i].name);
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

		if (slot->insertion == now)
			continue;
		slot->insertion = now;
		slot->event = true;
		pthread_cond_broadcast(&module.changed);
	}
}

/* Looks overlap when threads do; one that began earlier than what is already
 * merged is thrown away. */
static bool merge(unsigned long look, const struct reader_state *states, size_t n, bool grow)
{
	bool counts;

	module_lock();
	counts = look > module.merged;
	if (counts) {
		module.merged = look;
		place_readers(states, n, grow);
		note_cards(states, n);
	}
	module_unlock();
	return counts;
}

static unsigned long look_at_readers(struct reader_state *states, size_t *n)
{
	unsigned long look;
	enum error e;

	module_lock();
	look = ++module.looks;
	module_unlock();
	e = personality.readers->list(module.readers, states, n);
	if (e != E_OK) {
		log_info("readers: %s", error_text(e));
		*n = 0;
	}
	return look;
}

static size_t find_gone(struct slot **gone)
{
	size_t n = 0;

	module_lock();
	for (size_t i = 0; i < module.n_slots; i++)
		if (module.slots[i].logged_in && module.slots[i].info_insertion != module.slots[i].insertion)
			gone[n++] = &module.slots[i];
	module_unlock();
	return n;
}

/* The PIN goes with its card, whoever sees that first. The sessions stay, to answer
 * CKR_DEVICE_REMOVED. A slot that is busy is left to the next look. */
static void wipe_gone(void)
{
	struct slot *gone[SLOTS_MAX];
	size_t n = find_gone(gone);

	for (size_t i = 0; i < n; i++) {
		if (pthread_mutex_trylock(&gone[i]->lock) != 0)
			continue;
		if (!slot_is_current(gone[i]))
			slot_logout(gone[i]);
		pthread_mutex_unlock(&gone[i]->lock);
	}
}

bool slots_look(bool grow, struct reader_state *states, size_t *n)
{
	unsigned long look = look_at_readers(states, n);
	bool counts = merge(look, states, *n, grow);

	wipe_gone();
	return counts;
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

/* What a slot knows of its card; its number and its reader's name stay. */
static void forget_card(struct slot *slot)
{
	slot->token = NULL;
	slot->insertion = slot->strange = slot->info_insertion = 0;
	slot->event = slot->logged_in = false;
}

void slots_end(void)
{
	for (size_t i = 0; i < module.n_slots; i++) {
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

CK_RV slot_enter(CK_SLOT_ID id, struct slot **slot)
{
	CK_RV rv = module_enter();

	if (rv != CKR_OK)
		return rv;
	slots_refresh(false);
	module_lock();
	*slot = slot_find(id);
	module_unlock();
	if (!*slot) {
		module_leave();
		return CKR_SLOT_ID_INVALID;
	}
	pthread_mutex_lock(&(*slot)->lock);
	slot_drop_stale(*slot);
	return CKR_OK;
}

void slot_leave(struct slot *slot)
{
	pthread_mutex_unlock(&slot->lock);
	module_leave();
}

void slot_set_login(struct slot *slot, bool logged_in)
{
	module_lock();
	slot->logged_in = logged_in;
	if (slot->token) {
		token_info(slot->token, &slot->info);
		slot->info_insertion = slot->token->card->insertion;
	}
	module_unlock();
}

void slot_logout(struct slot *slot)
{
	sessions_wipe_consent(slot);
	token_logout(slot->token);
	slot_set_login(slot, false);
}

void slot_end_sessions(struct slot *slot)
{
	sessions_close(slot);
	slot_logout(slot);
}

bool slot_is_current(struct slot *slot)
{
	bool current;

	module_lock();
	current = slot->token && slot->token->card->insertion == slot->insertion &&
	          strcmp(slot->token->card->reader, slot->reader) == 0;
	module_unlock();
	return current;
}

void slot_drop_stale(struct slot *slot)
{
	if (!slot->token || slot_is_current(slot))
		return;
	slot_end_sessions(slot);
	slot->before = slot->token->objects[0].handle;
	slot->n_before = slot->token->n_objects;
	token_free(&slot->token);
}

bool slot_had(const struct slot *slot, CK_OBJECT_HANDLE object)
{
	return object >= slot->before && object - slot->before < slot->n_before;
}

/* A card that is none of ours, or whose application holds no certificate that is
 * of use, is not asked again during its insertion; one that could not be read is. */
static CK_RV not_a_token(struct slot *slot, uint32_t insertion, enum error e)
{
	log_info("slot %lu: %s", slot->id, error_text(e));
	if (e != E_FOREIGN && e != E_MUTE && e != E_NOT_FOUND && e != E_UNSUPPORTED)
		return ckr_of_card(e);
	module_lock();
	slot->strange = insertion;
	module_unlock();
	return CKR_TOKEN_NOT_RECOGNIZED;
}

static CK_RV presence(const struct slot *slot, uint32_t *insertion, char *reader)
{
	CK_RV rv = CKR_OK;

	module_lock();
	*insertion = slot->insertion;
	memcpy(reader, slot->reader, READER_NAME_MAX);
	if (slot->insertion == 0)
		rv = CKR_TOKEN_NOT_PRESENT;
	else if (!slot_has_token(slot))
		rv = CKR_TOKEN_NOT_RECOGNIZED;
	module_unlock();
	return rv;
}

CK_RV slot_token(struct slot *slot, struct token **token)
{
	char reader[READER_NAME_MAX];
	uint32_t insertion;
	enum error e;
	CK_RV rv = presence(slot, &insertion, reader);

	if (rv != CKR_OK)
		return rv;
	if (!slot->token) {
		e = token_load(reader, &slot->token);
		if (e != E_OK)
			return not_a_token(slot, insertion, e);
		slot_set_login(slot, false);
	}
	*token = slot->token;
	return CKR_OK;
}

/* Of the slots with a card, when there are several, those that nobody has looked at. */
static size_t find_unseen(struct slot **unseen)
{
	size_t cards = 0, n = 0;

	module_lock();
	for (size_t i = 0; i < module.n_slots; i++) {
		struct slot *slot = &module.slots[i];

		if (!slot_has_token(slot))
			continue;
		cards++;
		if (slot->info_insertion != slot->insertion)
			unseen[n++] = slot;
	}
	module_unlock();
	return cards > 1 ? n : 0;
}

void slots_sort_cards(void)
{
	struct slot *unseen[SLOTS_MAX];
	struct token *token;
	size_t n = find_unseen(unseen);

	for (size_t i = 0; i < n; i++) {
		pthread_mutex_lock(&unseen[i]->lock);
		slot_drop_stale(unseen[i]);
		slot_token(unseen[i], &token);
		pthread_mutex_unlock(&unseen[i]->lock);
	}
}
