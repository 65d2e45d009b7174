/* SPDX-License-Identifier: BSD-2-Clause */
/* What the person sees, and does. Each dialog begins with the site's host, whole: nothing that a page, a
 * certificate or a reader says can stand before it or hide it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "cards/family.h"
#include "request.h"
#include "tool/ask.h"
#include "tool/input.h"
#include "tool/pinentry.h"
#include "tool/say.h"
#include "tool/show.h"

#define SITE_COLUMNS 60
#define DATA_MAX 60 /* bytes of a name or a role: pinentry takes 1000 for all */
#define ROLES_SHOWN 3
#define TOKENS (READER_COUNT_MAX * TOKENS_MAX)

struct asking {
	const struct request *r;
	struct find find;
	struct inkan *ctx;
	const char *programs[8]; /* pinentries, up to a NULL */
	size_t program;          /* the first that may work */
};

/* ---- Dialogs */

/* E_CHANGED: a reader or a card came or went since find_all. */
static enum error watch(void *arg)
{
	struct asking *a = arg;
	struct reader_state now[READER_COUNT_MAX];
	size_t n = READER_COUNT_MAX, k = 0;

	if (a->r->gone())
		return E_CANCELLED;
	a->find.cards.ops->list(a->find.cards.self, now, &n);
	for (size_t i = 0; i < n; i++) {
		const struct reader_state *before = k < a->find.n ? &a->find.places[k].state : NULL;

		if (!conf_shows_reader(&a->find.conf, now[i].name))
			continue;
		if (!before || before->insertion != now[i].insertion || strcmp(before->name, now[i].name) != 0)
			return E_CHANGED;
		k++;
	}
	return k == a->find.n ? E_OK : E_CHANGED;
}

/* Those that may be there, the desktop's own first: it alone can keep other windows away. */
static void choose_programs(struct asking *a)
{
	static const char *const usual[] = {"pinentry", "pinentry-gnome3", "pinentry-qt", "pinentry-gtk-2",
	                                    "pinentry-fltk"};
	const char *desktop = getenv("XDG_CURRENT_DESKTOP");
	size_t n = 0;

	if (a->find.conf.pinentry[0]) {
		a->programs[0] = a->find.conf.pinentry;
		return;
	}
	if (desktop && strstr(desktop, "GNOME"))
		a->programs[n++] = "pinentry-gnome3";
	else if (desktop && strstr(desktop, "KDE"))
		a->programs[n++] = "pinentry-qt";
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		a->programs[n++] = usual[i];
}

static enum error show(struct asking *a, struct pinentry *p, struct secret **pin)
{
	enum error e = E_IO;

	p->title = "Inkan";
	p->cancel = _("Cancel");
	p->watch = watch;
	p->arg = a;
	for (; a->programs[a->program]; a->program++) {
		p->program = a->programs[a->program];
		e = pinentry_ask(p, pin);
		if (e != E_IO)
			return e;
	}
	return e;
}

/* From outside: visible, short, and no markup for a dialog that knows some. */
static void put_data(FILE *f, const char *data)
{
	char *visible = text_visible(data ? data : "");
	const char *p = visible ? visible : "";
	uint32_t c;

	if (!visible)
		mark_incomplete();
	for (size_t n = strlen(p), took, done = 0; n > 0 && done < DATA_MAX; p += took, n -= took, done += took) {
		took = utf8_next((const uint8_t *)p, n, &c);
		if (took == 1 && strchr("<>&", *p))
			fputs(*p == '<' ? "＜" : *p == '>' ? "＞" : "＆", f);
		else
			fwrite(p, 1, took, f);
	}
	fputs(*p ? "…\n" : "\n", f);
	free(visible);
}

/* What the site gets to know. */
static const char *disclosed(const struct request *r, const struct family *family)
{
	if (!family->personal)
		return _("Your certificate goes to this site: your name, your number and your role.");
	return r->command == AUTHENTICATE
	               ? _("Your certificate goes to this site: no name, but a number by which it knows you again.")
	               : _("Your certificate goes to this site: your name, address, date of birth and sex.");
}

static void put_holder(struct asking *a, FILE *f, const struct token *t)
{
	struct inkan_person *person = NULL;
	struct inkan_cert *cert = NULL;
	char until[LOCAL_TIME_SIZE];
	const char *name;

	fprintf(f, "%s\n", token_text(t->card->profile));
	if (!t->cert || input_token(a->ctx, t, &cert) != EXIT_DONE)
		return;
	if (!t->card->profile->family->personal && inkan_person_new(cert, &person) == INKAN_OK) {
		name = inkan_person_get(person, INKAN_PERSON_JAPANESE_NAME);
		put_data(f, name ? name : inkan_person_get(person, INKAN_PERSON_NAME));
		for (size_t i = 0; i < inkan_role_count(cert) && i < ROLES_SHOWN; i++)
			put_data(f, role_name(inkan_role_text(cert, i)));
		if (inkan_role_count(cert) > ROLES_SHOWN)
			fputs("…\n", f);
	}
	fprintf(f, _("valid until %s"), time_text(t->cert->not_after, true, until));
	fputc('\n', f);
	inkan_person_free(&person);
	inkan_cert_free(&cert);
}

/* To be freed; NULL: no memory. t NULL: no card yet. `more` is a last paragraph. */
static char *describe(struct asking *a, const struct token *t, const char *more)
{
	const struct request *r = a->r;
	static const char *const wants[] = {
		[AUTHENTICATE] = N_("asks you to sign in."),
		[GET_SIGNING_CERTIFICATE] = N_("asks for your certificate for signatures."),
		[SIGN] = N_("asks you to sign. What you sign is in the page; here is its hash alone:"),
	};
	char *text = NULL, hex[2 * sizeof r->digest + 1];
	size_t n, left = strlen(r->site);
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return NULL;
	for (const char *p = r->site; left > 0; p += n, left -= n) {
		n = left < SITE_COLUMNS ? left : SITE_COLUMNS;
		fprintf(f, "%.*s\n", (int)n, p);
	}
	fprintf(f, "%s\n", _(wants[r->command]));
	if (r->command == SIGN) {
		hex_write(r->digest, crypto_hash_len(r->hash), hex);
		fprintf(f, "%.64s\n%s%s", hex, hex + 64, crypto_hash_len(r->hash) > 32 ? "\n" : "");
	}
	if (t) {
		fprintf(f, "%s\n\n", disclosed(r, t->card->profile->family));
		put_holder(a, f, t);
	}
	if (more)
		fprintf(f, "\n%s", more);
	if (fclose(f) != 0 || is_incomplete()) {
		free(text);
		return NULL;
	}
	return text;
}

/* A dialog without a field. */
static enum error confirm(struct asking *a, const struct token *t, const char *more, const char *ok, const char *other)
{
	struct pinentry p = {.ok = ok, .other = other};
	char *text = describe(a, t, more);
	struct secret *none;
	enum error e = E_MEMORY;

	p.text = text;
	if (text)
		e = show(a, &p, &none);
	free(text);
	return e;
}

/* What stands in the way, until it is mended: E_CHANGED, unless the person gives up. */
static enum error explain(struct asking *a, const struct token *t, const char *why)
{
	enum error e = confirm(a, t, why, _("Look again"), NULL);

	return e == E_OK ? E_CHANGED : e;
}

/* ---- Sentences of say.h for a dialog: to be freed; NULL: no memory */

/* Why there is nothing to use. `e`: of find_all. */
static char *no_card_text(const struct asking *a, enum error e)
{
	const struct place *other = NULL;
	char *said = NULL;
	size_t n;
	FILE *f = open_memstream(&said, &n);

	for (size_t i = 0; i < a->find.n; i++)
		other = a->find.places[i].n > 0 ? &a->find.places[i] : other;
	say_into(f);
	if (e != E_OK)
		complain_reader(e, a->find.conf.reader);
	else if (other)
		refuse_no_token(other);
	else
		find_nothing(&a->find);
	say_into(NULL);
	if (f)
		fclose(f);
	return said;
}

static char *pin_text(enum error e, const struct card *card)
{
	char *said = NULL;
	size_t n;
	FILE *f = open_memstream(&said, &n);

	say_into(f);
	complain_pin(e, card);
	say_into(NULL);
	if (f)
		fclose(f);
	return said;
}

/* ---- The card */

static bool admitted(const struct asking *a, const struct token *t)
{
	const char *card = a->find.conf.card;

	return token_is(t, a->r->command == AUTHENTICATE ? USE_AUTH : USE_SIGN) &&
	       (!card[0] || strcmp(card, t->card->profile->family->word) == 0) &&
	       (t->cert || t->cert_error == E_SECURITY);
}

/* Whether it is the certificate that the site was given; one that is not read yet may be. */
static bool is_wanted(const struct asking *a, const struct card *card)
{
	const struct card_cert *own = &card->certs[0];
	json_t *text;
	bool same;

	if (a->r->command != SIGN || !own->der)
		return true;
	text = json_base64(own->der, own->der_len);
	same = text && strcmp(json_string_value(text), a->r->cert) == 0;
	json_decref(text);
	return same;
}

/* The card to use; of several, the one that the person chooses. */
static enum error choose(struct asking *a, struct token **out)
{
	struct token *list[TOKENS];
	size_t n = 0, i = 0;
	enum error e;
	char *why;

	for (size_t p = 0; p < a->find.n; p++)
		for (size_t t = 0; t < a->find.places[p].n; t++)
			if (admitted(a, &a->find.places[p].tokens[t]))
				list[n++] = &a->find.places[p].tokens[t];
	if (n == 0) {
		why = no_card_text(a, E_OK);
		e = explain(a, NULL, why);
		free(why);
		return e;
	}
	for (size_t k = 0; k < n && a->r->command == SIGN; k++)
		if (list[k]->cert && is_wanted(a, list[k]->card)) {
			*out = list[k];
			return E_OK;
		}
	e = n == 1 ? E_OK : E_REFUSED;
	while (e == E_REFUSED) { /* GNOME's dialogs have no third button */
		e = confirm(
			a, list[i],
			_("There are several cards. If no button offers another one, take out the one that you do not "
		          "use."),
			_("Use this one"), _("Another one"));
		i = e == E_REFUSED ? (i + 1) % n : i;
	}
	*out = list[i];
	return e;
}

/* Why no site would take it: NULL if it may. Of a certificate behind a PIN the dates are for the site to look at. */
static const char *unusable(const struct asking *a, const struct token *t)
{
	time_t now = time(NULL);

	if (!is_wanted(a, t->card))
		return _("This is not the card whose certificate the site was given. Put that one in.");
	if (t->cert && now > t->cert->not_after)
		return _("The certificate has expired.");
	return t->cert && now < t->cert->not_before ? _("The certificate is not valid yet.") : NULL;
}

/* ---- The PIN and the signature */

/* E_PIN_LENGTH: nothing was typed. */
static enum error ask_for_pin(struct asking *a, const struct token *t, const char *error, struct secret **pin)
{
	char *form = pin_form_text(&t->card->pin.rule), *tries = tries_text(t->card->pin.tries), *more = NULL;
	struct pinentry p = {.error = error, .prompt = _("PIN:"), .ok = _("OK")};
	enum error e = E_MEMORY;
	char *text = NULL;
	size_t n;

	if (form && tries && asprintf(&more, _("PIN: %s; %s"), form, tries) < 0)
		more = NULL;
	if (more)
		text = describe(a, t, more);
	p.text = text;
	if (text)
		e = show(a, &p, pin);
	if (e == E_OK) {
		secret_bytes(*pin, &n);
		e = n > 0 ? E_OK : E_PIN_LENGTH;
	}
	free(text);
	free(more);
	free(tries);
	free(form);
	return e;
}

/* What a person mends by typing again. */
static bool is_typing_error(enum error e)
{
	return e == E_PIN_WRONG || e == E_PIN_LENGTH || e == E_PIN_CHARACTERS || e == E_PIN_REPEATED ||
	       e == E_PIN_ELSEWHERE;
}

/* A PIN that the card has accepted. Other errors than the dialog's are the card's. */
static enum error verify_pin(struct asking *a, struct token *t, struct secret **pin)
{
	const bool last_try = a->find.conf.last_try_allowed;
	char *said = NULL;
	struct bytes bytes;
	enum error e;

	do {
		secret_free(pin);
		e = card_tries(t->card);
		if (e == E_OK && t->card->pin.tries == 0)
			e = E_PIN_LOCKED;
		if (e == E_OK && t->card->pin.tries == 1 && !last_try)
			e = E_PIN_LAST_TRY;
		if (e == E_OK)
			e = ask_for_pin(a, t, said, pin);
		if (e == E_OK) {
			bytes.data = secret_bytes(*pin, &bytes.len);
			e = card_login(t->card, bytes, last_try);
		}
		free(said);
		said = is_typing_error(e) ? pin_text(e, t->card) : NULL;
	} while (said);
	return e;
}

static enum error sign(struct asking *a, const struct token *t, const struct secret *pin, struct consent *out)
{
	struct scheme_params params = {.scheme = SCHEME_PKCS1, .hash = a->r->hash};
	struct bytes bytes, digest = {a->r->digest, crypto_hash_len(a->r->hash)};
	struct encoded encoded = {0};
	struct cert *cert = NULL;
	enum error e = cert_parse_private(a->find.crypto, (struct bytes){out->cert.data, out->cert.len}, &cert);

	if (e == E_OK)
		e = scheme_begin(&params, &cert->key);
	if (e == E_OK)
		e = scheme_prepare(a->find.crypto, &params, digest, &encoded);
	out->signature_len = sizeof out->signature;
	bytes.data = secret_bytes(pin, &bytes.len);
	if (e == E_OK)
		e = card_sign(t->card, bytes, &params, &encoded, out->signature, &out->signature_len);
	if (e == E_OK)
		e = scheme_check(a->find.crypto, &params, &cert->key, &encoded,
		                 (struct bytes){out->signature, out->signature_len});
	cert_free(&cert);
	return e;
}

/* With the card that was chosen. Errors of a card are shown and mended: E_CHANGED. */
static enum error use(struct asking *a, struct token *t, struct consent *out)
{
	const struct card_cert *own = &t->card->certs[0];
	const char *why = unusable(a, t);
	struct secret *pin = NULL;
	enum error e;
	char *said;

	if (why)
		return explain(a, t, why);
	if (a->r->command == GET_SIGNING_CERTIFICATE && own->der)
		e = confirm(a, t, NULL, _("OK"), NULL);
	else
		e = verify_pin(a, t, &pin);
	if (e == E_OK && (why = unusable(a, t)))
		e = explain(a, t, why);
	if (e == E_OK)
		e = own->der ? buf_append(&out->cert, own->der, own->der_len) : E_NOT_FOUND;
	if (e == E_OK && a->r->command != GET_SIGNING_CERTIFICATE)
		e = sign(a, t, pin, out);
	secret_free(&pin);
	if (e == E_OK || e == E_CANCELLED || e == E_CHANGED || e == E_IO || e == E_MEMORY)
		return e;
	said = pin_text(e, t->card);
	e = explain(a, t, said);
	free(said);
	return e;
}

enum error consent_ask(const struct request *r, struct consent *out)
{
	struct asking a = {.r = r};
	enum error e = input_open(true, &a.ctx) == EXIT_DONE ? E_CHANGED : E_MEMORY;
	struct token *t = NULL;
	char *why;

	while (e == E_CHANGED && !r->gone()) { /* a reader or a card came or went: look again */
		find_free(&a.find);
		buf_wipe(&out->cert);
		out->cert.hidden = true;
		e = find_all(&a.find, NULL);
		if (!a.find.cards.crypto)
			break;
		a.find.cards.gone = r->gone;
		if (!a.programs[0])
			choose_programs(&a);
		if (e == E_OK)
			e = choose(&a, &t);
		else if ((why = no_card_text(&a, e))) {
			e = explain(&a, NULL, why);
			free(why);
			continue;
		}
		if (e == E_OK)
			e = use(&a, t, out);
	}
	find_free(&a.find);
	inkan_free(&a.ctx);
	return e;
}
