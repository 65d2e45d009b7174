/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "cards/family.h"
#include "find.h"
#include "say.h"

static bool same_select(const struct profile *a, const struct profile *b)
{
	return a->select.aid_len == b->select.aid_len && memcmp(a->select.aid, b->select.aid, a->select.aid_len) == 0;
}

void token_read_cert(const struct find *f, struct token *t)
{
	const struct card_cert *own = &t->card->certs[0];

	cert_free(&t->cert);
	if (t->card->n_certs == 0 || own->role != CERT_OWN) {
		t->cert_error = E_NOT_FOUND;
		return;
	}
	t->cert_error = own->der ? E_OK : card_read_cert(t->card, 0);
	if (t->cert_error == E_OK)
		t->cert_error = cert_parse(f->crypto, (struct bytes){own->der, own->der_len}, &t->cert);
}

/* One token per profile: each is looked for by itself. A card without an application
 * is not asked for it a second time. */
static void look_at(struct find *f, struct place *p)
{
	const struct profile *absent = NULL;

	for (const struct family *const *family = families; *family; family++)
		for (size_t i = 0; i < (*family)->profiles.n && p->n + p->n_empty < TOKENS_MAX; i++) {
			const struct profile *profile = (*family)->profiles.list[i];
			struct token *t = &p->tokens[p->n];
			enum error e;

			if (absent && same_select(absent, profile))
				continue;
			e = card_open(&f->cards, p->state.name, (struct profile_set){&profile, 1}, &t->card);
			if (e == E_OK) {
				p->n++;
				card_tries(t->card);
				token_read_cert(f, t);
				continue;
			}
			if (e == E_NOT_FOUND) {
				p->empty[p->n_empty++] = profile;
				continue;
			}
			p->error = e;
			if (e != E_FOREIGN)
				return;
			absent = profile;
		}
	if (p->n > 0)
		p->error = E_OK;
	else if (p->n_empty > 0)
		p->error = E_NOT_FOUND;
}

static enum error list_readers(struct find *f, const char *name)
{
	struct reader_state states[READER_COUNT_MAX];
	size_t count = READER_COUNT_MAX;
	enum error e = pcsc_reader_ops.list(f->cards.self, states, &count);

	for (size_t i = 0; e == E_OK && i < count; i++) {
		if (name ? !strstr(states[i].name, name) : !conf_shows_reader(&f->conf, states[i].name))
			continue;
		f->places[f->n++].state = states[i];
	}
	return e == E_OK && f->n == 0 ? E_NO_READER : e;
}

enum error find_all(struct find *f, const char *name)
{
	enum error e;

	*f = (struct find){.cards = {.ops = &pcsc_reader_ops}};
	conf_load(&f->conf);
	if ((e = crypto_new(&f->crypto)) != E_OK || (e = pcsc_reader_ops.open(&f->cards.self, true)) != E_OK)
		return e;
	f->cards = (struct card_system){&pcsc_reader_ops, f->cards.self, f->crypto, say_waiting, NULL};
	if ((e = list_readers(f, name)) != E_OK)
		return e;
	f->cards.crypto = f->crypto;
	for (size_t i = 0; i < f->n; i++) {
		struct place *p = &f->places[i];

		p->error = !p->state.present ? E_NO_CARD : p->state.mute ? E_MUTE : E_OK;
		if (p->error == E_OK)
			look_at(f, p);
	}
	return E_OK;
}

void find_free(struct find *f)
{
	for (size_t i = 0; i < f->n; i++)
		for (size_t k = 0; k < f->places[i].n; k++) {
			cert_free(&f->places[i].tokens[k].cert);
			card_free(&f->places[i].tokens[k].card);
		}
	if (f->cards.self)
		pcsc_reader_ops.close(f->cards.self);
	crypto_free(&f->crypto);
	f->n = 0;
}

/* A card that could not be used says more than an empty reader. */
static enum error why_nothing(const struct find *f, const char **reader)
{
	enum error e = E_NO_CARD;

	*reader = f->n == 1 ? f->places[0].state.name : "";
	for (size_t i = 0; i < f->n; i++)
		if (f->places[i].error != E_NO_CARD && (e == E_NO_CARD || e == E_FOREIGN)) {
			e = f->places[i].error;
			*reader = f->places[i].state.name;
		}
	return e;
}

enum exit_code find_nothing(const struct find *f)
{
	const char *reader;
	enum error e = why_nothing(f, &reader);

	complain_reader(e, reader);
	return exit_of(e);
}

enum exit_code find_card(struct find *f, const char *name, struct place **out)
{
	return find_wanted(f, name, NULL, out);
}

enum exit_code find_wanted(struct find *f, const char *name, bool (*wanted)(struct place *p), struct place **out)
{
	enum error e = find_all(f, name);
	const struct place *other = NULL;

	*out = NULL;
	if (e != E_OK) {
		complain_reader(e, name ? name : f->conf.reader);
		return exit_of(e);
	}
	for (size_t i = 0; i < f->n; i++) {
		struct place *p = &f->places[i];

		if (p->n == 0)
			continue;
		if (wanted && !wanted(p)) {
			other = p;
			continue;
		}
		if (*out) {
			complain(_("There are cards in %s and in %s."), (*out)->state.name, p->state.name);
			advise(_("Choose one with --reader and a part of the reader's name."));
			return EXIT_USAGE;
		}
		*out = p;
	}
	return *out ? EXIT_DONE : other ? refuse_no_token(other) : find_nothing(f);
}

bool use_of(const char *word, enum use *use)
{
	*use = strcmp(word, "auth") == 0 ? USE_AUTH : strcmp(word, "sign") == 0 ? USE_SIGN : USE_ANY;
	return *use != USE_ANY;
}

bool token_is(const struct token *t, enum use use)
{
	return use == USE_ANY || t->card->profile->use == use;
}

struct token *place_token(struct place *p, enum use use)
{
	for (size_t i = 0; i < p->n; i++)
		if (token_is(&p->tokens[i], use))
			return &p->tokens[i];
	return NULL;
}

enum exit_code refuse_no_token(const struct place *p)
{
	complain(_("The card in %s has no such token."), p->state.name);
	advise(_("See what it has: inkan list"));
	return EXIT_UNAVAILABLE;
}

enum exit_code refuse_unread(const struct token *t, const char *advice)
{
	complain(_("The certificate of %s was not read: %s."), token_text(t->card->profile),
	         _(error_text(t->cert_error)));
	advise("%s", t->cert_error == E_SECURITY && advice
	                     ? advice
	                     : _("Another token of the card may be readable: inkan list"));
	return t->cert_error == E_SECURITY ? EXIT_REFUSED : exit_of(t->cert_error);
}
