/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan setup: tells programs of our modules, and takes it back. */
#include "config.h"
#include <dlfcn.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>
#include "say.h"
#include "setup_plan.h"

enum { OPTION_YES = 256, OPTION_UNDO, OPTION_DRY_RUN, OPTION_SYSTEM, OPTION_SIGN, OPTION_MODULE, OPTION_ROOT,
       OPTION_HOST, OPTION_USER, OPTION_CERTIFICATE, OPTION_READER, OPTION_CARD };

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"yes", no_argument, NULL, OPTION_YES},
	{"undo", no_argument, NULL, OPTION_UNDO},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"system", no_argument, NULL, OPTION_SYSTEM},
	{"sign", no_argument, NULL, OPTION_SIGN},
	{"module", required_argument, NULL, OPTION_MODULE},
	{"root", required_argument, NULL, OPTION_ROOT},
	{"host", required_argument, NULL, OPTION_HOST},
	{"user", required_argument, NULL, OPTION_USER},
	{"certificate", required_argument, NULL, OPTION_CERTIFICATE},
	{"reader", required_argument, NULL, OPTION_READER},
	{"card", required_argument, NULL, OPTION_CARD},
	{NULL, 0, NULL, 0},
};

#define BIT(option) (1u << ((option) - OPTION_YES))
#define COMMON (BIT(OPTION_YES) | BIT(OPTION_UNDO) | BIT(OPTION_DRY_RUN) | BIT(OPTION_MODULE) | BIT(OPTION_ROOT) | \
		BIT(OPTION_CARD))

static const struct job {
	enum exit_code (*make)(struct plan *p, const struct setup_wish *w);
	unsigned takes;        /* options */
	const char *what;
} jobs[SETUP_CLIENTS] = {
	[SETUP_FIREFOX] = {setup_firefox, COMMON | BIT(OPTION_SYSTEM),
		N_("every profile of Firefox (--system: the policy of all users)")},
	[SETUP_CHROME] = {setup_chrome, COMMON,
		N_("the database of Chromium, Chrome, Edge and Brave")},
	[SETUP_SSH] = {setup_ssh, COMMON | BIT(OPTION_SYSTEM) | BIT(OPTION_HOST),
		N_("OpenSSH, for the hosts that --host names")},
	[SETUP_OPENSSL] = {setup_openssl, COMMON | BIT(OPTION_SYSTEM) | BIT(OPTION_SIGN),
		N_("a configuration for OpenSSL's programs, used when OPENSSL_CONF names it")},
	[SETUP_PAM] = {setup_pam, COMMON | BIT(OPTION_SYSTEM) | BIT(OPTION_USER) | BIT(OPTION_CERTIFICATE) |
		BIT(OPTION_READER),
		N_("logging in with password and card (pam_pkcs11); for the administrator")},
	[SETUP_P11KIT] = {setup_p11kit, COMMON | BIT(OPTION_SYSTEM) | BIT(OPTION_SIGN),
		N_("p11-kit: GnuTLS, wget, and what else loads its modules")},
	[SETUP_SIGNERS] = {setup_signers, COMMON | BIT(OPTION_SIGN),
		N_("a database with the signature module, for programs that sign documents")},
};

static void help(void)
{
	printf("%s\n\n", _("Usage: inkan setup                     what has been told of Inkan, and what not\n"
	                   "       inkan setup CLIENT [OPTIONS]    tells it, after showing what changes, and asking"));
	for (int i = 0; i < SETUP_CLIENTS; i++)
		printf("  %-8s %s\n", setup_client_word((enum setup_client)i), _(jobs[i].what));
	printf("\n  --undo              %s\n", _("take it back"));
	printf("  --dry-run           %s\n", _("show it alone"));
	printf("  --yes               %s\n", _("do not ask"));
	printf("  --system            %s\n", _("for everybody on this machine (root)"));
	printf("  --sign              %s\n", _("openssl, p11-kit: the signature module too"));
	printf("  --card KIND         %s\n", _("hpki, jpki or any: the cards that these programs see"));
	printf("  --host PATTERN      %s\n", _("ssh: for these hosts"));
	printf("  --user NAME         %s\n", _("pam: the login that the card may use"));
	printf("  --certificate FILE  %s\n", _("pam: of this certificate, not of the card in the reader"));
	printf("  --reader NAME       %s\n", _("pam: the card in this reader"));
	printf("  --module FILE       %s\n", _("another module than the installed one"));
	printf("  --root DIR          %s\n  --help\n", _("with --system: the files below DIR (for packagers)"));
	printf("\n%s\n", _("Browsers, ssh and PAM get the authentication module alone: they try one PIN on\n"
	                   "every token, and a signature PIN has few tries."));
}

/* ---- What there is */

static void put_row(const struct setup_row *row)
{
	const char *word = setup_client_word(row->client);

	if (row->kind == SETUP_NOTHING)
		put_field(word, _("not yet (%s)"), row->file);
	else
		put_field(word, "%s (%s)", row->library, row->file);
	if (row->gone)
		put_subfield(_("Not there"), "%s", row->library);
	if (row->confined)
		put_subfield(_("Of no use"), "%s", _("a snap or flatpak program cannot load it"));
}

/* That the machine's own files know nothing of it is no news. */
static bool put_client(const struct setup_rows *rows, enum setup_client client)
{
	bool any = false;

	for (size_t i = 0; i < rows->n; i++) {
		const struct setup_row *row = &rows->list[i];

		if (row->client != client || row->kind == SETUP_FOREIGN || (row->kind == SETUP_NOTHING && row->system))
			continue;
		put_row(row);
		any = true;
	}
	return any;
}

static enum exit_code list(const struct setup_dirs *dirs)
{
	struct setup_rows rows;
	enum error e = rows_read(dirs, &rows);

	for (int i = 0; i < SETUP_CLIENTS && e == E_OK; i++)
		if (!put_client(&rows, (enum setup_client)i))
			put_field(setup_client_word((enum setup_client)i), "%s", _("not yet"));
	setup_rows_free(&rows);
	return e == E_OK ? EXIT_DONE : setup_no_memory();
}

/* ---- The module */

static enum exit_code refuse_module(const char *path, const char *why)
{
	complain(_("%s is no PKCS#11 module: %s."), path, why);
	advise(_("Install Inkan, or name the module: --module FILE"));
	return EXIT_NO_INPUT;
}

static enum exit_code load(const char *path)
{
	void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	enum exit_code code = EXIT_DONE;

	if (!library)
		return refuse_module(path, access(path, F_OK) != 0 ? _("it is not there") : dlerror());
	if (!dlsym(library, "C_GetFunctionList"))
		code = refuse_module(path, _("it has no C_GetFunctionList"));
	dlclose(library);
	return code;
}

static char *module_path(const struct setup_wish *w)
{
	char *here, *path;

	if (!w->module)
		return format("%s/%s", MODULEDIR, w->sign ? "inkan-sign-pkcs11.so" : "inkan-pkcs11.so");
	if (w->module[0] == '/')
		return strdup(w->module);
	here = getcwd(NULL, 0);
	path = here ? format("%s/%s", here, w->module) : NULL;
	free(here);
	return path;
}

/* w->module becomes its path as programs see it, to be freed; looked at below the root. */
static enum exit_code choose_module(struct setup_wish *w)
{
	enum exit_code code;
	char *path;

	w->module = module_path(w);
	path = w->module ? format("%s%s", w->dirs->root, w->module) : NULL;
	if (!path)
		code = setup_no_memory();
	else if (strpbrk(w->module, "\"'\n\r;#\\$"))
		code = refuse_module(w->module, _("such a name cannot be written into every program's settings"));
	else
		code = load(path);
	free(path);
	return code;
}

/* ---- Who */

static enum exit_code check_person(const struct setup_wish *w)
{
	enum exit_code code;

	if (w->system) {
		if (geteuid() == 0 || w->dirs->root[0] || w->dry_run)
			return EXIT_DONE;
		complain(_("The machine's own files are its administrator's."));
		advise(_("Run it with sudo."));
		return EXIT_REFUSED;
	}
	if (w->dirs->root[0]) {
		complain(_("--root is for the machine's files: use it with --system."));
		advise(_("See: inkan %s --help"), "setup");
		return EXIT_USAGE;
	}
	if (!w->dirs->home || access(w->dirs->home, F_OK) != 0) {
		complain(_("There is no home folder: HOME is not set, or leads nowhere."));
		advise(_("Set HOME, or use --system."));
		return EXIT_USAGE;
	}
	code = check_whose(w->dirs->home);
	if (code == EXIT_DONE)
		code = check_whose(w->dirs->config);
	return code == EXIT_DONE ? check_whose(w->dirs->data) : code;
}

static enum exit_code refuse_sign(enum setup_client client)
{
	complain(_("inkan setup %s never adds the signature module."), setup_client_word(client));
	advise(_("It would try one PIN on both tokens. For programs that sign documents: inkan setup signers"));
	return EXIT_USAGE;
}

/* ---- One client */

static enum exit_code make(struct plan *p, const struct setup_wish *wish, bool sign)
{
	struct setup_wish w = *wish;
	enum exit_code code = EXIT_DONE;

	w.sign = sign;
	if (w.undo)
		return jobs[w.client].make(p, &w);
	code = choose_module(&w);
	if (code == EXIT_DONE)
		code = jobs[w.client].make(p, &w);
	free(w.module);
	return code;
}

/* The authentication module, and with --sign the other too; --undo takes back both. */
static enum exit_code run(const struct setup_wish *w)
{
	bool two = jobs[w->client].takes & BIT(OPTION_SIGN), signers = w->client == SETUP_SIGNERS;
	struct plan plan = {NULL, 0, NULL};
	enum exit_code code = check_person(w);

	if (w->system)
		umask(022); /* what root keeps to itself nobody else's programs could read */
	if (code == EXIT_DONE && !signers && (w->undo || !(w->sign && w->module)))
		code = make(&plan, w, false);
	if (code == EXIT_DONE && (signers || (two && (w->undo || w->sign))))
		code = make(&plan, w, true);
	if (code == EXIT_DONE)
		code = setup_card(&plan, w);
	if (code == EXIT_DONE)
		code = plan_carry_out(&plan, w);
	plan_free(&plan);
	return code;
}

static void take_option(struct setup_wish *w, int option, const char **root)
{
	w->yes |= option == OPTION_YES;
	w->undo |= option == OPTION_UNDO;
	w->dry_run |= option == OPTION_DRY_RUN;
	w->system |= option == OPTION_SYSTEM;
	w->sign |= option == OPTION_SIGN;
	if (option == OPTION_MODULE)
		w->module = optarg;
	else if (option == OPTION_ROOT)
		*root = optarg;
	else if (option == OPTION_HOST)
		w->host = optarg;
	else if (option == OPTION_USER)
		w->user = optarg;
	else if (option == OPTION_CERTIFICATE)
		w->certificate = optarg;
	else if (option == OPTION_READER)
		w->reader = optarg;
	else if (option == OPTION_CARD)
		w->card = optarg;
}

static bool find_client(const char *word, enum setup_client *client)
{
	for (int i = 0; i < SETUP_CLIENTS; i++) {
		*client = (enum setup_client)i;
		if (strcmp(word, setup_client_word(*client)) == 0)
			return true;
	}
	return false;
}

static enum exit_code check_options(const struct setup_wish *w, unsigned seen)
{
	unsigned wrong = seen & ~jobs[w->client].takes;

	if (wrong & BIT(OPTION_SIGN))
		return refuse_sign(w->client);
	for (size_t i = 0; i < sizeof options / sizeof *options - 1; i++)
		if (options[i].val >= OPTION_YES && (wrong & BIT(options[i].val)))
			return refuse_argument("setup", options[i].name);
	return EXIT_DONE;
}

static enum exit_code dispatch(int argc, char **argv, struct setup_wish *w, unsigned seen)
{
	enum exit_code code;

	if (optind == argc)
		return seen & ~BIT(OPTION_ROOT) ? refuse_argument(argv[0], argv[argc - 1]) : list(w->dirs);
	if (!find_client(argv[optind], &w->client))
		return refuse_argument(argv[0], argv[optind]);
	if (optind + 1 < argc)
		return refuse_argument(argv[0], argv[optind + 1]);
	code = check_options(w, seen);
	w->system |= w->client == SETUP_PAM;
	return code == EXIT_DONE ? run(w) : code;
}

enum exit_code verb_setup(int argc, char **argv)
{
	struct setup_wish w = {.client = SETUP_FIREFOX};
	struct setup_dirs dirs;
	const char *root = NULL;
	unsigned seen = 0;
	enum exit_code code;
	int option;

	if (getauxval(AT_SECURE)) {
		complain(_("inkan setup does not run as a set-user-id program."));
		advise(_("Run it as the user whose programs are meant, or with sudo."));
		return EXIT_REFUSED;
	}
	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (option == 'h') {
			help();
			return EXIT_DONE;
		}
		seen |= BIT(option);
		take_option(&w, option, &root);
	}
	if (dirs_find(&dirs, root) != E_OK)
		return setup_no_memory();
	w.dirs = &dirs;
	code = dispatch(argc, argv, &w, seen);
	dirs_free(&dirs);
	return code;
}
