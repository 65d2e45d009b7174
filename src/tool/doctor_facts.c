/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is, in the order in which it is printed. A date of a My Number Card is no fact: it is a birthday. */
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
#include "base/file.h"
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

static void fact(struct facts *f, enum about about, long value, const char *subject, const char *word, const char *help)
{
	struct fact *list = reallocarray(f->list, f->n + 1, sizeof *list);
	struct fact new = {about, value, strdup(subject), strdup(word ? word : ""), strdup(help ? help : "")};

	if (list) {
		f->list = list;
		f->list[f->n++] = new;
	}
	f->incomplete |= !list || !new.subject || !new.word || !new.help;
}

void facts_free(struct facts *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->list[i].subject);
		free(f->list[i].word);
		free(f->list[i].help);
	}
	free(f->list);
	*f = (struct facts){0};
}

static const char *base_name(const char *path)
{
	return path && strrchr(path, '/') ? strrchr(path, '/') + 1 : path ? path : "";
}

/* A path of that pattern of glob(7), with {a,b}, is there below root. */
static bool there(const char *root, const char *pattern)
{
	char *path = setup_pattern(root, "", pattern);
	glob_t found = {0};
	bool is = path && glob(path, GLOB_BRACE, NULL, &found) == 0;

	globfree(&found);
	free(path);
	return is;
}

/* Others may write this file or folder; the commands that forbid it. */
static void fact_writable(struct facts *f, enum about about, long value, const char *path, bool system)
{
	const char *sudo = system ? "sudo " : "";
	char *help = format("sudo chown %s %s; %schmod go-w %s", system ? "root" : "$(id -u)", path, sudo, path);

	fact(f, about, value, path, "", help);
	free(help);
}

/* ---- Settings */

static void add_line(void *arg, int line)
{
	char **list = arg, *longer = *list ? format("%s, %d", *list, line) : format("%d", line);

	free(*list);
	*list = longer;
}

/* Of a line only its number is a fact, for it may hold anything. A group of one's own is no other. */
static void find_settings(struct facts *f, const struct conf *conf)
{
	char paths[2][4096];
	size_t n = conf_files(paths);
	struct stat st;

	for (size_t i = 0; i < n; i++) {
		char *wrong = NULL;

		if (stat(paths[i], &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
			continue;
		if (conf_check(paths[i], add_line, &wrong) != E_OK)
			fact(f, SETTINGS_FILE, DENIED, paths[i], "", paths[i]);
		else if ((st.st_mode & S_IWOTH) || (st.st_uid != 0 && st.st_uid != getuid()) ||
		         ((st.st_mode & S_IWGRP) && st.st_gid != getgid() && st.st_gid != 0))
			fact_writable(f, SETTINGS_FILE, OTHERS_MAY_WRITE, paths[i], i == 0);
		else
			fact(f, SETTINGS_FILE, wrong ? NOT_UNDERSTOOD : GOOD, paths[i], wrong, "");
		free(wrong);
	}
	if (conf->card[0])
		fact(f, SETTING, SETTING_CARD, "", conf->card, "");
	if (conf->last_try_allowed)
		fact(f, SETTING, SETTING_LAST_TRY, "", "", "");
	if (conf->pss == PSS_OFF)
		fact(f, SETTING, SETTING_PSS_OFF, "", "", "");
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

static void find_modules(struct facts *f, const char *root)
{
	static const char *const names[] = {"inkan-pkcs11.so", "inkan-sign-pkcs11.so"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char *path = format("%s" MODULEDIR "/%s", root, names[i]);

		if (path)
			fact(f, MODULE,
			     access(path, F_OK) != 0 ? MISSING
			     : root[0]               ? UNTRIED
			     : loads(path)           ? GOOD
			                             : BROKEN,
			     path, "", path);
		free(path);
	}
}

/* ---- The smartcard service, and what is on USB */

/* pcscd ends the connection of a user whom polkit does not allow without a word: when somebody listens there, the
 * user is refused. */
static void find_service(struct facts *f, const char *root, enum error looked)
{
	const char *path = secure_getenv("PCSCLITE_CSOCK_NAME");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	enum state state = GOOD;
	int fd;

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path && path[0] ? path : SOCKET_PATH);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (looked == E_DENIED)
		state = DENIED;
	else if (looked == E_NO_SERVICE && (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ||
	                                    errno == EACCES || errno == EPERM))
		state = DENIED;
	else if (looked == E_NO_SERVICE)
		state = there(root, "/{,usr/,usr/local/}{sbin,bin}/pcscd") ? STOPPED : MISSING;
	if (fd >= 0)
		close(fd);
	fact(f, SERVICE, state, "pcscd", "",
	     state == DENIED                      ? "access_pcsc"
	     : there(root, "/run/systemd/system") ? "sudo systemctl enable --now pcscd.socket"
	                                          : "sudo pcscd");
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
static void find_devices(struct facts *f, const char *root, size_t n_readers)
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
			fact(f, DEVICE, OWN_PROTOCOL, name, "", "");
		else if (strcmp(class, SMARTCARD) == 0 && driver[0] && strcmp(driver, "usbfs") != 0) /* pcscd's */
			fact(f, DEVICE, KERNEL_DRIVER, name, driver, driver);
		else if (strcmp(class, SMARTCARD) == 0)
			memcpy(unknown, name, sizeof unknown);
	}
	globfree(&interfaces);
	if (f->n == n_before && n_readers == 0)
		fact(f, DEVICE, unknown[0] ? NO_DRIVER : MISSING, unknown, "", "");
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
static bool find_folders(struct facts *f, enum about about, char folders[2][4096], size_t n)
{
	bool denied = false;

	for (size_t i = 0; i < n; i++) {
		int fd;
		enum error e = dir_open(folders[i], false, &fd);

		if (e == E_OK)
			close(fd);
		if (e == E_DENIED)
			fact_writable(f, about, OTHERS_MAY_WRITE, folders[i], i == 0);
		denied |= e == E_DENIED;
	}
	return denied;
}

static void count(struct facts *f, enum about about, long value, size_t n)
{
	char text[32];

	snprintf(text, sizeof text, "%zu", n);
	fact(f, about, value, "", text, "");
}

/* True: missing or old lists have been reported. */
static bool find_evidence(struct facts *f, const struct inkan *ctx, time_t now)
{
	static struct newest lists;
	char folders[2][4096], text[32];
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
	fact(f, CLOCK,
	     now < INKAN_BUILD_TIME                       ? EARLY
	     : now + store_tolerance(ctx->store) < latest ? BEHIND
	                                                  : GOOD,
	     "", text, "");

	denied = find_folders(f, ANCHORS, folders, trust_folders(folders));
	for (size_t i = 0; i < ctx->trust->n; i++)
		if (ctx->trust->list[i]->file[0]) { /* else it is the card's */
			all++;
			sound += ctx->trust->list[i]->sound;
		}
	if (all > 0 || !denied)
		count(f, ANCHORS, all == 0 ? MISSING : sound < all ? UNSOUND : GOOD, sound < all ? all - sound : all);

	denied = find_folders(f, LISTS, folders, store_folders(folders));
	if (denied || ctx->trust->n == 0)
		return true; /* nothing could be verified */
	count(f, LISTS, lists.n == 0 ? MISSING : old ? OLD : GOOD, old ? old : lists.n);
	if (lists.unusable)
		count(f, LISTS_UNUSABLE, 1, lists.unusable);
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

static void find_readers(struct facts *f, const struct find *find, const struct reader_state *all, size_t n_all)
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
		fact(f, READER, 0, name, "", "");
		if (p->n > 0)
			fact(f, CARD, E_OK, name, _(p->tokens[0].card->profile->family->name), "");
		if (p->error != E_OK)
			fact(f, known > 0 && p->error == E_FOREIGN ? CARD_BESIDE : CARD, p->error, name,
			     p->error == E_FOREIGN ? ours : _(error_text(p->error)), "access_card");
	}
	for (size_t i = 0; i < n_all; i++)
		if (!conf_shows_reader(&find->conf, all[i].name)) {
			reader_name(all[i].name, name);
			fact(f, READER_HIDDEN, (long)find->n, name, "", "");
		}
	if (find->n > 0)
		fact(f, CARDS, (long)inside, "", "", "");
	free(ours);
}

static void find_token(struct facts *f, const struct token *t, struct inkan *ctx, time_t now, bool lists_reported)
{
	const struct inkan_rules rules = {.size = sizeof rules};
	const struct family *family = t->card->profile->family;
	const char *name = token_text(t->card->profile), *word = token_is(t, USE_SIGN) ? "sign" : "auth", *why;
	char text[32] = "";
	int tries = t->card->pin.tries;
	struct inkan_cert *cert = NULL;
	struct inkan_decision *decision = NULL;
	struct inkan_status_info s = {.size = sizeof s};
	time_t from, until;

	snprintf(text, sizeof text, "%d", tries);
	fact(f, PIN, tries > 0 && tries >= t->card->profile->pin.tries ? PIN_FULL : tries, name, text,
	     tries == 0 ? _(family->pin_office) : word);
	if (!t->cert)
		fact(f, CERT_UNREAD, t->cert_error, name, _(error_text(t->cert_error)), _(family->renewal));
	if (!t->cert || input_token(ctx, t, &cert) != EXIT_DONE)
		return;
	from = inkan_cert_not_before(cert);
	until = inkan_cert_not_after(cert);
	text[0] = '\0';
	if (!family->personal)
		strftime(text, sizeof text, " (%Y-%m-%d)", localtime(from > now ? &from : &until));
	if (from > now)
		fact(f, CERT_BEGINS, from - now, name, text, "");
	else
		fact(f, CERT_ENDS, until - now, name, text, _(family->renewal));
	if (inkan_cert_profile(cert) != INKAN_PROFILE_UNKNOWN && !inkan_cert_is_production(cert))
		fact(f, CERT_TEST, 0, name, "", "");
	if (ctx->trust->n > 0 && inkan_decide(ctx, cert, &rules, &decision) == INKAN_OK &&
	    inkan_decision_status(decision, &s) == INKAN_OK) {
		why = s.why_word;
		if (s.result != INKAN_STATUS_UNKNOWN)
			fact(f, STATUS, (long)s.result, name, "", _(family->renewal));
		else if (strcmp(why, "not-permitted") == 0)
			fact(f, STATUS, STATUS_CLOSED, name, "", "");
		else if (!lists_reported && strcmp(why, "future") != 0 &&
		         strcmp(why, "bad-clock") != 0) /* said already */
			fact(f, STATUS, strcmp(why, "no-chain") == 0 ? STATUS_UNCHAINED : INKAN_STATUS_UNKNOWN, name,
			     s.why, "");
	}
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

/* A snap or flatpak cannot load a module; p11-kit's client in it reaches one through a server outside. p11-kit has a
 * file for each module, and a file of that name in the user's folder takes it out again. OpenSSH may have several
 * modules, for several servers. */
static void find_program(struct facts *f, const char *root, const struct setup_rows *rows, enum setup_client client)
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
		          !there(user, strrchr(row->file, '/'))))
			second = row;
	}
	if (confined && !served)
		fact(f, CONFINED, free_ones, name, "", "");
	if (gone)
		text = format(gone->system ? "sudo inkan setup %s --system" : "inkan setup %s",
		              setup_client_word(client));
	if (gone || ours)
		fact(f, CLIENT, gone ? BROKEN : GOOD, name, "", text);
	if (ours && second && client != SETUP_SSH) {
		free(text);
		text = format("%s, %s", base_name(ours->library), base_name(second->library));
		fact(f, CLIENT_SECOND, client, name, text,
		     base_name(client == SETUP_P11KIT ? second->file : second->library));
	}
	if (sign)
		fact(f, CLIENT_SIGN, client, name, "", base_name(sign->library));
	free(text);
	free(user);
}

/* ---- All of it */

enum error facts_find(const char *root, const char *reader, struct facts *f)
{
	static struct find find;
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
	if (e == E_OK && inkan_new(NULL, &ctx) != INKAN_OK)
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
	reported = find_evidence(f, ctx, now);
	for (size_t i = 0; i < find.n; i++)
		for (size_t k = 0; k < find.places[i].n; k++)
			find_token(f, &find.places[i].tokens[k], ctx, now, reported);
	for (size_t i = 0; i < rows.n; i++)
		any |= rows.list[i].kind == SETUP_AUTH && !rows.list[i].confined;
	for (int i = 0; i < SETUP_CLIENTS; i++)
		find_program(f, root, &rows, (enum setup_client)i);
	if (!any)
		fact(f, CLIENT, MISSING, "", "", "");
out:
	setup_rows_free(&rows);
	inkan_free(&ctx);
	find_free(&find);
	return e;
}
