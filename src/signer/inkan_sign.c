/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan-sign.h: signing, with a card and a person's consent. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <inkan-sign.h>
#include "base/conf.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "lib/object.h"
#include "signer/signer.h"
#include "status/fetch.h"

struct inkan_signer {
	struct signer signer; /* self is this */
	struct card_system cards;
	struct card *card;
	struct inkan_cert *cert;
	inkan_ask_pin ask_pin;
	void *arg;
	unsigned batch, left; /* left: signatures that the PIN entered last consents to */
	struct secret *pin;   /* NULL: none */
	size_t pin_len;
	bool made;                /* the card has made this document's signature */
	char *tsa, program[4096]; /* inkan-fetch */
	struct stamp_trust trust;
	struct stamp_request stamps;
};

static void forget_pin(struct inkan_signer *s)
{
	secret_free(&s->pin);
	s->left = 0;
}

/* One PIN entry: the counter first, so that nobody types a PIN that will not be sent. */
static enum error consent(struct inkan_signer *s)
{
	const struct pin_profile *rule = &s->card->pin.rule;
	struct inkan_pin_question question = {.token = s->card->profile->name, .min = rule->min, .max = rule->max};
	enum error e = card_tries(s->card);
	uint8_t *room = NULL;
	struct bytes pin;
	int n;

	if (e != E_OK)
		return e;
	if (s->card->pin.tries == 0 || s->card->pin.tries == 1)
		return s->card->pin.tries == 0 ? E_PIN_LOCKED : E_PIN_LAST_TRY;
	question.tries = s->card->pin.tries;
	e = secret_new(&s->pin, NULL, 0);
	if (e != E_OK || !(room = secret_extend(s->pin, CARD_PIN_MAX)))
		return e != E_OK ? e : E_MEMORY;
	n = s->ask_pin(s->arg, &question, (char *)room, CARD_PIN_MAX);
	if (n < 0)
		return E_CANCELLED;
	pin = (struct bytes){room, (size_t)n};
	e = n > CARD_PIN_MAX ? E_PIN_LENGTH : card_check_pin(s->card, pin);
	if (e == E_OK)
		e = card_login(s->card, pin, false);
	if (e != E_OK)
		return e;
	s->pin_len = pin.len;
	s->left = s->batch;
	return E_OK;
}

static enum error card_signs(void *self, const uint8_t hash[32], uint8_t *signature, size_t *len)
{
	struct inkan_signer *s = self;
	struct scheme_params params = {.scheme = SCHEME_PKCS1, .hash = HASH_SHA256};
	const struct key *key = &s->signer.cert->key;
	struct encoded encoded = {0};
	enum error e = scheme_begin(&params, key);
	struct bytes pin;

	if (e == E_OK)
		e = scheme_prepare(s->signer.crypto, &params, (struct bytes){hash, 32}, &encoded);
	if (e == E_OK && s->left == 0)
		e = consent(s);
	if (e == E_OK) {
		pin.data = secret_bytes(s->pin, &pin.len);
		pin.len = s->pin_len;
		e = card_sign(s->card, pin, &params, &encoded, signature, len);
	}
	if (e == E_OK)
		e = scheme_check(s->signer.crypto, &params, key, &encoded, (struct bytes){signature, *len});
	if (e == E_SIGNATURE)
		log_error("scheme_check: the card's signature does not verify");
	if (e != E_OK || --s->left == 0)
		forget_pin(s);
	s->made = e == E_OK;
	return e;
}

enum error signer_stamp_trust(const struct crypto *crypto, const char *const *folders, struct stamp_trust *out)
{
	char usual[2][4096];
	const char *const list[] = {usual[0], usual[1]};

	return folders ? stamp_trust_open(crypto, folders, list_count(folders), out)
	               : stamp_trust_open(crypto, list, trust_stamp_folders(usual), out);
}

static enum error prepare_stamps(struct inkan_signer *s, const struct inkan_signer_options *o)
{
	struct conf conf;
	enum error e = signer_stamp_trust(s->signer.crypto, o->tsa_anchors, &s->trust);

	s->tsa = strdup(o->tsa);
	if (e != E_OK || !s->tsa)
		return e != E_OK ? e : E_MEMORY;
	conf_load(&conf);
	s->stamps = (struct stamp_request){.crypto = s->signer.crypto,
	                                   .trust = &s->trust,
	                                   .program = program_path("inkan-fetch", s->program),
	                                   .url = s->tsa,
	                                   .seconds = o->tsa_seconds > 0 ? (long)o->tsa_seconds : 30,
	                                   .tolerance = conf.clock_tolerance};
	s->signer.stamps = &s->stamps;
	return E_OK;
}

enum inkan_error inkan_signer_new(struct inkan *ctx, const struct inkan_signer_options *options,
                                  struct inkan_signer **out)
{
	struct inkan_signer_options o = {.size = sizeof o};
	struct inkan_signer *s;
	struct trust *trust = NULL;
	struct cert *cert = NULL;
	enum error e;

	if (out)
		*out = NULL;
	if (!ctx || !options || !out || !struct_take(&o, sizeof o, options) || !o.ask_pin || o.tsa_seconds < 0 ||
	    o.tsa_seconds > 3600 || (o.tsa && !fetch_url_valid(o.tsa)))
		return INKAN_E_ARGUMENT;
	s = calloc(1, sizeof *s);
	if (!s)
		return INKAN_E_MEMORY;
	s->signer = (struct signer){.crypto = ctx->crypto, .sign = card_signs, .self = s};
	s->cards = (struct card_system){.ops = &pcsc_reader_ops, .crypto = ctx->crypto};
	s->ask_pin = o.ask_pin;
	s->arg = o.arg;
	s->batch = o.batch > 0 ? o.batch : 1;
	e = pcsc_reader_ops.open(&s->cards.self, true);
	if (e == E_OK)
		e = holder_card(ctx, &s->cards, o.reader, profiles_hpki_sign, &s->card, &cert, &trust);
	if (e == E_OK && inkan_cert_wrap(cert, trust, &s->cert) != INKAN_OK)
		e = E_MEMORY;
	if (e == E_OK) {
		s->signer.cert = s->cert->cert;
		e = o.tsa ? prepare_stamps(s, &o) : E_OK;
	}
	if (e != E_OK) {
		inkan_signer_free(&s);
		return inkan_error_of(e);
	}
	*out = s;
	return INKAN_OK;
}

void inkan_signer_free(struct inkan_signer **signer)
{
	struct inkan_signer *s = signer ? *signer : NULL;

	if (!s)
		return;
	forget_pin(s);
	card_free(&s->card);
	inkan_cert_free(&s->cert);
	if (s->cards.self)
		pcsc_reader_ops.close(s->cards.self);
	stamp_trust_free(&s->trust);
	free(s->tsa);
	free(s);
	*signer = NULL;
}

const struct inkan_cert *inkan_signer_cert(const struct inkan_signer *signer)
{
	return signer ? signer->cert : NULL;
}

const char *inkan_signer_why(const struct inkan_signer *signer)
{
	return signer ? signer->signer.why : "";
}

/* An empty part may be NULL. */
static struct bytes bytes_of(const struct inkan_part *part)
{
	return (struct bytes){part->data ? part->data : (const uint8_t *)"", part->n};
}

static enum error make(struct signer *s, enum inkan_sign_form form, const struct inkan_part *parts, size_t n,
                       struct buf *out)
{
	struct bytes first = bytes_of(&parts[0]);

	switch (form) {
	case INKAN_SIGN_CADES_DETACHED: return cades_sign(s, first, false, out);
	case INKAN_SIGN_CADES: return cades_sign(s, first, true, out);
	case INKAN_SIGN_XADES: return xades_sign_enveloped(s, first, out);
	case INKAN_SIGN_PRESCRIPTION: return prescription_sign(s, first, out);
	case INKAN_SIGN_DISPENSING: return dispensing_sign(s, first, bytes_of(&parts[1]), out);
	case INKAN_SIGN_XADES_DETACHED: break;
	}
	return xades_sign_detached(s, parts, n, out);
}

enum inkan_error inkan_sign(struct inkan_signer *signer, enum inkan_sign_form form, const struct inkan_part *parts,
                            size_t n, unsigned char **out, size_t *out_n)
{
	const size_t least = form == INKAN_SIGN_DISPENSING ? 2 : 1;
	const size_t most = form == INKAN_SIGN_XADES_DETACHED ? INKAN_SIGN_FILES_MAX : least;
	struct buf document = {0};
	enum inkan_error answer;
	enum error e;
	char *why;
	int tries;

	if (out)
		*out = NULL;
	if (out_n)
		*out_n = 0;
	if (!signer || !parts || !out || !out_n || (unsigned)form > INKAN_SIGN_DISPENSING || n < least || n > most)
		return INKAN_E_ARGUMENT;
	for (size_t i = 0; i < n; i++) {
		if ((!parts[i].data && parts[i].n > 0) || (form == INKAN_SIGN_XADES_DETACHED && !parts[i].name))
			return INKAN_E_ARGUMENT;
		if (parts[i].n > DOCUMENT_MAX)
			return INKAN_E_TOO_LONG;
	}
	inkan_bind_messages();
	signer->made = false;
	why = signer->signer.why;
	why[0] = '\0';
	if (signer->signer.stamps && signer->trust.n == 0) {
		snprintf(why, sizeof signer->signer.why, "%s",
		         _("no time stamp authority's root is installed: inkan trust add --tsa FILE"));
		return INKAN_E_TSA;
	}
	e = make(&signer->signer, form, parts, n, &document);
	if (e == E_OK) {
		*out = document.data;
		*out_n = document.len;
		return INKAN_OK;
	}
	buf_wipe(&document);
	answer = signer->made && (e == E_REFUSED || e == E_TIMEOUT || e == E_IO) ? INKAN_E_TSA : inkan_error_of(e);
	tries = signer->card->pin.tries;
	if (!why[0] && answer == INKAN_E_PIN_WRONG && tries >= 0)
		snprintf(why, sizeof signer->signer.why,
		         dngettext(INKAN_DOMAIN, "the PIN is wrong: %d try left", "the PIN is wrong: %d tries left",
		                   (unsigned long)tries),
		         tries);
	else if (!why[0])
		snprintf(why, sizeof signer->signer.why, "%s",
		         answer == INKAN_E_PIN_KEPT ? _(error_text(e))
		         : answer == INKAN_E_FORMAT ? _(problem_text(PROBLEM_FORM))
		                                    : inkan_error_text(answer));
	return answer;
}

void inkan_sign_free(unsigned char **out)
{
	if (out)
		free(*out), *out = NULL;
}
