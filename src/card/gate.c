/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <elf.h>
#include <link.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>
#include "base/log.h"
#include "card/gate.h"

enum { INS_VERIFY = 0x20, INS_CHANGE = 0x24 };

#define ELSEWHERE_MS 3000
#define PIN_FIELD_MAX 255

/* ---- The memory */

/* One memory for all our modules of a process. Each module has this code and exports
 * none of it; they find each other by an ELF note that says where the pointer to the
 * memory is. All use the pointer of the first object in the dynamic linker's list that has
 * the note, which -z nodelete keeps in the process. */
#define NOTE_NAME "Inkan"
#define NOTE_TYPE 1 /* changes with the layout of struct gate_memory */

/* Hidden, so that the note's offset is known to the linker. */
__attribute__((visibility("hidden"), used)) struct gate_memory *_Atomic inkan_gate_memory;

__asm__(".pushsection .note.inkan, \"a\", %note\n"
        ".balign 4\n"
        ".long 6, 4, 1\n"
        ".asciz \"Inkan\"\n"
        ".balign 4\n"
        ".long inkan_gate_memory - .\n"
        ".popsection");

/* The pointer that our note gives; NULL: none of these notes is ours. */
static void *find_note(const char *notes, size_t size)
{
	ElfW(Nhdr) head;

	while (size >= sizeof head) {
		size_t name_at = sizeof head, desc_at, whole;
		int32_t offset;

		memcpy(&head, notes, sizeof head);
		desc_at = name_at + ((head.n_namesz + 3u) & ~3u);
		whole = desc_at + ((head.n_descsz + 3u) & ~3u);
		if (whole > size)
			return NULL;
		if (head.n_type == NOTE_TYPE && head.n_namesz == sizeof NOTE_NAME && head.n_descsz == sizeof offset &&
		    memcmp(notes + name_at, NOTE_NAME, sizeof NOTE_NAME) == 0) {
			memcpy(&offset, notes + desc_at, sizeof offset);
			return (void *)((uintptr_t)(notes + desc_at) + (uintptr_t)(intptr_t)offset);
		}
		notes += whole;
		size -= whole;
	}
	return NULL;
}

static int look_into(struct dl_phdr_info *info, size_t size, void *found)
{
	void **pointer = found;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum && !*pointer; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];

		/* 8-byte aligned notes have another layout and are not ours */
		if (h->p_type == PT_NOTE && h->p_align <= 4)
			*pointer = find_note((const char *)(uintptr_t)(info->dlpi_addr + h->p_vaddr), h->p_memsz);
	}
	return *pointer != NULL;
}

static struct gate_memory *make(void)
{
	struct gate_memory *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED) {
		log_error("mmap: no memory for the record of refused PINs");
		return NULL;
	}
	madvise(m, sizeof *m, MADV_DONTDUMP);
	if (getrandom(m->salt, sizeof m->salt, 0) != (ssize_t)sizeof m->salt) {
		log_error("getrandom: no salt for the record of refused PINs");
		munmap(m, sizeof *m);
		return NULL;
	}
	for (size_t i = 0; i < COUNTERS_MAX; i++)
		m->counters[i].said = -1;
	return m;
}

struct gate_memory *gate_memory_lock(void)
{
	struct gate_memory *_Atomic *place = NULL;
	struct gate_memory *m, *other = NULL;
	pid_t self = getpid(), holder = 0;

	dl_iterate_phdr(look_into, (void *)&place);
	if (!place)
		place = &inkan_gate_memory;
	m = *place;
	if (!m) {
		m = make();
		if (!m)
			return NULL;
		if (!atomic_compare_exchange_strong(place, &other, m)) {
			munmap(m, sizeof *m);
			m = other;
		}
	}
	/* In a forked child the lock may be that of a thread which exists in the parent only. */
	while (!atomic_compare_exchange_strong(&m->holder, &holder, self)) {
		if (holder == self) {
			sched_yield();
			holder = 0;
		}
	}
	return m;
}

void gate_memory_unlock(struct gate_memory *m)
{
	m->holder = 0;
}

/* ---- The gate */

enum error card_check_pin(const struct card *card, struct bytes pin)
{
	const struct pin_profile *rule = &card->pin.rule;

	if (pin.len < rule->min || pin.len > rule->max)
		return E_PIN_LENGTH;
	for (size_t i = 0; i < pin.len; i++) {
		uint8_t c = pin.data[i];
		bool digit = c >= '0' && c <= '9', letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		bool fits = rule->alphabet == PIN_ASCII    ? c >= 0x20 && c <= 0x7E
		            : rule->alphabet == PIN_DIGITS ? digit
		                                           : digit || letter;

		if (!fits)
			return E_PIN_CHARACTERS;
	}
	return E_OK;
}

/* The command with the PIN as the card expects it, in a page of its own. */
static enum error make_command(const struct card *card, uint8_t ins, uint8_t p1, struct bytes pin,
                               struct secret **command)
{
	const struct pin_profile *rule = &card->pin.rule;
	size_t n = pin.len < rule->stored ? rule->stored : pin.len;
	uint8_t head[] = {0x00, ins, p1, rule->reference, (uint8_t)n};
	enum error e = n <= PIN_FIELD_MAX ? secret_new(command, head, sizeof head) : E_TOO_LONG;

	for (size_t i = 0; e == E_OK && i < n; i++) {
		uint8_t c = i < pin.len ? pin.data[i] : rule->pad;
		bool raise = i < pin.len && rule->alphabet == PIN_UPPER_ALNUM && c >= 'a' && c <= 'z';

		e = secret_append(*command, raise ? (uint8_t)(c - 0x20) : c);
	}
	if (e != E_OK)
		secret_free(command);
	return e;
}

/* Hashes the PIN without padding, in capitals when `raise`. Then as many zeros are hashed: the PIN must not stay in
 * the vector registers, which a core dump contains. */
static enum error hash_pin(const struct gate_memory *m, const struct card *card, struct bytes pin, bool raise,
                           uint8_t hash[32])
{
	struct secret *salted = NULL;
	uint8_t of_zeros[32];
	volatile uint8_t *field = NULL; /* so that no vector register is used for it */
	struct bytes in;
	enum error e = secret_new(&salted, m->salt, sizeof m->salt);

	if (e == E_OK && !(field = secret_extend(salted, pin.len)))
		e = E_TOO_LONG;
	if (e == E_OK) {
		in.data = secret_bytes(salted, &in.len);
		for (size_t i = 0; i < pin.len; i++) {
			uint8_t c = pin.data[i];

			field[i] = raise && c >= 'a' && c <= 'z' ? (uint8_t)(c - 0x20) : c;
		}
		e = crypto_hash(card->sys->crypto, HASH_SHA256, in, hash);
		mem_wipe((void *)(uintptr_t)field, pin.len);
		crypto_hash(card->sys->crypto, HASH_SHA256, in, of_zeros);
	}
	secret_free(&salted);
	return e;
}

static bool same_insertion(const struct card *card, const char *reader, uint32_t insertion)
{
	return insertion == card->insertion && strcmp(reader, card->reader) == 0;
}

/* The record of this card's counter, with the memory locked. One that is new, or from an
 * earlier insertion, is not locked, so that the card is asked again. */
static struct counter *find_counter(struct gate_memory *m, const struct card *card)
{
	struct counter *c = NULL;

	for (size_t i = 0; i < COUNTERS_MAX && !c; i++)
		if (m->counters[i].insertion && memcmp(m->counters[i].pin_id, card->pin_id, sizeof card->pin_id) == 0)
			c = &m->counters[i];
	if (!c) {
		c = &m->counters[m->n_counters++ % COUNTERS_MAX];
		*c = (struct counter){.said = -1};
		memcpy(c->pin_id, card->pin_id, sizeof c->pin_id);
	}
	if (!same_insertion(card, c->reader, c->insertion)) {
		memcpy(c->reader, card->reader, sizeof c->reader);
		c->insertion = card->insertion;
		c->locked = c->uncertain = false;
		if (c->said == 0)
			c->said = -1;
	}
	return c;
}

/* The record that this card refused that PIN; NULL: none. */
static struct refused *find_refused(struct gate_memory *m, const struct card *card, const uint8_t hash[32])
{
	for (size_t i = 0; i < REFUSED_MAX; i++)
		if (memcmp(m->refused[i].pin_id, card->pin_id, sizeof card->pin_id) == 0 &&
		    memcmp(m->refused[i].pin_hash, hash, sizeof m->refused[i].pin_hash) == 0)
			return &m->refused[i];
	return NULL;
}

enum news { COUNTER_TOLD, PIN_ACCEPTED, PIN_REFUSED };

/* Records the counter that the card has just told, or (-1) one less than before. A PIN that was
 * refused is recorded; so is one whose VERIFY was interrupted, when the counter has
 * fallen since. */
static enum error take_counter(struct card *card, int tries, enum news news)
{
	struct gate_memory *m = gate_memory_lock();
	struct counter *c;
	struct refused *r;

	if (!m)
		return E_MEMORY;
	c = find_counter(m, card);
	r = find_refused(m, card, c->sent_hash);
	if (tries < 0)
		tries = c->before - 1;
	if (news == PIN_ACCEPTED && r)
		*r = (struct refused){0};
	if (news == PIN_REFUSED || (c->uncertain && tries < c->before)) {
		if (!r) {
			r = &m->refused[m->n_refused++ % REFUSED_MAX];
			*r = (struct refused){.tries = tries};
			memcpy(r->pin_id, card->pin_id, sizeof r->pin_id);
			memcpy(r->pin_hash, c->sent_hash, sizeof r->pin_hash);
		}
		r->tries = tries > r->tries ? tries : r->tries;
	}
	c->uncertain = false;
	c->said = card->pin.tries = tries;
	c->locked = tries == 0;
	gate_memory_unlock(m);
	return E_OK;
}

/* The counter by 63CX and the status words of a locked PIN; -1: the status word is another. */
static int tries_of(uint16_t sw)
{
	if ((sw & 0xFFF0) == 0x63C0)
		return sw & 0x0F;
	return sw == 0x6983 || sw == 0x6984 ? 0 : -1;
}

/* VERIFY without data (case 1, nothing after P2) asks for the counter and costs
 * no try. *told: -1 when the card does not tell; the record then stays as it is.
 * The PIN's file is selected. */
static enum error query(struct op *op, int *told)
{
	uint8_t command[] = {0x00, INS_VERIFY, 0x00, op->card->pin.rule.reference};
	uint16_t sw;
	enum error e = apdu_send(&op->link, (struct bytes){command, sizeof command}, NULL, &sw);

	*told = tries_of(sw);
	if (*told >= 0)
		return take_counter(op->card, *told, COUNTER_TOLD);
	/* cards that do not tell the counter by this command, or not in this state */
	if (sw == 0x9000 || sw == 0x6300 || sw == 0x6700 || sw == 0x6A80 || sw == 0x6A81 || sw == 0x6A86 ||
	    sw == 0x6B00 || sw == 0x6D00)
		return e;
	return e == E_OK ? apdu_error(sw) : e;
}

/* Sets pin.tries from memory, before anything is sent. E_PIN_LOCKED. */
static enum error recall(struct card *card)
{
	struct gate_memory *m = gate_memory_lock();
	const struct counter *c;
	bool locked;

	if (!m)
		return E_MEMORY;
	c = find_counter(m, card);
	locked = c->locked;
	card->pin.tries = locked ? 0 : c->said;
	gate_memory_unlock(m);
	return locked ? E_PIN_LOCKED : E_OK;
}

static bool given_elsewhere(const struct gate_memory *m, const struct card *card, const uint8_t hash[32])
{
	for (size_t i = 0; i < GIVEN_MAX; i++) {
		const struct given *g = &m->given[i];

		if (g->at_ms && apdu_now_ms() - g->at_ms < ELSEWHERE_MS &&
		    memcmp(g->pin_hash, hash, sizeof g->pin_hash) == 0 &&
		    memcmp(g->pin_id, card->pin_id, sizeof g->pin_id) != 0 &&
		    !same_insertion(card, g->reader, g->insertion))
			return true;
	}
	return false;
}

/* The rules of gate.h; of several errors the most useful to a person comes first. On E_OK
 * the PIN is recorded as sent. */
static enum error may_send(struct card *card, struct bytes pin, enum pin_use use, bool last_try_allowed, bool told)
{
	struct gate_memory *m = gate_memory_lock();
	struct counter *c;
	uint8_t hash[32], any_card[32]; /* as this card gets the PIN; the same for every card */
	const struct refused *refused;
	int tries;
	enum error e;

	if (!m)
		return E_MEMORY;
	c = find_counter(m, card);
	tries = c->said >= 0 ? c->said : card->pin.rule.tries;
	e = hash_pin(m, card, pin, card->pin.rule.alphabet == PIN_UPPER_ALNUM, hash);
	if (e == E_OK)
		e = hash_pin(m, card, pin, true, any_card);
	refused = e == E_OK ? find_refused(m, card, hash) : NULL;
	if (e != E_OK)
		;
	else if (tries == 0)
		e = E_PIN_LOCKED;
	else if (c->uncertain && !told)
		e = E_PIN_UNCERTAIN;
	else if (use == PIN_STORED && (tries < card->login_tries || card->login_tries < 0 || tries == 1 || refused))
		e = E_PIN_STALE;
	else if (use == PIN_TYPED && refused && refused->tries >= tries)
		e = E_PIN_REPEATED;
	else if (use == PIN_TYPED && given_elsewhere(m, card, any_card))
		e = E_PIN_ELSEWHERE;
	else if (use == PIN_TYPED && tries == 1 && !last_try_allowed)
		e = E_PIN_LAST_TRY;
	if (e == E_OK) {
		c->uncertain = true;
		c->before = tries;
		memcpy(c->sent_hash, hash, sizeof hash);
	}
	if (e == E_OK && use == PIN_TYPED) {
		struct given *g = &m->given[m->n_given++ % GIVEN_MAX];

		*g = (struct given){.at_ms = apdu_now_ms(), .insertion = card->insertion};
		memcpy(g->reader, card->reader, sizeof g->reader);
		memcpy(g->pin_id, card->pin_id, sizeof g->pin_id);
		memcpy(g->pin_hash, any_card, sizeof g->pin_hash);
	}
	gate_memory_unlock(m);
	if (e != E_OK)
		log_error("%s: the PIN is not sent: %s", card->reader, error_text(e));
	return e;
}

/* The PIN is right, and the counter at its maximum again. The card is asked for it, unless
 * the counter had the profile's maximum before; a card that does not tell it while verified
 * is asked after a SELECT of something else. */
static enum error accepted(struct op *op, enum pin_use use, int told)
{
	struct card *card = op->card;
	int now = told < 0 ? card->pin.rule.tries : told, again = -1;
	enum error e = E_OK, taken;
	uint16_t sw;

	if (use == PIN_TYPED && told >= 0 && told < card->pin.rule.tries) {
		e = query(op, &again);
		if (e == E_OK && again < 0 && !card->certs[0].pin_protected && op_leave(op)) {
			e = op_select(op, card->profile);
			if (e == E_OK)
				e = op_select_file(op, card->pin.rule.file.fid, &sw);
			if (e == E_OK)
				e = query(op, &again);
		}
		if (e == E_OK && again > now)
			now = again;
	}
	taken = take_counter(card, now, PIN_ACCEPTED);
	if (use == PIN_TYPED)
		card->login_tries = now;
	return e == E_OK ? taken : e;
}

static enum error send_command(struct op *op, const struct secret *command, uint16_t *sw)
{
	struct bytes bytes;
	enum error e;

	bytes.data = secret_bytes(command, &bytes.len);
	op->lock = op->verify_sent = true;
	e = apdu_send(&op->link, bytes, NULL, sw);
	return e == E_OK ? apdu_error(*sw) : e;
}

/* After a refusal without a counter (6300) the card is asked; if it does not tell, we count. */
static enum error refused(struct op *op, int tries)
{
	enum error e;

	if (tries < 0)
		query(op, &tries);
	e = take_counter(op->card, tries, PIN_REFUSED);
	if (e != E_OK)
		return e;
	return op->card->pin.tries ? E_PIN_WRONG : E_PIN_LOCKED;
}

/* Evaluates the answer to a VERIFY; told: the counter before it. */
static enum error conclude(struct op *op, enum pin_use use, int told, uint16_t sw, enum error e)
{
	struct gate_memory *m;

	if (sw == 0)
		return e; /* no answer: uncertain until the counter is read or the card was removed */
	if (sw == 0x9000)
		return accepted(op, use, told);
	if (sw == 0x6300 || tries_of(sw) >= 0)
		return refused(op, tries_of(sw));
	m = gate_memory_lock();
	if (!m)
		return E_MEMORY;
	find_counter(m, op->card)->uncertain = false;
	gate_memory_unlock(m);
	return e == E_OK ? E_PROTOCOL : e;
}

enum error gate_verify(struct op *op, struct bytes pin, enum pin_use use, bool last_try_allowed)
{
	struct secret *command = NULL;
	uint16_t sw;
	int told;
	enum error e = recall(op->card);

	if (e == E_OK)
		e = op_select_file(op, op->card->pin.rule.file.fid, &sw);
	if (e == E_OK)
		e = query(op, &told);
	if (e == E_OK)
		e = make_command(op->card, INS_VERIFY, 0x00, pin, &command);
	if (e == E_OK)
		e = may_send(op->card, pin, use, last_try_allowed, told >= 0);
	if (e == E_OK) {
		e = send_command(op, command, &sw);
		e = conclude(op, use, told, sw, e);
	}
	secret_free(&command);
	return e;
}

enum error gate_change(struct op *op, struct bytes new_pin)
{
	struct secret *command = NULL;
	uint16_t sw;
	enum error e = make_command(op->card, INS_CHANGE, 0x01, new_pin, &command);

	if (e == E_OK)
		e = send_command(op, command, &sw);
	secret_free(&command);
	return e;
}

enum error gate_tries(struct op *op)
{
	uint16_t sw;
	int told;
	enum error e = recall(op->card);

	if (e == E_PIN_LOCKED)
		return E_OK; /* pin.tries is 0 */
	if (e == E_OK)
		e = op_select_file(op, op->card->pin.rule.file.fid, &sw);
	return e == E_OK ? query(op, &told) : e;
}

static enum error recount(struct op *op, void *arg)
{
	(void)arg;
	op->lock = true; /* the card may have taken the PIN before the link broke */
	return gate_tries(op);
}

void gate_recount(struct card *card)
{
	op_run(card, recount, NULL);
}
