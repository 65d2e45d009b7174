/* SPDX-License-Identifier: BSD-2-Clause */
/* What is found, in the order in which it is printed. A date of a My Number Card is told nowhere: it is a birthday.
 * inkan-doctor(1) lists the ids, which never change. */
#include "config.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include "base/file.h"
#include "base/os.h"
#include "cards/family.h"
#include "doctor.h"
#include "find.h"
#include "input.h"
#include "lib/object.h"
#include "say.h"
#include "setup.h"

#define SOCKET_PATH "/run/pcscd/pcscd.comm" /* libpcsclite's own, where the environment names none */
#define LOAD_SECONDS 10
#define SMARTCARD "0b" /* of USB's interface classes */
#define MONTH (30 * 24 * 60 * 60L)

#define INSTALL_AGAIN N_("Install Inkan again (as a package, or with: sudo make install).")
#define CARD_AGAIN N_("Take the card out, put it in again (a contactless one must lie still), and run this again.")
#define REFRESH N_("Fetch the lists: inkan status refresh; and daily, see man inkan-status.timer")
#define SET_CLOCK N_("Set the clock: sudo timedatectl set-ntp true")
#define ASK_POLKIT \
	N_("Log in at the machine itself, or ask its administrator to allow you org.debian.pcsc-lite.%s (polkit).")

/* A word for each %s of the message, and one for those of the remedy. */
static void add(struct findings *f, enum result result, const char *id, const char *subject, const char *message,
                const char *word, const char *remedy, const char *help)
{
	struct finding *list = reallocarray(f->list, f->n + 1, sizeof *list), *new;

	if (!list) {
		f->incomplete = true;
		return;
	}
	f->list = list;
	new = &f->list[f->n++];
	*new = (struct finding){result,
	                        id,
	                        message,
	                        remedy,
	                        strdup(subject),
	                        strdup(word ? word : ""),
	                        strdup(help ? help : "")};
	f->incomplete |= !new->subject || !new->word || !new->help;
}

static void fine(struct findings *f, const char *id, const char *subject, const char *message, const char *word)
{
	add(f, OK, id, subject, message, word, NULL, NULL);
}

void findings_free(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->list[i].subject);
		free(f->list[i].word);
		free(f->list[i].help);
	}
	free(f->list);
	*f = (struct findings){0};
}

static const char *base_name(const char *path)
{
	return path && strrchr(path, '/') ? strrchr(path, '/') + 1 : path ? path : "";
}

/* Others may write this file or folder; the commands that forbid it. */
static void add_writable(struct findings *f, const char *id, const char *path, const char *message, bool system)
{
	const char *sudo = system ? "sudo " : "";
	char *help = format("sudo chown %s %s; %schmod go-w %s", system ? "root" : "$(id -u)", path, sudo, path);

	add(f, PROBLEM, id, path, message, NULL, N_("Allow nobody else to write there: %s"), help);
	free(help);
}

/* ---- Settings */

static void add_line(void *arg, int line)
{
	char **list = arg, *longer = *list ? format("%s, %d", *list, line) : format("%d", line);

	free(*list);
	*list = longer;
}

/* Of a line only its number is told, for it may hold anything. A group of one's own is no other. */
static void find_settings(struct findings *f, const struct conf *conf)
{
	char paths[2][4096];
	size_t n = conf_files(paths);
	struct stat st;

	for (size_t i = 0; i < n; i++) {
		char *wrong = NULL;

		if (stat(paths[i], &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
			continue;
		if (conf_check(paths[i], add_line, &wrong) != E_OK)
			add(f, PROBLEM, "settings-unreadable", paths[i],
			    N_("the settings cannot be read and are not used"), NULL,
			    N_("Let everybody read the file: sudo chmod a+r %s"), paths[i]);
		else if ((st.st_mode & S_IWOTH) || (st.st_uid != 0 && st.st_uid != getuid()) ||
		         ((st.st_mode & S_IWGRP) && st.st_gid != getgid() && st.st_gid != 0))
			add_writable(f, "settings-writable", paths[i], N_("others may change these settings"), i == 0);
		else if (wrong)
			add(f, PROBLEM, "settings-unknown", paths[i],
			    N_("lines that are not understood and not used: %s"), wrong,
			    N_("Correct them; see man inkan.conf"), NULL);
		else
			fine(f, "settings", paths[i], N_("the settings are understood"), NULL);
		free(wrong);
	}
	if (conf->card[0])
		add(f, NOTE, "settings-card", "", N_("card = %s: programs see no other cards"), conf->card,
		    N_("If that is meant for some programs only: write it below [program NAME] in inkan.conf."), NULL);
	if (conf->last_try_allowed)
		add(f, NOTE, "settings-last-try", "",
		    N_("last-try = allow: programs may use the last PIN try, and lock the card"), NULL,
		    N_("If that is not meant: remove the line from inkan.conf."), NULL);
	if (conf->pss == PSS_OFF)
		add(f, NOTE, "settings-pss-off", "",
		    N_("pss = off: servers that accept only TLS 1.3 cannot be reached with the card"), NULL,
		    N_("See whether this card needs it: inkan doctor --try-pss"), NULL);
}

/* ---- Modules */

/* In a child: a file that is cut short ends the process that loads it, and a pipe blocks it. Nothing below a root is
 * loaded. */
static bool loads(const char *path)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		void *module;

		signal(SIGALRM, SIG_DFL);
		alarm(LOAD_SECONDS);
		module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		_exit(module && dlsym(module, "C_GetFunctionList") ? 0 : 1);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void find_modules(struct findings *f, const char *root)
{
	static const char *const names[] = {"inkan-pkcs11.so", "inkan-sign-pkcs11.so"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = format("%s" MODULEDIR "/%s", root, names[i]);

		if (path && access(path, F_OK) != 0)
			add(f, PROBLEM, "module-missing", path, N_("this module is not installed"), NULL, INSTALL_AGAIN,
			    NULL);
		else if (path && !root[0] && !loads(path))
			add(f, PROBLEM, "module-broken", path, N_("this module cannot be loaded"), NULL,
			    N_("Install Inkan again; this command shows what is missing: ldd %s"), path);
		else if (path)
			fine(f, "module", path,
			     root[0] ? N_("this module is installed") : N_("this module can be loaded"), NULL);
		free(path);
	}
}

/* ---- The smartcard service, and what is on USB */

/* pcscd ends the connection of a user whom polkit does not allow without a word: when somebody listens there, the
 * user is refused. */
static void find_service(struct findings *f, const char *root, enum error looked)
{
	const char *path = secure_getenv("PCSCLITE_CSOCK_NAME");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	bool refused = looked == E_DENIED;
	int fd;

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path && path[0] ? path : SOCKET_PATH);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (looked == E_NO_SERVICE && fd >= 0)
		refused = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno == EACCES ||
		          errno == EPERM;
	if (refused)
		add(f, PROBLEM, "service-refused", "pcscd", N_("the smartcard service runs, and refuses you"), NULL,
		    ASK_POLKIT, "access_pcsc");
	else if (looked != E_NO_SERVICE)
		fine(f, "service", "pcscd", N_("the smartcard service answers"), NULL);
	else if (setup_there(root, "", "/{,usr/,usr/local/}{sbin,bin}/pcscd"))
		add(f, PROBLEM, "service-stopped", "pcscd", N_("the smartcard service is not running"), NULL,
		    N_("Start it: %s"),
		    setup_there(root, "", "/run/systemd/system") ? "sudo systemctl enable --now pcscd.socket"
		                                                 : "sudo pcscd");
	else
		add(f, PROBLEM, "service-missing", "pcscd", N_("the smartcard service is not installed"), NULL,
		    N_("Install the package pcscd (Debian, Ubuntu), pcsc-lite (Fedora, openSUSE) or pcsclite (Arch)."),
		    NULL);
	if (fd >= 0)
		close(fd);
}

/* Of sysfs: the line of a file or, where that is a link, the name to which it leads; "" without it. */
static void read_line(const char *path, const char *name, char *out, size_t room)
{
	char *full = format("%s%s", path, name), target[256] = "";
	FILE *file = NULL;

	out[0] = '\0';
	if (full && readlink(full, target, sizeof target - 1) > 0)
		snprintf(out, room, "%s", base_name(target));
	else if (full && (file = fopen(full, "re")) && fgets(out, (int)room, file))
		out[strcspn(out, "\n")] = '\0';
	if (file)
		fclose(file);
	free(full);
}

/* A reader may have several names in pcscd, so that it cannot be said which device it is; only without any reader
 * is it certain that one is not known. Interfaces are beside their device: 1-2:1.0 is one of 1-2. */
static void find_devices(struct findings *f, const char *root, size_t n_readers)
{
	/* common in Japan, and not CCID: Sony RC-S330 and RC-S370, RC-S380/S, RC-S380/P */
	static const char *const own_protocol[] = {"054c:02e1", "054c:06c1", "054c:06c3"};
	char *pattern = setup_pattern(root, "", "/sys/bus/usb/devices/*:*"), unknown[64] = "";
	glob_t interfaces = {0};
	size_t n_before = f->n;

	if (pattern)
		glob(pattern, 0, NULL, &interfaces);
	free(pattern);
	for (size_t i = 0; i < interfaces.gl_pathc; i++) {
		char *path = interfaces.gl_pathv[i], class[8], driver[256], vendor[5], product[5], words[40], name[64];
		bool own = false;

		read_line(path, "/bInterfaceClass", class, sizeof class);
		read_line(path, "/driver", driver, sizeof driver);
		path[strcspn(path, ":")] = '\0';
		read_line(path, "/idVendor", vendor, sizeof vendor);
		read_line(path, "/idProduct", product, sizeof product);
		read_line(path, "/product", words, sizeof words);
		snprintf(name, sizeof name, "%s:%s%s%s", vendor, product, words[0] ? " " : "", words);
		for (size_t k = 0; k < sizeof own_protocol / sizeof *own_protocol; k++)
			own |= strncmp(name, own_protocol[k], 9) == 0;
		if (own)
			add(f, PROBLEM, "reader-unsupported", name,
			    N_("this reader does not use CCID, and the smartcard service has no driver for it"), NULL,
			    N_("Use a reader that is made for CCID (PC/SC), as most contact readers are."), NULL);
		else if (strcmp(class, SMARTCARD) == 0 && driver[0] && strcmp(driver, "usbfs") != 0) /* pcscd's */
			add(f, PROBLEM, "reader-kernel", name,
			    N_("the kernel's driver %s uses this reader, so the smartcard service cannot"), driver,
			    "echo blacklist %s | sudo tee -a /etc/modprobe.d/inkan.conf; sudo modprobe -r %s", driver);
		else if (strcmp(class, SMARTCARD) == 0)
			memcpy(unknown, name, sizeof unknown);
	}
	globfree(&interfaces);
	if (f->n != n_before || n_readers > 0)
		return;
	if (unknown[0])
		add(f, PROBLEM, "reader-no-driver", unknown,
		    N_("this reader is connected, and the smartcard service does not know it"), NULL,
		    N_("Install the package libccid (Debian, Ubuntu), pcsc-lite-ccid (Fedora), pcsc-ccid (openSUSE) or "
		       "ccid (Arch), then connect the reader again."),
		    NULL);
	else
		add(f, PROBLEM, "reader-none", "", N_("there is no card reader"), NULL,
		    N_("Connect a reader; if one is connected, try another cable or socket."), NULL);
}

/* ---- The clock, CA certificates and revocation lists */

struct newest {
	struct {
		uint8_t key[64];
		time_t this_update, next_update;
	} scopes[64]; /* the newest list of each */
	size_t n, unusable;
};

static enum error take_list(void *arg, const struct store_file *file)
{
	struct newest *lists = arg;
	const struct crl *crl = file->crl;
	size_t i = 0;

	if (file->archived)
		return E_OK;
	lists->unusable += !crl || crl->defects;
	if (!crl || crl->defects)
		return E_OK;
	while (i < lists->n && memcmp(lists->scopes[i].key, crl->key, sizeof crl->key) != 0)
		i++;
	if (i == sizeof lists->scopes / sizeof *lists->scopes)
		return E_OK;
	lists->n += i == lists->n;
	if (crl->this_update > lists->scopes[i].this_update) {
		memcpy(lists->scopes[i].key, crl->key, sizeof crl->key);
		lists->scopes[i].this_update = crl->this_update;
		lists->scopes[i].next_update = crl->next_update;
	}
	return E_OK;
}

/* Folders that others may write are passed over by everything that reads them. */
static bool find_folders(struct findings *f, const char *id, char folders[2][4096], size_t n)
{
	bool denied = false;

	for (size_t i = 0; i < n; i++) {
		int fd;
		enum error e = dir_open(folders[i], false, &fd);

		if (e == E_OK)
			close(fd);
		if (e == E_DENIED)
			add_writable(f, id, folders[i],
			             N_("this folder is not used: it is another user's, or others may write there"),
			             i == 0);
		denied |= e == E_DENIED;
	}
	return denied;
}

/* True: missing or old lists have been reported. */
static bool find_evidence(struct findings *f, const struct inkan *ctx, time_t now)
{
	static struct newest lists;
	char folders[2][4096], text[32], number[32];
	size_t all = 0, sound = 0, old = 0;
	time_t latest = 0;
	bool denied;

	lists = (struct newest){.n = 0};
	store_walk(ctx->store, ctx->trust, take_list, &lists);
	for (size_t i = 0; i < lists.n; i++) {
		latest = lists.scopes[i].this_update > latest ? lists.scopes[i].this_update : latest;
		old += lists.scopes[i].next_update < now;
	}
	strftime(text, sizeof text, "%Y-%m-%d %H:%M %Z", localtime(&now));
	if (now < INKAN_BUILD_TIME)
		add(f, PROBLEM, "clock-early", "", N_("the clock shows %s; the date is before this software was built"),
		    text, SET_CLOCK, NULL);
	else if (now + store_tolerance(ctx->store) < latest)
		add(f, PROBLEM, "clock-behind", "", N_("the clock shows %s; a revocation list was issued later"), text,
		    SET_CLOCK, NULL);
	else
		fine(f, "clock", "", N_("the clock looks right"), NULL);

	denied = find_folders(f, "anchors-denied", folders, trust_folders(folders));
	for (size_t i = 0; i < ctx->trust->n; i++)
		if (ctx->trust->list[i]->file[0]) { /* else it is the card's */
			all++;
			sound += ctx->trust->list[i]->sound;
		}
	snprintf(number, sizeof number, "%zu", sound < all ? all - sound : all);
	if (sound < all)
		add(f, NOTE, "anchors-unsound", "", N_("CA certificates that lead to no installed root: %s"), number,
		    N_("See what is missing: inkan trust list"), NULL);
	else if (all > 0)
		fine(f, "anchors", "", N_("CA certificates installed: %s"), number);
	else if (!denied)
		add(f, NOTE, "anchors-none", "",
		    N_("no CA certificate is installed: inkan cannot verify certificates here"), NULL,
		    N_("If it should: inkan trust add FILE, with the root that the Ministry publishes for HPKI"), NULL);

	denied = find_folders(f, "lists-denied", folders, store_folders(folders));
	if (denied || ctx->trust->n == 0)
		return true; /* nothing could be verified */
	snprintf(number, sizeof number, "%zu", old ? old : lists.n);
	if (lists.n == 0)
		add(f, NOTE, "lists-none", "",
		    N_("there is no revocation list: whether a certificate is revoked is not known"), NULL, REFRESH,
		    NULL);
	else if (old)
		add(f, PROBLEM, "lists-old", "", N_("revocation lists that are too old: %s"), number, REFRESH, NULL);
	else
		fine(f, "lists", "", N_("revocation lists: %s"), number);
	snprintf(number, sizeof number, "%zu", lists.unusable);
	if (lists.unusable)
		add(f, NOTE, "lists-unusable", "", N_("files in the store that cannot be used: %s"), number,
		    N_("See which and why: inkan status list"), NULL);
	return lists.n == 0 || old > 0;
}

/* ---- Readers and cards */

void reader_name(const char *name, char out[READER_NAME_MAX])
{
	size_t n = 0;
	int depth = 0;

	for (; *name && n + 1 < READER_NAME_MAX; name++) {
		depth += *name == '(';
		if (depth == 0 && (*name != ' ' || n == 0 || out[n - 1] != ' '))
			out[n++] = *name;
		depth -= *name == ')' && depth > 0;
	}
	out[n] = '\0';
}

static void add_card_error(struct findings *f, const struct place *p, bool beside, const char *name, const char *ours)
{
	switch (p->error) {
	case E_OK:
	case E_NO_CARD: break; /* said once, of all readers */
	case E_FOREIGN:
		add(f, beside ? NOTE : PROBLEM, "card-foreign", name,
		    N_("Inkan does not know the card in it (it knows: %s)"), ours, N_("See that it is the right card."),
		    NULL);
		break;
	case E_MUTE:
		add(f, PROBLEM, "card-mute", name, N_("the card in it does not answer"), NULL,
		    N_("Take it out, see that the chip is clean and on the right side, and put it in again."), NULL);
		break;
	case E_BUSY:
		add(f, PROBLEM, "card-busy", name, N_("another program has locked the card in it"), NULL,
		    N_("Close that program (a browser, a medical or tax application), or wait until it is done."),
		    NULL);
		break;
	case E_NO_SERVICE:
	case E_DENIED:
		add(f, PROBLEM, "card-refused", name,
		    N_("the smartcard service lets you see the reader, but not use the card"), NULL, ASK_POLKIT,
		    "access_card");
		break;
	default:
		add(f, PROBLEM, "card-broken", name, N_("the card in it could not be read: %s"),
		    _(error_text(p->error)), CARD_AGAIN, NULL);
	}
}

static void find_readers(struct findings *f, const struct find *find, const struct reader_state *all, size_t n_all)
{
	size_t known = 0, inside = 0;
	char name[READER_NAME_MAX], *ours = families_text();

	for (size_t i = 0; i < find->n; i++) {
		known += find->places[i].n > 0;
		inside += find->places[i].error != E_NO_CARD;
	}
	for (size_t i = 0; i < find->n; i++) {
		const struct place *p = &find->places[i];

		reader_name(p->state.name, name);
		fine(f, "reader", name, N_("the smartcard service knows this reader"), NULL);
		if (p->n > 0)
			fine(f, "card", name, N_("Inkan knows the card in it: %s"),
			     _(p->tokens[0].card->profile->family->name));
		add_card_error(f, p, known > 0, name, ours);
	}
	for (size_t i = 0; i < n_all; i++)
		if (!conf_shows_reader(&find->conf, all[i].name)) {
			reader_name(all[i].name, name);
			add(f, find->n > 0 ? NOTE : PROBLEM, "reader-hidden", name,
			    N_("inkan.conf hides this reader from programs"), NULL,
			    N_("If that is not meant: change or remove the line \"reader = …\" in inkan.conf."), NULL);
		}
	if (find->n > 0 && inside == 0)
		add(f, PROBLEM, "card-none", "", N_("there is no card in any reader"), NULL,
		    N_("Put the card in, chip first, or lay it on a contactless reader, and run this again."), NULL);
	free(ours);
}

static void find_pin(struct findings *f, const struct token *t, const char *name)
{
	const int tries = t->card->pin.tries;
	const char *word = token_is(t, USE_SIGN) ? "sign" : "auth";
	char text[32];

	snprintf(text, sizeof text, "%d", tries);
	if (tries < 0)
		add(f, NOTE, "pin-unknown", name, N_("how many PIN tries are left could not be read"), NULL, CARD_AGAIN,
		    NULL);
	else if (tries == 0)
		add(f, PROBLEM, "pin-locked", name, N_("the PIN is locked"), NULL, "%s",
		    _(t->card->profile->family->pin_office));
	else if (tries >= 4 || tries >= t->card->profile->pin.tries)
		fine(f, "pin", name, N_("PIN tries left: %s"), text);
	else if (tries == 1)
		add(f, PROBLEM, "pin-last-try", name, N_("one PIN try is left; programs cannot use it"), NULL,
		    N_("If you are sure of the PIN: inkan pin verify --token %s --last-try. A wrong one locks it."),
		    word);
	else
		add(f, NOTE, "pin-low", name, N_("PIN tries left: %s"), text,
		    N_("The right PIN brings all tries back: inkan pin verify --token %s"), word);
}

/* What the certificate says by itself. */
static void find_certificate(struct findings *f, const struct token *t, const struct inkan_cert *cert, const char *name,
                             time_t now)
{
	const struct family *family = t->card->profile->family;
	const time_t from = inkan_cert_not_before(cert), until = inkan_cert_not_after(cert);
	char day[32] = "";

	if (!family->personal)
		strftime(day, sizeof day, " (%Y-%m-%d)", localtime(from > now ? &from : &until));
	if (from > now)
		add(f, PROBLEM, "certificate-not-yet", name, N_("the certificate is not valid yet%s"), day,
		    N_("See that the clock of this machine is right: timedatectl"), NULL);
	else if (until < now)
		add(f, PROBLEM, "certificate-expired", name, N_("the certificate has expired%s"), day, "%s",
		    _(family->renewal));
	else if (until - now < MONTH)
		add(f, NOTE, "certificate-ending", name, N_("the certificate expires within 30 days%s"), day, "%s",
		    _(family->renewal));
	else
		fine(f, "certificate", name, N_("the certificate's dates are right%s"), day);
	if (inkan_cert_profile(cert) != INKAN_PROFILE_UNKNOWN && !inkan_cert_is_production(cert))
		add(f, NOTE, "certificate-test", name,
		    N_("this is a test certificate: it proves nothing about anybody"), NULL,
		    N_("Use it for tests only; for real work take the card that was issued to you."), NULL);
}

static void find_token(struct findings *f, const struct token *t, struct inkan *ctx, time_t now, bool lists_reported)
{
	const struct inkan_rules rules = {.size = sizeof rules};
	const char *name = token_text(t->card->profile), *renewal = _(t->card->profile->family->renewal);
	struct inkan_cert *cert = NULL;
	struct inkan_decision *decision = NULL;
	struct inkan_status_info s = {.size = sizeof s};

	find_pin(f, t, name);
	if (!t->cert && t->cert_error == E_SECURITY)
		fine(f, "certificate", name, N_("the certificate needs the PIN and was not read"), NULL);
	else if (!t->cert)
		add(f, PROBLEM, "certificate-unreadable", name, N_("the certificate could not be read: %s"),
		    _(error_text(t->cert_error)), "%s", renewal);
	if (!t->cert || input_token(ctx, t, &cert) != EXIT_DONE)
		return;
	find_certificate(f, t, cert, name, now);
	if (ctx->trust->n == 0 || inkan_decide(ctx, cert, &rules, &decision) != INKAN_OK ||
	    inkan_decision_status(decision, &s) != INKAN_OK)
		goto out;
	if (s.result == INKAN_STATUS_GOOD)
		fine(f, "status", name, N_("the certificate has not been revoked"), NULL);
	else if (s.result == INKAN_STATUS_REVOKED)
		add(f, PROBLEM, "status-revoked", name, N_("the certificate, or a CA of its chain, has been revoked"),
		    NULL, "%s", renewal);
	else if (s.result == INKAN_STATUS_ON_HOLD)
		add(f, PROBLEM, "status-on-hold", name, N_("the certificate, or a CA of its chain, is suspended"), NULL,
		    "%s", renewal);
	else if (strcmp(s.why_word, "not-permitted") == 0)
		fine(f, "status", name, N_("only registered verifiers may know whether it is revoked"), NULL);
	else if (!lists_reported && strcmp(s.why_word, "future") != 0 && strcmp(s.why_word, "bad-clock") != 0)
		add(f, NOTE, "status-unknown", name, N_("whether it is revoked is not known: %s"), s.why,
		    strcmp(s.why_word, "no-chain") == 0 ? N_("Install the certificate of its CA: inkan trust add FILE")
		                                        : REFRESH,
		    NULL); /* the clock's finding says more about these */
out:
	inkan_decision_free(&decision);
	inkan_cert_free(&cert);
}

/* ---- Programs */

/* Ours, other people's modules for the same cards by file name, and p11-kit's proxy, which brings those that p11-kit
 * knows. */
static bool drives_our_cards(const struct setup_rows *rows, const struct setup_row *row)
{
	static const char *const others[] = {"*opensc-pkcs11*", "*HpkiAuthP11*", "*HpkiSigP11*", "*JPKIPKCS11*"};
	const char *name = base_name(row->library);
	bool does = row->kind == SETUP_AUTH;

	for (size_t i = 0; row->kind == SETUP_FOREIGN && i < sizeof others / sizeof *others; i++)
		does |= fnmatch(others[i], name, 0) == 0;
	if (row->client == SETUP_P11KIT || strcmp(name, "p11-kit-proxy.so") != 0)
		return does && !row->gone;
	for (size_t i = 0; i < rows->n; i++)
		does |= rows->list[i].client == SETUP_P11KIT && drives_our_cards(rows, &rows->list[i]);
	return does;
}

static const char *const unload[SETUP_CLIENTS] = {
	[SETUP_FIREFOX] = N_(
		"In Firefox: Settings, Privacy & Security, Security Devices; choose the module with the path …/%s and "
		"press Unload. If a policy has it: remove it from policies.json."),
	[SETUP_CHROME] = N_("Find its NAME with: modutil -list -dbdir ~/.pki/nssdb (path …/%s), then: "
                            "modutil -delete NAME -dbdir ~/.pki/nssdb"),
	[SETUP_P11KIT] = N_("If no other card needs the second: mkdir -p ~/.config/pkcs11/modules; "
                            "echo 'enable-in: none' > ~/.config/pkcs11/modules/%s"),
};

/* A snap or flatpak cannot load a module; p11-kit's client in it reaches one through a server outside. p11-kit has a
 * file for each module, and a file of that name in the user's folder takes it out again. OpenSSH may have several
 * modules, for several servers. */
static void find_program(struct findings *f, const char *root, const struct setup_rows *rows, enum setup_client client)
{
	const char *name = setup_client_name(client);
	const struct setup_row *ours = NULL, *gone = NULL, *sign = NULL, *second = NULL;
	char *user = setup_path(root, "config/pkcs11/modules"), *text = NULL;
	bool confined = false, served = false, free_ones = false;

	for (size_t i = 0; i < rows->n; i++) {
		const struct setup_row *row = &rows->list[i];

		if (row->client != client)
			continue;
		confined |= row->confined;
		served |= row->confined && strcmp(base_name(row->library), "p11-kit-client.so") == 0;
		if (row->confined)
			continue;
		free_ones = true;
		if (row->kind == SETUP_SIGN && client != SETUP_P11KIT)
			sign = row;
		else if (row->kind == SETUP_AUTH && row->gone)
			gone = !gone || row->system ? row : gone;
		else if (row->kind == SETUP_AUTH && !ours)
			ours = row;
		else if (drives_our_cards(rows, row) && (!ours || strcmp(row->library, ours->library) != 0) &&
		         (client != SETUP_P11KIT || !user || strncmp(row->file, user, strlen(user)) == 0 ||
		          !setup_there(user, "", strrchr(row->file, '/'))))
			second = row;
	}
	if (confined && !served)
		add(f, free_ones ? NOTE : PROBLEM, "client-confined", name,
		    free_ones ? N_("it is there as a snap or a flatpak too, which cannot load the module")
		              : N_("it is a snap or a flatpak, and cannot load the module"),
		    NULL, N_("Use the browser of a package (.deb, .rpm) from your distribution or from its maker."),
		    NULL);
	if (gone) {
		text = format(gone->system ? "sudo inkan setup %s --system" : "inkan setup %s",
		              setup_client_word(client));
		add(f, PROBLEM, "client-gone", name, N_("it looks for the module where it is not (any more)"), NULL,
		    N_("Set it up again: %s"), text);
	} else if (ours) {
		fine(f, "client", name, N_("it is set up to use the module"), NULL);
	}
	if (ours && second && unload[client]) {
		free(text);
		text = format("%s, %s", base_name(ours->library), base_name(second->library));
		add(f, client == SETUP_P11KIT ? NOTE : PROBLEM, "client-twice", name,
		    N_("two modules use the same card, and each asks for PINs: %s"), text, unload[client],
		    base_name(client == SETUP_P11KIT ? second->file : second->library));
	}
	if (sign && (client == SETUP_SSH || unload[client]))
		add(f, PROBLEM, "client-sign", name,
		    N_("the signature module is registered, which asks for the signature PIN where none is needed"),
		    NULL,
		    client == SETUP_SSH ? N_("Remove the line PKCS11Provider …/%s from ssh's configuration.")
		                        : unload[client],
		    base_name(sign->library));
	free(text);
	free(user);
}

/* What inkan setup openssl wrote names the provider or the engine of the day on which it ran. */
static void find_openssl(struct findings *f, const char *root, const struct setup_row *row)
{
	char *provider = setup_setting("", row->file, "", "module");
	char *engine = setup_setting("", row->file, "", "dynamic_path");
	char *named = format("%s%s", root, provider ? provider : engine ? engine : "");
	char *again = format("%sinkan setup openssl%s%s", row->system ? "sudo " : "", row->system ? " --system" : "",
	                     row->kind == SETUP_SIGN ? " --sign" : "");
	const char *name = setup_client_name(SETUP_OPENSSL);

	if ((provider || engine) && named && access(named, F_OK) != 0)
		add(f, PROBLEM, "openssl-gone", name, N_("its configuration loads a library that is not there: %s"),
		    named + strlen(root), N_("Set it up again, with what is installed: %s"), again);
	else if (engine && !provider && setup_has_provider(root))
		add(f, NOTE, "openssl-engine", name,
		    N_("it uses the engine, which OpenSSL 4 has no more, though the provider is installed"), NULL,
		    N_("Set it up again, with what is installed: %s"), again);
	free(provider);
	free(engine);
	free(named);
	free(again);
}

/* All products have one name for it: another's manifest stays behind, too, and setup does not touch it. */
static void find_web_eid(struct findings *f, const char *root, const struct setup_row *row)
{
	const bool foreign = row->kind == SETUP_FOREIGN;
	const char *name = setup_client_name(SETUP_WEB_EID), *sudo = row->system ? "sudo " : "";
	char *help = foreign ? format("%srm %s", sudo, row->file + strlen(root))
	                     : format("%sinkan setup web-eid%s", sudo, row->system ? " --system" : "");

	if (row->gone)
		add(f, PROBLEM, "web-eid-gone", name, N_("a browser is told to start a program that is not there: %s"),
		    row->library,
		    foreign ? N_("It is another product's. Remove the file: %s") : N_("Set it up again: %s"), help);
	else if (!foreign)
		fine(f, "client", name, N_("a browser finds the program by %s"), row->file + strlen(root));
	free(help);
}

/* SSSD takes the first token that p11-kit shows. Its settings are root's to read: others get no findings. */
static void find_sssd(struct findings *f, const char *root, const struct setup_rows *rows)
{
	static const char files[] = "/etc/sssd/{sssd.conf,conf.d/*.conf}";
	char *cards = setup_setting(root, "", files, "pam_cert_auth"), *uri = setup_setting(root, "", files, "p11_uri");
	char *pam = setup_setting(root, "", files, "pam_cert_verification");
	char *all = setup_setting(root, "", files, "certificate_verification");
	const char *verification = pam ? pam : all ? all : "", *second = NULL;
	bool ours = false;

	if (!cards || strcasecmp(cards, "true") != 0)
		goto out;
	for (size_t i = 0; i < rows->n; i++) {
		const struct setup_row *row = &rows->list[i];

		if (row->client != SETUP_P11KIT || !row->system)
			continue;
		ours |= row->kind == SETUP_AUTH && !row->gone;
		if (row->kind == SETUP_FOREIGN && drives_our_cards(rows, row))
			second = base_name(row->library);
	}
	if (!ours)
		add(f, PROBLEM, "sssd-unregistered", "SSSD",
		    N_("it takes cards from p11-kit, where the module is not registered for the machine"), NULL,
		    N_("Register it: sudo inkan setup p11-kit --system"), NULL);
	else
		fine(f, "client", "SSSD", N_("it is set up to use the module"), NULL);
	if (ours && second && !uri)
		add(f, PROBLEM, "sssd-first", "SSSD",
		    N_("it takes the first card that p11-kit shows, and another module shows the same ones: %s"),
		    second,
		    N_("Name the token below [pam] in sssd.conf, for instance: "
		       "p11_uri = pkcs11:token=HPKI%20Authentication"),
		    NULL);
	if (!strstr(verification, "no_ocsp") && !strstr(verification, "no_verification"))
		add(f, NOTE, "sssd-ocsp", "SSSD",
		    N_("it asks an OCSP responder, and that of My Number Cards answers registered verifiers alone"),
		    NULL, N_("Add no_ocsp to this line below [pam] in sssd.conf: pam_cert_verification = no_ocsp"),
		    NULL);
out:
	free(cards);
	free(uri);
	free(pam);
	free(all);
}

/* ---- All of it */

enum error findings_find(const char *root, const char *reader, struct findings *f)
{
	static struct find find;
	static const char *const none[] = {NULL};
	const struct inkan_options without = {.size = sizeof without, .anchors = none, .lists = none};
	struct inkan *ctx = NULL;
	struct trust *with;
	struct setup_rows rows = {0};
	time_t now = time(NULL);
	enum error looked = find_all(&find, reader), e = E_OK;
	struct reader_state all[READER_COUNT_MAX]; /* those that inkan.conf hides, too */
	size_t n_all = READER_COUNT_MAX;
	bool reported, any = false;

	if (looked == E_NO_READER && reader)
		e = looked;
	else if (!find.crypto || !find.cards.self)
		e = E_MEMORY;
	if (e == E_OK && inkan_new(find.conf.unread ? &without : NULL, &ctx) != INKAN_OK)
		e = E_MEMORY;
	if (e == E_OK)
		e = setup_registered(root, &rows);
	if (e != E_OK)
		goto out;
	for (size_t i = 0; ctx->trust->n > 0 && i < find.n; i++)
		for (size_t k = 0; k < find.places[i].n; k++)
			if (trust_with_card(ctx->crypto, ctx->trust, find.places[i].tokens[k].card, &with) == E_OK) {
				trust_free(&ctx->trust); /* their CA certificates help with the lists, too */
				ctx->trust = with;
			}
	find_settings(f, &find.conf);
	find_modules(f, root);
	find_service(f, root, looked);
	if (pcsc_reader_ops.list(find.cards.self, all, &n_all) != E_OK)
		n_all = 0;
	if (looked != E_NO_SERVICE && looked != E_DENIED)
		find_devices(f, root, n_all);
	find_readers(f, &find, all, n_all);
	reported = find.conf.unread || find_evidence(f, ctx, now); /* where they are, the settings say */
	for (size_t i = 0; i < find.n; i++)
		for (size_t k = 0; k < find.places[i].n; k++)
			find_token(f, &find.places[i].tokens[k], ctx, now, reported);
	for (size_t i = 0; i < rows.n; i++)
		any |= rows.list[i].kind == SETUP_AUTH && !rows.list[i].confined;
	for (int i = 0; i < SETUP_CLIENTS; i++)
		if (i != SETUP_SSSD && i != SETUP_WEB_EID)
			find_program(f, root, &rows, (enum setup_client)i);
	for (size_t i = 0; i < rows.n; i++)
		if (rows.list[i].client == SETUP_OPENSSL && rows.list[i].kind != SETUP_NOTHING)
			find_openssl(f, root, &rows.list[i]);
	for (size_t i = 0; i < rows.n; i++)
		if (rows.list[i].client == SETUP_WEB_EID && rows.list[i].kind != SETUP_NOTHING)
			find_web_eid(f, root, &rows.list[i]);
	find_sssd(f, root, &rows);
	if (!any)
		add(f, PROBLEM, "client-none", "", N_("no program is set up to use the module"), NULL,
		    N_("Set up the one that should use the card, for instance: inkan setup firefox"), NULL);
out:
	setup_rows_free(&rows);
	inkan_free(&ctx);
	find_free(&find);
	return e;
}
