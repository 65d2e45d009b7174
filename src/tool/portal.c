/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan portal init: what a web server needs before it can ask for cards, by the commands for each step. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/text.h"
#include "cards/family.h"
#include "cert/trust.h"
#include "input.h"
#include "say.h"
#include "status_verb.h"

#define FILES_MAX STATUS_CERTIFICATES_MAX

struct portal {
	bool yes, system;
	char *folder, *cas[FILES_MAX], *holders[FILES_MAX]; /* files with the certificates of CAs, of holders */
	size_t n_cas, n_holders;
};

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan portal init [--system] [--yes] FOLDER [CERTIFICATE]..."));
	printf("%s\n",
	       _("Installs the CA certificates, fetches the revocation lists that they and the certificates of\n"
	         "holders name, and writes cas.pem and lists.pem for a web server into FOLDER. It says what is\n"
	         "missing, or \"Ready.\". It can be run again at any time."));
	printf("\n  --system  %s\n", _("for everybody on this machine"));
	printf("  --yes     %s\n  --help\n", _("do not ask (scripts: compare the fingerprint first)"));
}

/* A command of this program. */
static enum exit_code step(enum exit_code (*verb)(int, char **), const struct portal *p, const char *const *words,
                           char *const *files, size_t n, const char *before)
{
	char *argv[2 * FILES_MAX + 8];
	int argc = 0;

	for (; *words; words++)
		argv[argc++] = (char *)(uintptr_t)*words;
	if (p->system)
		argv[argc++] = (char *)(uintptr_t) "--system";
	for (size_t i = 0; i < n; i++) {
		if (before)
			argv[argc++] = (char *)(uintptr_t)before;
		argv[argc++] = files[i];
	}
	argv[argc] = NULL;
	optind = 0; /* getopt begins anew */
	return verb(argc, argv);
}

static enum exit_code write_file(enum exit_code (*verb)(int, char **), const struct portal *p, const char *const *words,
                                 const char *name)
{
	char *path;
	enum exit_code code;

	if (asprintf(&path, "%s/%s", p->folder, name) < 0) {
		complain("%s", _(error_text(E_MEMORY)));
		return EXIT_INTERNAL;
	}
	code = step(verb, p, words, &path, 1, "--output");
	free(path);
	return code;
}

static enum exit_code note_ca(void *arg, const struct cert *cert)
{
	*(bool *)arg |= trust_takes(cert);
	return EXIT_DONE;
}

/* Files with a CA certificate are installed; of others the revocation lists are fetched. */
static enum exit_code sort(struct portal *p, struct crypto *crypto, char **files, int n)
{
	for (int i = 0; i < n; i++) {
		bool ca = false;
		enum exit_code code = input_each_certificate(crypto, files[i], note_ca, &ca);

		if (code != EXIT_DONE)
			return code;
		if (ca)
			p->cas[p->n_cas++] = files[i];
		else
			p->holders[p->n_holders++] = files[i];
	}
	return EXIT_DONE;
}

/* CAs that Inkan knows by name, for logins, and that are not installed: a note, since a site may not want them. */
static void note_absent(struct crypto *crypto, const struct portal *p)
{
	char folders[2][4096], hex[65];
	const char *paths[2] = {folders[0], folders[1]};
	size_t n = trust_folders(folders);
	struct trust *trust = NULL;

	if (trust_open(crypto, paths, p->system ? 1 : n, &trust) != E_OK)
		return;
	for (const struct family *const *f = families; *f; f++)
		for (size_t i = 0; i < (*f)->n_cas; i++) {
			bool there = (*f)->cas[i].use == USE_SIGN;

			for (size_t k = 0; k < trust->n && !there; k++) {
				hex_write(trust->list[k]->cert->sha256, sizeof trust->list[k]->cert->sha256, hex);
				there = strcmp(hex, (*f)->cas[i].sha256) == 0;
			}
			if (!there)
				printf(_("Not installed: %s. It is published at %s\n"), _((*f)->cas[i].name),
				       (*f)->cas[i].published);
		}
	trust_free(&trust);
}

static enum exit_code init(struct portal *p)
{
	static const char *const add[] = {"trust", "add", NULL}, *const add_yes[] = {"trust", "add", "--yes", NULL},
				 *const refresh[] = {"status", "refresh", NULL},
				 *const cas[] = {"trust", "export", NULL},
				 *const lists[] = {"status", "export", "--bundle", "nginx", NULL};
	enum exit_code code = EXIT_DONE, lacking;

	if (path_make_folders(p->folder, 0755) != E_OK) {
		complain(_("%s could not be written: %s."), p->folder, strerror(errno));
		advise(_("Name a folder of your own, or use sudo and --system."));
		return EXIT_OUTPUT;
	}
	if (p->n_cas > 0)
		code = step(verb_trust, p, p->yes ? add_yes : add, p->cas, p->n_cas, NULL);
	if (code == EXIT_DONE)
		code = write_file(verb_trust, p, cas, "cas.pem");
	if (code != EXIT_DONE)
		return code;
	/* a server that does not answer is told; whether a list is missing the export tells */
	step(verb_status, p, refresh, p->holders, p->n_holders, "--certificate");
	lacking = write_file(verb_status, p, lists, "lists.pem");
	puts(lacking == EXIT_DONE ? _("Ready.") : _("Not ready: see above. Then run this again."));
	return lacking;
}

enum exit_code verb_portal(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
	                                        {"system", no_argument, NULL, 's'},
	                                        {"yes", no_argument, NULL, 'y'},
	                                        {NULL, 0, NULL, 0}};
	struct portal p = {.n_cas = 0};
	struct crypto *crypto = NULL;
	enum exit_code code;
	int option;

	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == 'h')
			help();
		if (option == 'h' || option == '?')
			return option == 'h' ? EXIT_DONE : EXIT_USAGE;
		p.system |= option == 's';
		p.yes |= option == 'y';
	}
	if (optind < argc && strcmp(argv[optind], "init") != 0)
		return refuse_argument(argv[0], argv[optind]);
	if (argc - optind < 2 || argc - optind - 2 > FILES_MAX) {
		complain(_("inkan portal init: a folder and certificates are needed, %d at the most."), FILES_MAX);
		advise(_("See: inkan %s --help"), argv[0]);
		return EXIT_USAGE;
	}
	p.folder = argv[optind + 1];
	if (crypto_new(&crypto) != E_OK) {
		complain("%s", _(error_text(E_INTERNAL)));
		return EXIT_INTERNAL;
	}
	code = sort(&p, crypto, argv + optind + 2, argc - optind - 2);
	if (code == EXIT_DONE)
		code = init(&p);
	if (code == EXIT_DONE || code == EXIT_LACKING)
		note_absent(crypto, &p);
	crypto_free(&crypto);
	return code;
}
