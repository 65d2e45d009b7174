/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan trust add|list|remove: whose word counts. */
#include "config.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "facts.h"
#include "input.h"
#include "say.h"
#include "show.h"
#include "tool.h"
#include "trust.h"

enum { OPTION_YES = 256, OPTION_SYSTEM, OPTION_JSON };

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"yes", no_argument, NULL, OPTION_YES},
	{"system", no_argument, NULL, OPTION_SYSTEM},
	{"json", no_argument, NULL, OPTION_JSON},
	{NULL, 0, NULL, 0},
};

struct wish {
	const char *act, *what;
	bool yes, system, json, help;
};

/* The certificates of HPKI's authorities as the Ministry and the CAs publish
 * them. A name for the reader: nothing is trusted for standing here. */
static const struct {
	const char *sha256, *name;
} known[] = {
	{"6ed2796b1b101736d952185787cb36da9ce80522cc8cb7b5ce728b61be1b674c",
	 N_("the root of HPKI: MHLW HPKI Root CA V2 (Ministry of Health, Labour and Welfare)")},
	{"5ebddc823cda0c1275f45ac8508ac28609e55bd5daa1d7da8d0d75b1a3c13360",
	 N_("HPKI, signature CA of the Japan Medical Association")},
	{"5f497e73f986c4503eb25eb94851a79193d2edc8f829f32e930a61f0b569e033", N_("HPKI, signature CA of MEDIS")},
	{"476b64ddd92129cad257906d206fff4e8e32390faf2f64892f6c810cfff54bc3",
	 N_("HPKI, authentication CA of MEDIS, for persons")},
};

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan trust add [--yes] [--system] FILE|-\n"
	                   "       inkan trust list [--json]\n"
	                   "       inkan trust remove [--yes] [--system] FINGERPRINT|FILE"));
	printf("%s\n", _("The CA certificates that certificates are verified with: a self-signed one is an anchor,\n"
	                 "the others help to build chains. None is there unless somebody has added it."));
	printf("\n  --yes      %s\n", _("do not ask (scripts: compare the fingerprint first)"));
	printf("  --system   %s\n", _("for everybody on this machine"));
	printf("  --json     %s\n  --help\n", _("one JSON object"));
}

const char *trust_known_name(const struct cert *cert)
{
	char hex[FINGERPRINT_SIZE];

	trust_fingerprint(cert, hex);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].sha256, hex) == 0)
			return _(known[i].name);
	return NULL;
}

void trust_fingerprint(const struct cert *cert, char hex[FINGERPRINT_SIZE])
{
	for (size_t i = 0; i < sizeof cert->sha256; i++)
		snprintf(hex + 2 * i, 3, "%02x", cert->sha256[i]);
}

static void put_certificate(const struct cert *cert)
{
	char *subject = fact_dn(X509_get_subject_name(cert->x509));
	const char *name = trust_known_name(cert);
	char text[FACT_TIME_SIZE], print[3 * sizeof cert->sha256 + 1];

	put_text(stdout, subject ? subject : "");
	putchar('\n');
	free(subject);
	for (size_t i = 0; i < sizeof cert->sha256; i++)
		snprintf(print + 3 * i, 4, "%02X:", cert->sha256[i]);
	print[sizeof print - 2] = '\0';
	put_field(_("SHA-256"), "%s", print);
	put_field(_("Known as"), "%s", name ? name : _("nothing that Inkan knows"));
	if (fact_local_time(X509_get0_notAfter(cert->x509), true, text))
		put_field(_("Valid until"), "%s", text);
}

/* True when it was said, on a terminal, that it shall be. */
static bool confirm(const struct wish *wish, const char *ask)
{
	char line[16] = "";

	if (wish->yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		complain(_("Nothing was changed: standard input is no terminal, so nobody can be asked."));
		advise(_("Compare the fingerprint with the one that the CA publishes, then use --yes."));
		return false;
	}
	put_text(stdout, ask);
	fflush(stdout);
	if (fgets(line, sizeof line, stdin) && (strcmp(line, "yes\n") == 0 || strcmp(line, "y\n") == 0))
		return true;
	complain(_("Nothing was changed."));
	return false;
}

/* What is there, in both folders. What went wrong has been said. */
static enum exit_code open_all(struct crypto **crypto, struct trust **trust)
{
	char folders[2][4096];
	const char *list[2] = {folders[0], folders[1]};
	enum error e = crypto_new(crypto);

	if (e == E_OK)
		e = trust_open(*crypto, list, trust_folders(folders), trust);
	if (e != E_OK)
		complain("%s", _(error_text(e)));
	return e == E_OK ? EXIT_DONE : EXIT_INTERNAL;
}

static enum exit_code add_certificate(const struct wish *wish, const struct trust *trust, const struct cert *cert)
{
	if (!cert->ca) {
		complain(_("This is not the certificate of a CA."));
		advise(_("Anchors are CA certificates, such as the root of HPKI; see what this one is: inkan show %s"),
		       wish->what);
		return EXIT_MALFORMED;
	}
	put_certificate(cert);
	for (size_t i = 0; i < trust->n; i++) {
		if (memcmp(trust->list[i]->cert->sha256, cert->sha256, sizeof cert->sha256) == 0) {
			put_field(_("There already"), "%s", trust->list[i]->file);
			return EXIT_DONE;
		}
	}
	if (!confirm(wish, _("Compare the fingerprint with the one that the CA publishes. Trust it? [yes/no] ")))
		return EXIT_REFUSED;
	return anchor_write(cert, wish->system);
}

static enum exit_code add(const struct wish *wish)
{
	struct crypto *crypto = NULL;
	struct trust *trust = NULL;
	struct cert *cert = NULL;
	enum exit_code code = open_all(&crypto, &trust);

	if (code == EXIT_DONE)
		code = input_certificate(crypto, wish->what, &cert);
	if (code == EXIT_DONE)
		code = add_certificate(wish, trust, cert);
	cert_free(&cert);
	trust_free(&trust);
	crypto_free(&crypto);
	return code;
}

static json_t *ca_json(const struct trusted_ca *ca)
{
	const char *name = trust_known_name(ca->cert);
	json_t *json = json_certificate(ca->cert, false), *flaws = json_array();
	char *subject = fact_dn(X509_get_subject_name(ca->cert->x509));
	unsigned flaw;

	for (unsigned i = 0; (flaw = reason_next(ca->flaws, i)); i++)
		json_array_append_new(flaws, json_string(reason_word(flaw)));
	json_object_set_new(json, "subject", json_text(subject ? subject : ""));
	json_object_set_new(json, "file", json_text(ca->file));
	json_object_set_new(json, "anchor", json_boolean(ca->anchor));
	json_object_set_new(json, "sound", json_boolean(ca->sound));
	json_object_set_new(json, "flaws", flaws);
	json_object_set_new(json, "known_as", name ? json_text(name) : json_null());
	free(subject);
	return json;
}

static enum exit_code list_json(const struct trust *trust)
{
	json_t *json = json_object(), *list = json_array();

	for (size_t i = 0; i < trust->n; i++)
		json_array_append_new(list, ca_json(trust->list[i]));
	json_object_set_new(json, "version", json_integer(1));
	json_object_set_new(json, "certificates", list);
	return json_print(json);
}

static void list_text(const struct trust *trust)
{
	for (size_t i = 0; i < trust->n; i++) {
		const struct trusted_ca *ca = trust->list[i];
		unsigned flaw;

		if (i > 0)
			putchar('\n');
		put_certificate(ca->cert);
		put_field(_("Used as"), "%s", ca->anchor ? _("anchor") : _("part of chains"));
		put_field(_("File"), "%s", ca->file);
		for (unsigned k = 0; (flaw = reason_next(ca->flaws, k)); k++)
			put_field(_("NOT USABLE"), "%s", _(reason_text(flaw)));
	}
	if (trust->n == 0)
		printf("%s\n", _("No CA certificate is installed; inkan trust add FILE adds one."));
}

static enum exit_code list(const struct wish *wish)
{
	struct crypto *crypto = NULL;
	struct trust *trust = NULL;
	enum exit_code code = open_all(&crypto, &trust);

	if (code == EXIT_DONE && wish->json)
		code = list_json(trust);
	else if (code == EXIT_DONE)
		list_text(trust);
	trust_free(&trust);
	crypto_free(&crypto);
	return code;
}

/* The one CA whose fingerprint (colons or not, at least eight digits) or file it is. */
static const struct trusted_ca *find(const struct trust *trust, const char *what, size_t *n)
{
	const struct trusted_ca *found = NULL;
	char hex[FINGERPRINT_SIZE], typed[FINGERPRINT_SIZE] = "";
	size_t len = 0;

	for (const char *p = what; *p && len < sizeof typed - 1; p++)
		if (*p != ':')
			typed[len++] = *p >= 'A' && *p <= 'F' ? (char)(*p - 'A' + 'a') : *p;
	*n = 0;
	for (size_t i = 0; i < trust->n; i++) {
		trust_fingerprint(trust->list[i]->cert, hex);
		if (strcmp(trust->list[i]->file, what) != 0 && (len < 8 || strncmp(hex, typed, len) != 0))
			continue;
		found = trust->list[i];
		++*n;
	}
	return found;
}

static enum exit_code remove_one(const struct wish *wish, const struct trust *trust)
{
	size_t n;
	const struct trusted_ca *ca = find(trust, wish->what, &n);

	if (n != 1) {
		complain(n == 0 ? _("No such certificate is installed: %s.") :
		         _("Several certificates are meant by %s."), wish->what);
		advise(_("See what is there: inkan trust list. Name a fingerprint, or its beginning, or the file."));
		return n == 0 ? EXIT_NO_INPUT : EXIT_USAGE;
	}
	put_certificate(ca->cert);
	put_field(_("File"), "%s", ca->file);
	if (!confirm(wish, _("Remove it? [yes/no] ")))
		return EXIT_REFUSED;
	return anchor_remove(ca->file, wish->system);
}

static enum exit_code remove_(const struct wish *wish)
{
	struct crypto *crypto = NULL;
	struct trust *trust = NULL;
	enum exit_code code = open_all(&crypto, &trust);

	if (code == EXIT_DONE)
		code = remove_one(wish, trust);
	trust_free(&trust);
	crypto_free(&crypto);
	return code;
}

static const struct act {
	const char *name;
	enum exit_code (*run)(const struct wish *wish);
	bool wants; /* an argument */
} acts[] = {{"add", add, true}, {"list", list, false}, {"remove", remove_, true}};

static const struct act *find_act(const char *name)
{
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		if (strcmp(acts[i].name, name) == 0)
			return &acts[i];
	return NULL;
}

static enum exit_code parse(int argc, char **argv, struct wish *wish)
{
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		wish->help |= option == 'h';
		wish->yes |= option == OPTION_YES;
		wish->system |= option == OPTION_SYSTEM;
		wish->json |= option == OPTION_JSON;
	}
	wish->act = optind < argc ? argv[optind++] : "";
	wish->what = optind < argc ? argv[optind++] : NULL;
	return optind < argc ? refuse_argument(argv[0], argv[optind]) : EXIT_DONE;
}

enum exit_code verb_trust(int argc, char **argv)
{
	struct wish wish = {.yes = false};
	enum exit_code code = parse(argc, argv, &wish);
	const struct act *act;

	if (code != EXIT_DONE)
		return code;
	if (wish.help) {
		help();
		return EXIT_DONE;
	}
	act = find_act(wish.act);
	if (!act && wish.act[0])
		return refuse_argument(argv[0], wish.act);
	if (!act || (act->wants && !wish.what)) {
		complain(!act ? _("What shall it do? There are add, list and remove.") :
		         _("Which certificate?"));
		advise(_("See: inkan %s --help"), argv[0]);
		return EXIT_USAGE;
	}
	if (wish.what && !act->wants)
		return refuse_argument(argv[0], wish.what);
	return act->run(&wish);
}
