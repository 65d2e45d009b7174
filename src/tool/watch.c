/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan watch: the reception of a seminar. Nothing is stored. */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "cards/family.h"
#include "input.h"
#include "say.h"
#include "show.h"

struct watch {
	struct card_system cards;
	struct inkan *ctx;
	bool csv;
	json_t *known; /* of the certificates that were here: their SHA-256 */
	size_t again, others;
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = number;
}

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan watch [OPTIONS]"));
	printf("%s\n", _("Writes a line for each HPKI card that is put into a reader or laid on one: holder, roles,\n"
	                 "validity and status. It asks for no PIN, stores nothing, and ends with Ctrl-C."));
	printf("\n  --csv               %s\n  --help\n", _("comma-separated values (RFC 4180), not JSON"));
}

/* Adds what the certificate and the held lists say. False: it could not be found out. */
static bool add_holder(struct watch *w, json_t *json, const struct inkan_cert *cert)
{
	const struct inkan_rules rules = {.size = sizeof rules, .purpose = INKAN_PURPOSE_LOGIN};
	struct inkan_status_info info = {.size = sizeof info};
	struct inkan_decision *decision = NULL;
	struct inkan_person *person = NULL;
	char until[TIME_TEXT_SIZE] = "", hash[65];
	json_t *roles = json_array(), *reasons = json_array();
	bool found = inkan_person_new(cert, &person) == INKAN_OK &&
	             inkan_decide(w->ctx, cert, &rules, &decision) == INKAN_OK &&
	             inkan_decision_status(decision, &info) == INKAN_OK;

	for (size_t i = 0; inkan_role_text(cert, i); i++)
		json_array_append_new(roles, json_text(inkan_role_text(cert, i)));
	for (size_t i = 0; inkan_decision_reason(decision, i); i++)
		json_array_append_new(reasons, json_string(inkan_decision_reason(decision, i)));
	time_write((time_t)inkan_cert_not_after(cert), until);
	hex_write(inkan_cert_sha256(cert), 32, hash);
	json_object_update_new(json, json_pack("{so so so so ss ss so sb}", "name",
	                                       json_text(inkan_person_get(person, INKAN_PERSON_NAME)), "japanese_name",
	                                       json_text(inkan_person_get(person, INKAN_PERSON_JAPANESE_NAME)), "id",
	                                       json_text(inkan_person_get(person, INKAN_PERSON_ID)), "roles", roles,
	                                       "valid_until", until, "status", inkan_status_word(info.result),
	                                       "reasons", reasons, "again", json_object_get(w->known, hash) != NULL));
	json_object_set_new(w->known, hash, json_true());
	inkan_decision_free(&decision);
	inkan_person_free(&person);
	return found;
}

static const char *const columns[] = {"time",        "card",   "name",    "japanese_name", "id", "roles",
                                      "valid_until", "status", "reasons", "again",         NULL};

static void put_csv(const json_t *value)
{
	const char *text = json_is_true(value) ? "yes" : json_is_string(value) ? json_string_value(value) : "";
	const json_t *each;
	size_t i;

	fputs(text[0] && strchr("=+-@", text[0]) ? "\"'" : "\"", stdout); /* no formula for a spreadsheet */
	for (; *text; text++)
		printf(*text == '"' ? "\"\"" : "%c", *text);
	json_array_foreach (value, i, each)
		printf("%s%s", i ? "; " : "", json_string_value(each));
	putchar('"');
}

/* False: it could not be written. */
static bool put_line(const struct watch *w, const json_t *json)
{
	if (!w->csv)
		return json_dumpf(json, stdout, JSON_COMPACT) == 0 && puts("") != EOF && fflush(stdout) == 0;
	for (const char *const *c = columns; *c; c++) {
		put_csv(json_object_get(json, *c));
		fputs(c[1] ? "," : "\r\n", stdout);
	}
	return fflush(stdout) == 0 && !ferror(stdout);
}

/* One card. False: its line could not be written. */
static bool look(struct watch *w, const struct reader_state *state)
{
	char now[TIME_TEXT_SIZE] = "";
	struct inkan_cert *cert = NULL;
	struct card *card = NULL;
	json_t *json;
	bool written;
	enum error e = state->mute ? E_MUTE : E_FOREIGN;

	for (const struct family *const *f = families; *f; f++) /* nothing of a private person's card is looked at */
		for (size_t i = 0; !(*f)->personal && i < (*f)->profiles.n && e == E_FOREIGN; i++)
			if ((*f)->profiles.list[i]->use == USE_AUTH)
				e = card_open(&w->cards, state->name, (struct profile_set){&(*f)->profiles.list[i], 1},
				              &card);
	time_write(time(NULL), now);
	json = json_pack("{ss ss}", "time", now, "card", card ? card->profile->family->word : "not an HPKI card");
	if (e == E_OK && !card)
		e = E_FOREIGN;
	if (e == E_OK)
		e = card->n_certs > 0 && card->certs[0].role == CERT_OWN ? card_read_cert(card, 0) : E_NOT_FOUND;
	if (e == E_OK && inkan_cert_from_der(w->ctx, card->certs[0].der, card->certs[0].der_len, &cert) != INKAN_OK)
		e = E_FORMAT;
	if (e == E_OK && !add_holder(w, json, cert))
		e = E_INTERNAL;
	if (e != E_OK && e != E_FOREIGN)
		complain_reader(e, state->name);
	w->again += json_is_true(json_object_get(json, "again"));
	w->others += e == E_FOREIGN;
	written = (e != E_OK && e != E_FOREIGN) || put_line(w, json);
	json_decref(json);
	inkan_cert_free(&cert);
	card_free(&card);
	return written;
}

static enum exit_code watch(struct watch *w)
{
	struct reader_state now[READER_COUNT_MAX], before[READER_COUNT_MAX];
	size_t n = READER_COUNT_MAX, n_before = 0, k;
	enum error e = w->cards.ops->list(w->cards.self, now, &n);

	if (e != E_OK) { /* later, pcscd is waited for */
		complain_reader(e, "");
		return exit_of(e);
	}
	for (const char *const *c = columns; w->csv && *c; c++)
		printf("%s%s", *c, c[1] ? "," : "\r\n");
	for (; !stopped; n_before = n) {
		n = READER_COUNT_MAX;
		w->cards.ops->list(w->cards.self, now, &n);
		for (size_t i = 0; i < n && !stopped; i++) {
			for (k = 0; k < n_before && strcmp(before[k].name, now[i].name) != 0; k++)
				;
			if (now[i].present && (k == n_before || now[i].insertion != before[k].insertion) &&
			    !look(w, &now[i]))
				return EXIT_OUTPUT;
		}
		memcpy(before, now, sizeof now);
		w->cards.ops->wait(w->cards.self, now, n, 1000);
	}
	fprintf(stderr, _("HPKI cards: %zu; put in again: %zu; other cards: %zu.\n"), json_object_size(w->known),
	        w->again, w->others);
	return EXIT_DONE;
}

enum exit_code verb_watch(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
	                                        {"csv", no_argument, NULL, 'c'},
	                                        {NULL, 0, NULL, 0}};
	struct watch w = {.cards = {.ops = &pcsc_reader_ops, .waiting = say_waiting}};
	struct crypto *crypto = NULL;
	enum exit_code code;
	enum error e;
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == 'h')
			help();
		if (option != 'c')
			return option == 'h' ? EXIT_DONE : EXIT_USAGE;
		w.csv = true;
	}
	if (optind < argc)
		return refuse_argument(argv[0], argv[optind]);
	sigaction(SIGINT, &(struct sigaction){.sa_handler = stop}, NULL);
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
	w.known = json_object();
	code = input_open(false, &w.ctx);
	if (code == EXIT_DONE &&
	    ((e = crypto_new(&crypto)) != E_OK || (e = w.cards.ops->open(&w.cards.self, true)) != E_OK)) {
		complain_reader(e, "");
		code = exit_of(e);
	}
	w.cards.crypto = crypto;
	if (code == EXIT_DONE)
		code = watch(&w);
	if (w.cards.self)
		w.cards.ops->close(w.cards.self);
	crypto_free(&crypto);
	inkan_free(&w.ctx);
	json_decref(w.known);
	return code;
}
