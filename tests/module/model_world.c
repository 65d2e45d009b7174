/* SPDX-License-Identifier: BSD-2-Clause */
/* The model's cards and readers, what other programs do to them, and the rules for
 * every command that a process sends. */
#include "config.h"
#include <errno.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/module/model.h"

struct world world;

/* Four digits for authentication, more for signature; the last of each are nobody's. */
const char *const pins[N_PINS] = {"1234", "7777", "2468", "1357", "8080", "9999",
                                  "123456", "ABC123", "XYZ789", "246810", "000000", "QQQQ99"};

static const char *const first_pins[N_CARDS][2] = {
	{"7777", "123456"}, {"1234", "ABC123"}, {"1234", "ABC123"}, {"7777", "XYZ789"}};

int pin_number(const char *pin)
{
	for (int i = 0; i < N_PINS; i++)
		if (strcmp(pins[i], pin) == 0)
			return i;
	return NONE;
}

enum vcard_app app_of(int module)
{
	return module == M_SIGN ? VCARD_SIGN : VCARD_AUTH;
}

struct credential *credential(int card, enum vcard_app app)
{
	return &world.cards[card].card->creds[app];
}

bool has_pin(int card, enum vcard_app app, const char *pin)
{
	const struct credential *cred = credential(card, app);

	return strlen(pin) == cred->pin_len && memcmp(pin, cred->pin, cred->pin_len) == 0;
}

static void set_pin(int card, enum vcard_app app, const char *pin)
{
	struct credential *cred = credential(card, app);

	cred->pin_len = strlen(pin);
	memcpy(cred->pin, pin, cred->pin_len);
}

/* ---- cards and readers */

/* As design.md has it: SHA-256 of the certificate that can be read without the PIN. */
static void make_serial(struct model_card *c, enum vcard_app app)
{
	enum vcard_app from = c->card->spec.kind == VCARD_JPKI ? VCARD_AUTH : app;
	uint8_t hash[32];
	size_t len;
	const uint8_t *der = vcard_certificate(c->card, from, &len);

	EVP_Digest(der, len, hash, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < 8; i++)
		snprintf(c->serial[app] + 2 * i, 3, "%02X", hash[i]);
}

void world_make(void)
{
	static const char *const names[N_CARDS] = {"H1", "H2", "J1", "J2"};
	const char *pki = getenv("INKAN_TEST_PKI");

	for (int i = 0; i < N_CARDS; i++) {
		struct model_card *c = &world.cards[i];
		struct vcard_spec spec;
		char why[256];

		vcard_spec_init(&spec, i < J1 ? VCARD_HPKI : VCARD_JPKI);
		spec.pki = pki ? pki : "tests/pki";
		spec.name = i == H1 || i == J1 ? "TARO SAMPLE" : "HANAKO SAMPLE";
		spec.mse_tag = i == H2 ? 0x81 : 0;
		spec.no_sfi = i == J2;
		c->name = names[i];
		c->card = vcard_new(&spec, why, sizeof why);
		if (!c->card) {
			fprintf(stderr, "%s\n", why);
			exit(99);
		}
		make_serial(c, VCARD_AUTH);
		make_serial(c, VCARD_SIGN);
	}
}

/* An old link ends with its card. */
void card_in(int reader, int card, uint16_t untold)
{
	struct reader *r = &world.readers[reader];

	if (r->card != NONE)
		vcard_power_off(world.cards[r->card].card);
	for (int i = 0; i < N_READERS; i++)
		if (card != NONE && world.readers[i].card == card)
			card_in(i, NONE, 0);
	r->card = card;
	r->insertion += card != NONE;
	r->stamp = ++world.stamps;
	r->untold = untold;
	r->dead = true;
	world.disturbed = true;
	note("reader %d: %s in, empty VERIFY answers %x", reader, card == NONE ? "no card" : world.cards[card].name,
	     untold);
}

void card_reset(int reader)
{
	struct reader *r = &world.readers[reader];

	if (r->card != NONE)
		vcard_power_off(world.cards[r->card].card);
	r->dead = true;
	world.disturbed = true;
	note("reader %d: reset", reader);
}

static void counter_has_risen(int card, enum vcard_app app)
{
	world.cards[card].stale_lost[app] = 0;
}

void other_program_tries(int card, enum vcard_app app)
{
	struct credential *cred = credential(card, app);

	cred->tries -= cred->tries > 0;
	world.disturbed = true;
	note("another program: wrong PIN to %s/%d: tries %u", world.cards[card].name, app, cred->tries);
}

void other_program_verifies(int card, enum vcard_app app)
{
	struct credential *cred = credential(card, app);

	if (cred->tries == 0)
		return;
	cred->tries = cred->limit;
	counter_has_risen(card, app);
	world.disturbed = true;
	note("another program: right PIN to %s/%d", world.cards[card].name, app);
}

void other_program_changes(int card, enum vcard_app app, const char *pin)
{
	if (credential(card, app)->tries == 0)
		return;
	other_program_verifies(card, app);
	set_pin(card, app, pin);
	world.cards[card].changes[app]++;
	note("another program: PIN of %s/%d is %s now", world.cards[card].name, app, pin);
}

void world_reset(void)
{
	for (int p = 0; p < N_PROCESSES; p++)
		process_kill(p);
	for (int i = 0; i < N_READERS; i++)
		world.readers[i] = (struct reader){.card = NONE, .holder = NOBODY};
	for (int c = 0; c < N_CARDS; c++)
		for (enum vcard_app app = VCARD_AUTH; app <= VCARD_SIGN; app++) {
			credential(c, app)->tries = credential(c, app)->limit;
			set_pin(c, app, first_pins[c][app]);
			counter_has_risen(c, app);
		}
	card_in(0, H1, 0);
	card_in(1, J1, 0);
	*model_ms += 3600 * 1000;
}

static uint16_t random_untold(void)
{
	static const uint16_t words[] = {0, 0, 0, 0, 0, 0, 0x6700, 0x6700, 0x6D00, 0x9000};

	return words[rnd(sizeof words / sizeof *words)];
}

void world_event(void)
{
	int reader = (int)rnd(N_READERS), card = world.readers[reader].card;
	enum vcard_app app = (enum vcard_app)rnd(2);
	bool free = world.readers[reader].holder == NOBODY; /* other programs' transactions are exclusive too */
	uint64_t kind = rnd(16);

	if (card == NONE || kind == 0) {
		card_in(reader, rnd(8) ? (int)rnd(N_CARDS) : NONE, random_untold());
	} else if (kind == 1) {
		int other = world.readers[!reader].card;

		card_in(!reader, card, random_untold());
		card_in(reader, other, random_untold());
	} else if (kind == 2) {
		card_in(reader, card, random_untold());
	} else if (kind < 5) {
		card_reset(reader);
	} else if (kind < 12 && free && credential(card, app)->tries == 0) {
		card_in(reader, NONE, 0); /* an office unblocks it */
		credential(card, app)->tries = credential(card, app)->limit;
		counter_has_risen(card, app);
		card_in(reader, card, random_untold());
	} else if (kind < 9 && free) {
		for (uint64_t n = 1 + rnd(credential(card, app)->tries); n > 0; n--)
			other_program_tries(card, app);
	} else if (kind < 12 && free) {
		other_program_verifies(card, app);
	} else if (free) {
		other_program_changes(card, app, pins[app == VCARD_AUTH ? rnd(4) : 6 + rnd(4)]);
	}
}

/* ---- the rules */

/* Whom an answer does not reach is not told. */
static void learn(struct known *k, unsigned stamp, uint16_t sw, unsigned limit, bool with_pin)
{
	bool locked = sw == 0x63C0 || sw == 0x6983 || sw == 0x6984;

	if (locked)
		k->locked_at = stamp;
	if (locked)
		k->tries = 0;
	else if ((sw & 0xFFF0) == 0x63C0)
		k->tries = sw & 0xF;
	else if (sw == 0x9000 && with_pin)
		k->tries = (int)limit;
	else
		return;
	k->cut_at = 0;
	for (int i = 0; i < N_PINS; i++)
		if (k->refused[i] < k->tries)
			k->refused[i] = -1;
}

/* Everything that must hold before a PIN goes to the card. */
static void check_verify(int p, const struct reader *r, enum vcard_app app, int pin)
{
	struct process *of = &world.processes[p];
	const struct known *k = &of->known[r->card][app];
	const char *name = world.cards[r->card].name;
	enum what call = of->call.what;
	bool typed = call != DO_SIGN && pin == pin_number(of->call.pin);
	unsigned tries = credential(r->card, app)->tries;

	if (call != DO_LOGIN && call != DO_CONSENT && call != DO_SIGN && call != DO_SET_PIN)
		broken(R_NO_CALL, "process %d verifies PIN %d at %s/%d in call %d", p, pin, name, app, call);
	if (pin == NONE || !(k->typed & (1u << pin)))
		broken(R_NOT_TYPED_FOR, "process %d, %s/%d", p, name, app);
	if (!r->asked[app])
		broken(R_NOT_ASKED, "process %d, %s/%d", p, name, app);
	if (of->verifies > 0 && !(call == DO_SIGN && of->accepted && of->refused_since))
		broken(R_TWICE, "process %d, %s/%d", p, name, app);
	if (k->locked_at == r->stamp)
		broken(R_LOCKED, "process %d, %s/%d", p, name, app);
	if (k->cut_at == r->stamp)
		broken(R_CUT, "process %d, %s/%d", p, name, app);
	if (tries == 1 && (!r->untold || k->tries == 1) && !(typed && of->last_try_allowed))
		broken(R_LAST_TRY, "process %d, %s/%d", p, name, app);
	if (!typed && !r->untold && tries < credential(r->card, app)->limit)
		broken(R_LOW_COUNTER, "process %d, %s/%d: the login left %u, now %u", p, name, app,
		       credential(r->card, app)->limit, tries);
	if (pin == NONE)
		return;
	/* what was locked before the card was out is locked still, or the counter has risen */
	if (k->refused[pin] >= 0 && k->refused[pin] >= k->tries && k->tries != 0)
		broken(R_REPEATED, "process %d, %s/%d, PIN %s, refused at %d", p, name, app, pins[pin],
		       k->refused[pin]);
	for (int c = 0; typed && c < N_CARDS; c++)
		for (int a = 0; a < 2; a++)
			if (c != r->card && *model_ms - of->known[c][a].given[pin] < 3000)
				broken(R_ELSEWHERE, "process %d, %s/%d, PIN %s was given to %s", p, name, app,
				       pins[pin], world.cards[c].name);
}

/* A try was lost by a PIN that the process kept. Where the counter is told, one process's
 * loss warns all others until the counter rises: one try for each change and machine.
 * Where it is not, no process can know of another's, and each may lose one. */
static void check_stale_loss(int p, const struct reader *r, enum vcard_app app)
{
	struct model_card *c = &world.cards[r->card];
	struct known *k = &world.processes[p].known[r->card][app];

	world.lost_stale++;
	if (!r->untold && ++c->stale_lost[app] > 1)
		broken(R_STALE, "process %d, %s/%d: %u tries for one change", p, c->name, app, c->stale_lost[app]);
	if (k->stale_change == c->changes[app])
		broken(R_STALE, "process %d, %s/%d: its second try for this change", p, c->name, app);
	k->stale_change = c->changes[app];
}

static enum vcard_app pin_owner(const struct vcard *card)
{
	if (card->file && card->file->kind == VFILE_PIN)
		return card->file->owner;
	for (size_t i = 0; card->app && i < card->app->n_files; i++)
		if (card->app->files[i].kind == VFILE_PIN)
			return card->app->files[i].owner;
	return VCARD_AUTH;
}

static void check_locked(int reader, const char *when)
{
	const struct reader *r = &world.readers[reader];

	for (enum vcard_app app = VCARD_AUTH; r->card != NONE && app <= VCARD_SIGN; app++)
		if (credential(r->card, app)->verified)
			broken(R_UNLOCKED, "%s/%d %s", world.cards[r->card].name, app, when);
}

/* ---- what a process asks */

/* What becomes of a command: the link breaks, or the process is killed, before or after
 * the card has seen it. */
enum fate { FATE_NONE, FATE_CUT_BEFORE, FATE_CUT_AFTER, FATE_KILL_BEFORE, FATE_KILL_AFTER };

static enum fate fate_of(bool verify)
{
	int script = verify ? world.cut_next_verify : 0;

	if (script)
		world.cut_next_verify = 0;
	if (script || !world.faults || rnd(verify ? 15 : 1000) != 0)
		return (enum fate)script;
	return rnd(3) ? (enum fate)(FATE_CUT_BEFORE + rnd(2)) : (enum fate)(FATE_KILL_BEFORE + rnd(2));
}

static void exchange(struct reader *r, struct message *m)
{
	uint8_t response[sizeof m->data];
	size_t len = sizeof response;

	if (r->untold && m->len <= 5 && m->data[1] == 0x20) {
		m->data[0] = (uint8_t)(r->untold >> 8);
		m->data[1] = (uint8_t)r->untold;
		m->len = 2;
		return;
	}
	vcard_transmit(world.cards[r->card].card, m->data, m->len, response, &len);
	memcpy(m->data, response, len);
	m->len = len;
}

static uint16_t status_word(const struct message *m)
{
	return (uint16_t)(m->data[m->len - 2] << 8 | m->data[m->len - 1]);
}

/* VERIFY, which is looked at before and after. */
static void verify(int p, struct reader *r, struct message *m, enum fate fate)
{
	struct process *of = &world.processes[p];
	enum vcard_app app = pin_owner(world.cards[r->card].card);
	struct credential *cred = credential(r->card, app);
	struct known *k = &of->known[r->card][app];
	bool with_pin = m->len > 5, stale = with_pin && of->call.what == DO_SIGN, after = fate == FATE_CUT_AFTER ||
	     fate == FATE_KILL_AFTER, seen = fate == FATE_NONE || after;
	unsigned before = cred->tries;
	char text[20];
	int pin;

	snprintf(text, sizeof text, "%.*s", with_pin ? (int)(m->len - 5) : 0, (const char *)m->data + 5);
	pin = pin_number(text);
	if (with_pin) {
		check_verify(p, r, app, pin);
		world.verifies++;
		of->verifies++;
		r->asked[app] = of->accepted = of->refused_since = false;
		if (pin != NONE && !stale)
			k->given[pin] = *model_ms;
	}
	if (seen)
		exchange(r, m);
	if (with_pin)
		note("  process %d: VERIFY %s at %s/%d: tries %u, %u%s", p, text, world.cards[r->card].name, app,
		     before, cred->tries, fate == FATE_NONE ? "" : after ? ", cut off after" : ", cut off before");
	if (seen && with_pin && cred->verified)
		counter_has_risen(r->card, app);
	if (cred->tries < before && stale)
		check_stale_loss(p, r, app);
	world.lost_typed += cred->tries < before && !stale;
	if (fate != FATE_NONE) {
		if (with_pin)
			k->cut_at = r->stamp;
		if (with_pin && pin != NONE) /* it may be taken for refused when the counter has fallen */
			k->worst[pin] = (int)before;
		return;
	}
	r->asked[app] = r->asked[app] || !with_pin;
	if (with_pin)
		of->accepted = status_word(m) == 0x9000;
	world.accepted += with_pin && of->accepted;
	if (with_pin && of->accepted && pin != NONE)
		k->worst[pin] = -1;
	if (with_pin && !of->accepted && pin != NONE && cred->tries < before) {
		k->refused[pin] = (int)cred->tries;
		k->worst[pin] = k->refused[pin] > k->worst[pin] ? k->refused[pin] : k->worst[pin];
	}
	learn(k, r->stamp, status_word(m), cred->limit, with_pin);
}

/* False: the process is gone. */
static bool transmit(int p, struct message *m)
{
	struct reader *r = &world.readers[m->reader];
	struct process *of = &world.processes[p];
	bool is_verify = m->data[1] == 0x20, change = m->len > 5 && m->data[1] == 0x24;
	enum vcard_app app;
	enum fate fate;

	m->value = E_LINK;
	if (r->holder != p || r->dead || r->card == NONE) {
		m->len = 0;
		return true;
	}
	fate = fate_of(is_verify && m->len > 5);
	app = pin_owner(world.cards[r->card].card);
	if (is_verify)
		verify(p, r, m, fate);
	else if (fate == FATE_NONE || fate == FATE_CUT_AFTER || fate == FATE_KILL_AFTER)
		exchange(r, m);
	if (change && has_pin(r->card, app, of->call.new_pin))
		world.cards[r->card].changes[app]++;
	if (fate == FATE_NONE) {
		of->refused_since = of->refused_since || (of->accepted && status_word(m) >> 8 != 0x90 &&
		                                          status_word(m) >> 8 != 0x61);
		m->value = E_OK;
		return true;
	}
	world.disturbed = true;
	m->len = 0;
	if (fate == FATE_KILL_BEFORE || fate == FATE_KILL_AFTER) {
		process_kill(p);
		return false;
	}
	note("  process %d: the link breaks", p);
	world.cuts++;
	r->dead = true;
	if (world.faults && rnd(3) == 0)
		card_in(m->reader, r->card, r->untold);
	return true;
}

static void list(struct message *m)
{
	struct reader_state states[N_READERS] = {0};

	for (int i = 0; i < N_READERS; i++) {
		const struct reader *r = &world.readers[i];

		memcpy(states[i].name, reader_names[i], strlen(reader_names[i]));
		states[i].present = r->card != NONE;
		states[i].insertion = r->card != NONE ? r->insertion : 0;
		states[i].in_use = r->holder != NOBODY;
	}
	m->len = sizeof states;
	memcpy(m->data, states, sizeof states);
}

static void begin(int p, struct message *m)
{
	struct reader *r = &world.readers[m->reader];

	if (world.faults && r->holder == NOBODY && rnd(25) == 0) /* since the process last looked */
		card_in(m->reader, (int)rnd(N_CARDS), random_untold());
	m->value = r->holder != NOBODY ? E_BUSY : r->card == NONE ? E_NO_CARD : E_OK;
	m->insertion = r->insertion;
	if (m->value != E_OK)
		return;
	r->holder = p;
	r->dead = r->asked[VCARD_AUTH] = r->asked[VCARD_SIGN] = false;
}

static void end(int reader, bool power_off)
{
	struct reader *r = &world.readers[reader];

	if (power_off && r->card != NONE)
		vcard_power_off(world.cards[r->card].card);
	r->holder = NOBODY;
	check_locked(reader, "after a transaction");
}

bool answer(int p)
{
	struct process *of = &world.processes[p];
	struct message *m = &of->asked;

	if (of->inherited[of->call.module] && of->call.what != DO_INITIALIZE)
		broken(R_CHILD, "process %d, call %d", p, of->call.what);
	if (m->what == ASK_END)
		end(m->reader, m->value != 0);
	m->value = E_OK;
	if (m->what == ASK_LIST)
		list(m);
	else if (m->what == ASK_BEGIN)
		begin(p, m);
	else if (m->what == ASK_TRANSMIT && !transmit(p, m))
		return false;
	message_send(lines[p][0], m);
	return true;
}

/* pcscd takes the power of a card that nobody holds any more. */
void process_kill(int p)
{
	struct process *of = &world.processes[p];

	if (!of->pid)
		return;
	kill(of->pid, SIGKILL);
	while (kill(of->pid, 0) == 0 || errno != ESRCH)
		usleep(50);
	for (int i = 0; i < N_READERS; i++) {
		struct reader *r = &world.readers[i];

		if (r->holder != p)
			continue;
		r->holder = NOBODY;
		if (r->card != NONE)
			vcard_power_off(world.cards[r->card].card);
	}
	note("process %d is killed%s", p, of->busy ? " in a call" : "");
	world.kills++;
	*of = (struct process){0};
}
