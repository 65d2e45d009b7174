/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan setup: registers our modules with programs, and removes them again. */
#include "config.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/conf.h"
#include "base/file.h"
#include "say.h"
#include "setup.h"

#define COMMON "hyndMRC" /* options of every client */

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},         {"yes", no_argument, NULL, 'y'},
	{"undo", no_argument, NULL, 'n'},         {"dry-run", no_argument, NULL, 'd'},
	{"module", required_argument, NULL, 'M'}, {"root", required_argument, NULL, 'R'},
	{"card", required_argument, NULL, 'C'},   {"system", no_argument, NULL, 's'},
	{"sign", no_argument, NULL, 'g'},         {"host", required_argument, NULL, 'H'},
	{"user", required_argument, NULL, 'u'},   {"certificate", required_argument, NULL, 'c'},
	{"reader", required_argument, NULL, 'r'}, {NULL, 0, NULL, 0},
};

static const struct client {
	const char *word, *name;
	enum exit_code (*set_up)(struct setup_job *job);
	const char *takes;    /* further options */
	const char *programs; /* for --card: as /proc/PID/exe names them */
} clients[SETUP_CLIENTS] = {
	{"firefox", "Firefox", setup_firefox, "s", "firefox firefox-esr firefox-bin"},
	{"chrome", "Chromium, Chrome", setup_databases, "", "chromium chrome msedge brave opera vivaldi-bin"},
	{"ssh", "OpenSSH", setup_ssh, "sH", "ssh ssh-add ssh-agent ssh-keygen ssh-pkcs11-helper"},
	{"openssl", "OpenSSL", setup_openssl, "sg", "openssl curl"},
	{"pam", "PAM", setup_pam, "sucr", /* whatever asks PAM, and what pam_pkcs11 has to look at a card */
         "login su sudo doas sshd sshd-session sshd-auth gdm-session-worker lightdm sddm-helper greetd "
         "xrdp-sesman "
         "cockpit-session polkit-agent-helper-1 kscreenlocker_greet kcheckpass xscreensaver-auth "
         "xfce4-screensaver-dialog mate-screensaver-dialog cinnamon-screensaver-pam-helper swaylock i3lock "
         "vlock "
         "pkcs11_inspect pkcs11_listcerts pklogin_finder"},
	{"sssd", "SSSD", setup_pam, "sucr", "p11_child"},
	{"p11-kit", N_("p11-kit (GnuTLS and others)"), setup_p11kit, "sg",
         "gnutls-cli openconnect p11-kit p11-kit-remote p11-kit-server p11_child p11tool wget wpa_supplicant"},
	{"signers", N_("programs that sign documents"), setup_databases, "g", "pdfsig soffice.bin"},
	{"web-eid", N_("Web eID, in browsers"), setup_web_eid, "s", "inkan-web-eid"},
};

const char *setup_client_word(enum setup_client client)
{
	return clients[client].word;
}

const char *setup_client_name(enum setup_client client)
{
	return _(clients[client].name);
}

static void help(void)
{
	puts(_("Usage: inkan setup                     show what is set up\n"
	       "       inkan setup CLIENT [OPTIONS]    show what would change, ask, and change it\n\n"
	       "  firefox   every profile of Firefox (--system: the policy of all users)\n"
	       "  chrome    the database of Chromium, Chrome, Edge and Brave\n"
	       "  ssh       OpenSSH, for the hosts of --host\n"
	       "  openssl   a configuration for OpenSSL's programs, used when OPENSSL_CONF names it\n"
	       "  pam       login with password and card (pam_pkcs11), by the administrator\n"
	       "  sssd      the same by SSSD (pam_sss)\n"
	       "  p11-kit   GnuTLS, wget and others\n"
	       "  signers   a database with the signature module, for programs that sign documents\n"
	       "  web-eid   the browser extension Web eID, for signing in and signing in a page\n\n"
	       "  --undo              remove it again\n"
	       "  --dry-run           show the change alone\n"
	       "  --yes               do not ask\n"
	       "  --system            for everybody on this machine (root)\n"
	       "  --sign              openssl, p11-kit: the signature module too\n"
	       "  --card KIND         hpki, jpki or any: the cards that these programs see\n"
	       "  --host PATTERN      ssh: for these hosts\n"
	       "  --user NAME         pam, sssd: the login that the card may use\n"
	       "  --certificate FILE  pam, sssd: this certificate, not the one of the card in the reader\n"
	       "  --reader NAME       pam, sssd: the card in this reader\n"
	       "  --module FILE       another module (web-eid: program) than the installed one\n"
	       "  --root DIR          with --system: the files below DIR (for packagers)\n\n"
	       "Browsers, ssh and PAM get the authentication module alone: they try one PIN on\n"
	       "every token, and a signature PIN has few tries."));
}

static enum exit_code list(const char *root)
{
	struct setup_rows rows;
	enum error e = setup_registered(root, &rows);

	for (enum setup_client i = SETUP_FIREFOX; i < SETUP_CLIENTS && e == E_OK; i++) {
		bool any = false;

		for (const struct setup_row *row = rows.list; row < rows.list + rows.n; row++) {
			if (row->client != i || row->kind == SETUP_FOREIGN ||
			    (row->kind == SETUP_NOTHING && row->system))
				continue;
			any = true;
			if (row->kind == SETUP_NOTHING)
				put_field(clients[i].word, _("not yet (%s)"), row->file);
			else
				put_field(clients[i].word, "%s (%s)", row->library, row->file);
			if (row->gone)
				put_subfield(_("Missing"), "%s", row->library);
			if (row->confined)
				put_subfield(_("No effect"), "%s",
				             _("a snap or flatpak program cannot load the module"));
		}
		if (!any) /* SSSD's settings are root's to read */
			put_field(clients[i].word, "%s",
			          i == SETUP_SSSD && geteuid() != 0 ? _("root alone can see it") : _("not yet"));
	}
	setup_rows_free(&rows);
	return e == E_OK ? EXIT_DONE : setup_no_memory();
}

/* The module as programs see it; it is read, not loaded. */
static enum exit_code choose_module(struct setup_job *job, const char *file)
{
	const bool program = job->client == SETUP_WEB_EID;
	char here[PATH_MAX] = "", *path = NULL;
	struct buf b = {0};
	const char *why = NULL;

	if (file && file[0] != '/' && !getcwd(here, sizeof here)) {
		complain("%s: %s", file, strerror(errno));
		return EXIT_NO_INPUT;
	}
	free(job->module);
	if (file)
		job->module = format("%s%s%s", here, here[0] ? "/" : "", file);
	else if (program)
		job->module = strdup(PKGLIBEXECDIR "/inkan-web-eid");
	else
		job->module = format("%s/%s", MODULEDIR, job->sign ? "inkan-sign-pkcs11.so" : "inkan-pkcs11.so");
	if (!job->module || !(path = format("%s%s", job->root, job->module)))
		return setup_no_memory();
	if (strpbrk(job->module, "\"'\n\r;#\\$"))
		why = _("such a name cannot be written into every program's settings");
	else if (path_read(path, (size_t)64 << 20, &b) != E_OK)
		why = _("it cannot be read");
	else if (program && access(path, X_OK) != 0)
		why = _("it cannot be run");
	else if (program)
		why = NULL;
	else if (b.len < 4 || memcmp(b.data, "\177ELF", 4) != 0 || !memmem(b.data, b.len, "C_GetFunctionList", 18))
		why = _("it has no C_GetFunctionList");
	buf_free(&b);
	free(path);
	if (!why)
		return EXIT_DONE;
	if (program)
		complain(_("%s is not the program for Web eID: %s."), job->module, why);
	else
		complain(_("%s is not a PKCS#11 module: %s."), job->module, why);
	advise(program ? _("Install it (Debian and Ubuntu: inkan-web-eid), or name it: --module FILE")
	               : _("Install Inkan, or name the module: --module FILE"));
	return EXIT_NO_INPUT;
}

/* Which cards the client's programs see: a section of inkan.conf. It is closed by [general], so that a
 * line that a person adds below is for all programs, as before. */
static enum exit_code set_card(struct setup_job *job)
{
	char *lines = format("[program %s]\ncard = %s\n[general]\n", clients[job->client].programs, job->card);
	enum exit_code code = lines ? EXIT_DONE : setup_no_memory();
	struct change *c;
	size_t i = 0;

	while (job->card && conf_cards[i] && strcmp(job->card, conf_cards[i]) != 0)
		i++;
	if (!conf_cards[i]) {
		complain(_("There is no kind of card \"%s\"."), job->card);
		advise(_("The kinds are: --card hpki, --card jpki, --card any."));
		code = EXIT_USAGE;
	} else if (code == EXIT_DONE && (job->card || (job->undo && !job->user))) {
		code = change_open(job,
		                   setup_path(job->root,
		                              job->system ? SYSCONFDIR "/inkan/inkan.conf" : "config/inkan/inkan.conf"),
		                   0644, &c);
		if (code == EXIT_DONE)
			code = block_put(c, job->client, false, job->undo ? NULL : lines);
	}
	free(lines);
	return code;
}

static enum exit_code run(struct setup_job *job, const char *module)
{
	const bool both = strchr(clients[job->client].takes, 'g') != NULL, sign = job->sign;
	enum exit_code code = EXIT_DONE;

	if (job->system)
		umask(022); /* everybody's programs read it */
	for (int i = 0; i < 2 && code == EXIT_DONE; i++) {
		job->sign = i == 1;
		/* the authentication module, with --sign the other too, or that of --module alone; undo removes both */
		if (i == 0 ? job->client == SETUP_SIGNERS || (sign && module && !job->undo)
		           : !both || !(sign || job->undo || job->client == SETUP_SIGNERS))
			continue;
		if (!job->undo)
			code = choose_module(job, module);
		if (code == EXIT_DONE)
			code = clients[job->client].set_up(job);
	}
	if (code == EXIT_DONE)
		code = set_card(job);
	return code == EXIT_DONE ? changes_make(job) : code;
}

static enum exit_code check(const struct setup_job *job, const char *seen)
{
	char *home = setup_path("", "~");
	enum exit_code code = EXIT_DONE;

	for (const struct option *o = options; o->name && code == EXIT_DONE; o++) {
		if (!strchr(seen, o->val) || strchr(COMMON, o->val) || strchr(clients[job->client].takes, o->val))
			continue;
		code = EXIT_USAGE;
		if (o->val != 'g' || job->client == SETUP_WEB_EID)
			code = refuse_argument("setup", o->name);
		else
			complain(_("inkan setup %s never adds the signature module: one PIN would be tried on both "
			           "tokens."),
			         clients[job->client].word);
	}
	if (code == EXIT_DONE && job->system && geteuid() != 0 && !job->root[0] && !job->dry_run) {
		complain(_("Only root may change the settings of the machine."));
		advise(_("Run it with sudo."));
		code = EXIT_REFUSED;
	} else if (code == EXIT_DONE && !job->system && (job->root[0] || !home || access(home, F_OK) != 0)) {
		complain("%s", job->root[0] ? _("--root needs --system.") : _("The home folder HOME is not there."));
		advise(_("See: inkan %s --help"), "setup");
		code = EXIT_USAGE;
	}
	free(home);
	return code;
}

enum exit_code verb_setup(int argc, char **argv)
{
	struct setup_job job = {.root = ""};
	char seen[sizeof options / sizeof *options] = "", *root = NULL;
	const char *values['z'] = {NULL};
	enum exit_code code = EXIT_DONE;
	int option;

	if (getauxval(AT_SECURE)) {
		complain(_("inkan setup does not run as a set-user-id program."));
		return EXIT_REFUSED;
	}
	while ((option = next_option(argc, argv, options)) != -1) {
		if (option == '?')
			return EXIT_USAGE;
		if (!strchr(seen, option))
			seen[strlen(seen)] = (char)option;
		values[option] = optarg ? optarg : "";
	}
	if (values['h']) {
		help();
		return EXIT_DONE;
	}
	if (values['R'] && !(root = realpath(values['R'], NULL))) {
		complain(_("There is no folder %s."), values['R']);
		return EXIT_NO_INPUT;
	}
	job.root = root && strcmp(root, "/") != 0 ? root : "";
	while (job.client < SETUP_CLIENTS && optind < argc && strcmp(argv[optind], clients[job.client].word) != 0)
		job.client++;
	job.yes = values['y'];
	job.undo = values['n'];
	job.dry_run = values['d'];
	job.sign = values['g'];
	job.system = values['s'] || job.client == SETUP_PAM || job.client == SETUP_SSSD;
	job.host = values['H'];
	job.user = values['u'];
	job.certificate = values['c'];
	job.reader = values['r'];
	job.card = values['C'];
	if (optind == argc)
		code = strcmp(seen, values['R'] ? "R" : "") != 0 ? refuse_argument(argv[0], argv[argc - 1])
		                                                 : list(job.root);
	else if (job.client == SETUP_CLIENTS || optind + 1 < argc)
		code = refuse_argument(argv[0], argv[job.client == SETUP_CLIENTS ? optind : optind + 1]);
	else if ((code = check(&job, seen)) == EXIT_DONE)
		code = run(&job, values['M']);
	changes_free(&job);
	free(job.next);
	free(job.module);
	free(root);
	return code;
}
