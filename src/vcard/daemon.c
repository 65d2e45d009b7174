/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder, the readers in it, and where everything is found. */
#include "config.h"
#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/i18n.h"
#include "vcard/daemon.h"

#define DRIVER "inkan-vcard-ifd.so"

static int complain(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int complain(int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("inkan-vcard: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	return status;
}

/* A folder for this run, for its owner alone. The longest path in it must fit a
 * socket's address. */
static bool make_dir(struct world *w)
{
	const char *places[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp"};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		int n;
		if (!places[i] || places[i][0] != '/')
			continue;
		n = snprintf(w->dir, sizeof w->dir, "%s/inkan-vcard-XXXXXX", places[i]);
		if (n < (int)sizeof w->dir && mkdtemp(w->dir))
			return true;
	}
	w->dir[0] = '\0';
	return false;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static bool usable(char *path, size_t size, const char *folder, const char *name, int mode)
{
	int n = snprintf(path, size, "%s/%s", folder, name);

	return n > 0 && (size_t)n < size && access(path, mode) == 0;
}

static bool find_pcscd(struct world *w)
{
	static const char *const usual[] = {"/usr/sbin", "/usr/local/sbin", "/sbin"};
	const char *path = getenv("PATH");
	char *copy = strdup(path ? path : ""), *rest = copy, *folder;
	bool found = false;

	while (copy && !found && (folder = strsep(&rest, ":")))
		found = *folder && usable(w->pcscd, sizeof w->pcscd, folder, "pcscd", X_OK);
	free(copy);
	for (size_t i = 0; !found && i < sizeof usual / sizeof *usual; i++)
		found = usable(w->pcscd, sizeof w->pcscd, usual[i], "pcscd", X_OK);
	return found;
}

/* pcscd 2.0 and later ask polkit, which knows nothing of a private daemon. */
static bool asks_polkit(const char *pcscd)
{
	char line[PATH_MAX + 32];
	bool known = false;
	FILE *help;

	if (strchr(pcscd, '\'') || snprintf(line, sizeof line, "'%s' --help 2>&1", pcscd) >= (int)sizeof line)
		return false;
	help = popen(line, "re");
	while (help && fgets(line, sizeof line, help))
		known = known || strstr(line, "--disable-polkit");
	if (help)
		pclose(help);
	return known;
}

/* The folder that this program is in; "" when that cannot be told. */
static void find_self(char folder[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
	char *slash;

	folder[n > 0 ? n : 0] = '\0';
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
}

/* Installed under a DESTDIR: what stands before BINDIR stands before PKGLIBDIR. */
static bool find_staged(const char *folder, char *path, size_t size)
{
	size_t n = strlen(folder), tail = strlen(BINDIR);
	char place[PATH_MAX + sizeof PKGLIBDIR];

	if (n < tail || strcmp(folder + n - tail, BINDIR) != 0)
		return false;
	snprintf(place, sizeof place, "%.*s%s", (int)(n - tail), folder, PKGLIBDIR);
	return usable(path, size, place, DRIVER, R_OK);
}

/* In the build tree, where the program was moved to, where it was installed. */
static bool find_driver(const struct world *w, char *path, size_t size)
{
	static const char *const near[] = {".", ".libs", "../lib/inkan"};
	char self[PATH_MAX], place[PATH_MAX + 16];

	if (w->options->driver)
		return realpath(w->options->driver, path) != NULL;
	find_self(self);
	for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
		snprintf(place, sizeof place, "%s/%s", self, near[i]);
		if (usable(path, size, place, DRIVER, R_OK))
			return true;
	}
	return find_staged(self, path, size) || usable(path, size, PKGLIBDIR, DRIVER, R_OK);
}

/* The driver gets a short name without odd letters, for reader.conf's sake. */
static bool link_driver(const struct world *w)
{
	char driver[PATH_MAX], link[128];

	snprintf(link, sizeof link, "%s/driver.so", w->dir);
	return find_driver(w, driver, sizeof driver) && symlink(driver, link) == 0;
}

static void trace_line(void *arg, const char *text)
{
	FILE *f = arg;

	flockfile(f);
	fputs(text, f);
	fputc('\n', f);
	fflush(f);
	funlockfile(f);
}

bool slot_insert_new(struct world *w, struct slot *slot, const struct card_options *card, char *why, size_t size)
{
	struct vcard_spec spec = card->spec;
	struct vcard *made;

	spec.pki = w->options->pki;
	made = vcard_new(&spec, why, size);
	if (!made)
		return false;
	vcard_free(slot->out);
	slot->out = NULL;
	slot->kind = spec.kind;
	vreader_insert(slot->reader, made);
	return true;
}

static int open_slot(struct world *w, size_t i)
{
	const struct card_options *card = &w->options->cards[i];
	struct slot *slot = &w->slots[i];
	char name[64], path[108], why[512];

	snprintf(name, sizeof name, "Inkan Virtual Reader %zu", i + 1);
	snprintf(path, sizeof path, "%s/reader-%zu", w->dir, i + 1);
	slot->reader = vreader_new(name);
	if (!slot->reader)
		return complain(EX_OSERR, "%s", strerror(ENOMEM));
	w->n_slots = i + 1;
	vreader_delay(slot->reader, w->options->apdu_delay);
	if (w->trace)
		vreader_trace(slot->reader, trace_line, w->trace);
	if (!card->none && !slot_insert_new(w, slot, card, why, sizeof why))
		return complain(EX_CANTCREAT, _("the card cannot be made: %s"), why);
	if (!slot_start(slot, path))
		return complain(EX_OSERR, "%s: %s", path, strerror(errno));
	return 0;
}

static bool write_reader_conf(const struct world *w)
{
	char path[128];
	FILE *f;
	bool ok;

	snprintf(path, sizeof path, "%s/reader.conf.d", w->dir);
	if (mkdir(path, 0700) != 0)
		return false;
	snprintf(path, sizeof path, "%s/reader.conf.d/inkan", w->dir);
	f = fopen(path, "we");
	if (!f)
		return false;
	for (size_t i = 0; i < w->n_slots; i++)
		fprintf(f, "FRIENDLYNAME \"%s\"\nDEVICENAME %s\nLIBPATH %s/driver.so\nCHANNELID %zu\n\n",
		        vreader_name(w->slots[i].reader), w->slots[i].path, w->dir, i + 1);
	ok = !ferror(f);
	return fclose(f) == 0 && ok;
}

/* Signals wait for the signalfd from here on, in every thread. */
static bool take_signals(struct world *w)
{
	static const int taken[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		sigaddset(&set, taken[i]);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return false;
	w->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return w->signals >= 0;
}

static int open_files(struct world *w, const char *control)
{
	const char *trace = w->options->trace;

	if (!make_dir(w))
		return complain(EX_CANTCREAT, _("no folder can be made in XDG_RUNTIME_DIR, TMPDIR or /tmp: %s"),
		                strerror(errno));
	if (!link_driver(w))
		return complain(EX_UNAVAILABLE,
		                _("the reader driver %s is not where it belongs; name it with --driver"),
		                w->options->driver ? w->options->driver : PKGLIBDIR "/" DRIVER);
	if (trace && !(w->trace = fopen(trace, "ae")))
		return complain(EX_CANTCREAT, "%s: %s", trace, strerror(errno));
	snprintf(w->socket, sizeof w->socket, "%s/pcscd", w->dir);
	snprintf(w->control, sizeof w->control, "%s/control", w->dir);
	if (!control_open(w, control ? control : w->control))
		return complain(EX_CANTCREAT, _("the control socket cannot be made: %s"), strerror(errno));
	return 0;
}

int world_open(struct world *w, const struct options *o)
{
	char why[512];
	int status;

	*w = (struct world){.options = o, .control_fd = -1, .signals = -1};
	if (!find_pcscd(w))
		return complain(EX_UNAVAILABLE, _("pcscd is missing: install the package pcscd"));
	w->polkit = asks_polkit(w->pcscd);
	if (!take_signals(w))
		return complain(EX_OSERR, "signalfd: %s", strerror(errno));
	status = open_files(w, o->control);
	if (status == 0 && !vcard_pki(o->pki, why, sizeof why))
		status = complain(EX_CANTCREAT, _("the test PKI cannot be made: %s"), why);
	for (size_t i = 0; status == 0 && i < o->n_cards; i++)
		status = open_slot(w, i);
	if (status == 0 && !write_reader_conf(w))
		status = complain(EX_CANTCREAT, "%s/reader.conf.d: %s", w->dir, strerror(errno));
	return status;
}

/* The last lines of the trace: what each reader's card has seen. */
static void trace_summary(const struct world *w)
{
	for (size_t i = 0; w->trace && i < w->n_slots; i++) {
		struct vreader *r = w->slots[i].reader;
		const struct vcard *card = vreader_card(r);
		fprintf(w->trace, "= %s: apdus %u", vreader_name(r), vreader_apdus(r));
		if (card)
			fprintf(w->trace, ", verifies auth %u sign %u, signatures auth %u sign %u",
			        vcard_verifies(card, VCARD_AUTH), vcard_verifies(card, VCARD_SIGN),
			        vcard_signatures(card, VCARD_AUTH), vcard_signatures(card, VCARD_SIGN));
		fputc('\n', w->trace);
	}
}

void world_close(struct world *w)
{
	service_stop(w);
	trace_summary(w);
	for (size_t i = 0; i < w->n_slots; i++)
		slot_stop(&w->slots[i]);
	if (w->trace)
		fclose(w->trace);
	if (w->control_fd >= 0) {
		close(w->control_fd);
		unlink(w->control);
	}
	if (w->signals >= 0)
		close(w->signals);
	if (w->dir[0])
		nftw(w->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
