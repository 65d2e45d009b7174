/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include "input.h"
#include "say.h"
#include "show.h"
#include "tool.h"

enum { OPTION_JSON = 256, OPTION_READER };

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, OPTION_JSON},
	{"reader", required_argument, NULL, OPTION_READER},
	{NULL, 0, NULL, 0},
};

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan list [OPTIONS]"));
	printf("%s\n", _("Lists the card readers, the card in each and the tokens on it: holder, role, validity\n"
	                 "and how many PIN tries are left. It asks for no PIN and uses no try."));
	printf("\n  --json              %s\n", _("one JSON object, without names"));
	printf("  --reader NAME       %s\n  --help\n", _("only readers with NAME in their names"));
}

/* Of a personal card neither the name nor the certificate's fingerprint. */
static void put_token(struct inkan *ctx, const struct token *t)
{
	char *tries = tries_text(t->card->pin.tries), to[LOCAL_TIME_SIZE];
	struct inkan_cert *cert = NULL;
	time_t now = time(NULL);

	if (t->cert)
		input_token(ctx, t, &cert);
	printf("  ");
	put_text(stdout, token_text(t->card->profile));
	putchar('\n');
	if (t->cert_error != E_OK)
		put_subfield(_("Holder"), "%s",
		             t->cert_error == E_SECURITY ? _("behind the PIN: inkan show --login")
		                                         : _(error_text(t->cert_error)));
	else if (!inkan_cert_is_personal(cert))
		text_holder(put_subfield, cert, false);
	if (cert)
		put_subfield(_("Valid until"), "%s%s", time_text((time_t)inkan_cert_not_after(cert), true, to),
		             now > inkan_cert_not_after(cert)    ? _(" (EXPIRED)")
		             : now < inkan_cert_not_before(cert) ? _(" (NOT YET VALID)")
		                                                 : "");
	if (cert && inkan_cert_profile(cert) != INKAN_PROFILE_UNKNOWN && !inkan_cert_is_production(cert))
		put_subfield(_("Policy"), "%s", _("TEST: it proves nothing about anybody"));
	put_subfield(_("PIN"), "%s", tries ? tries : "");
	put_subfield(_("Serial"), "%s", t->card->serial);
	inkan_cert_free(&cert);
	free(tries);
}

static void put_place(struct inkan *ctx, const struct place *p)
{
	put_text(stdout, p->state.name);
	putchar('\n');
	for (size_t i = 0; i < p->n; i++)
		put_token(ctx, &p->tokens[i]);
	for (size_t i = 0; i < p->n_empty; i++) {
		printf("  ");
		put_text(stdout, token_text(p->empty[i]));
		putchar('\n');
		put_subfield(_("Certificate"), "%s", _("none on this card"));
	}
	if (p->error == E_NO_CARD)
		printf("  %s\n", _("no card"));
	else if (p->error != E_OK && p->n_empty == 0)
		printf("  %s\n", _(error_text(p->error)));
}

static json_t *token_object(struct inkan *ctx, const struct token *t)
{
	json_t *json = json_token(t), *all;
	struct inkan_cert *cert = NULL;

	json_object_del(json, "reader");
	if (!t->cert || input_token(ctx, t, &cert) != EXIT_DONE)
		return json;
	all = json_certificate(cert, false);
	if (!inkan_cert_is_personal(cert))
		json_object_set(json, "certificate", json_object_get(all, "certificate"));
	json_object_set(json, "profile", json_object_get(all, "profile"));
	json_object_set(json, "roles", json_object_get(all, "roles"));
	json_decref(all);
	inkan_cert_free(&cert);
	return json;
}

static const char *state_word(enum error e)
{
	return e == E_OK        ? "card"
	       : e == E_NO_CARD ? "empty"
	       : e == E_FOREIGN ? "foreign"
	       : e == E_MUTE    ? "mute"
	       : e == E_BUSY    ? "busy"
	                        : "error";
}

static enum exit_code print_json(struct inkan *ctx, const struct find *f)
{
	json_t *json = json_object(), *readers = json_array();

	for (size_t i = 0; i < f->n; i++) {
		const struct place *p = &f->places[i];
		json_t *reader = json_object(), *tokens = json_array(), *empty = json_array();

		for (size_t k = 0; k < p->n; k++)
			json_array_append_new(tokens, token_object(ctx, &p->tokens[k]));
		json_object_set_new(reader, "name", json_text(p->state.name));
		json_object_set_new(reader, "state", json_string(state_word(p->error)));
		json_object_set_new(reader, "tokens", tokens);
		for (size_t k = 0; k < p->n_empty; k++)
			json_array_append_new(empty, json_text(p->empty[k]->name));
		json_object_set_new(reader, "without_certificate", empty);
		json_array_append_new(readers, reader);
	}
	json_object_set_new(json, "version", json_integer(1));
	json_object_set_new(json, "readers", readers);
	return json_print(json);
}

static enum exit_code run(struct inkan *ctx, struct find *f, bool json, const char *reader)
{
	enum error e = find_all(f, reader);
	enum exit_code code = EXIT_DONE;
	size_t known = 0;

	if (e != E_OK)
		complain_reader(e, reader ? reader : f->conf.reader);
	for (size_t i = 0; i < f->n; i++)
		known += f->places[i].n;
	if (json)
		code = print_json(ctx, f);
	for (size_t i = 0; !json && i < f->n; i++)
		put_place(ctx, &f->places[i]);
	if (e != E_OK)
		return exit_of(e);
	return known > 0 ? code : find_nothing(f);
}

enum exit_code verb_list(int argc, char **argv)
{
	const char *reader = NULL;
	struct find f = {.n = 0};
	struct inkan *ctx = NULL;
	bool json = false;
	enum exit_code code;
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (option == 'h') {
			help();
			return EXIT_DONE;
		}
		if (option == OPTION_READER)
			reader = optarg;
		json |= option == OPTION_JSON;
	}
	if (optind < argc)
		return refuse_argument(argv[0], argv[optind]);
	code = input_open(true, &ctx);
	if (code == EXIT_DONE)
		code = run(ctx, &f, json, reader);
	find_free(&f);
	inkan_free(&ctx);
	return code;
}
