/* SPDX-License-Identifier: BSD-2-Clause */
/* Each allocation and each call on a file that a verb makes fails in turn, in a process of its own: an error or the right
 * answer, every file whole or as it was, nothing accepted that is not good, the card locked and no try lost. */
#include "config.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/log.h"
#include "tests/check_case.h"
#include "tests/module/rig.h"
#include "tests/no_memory.h"
#include "tool/tool.h"

static const struct row {
	const char *name;
	enum exit_code (*verb)(int argc, char **argv);
	const char *words;
	enum exit_code code;
	bool needs_xml;
	const char *before; /* another row's, run whole first */
	const char *config; /* folder of settings; NULL: home/.config */
} rows[] = {
	{"sign", verb_sign, "sign --pin-fd 0 --profile cades letter", EXIT_DONE, false, NULL, NULL},
	{"sign two", verb_sign, "sign --pin-fd 0 --profile cades --batch 2 --enclosed letter other", EXIT_DONE, false, NULL, NULL},
	{"sign XML", verb_sign, "sign --pin-fd 0 --profile prescription --show csv", EXIT_DONE, true, NULL, NULL},
	{"check", verb_check, "check --allow-test letter.p7s", EXIT_DONE, false, "sign", NULL},
	{"check XML", verb_check, "check --json csv.signed.xml", EXIT_DONE, true, "sign XML", NULL},
	{"check changed", verb_check, "check --content other letter.p7s", EXIT_MALFORMED, false, "sign", NULL},
	{"check two", verb_check, "check letter.p7m letter", EXIT_MALFORMED, false, "sign two", NULL},
	{"extract", verb_check, "check --extract out letter.p7m", EXIT_DONE, false, "sign two", NULL},
	{"verify", verb_verify, "verify good", EXIT_DONE, false, NULL, NULL},
	{"verify elsewhere", verb_verify, "verify good", 4, false, NULL, "elsewhere"},
	/* libcrypto does not say that a list does not verify for want of memory, and the others need it little */
	{"verify revoked", verb_verify, "verify --status prefer revoked", 2, false, NULL, NULL},
	{"add", verb_setup, "setup ssh --host *.example.jp --card hpki --module ../module --yes", EXIT_DONE, false, NULL, NULL},
	{"undo", verb_setup, "setup ssh --undo --yes", EXIT_DONE, false, "add", NULL},
	{"report", verb_doctor, "doctor --card-report out", EXIT_DONE, false, NULL, NULL},
};

enum { ROWS = sizeof rows / sizeof *rows, CRYPTO_ROWS = ROWS - 4, MANY = 64 };

static struct rig rig = {.app = VCARD_SIGN};
static char top[64]; /* the folder; "tree" in it is compared */

/* What a run in a process of its own has come to. */
static struct outcome {
	enum exit_code code;
	bool failed, locked;
	unsigned tries, verifies, count;
	int status; /* of waitpid */
} *outcome;

/* ---- The card's memory is its own, and its time stands still */

bool __real_vreader_transmit(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len);
bool __wrap_vreader_transmit(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len);
bool __wrap_vreader_transmit(struct vreader *r, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len)
{
	bool on = no_memory.on, there;

	no_memory.on = false;
	there = __real_vreader_transmit(r, apdu, n, response, len);
	no_memory.on = on;
	return there;
}

int64_t __wrap_apdu_now_ms(void);
int64_t __wrap_apdu_now_ms(void)
{
	return 0;
}

static time_t now; /* the same in each run, so that each makes the same bytes; 0: as it is */
time_t __real_time(time_t *t);
time_t __wrap_time(time_t *t);
time_t __wrap___time64(time_t *t);
time_t __wrap_time(time_t *t)
{
	time_t at = now ? now : __real_time(NULL);

	if (t)
		*t = at;
	return at;
}

time_t __wrap___time64(time_t *t)
{
	return __wrap_time(t);
}

/* ---- Files: the tree as it was, and as a whole run leaves it */

struct tree {
	struct {
		char path[PATH_MAX];
		struct buf content;
	} list[MANY];
	size_t n;
};
static struct tree before, good, seen, *into;

static int add_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (type != FTW_F)
		return 0;
	ck_assert_uint_lt(into->n, MANY);
	snprintf(into->list[into->n].path, PATH_MAX, "%s", path);
	into->list[into->n].content.len = 0;
	ck_assert_int_eq(path_read(path, 1 << 20, &into->list[into->n].content), E_OK);
	ck_assert_int_eq((int)into->list[into->n++].content.len, (int)st->st_size);
	return 0;
}

static void look(struct tree *t)
{
	into = t;
	t->n = 0;
	ck_assert_int_eq(nftw(".", add_file, 16, FTW_PHYS), 0);
}

static const struct buf *find(const struct tree *t, const char *path)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->list[i].path, path) == 0)
			return &t->list[i].content;
	return NULL;
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a && b ? a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0) : a == b;
}

static void put(const char *path, struct bytes content)
{
	ck_assert_msg(path_replace(path, content, 0644) == E_OK, "%s", path);
}

static void restore(void)
{
	for (size_t i = 0; i < seen.n; i++)
		if (!find(&before, seen.list[i].path))
			unlink(seen.list[i].path);
	for (size_t i = 0; i < before.n; i++)
		if (!same(find(&seen, before.list[i].path), &before.list[i].content))
			put(before.list[i].path, (struct bytes){before.list[i].content.data, before.list[i].content.len});
}

/* ---- A run */

static void tick(int signal)
{
	(void)signal;
}

static struct itimerval each_ms; /* of SIGALRM; 0: none */

static void run_here(const struct row *row)
{
	char words[4096], *argv[32], *rest;
	int argc = 0;

	snprintf(words, sizeof words, "%s", row->words);
	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	argv[argc] = NULL;
	if (row->config)
		setenv("XDG_CONFIG_HOME", realpath(row->config, NULL), 1);
	for (int fd = 0; fd < 3; fd++)
		dup2(open(fd == 0 ? "../pins" : fd == 1 ? "../said" : "../complained", fd ? O_RDWR | O_CREAT | O_TRUNC : O_RDONLY,
		          0600), fd);
	if (each_ms.it_value.tv_usec) {
		sigaction(SIGALRM, &(struct sigaction){.sa_handler = tick}, NULL);
		setitimer(ITIMER_REAL, &each_ms, NULL);
	}
	no_memory.on = true;
	outcome->code = finish(row->verb(argc, argv));
	no_memory.on = false;
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	outcome->failed = no_memory.failed;
	outcome->count = no_memory.count;
	outcome->tries = vcard_tries(rig.card, VCARD_SIGN);
	outcome->verifies = vcard_verifies(rig.card, VCARD_SIGN);
	outcome->locked = rig_is_locked(&rig);
	_exit(0);
}

static void run(const struct row *row)
{
	pid_t pid;

	*outcome = (struct outcome){.code = EXIT_INTERNAL};
	no_memory.count = 0;
	pid = fork();
	if (pid == 0)
		run_here(row);
	ck_assert_int_eq(waitpid(pid, &outcome->status, 0), pid);
}

/* Two signatures are not the same bytes. */
static bool checks(const char *path)
{
	char words[PATH_MAX + 8];
	const struct row row = {"check", verb_check, words, EXIT_DONE, false, NULL, NULL};
	struct outcome was = *outcome;
	bool fine;

	snprintf(words, sizeof words, "check %s", path);
	no_memory.fail_at = 0;
	run(&row);
	fine = outcome->status == 0 && outcome->code == EXIT_DONE;
	*outcome = was;
	return fine;
}

/* Each file is the old one or the new one, and nothing else lies about; or all is as a whole run leaves it. */
static void judge(const struct row *row, const char *what, bool whole)
{
	look(&seen);
	for (size_t i = 0; i < seen.n; i++) {
		const char *path = seen.list[i].path;
		const struct buf *content = &seen.list[i].content, *old = find(&before, path), *new = find(&good, path);

		ck_assert_msg((same(content, old) && !whole) || same(content, new) || (new && row->verb == verb_sign && checks(path)),
		              "%s: exit %d: %s", what, (int)outcome->code, path);
	}
	for (size_t i = 0; i < before.n; i++)
		ck_assert_msg(find(&seen, before.list[i].path) || !find(&good, before.list[i].path), "%s: %s is lost", what,
		              before.list[i].path);
	ck_assert_msg(!whole || seen.n == good.n, "%s: not all files are there", what);
}

static struct buf said; /* by the whole run */

static void read_said(struct buf *b)
{
	b->len = 0;
	ck_assert_int_eq(path_read("../said", 1 << 20, b), E_OK);
}

static void run_whole(const struct row *row)
{
	no_memory.fail_at = 0;
	run(row);
	read_said(&said);
	ck_assert_msg(outcome->status == 0 && outcome->code == row->code, "%s: exit %d", row->name, (int)outcome->code);
	ck_assert_msg(outcome->locked, "%s: left unlocked", row->name);
}

/* A list that could not be read leaves the status open; a file that cannot be, of CAs or of a document, decides against. */
static bool fits(const struct row *row)
{
	return outcome->code == row->code || outcome->code >= EXIT_USAGE || outcome->code == EXIT_LACKING ||
	       ((no_memory.files || no_memory.libcrypto) && outcome->code != EXIT_DONE);
}

static void check_run(const struct row *row, const char *what, unsigned verifies)
{
	static struct buf text;

	ck_assert_msg(outcome->status == 0, "%s: ended with status 0x%x", what, (unsigned)outcome->status);
	ck_assert_msg(fits(row), "%s: exit %d", what, (int)outcome->code);
	ck_assert_msg(outcome->locked, "%s: exit %d, and left unlocked", what, (int)outcome->code);
	ck_assert_msg(outcome->tries == vcard_tries(rig.card, VCARD_SIGN), "%s: a try is lost", what);
	ck_assert_msg(outcome->verifies <= verifies, "%s: %u VERIFYs", what, outcome->verifies);
	read_said(&text);
	judge(row, what, row->code == EXIT_DONE && outcome->code == EXIT_DONE);
	ck_assert_msg(outcome->code != EXIT_DONE || no_memory.libcrypto || same(&text, &said), "%s: exit %d, but said: %.*s",
	              what, (int)outcome->code, (int)(text.len < 1000 ? text.len : 1000), (const char *)text.data);
	restore();
}

/* ---- The world */

static void run_row(const char *name);

static bool is_built(const struct row *row)
{
	return WITH_XMLSEC || !row->needs_xml;
}

static void prepare(const struct row *row)
{
	if (row->before)
		run_row(row->before);
	look(&before);
	run_whole(row);
	look(&good);
	look(&seen);
	restore();
}

static void run_row(const char *name)
{
	size_t i = 0;

	while (strcmp(rows[i].name, name) != 0)
		i++;
	run_whole(&rows[i]);
}

static void must_run(enum exit_code (*verb)(int, char **), const char *words)
{
	const struct row row = {words, verb, words, EXIT_DONE, false, NULL, NULL};

	run_whole(&row);
}

#define TEXT(s) ((struct bytes){(const uint8_t *)(s), sizeof(s) - 1})

static void put_cert(const char *path, const struct vcard *card)
{
	size_t n;
	const uint8_t *der = vcard_certificate(card, VCARD_AUTH, &n);

	put(path, (struct bytes){der, n});
}

/* Certificates and lists of the throw-away PKI, and a card that is on them. */
static void make_world(void)
{
	static const char *const cas[] = {"root", "hpki-auth-ca", "hpki-sign-ca"}, *const lists[] = {"sarl", "rarl", "hpki-auth", "hpki-sign"};
	struct vcard_spec spec;
	struct vcard *revoked;
	char words[4096];
	int n;

	snprintf(top, sizeof top, "/tmp/inkan-faults-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(words, sizeof words, "%s/tree/home/.ssh", top);
	ck_assert_int_eq(path_make_folders(words, 0755), E_OK);
	snprintf(words, sizeof words, "%s/tree", top);
	ck_assert_int_eq(chdir(words), 0);
	setenv("HOME", strcat(words, "/home"), 1);
	setenv("XDG_CONFIG_HOME", strcat(words, "/.config"), 1);
	unsetenv("XDG_DATA_HOME");
	unsetenv("XDG_CACHE_HOME");
	put("letter", TEXT("A referral letter.\n"));
	put("other", TEXT("Another letter.\n"));
	put("csv", TEXT("SJ1\n1,1,0100001,13,1\n5,SAKURA HANAKO\n"));
	put("home/.ssh/config", TEXT("Host *\n\tUser sakura\n"));
	put("../pins", TEXT("123456\n123456\n"));
	put("../module", TEXT("\177ELF C_GetFunctionList\0"));
	ck_assert_int_eq(path_make_folders("home/.config/inkan", 0755), E_OK);
	put("home/.config/inkan/inkan.conf", TEXT("clock-tolerance = 60\n"));
	ck_assert_int_eq(path_make_folders("elsewhere/inkan", 0755), E_OK); /* no CA is trusted by these settings */
	ck_assert_int_eq(snprintf(words, sizeof words, "anchors = %s/tree/elsewhere\n", top) < 100, 1);
	put("elsewhere/inkan/inkan.conf", (struct bytes){(const uint8_t *)words, strlen(words)});
	rig_spec(&spec, VCARD_HPKI);
	spec.pin[VCARD_SIGN] = "123456";
	rig.reader = rig_reader("Virtual Reader 00", &spec);
	rig.card = vreader_card(rig.reader);
	put_cert("good", rig.card);
	spec.revoked = true;
	revoked = rig_card(&spec);
	put_cert("revoked", revoked);
	vcard_free(revoked);
	outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	n = snprintf(words, sizeof words, "trust add --yes");
	for (size_t i = 0; i < 3; i++)
		n += snprintf(words + n, sizeof words - (size_t)n, " %s/%s.pem", spec.pki, cas[i]);
	must_run(verb_trust, words);
	n = snprintf(words, sizeof words, "status import");
	for (size_t i = 0; i < 4; i++)
		n += snprintf(words + n, sizeof words - (size_t)n, " %s/%s.crl", spec.pki, lists[i]);
	must_run(verb_status, words);
	now = __real_time(NULL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void end_world(void)
{
	nftw(top, remove_one, 16, FTW_PHYS | FTW_DEPTH);
	vcard_readers_remove(rig.reader);
	vreader_free(rig.reader);
}

/* ---- The faults */

static void each_fails(const struct row *row, const char *kind)
{
	bool each = getenv("INKAN_TEST_SAMPLE") && rig_sample() == 1;
	unsigned step = (each ? 1U : rig_sample() > 1 ? 29U : 7U) * (no_memory.libcrypto ? 97U : 1U), calls, runs = 0, right = 0, verifies;
	char what[128];

	if (!is_built(row))
		return;
	prepare(row);
	calls = outcome->count;
	verifies = outcome->verifies;
	ck_assert_uint_gt(calls, 2);
	for (unsigned n = 1 + (unsigned)(row - rows) % step; n <= calls; n += step, runs++) {
		snprintf(what, sizeof what, "%s, %s %u", row->name, kind, n);
		no_memory.fail_at = n;
		run(row);
		check_run(row, what, verifies);
		right += outcome->code == row->code;
	}
	printf("%s: %u %ss, %u of them failed, %u times the right answer\n", row->name, calls, kind, runs, right);
}

START_TEST(no_memory_left)
{
	no_memory.ours = true;
	no_memory.lasting = _i / ROWS;
	each_fails(&rows[_i % ROWS], no_memory.lasting ? "all from allocation" : "allocation");
}
END_TEST

/* It does not say why it does not do: then a good document may pass for a bad one, and not the other way round. */
START_TEST(libcrypto_without_memory)
{
	no_memory.libcrypto = true;
	no_memory.lasting = _i / CRYPTO_ROWS;
	each_fails(&rows[_i % CRYPTO_ROWS], no_memory.lasting ? "all from libcrypto's allocation" : "libcrypto's allocation");
}
END_TEST

START_TEST(broken_files)
{
	no_memory.files = true;
	each_fails(&rows[_i], "call");
}
END_TEST

/* Called off by the clock in whatever it waits for. */
START_TEST(signals)
{
	const struct row *row = &rows[_i];
	unsigned verifies;

	if (!is_built(row))
		return;
	prepare(row);
	verifies = outcome->verifies;
	each_ms = (struct itimerval){{0, 1000}, {0, 1000}};
	for (int i = 0; i < 5; i++) {
		run(row);
		check_run(row, row->name, verifies);
		ck_assert_msg(outcome->code == row->code, "%s: exit %d", row->name, (int)outcome->code);
	}
}
END_TEST

static bool map(const char *file, unsigned id)
{
	int fd = open(file, O_WRONLY);
	bool written = fd >= 0 && dprintf(fd, "%u %u 1", id, id) > 0;

	close(fd);
	return written;
}

static bool keep_groups(void)
{
	int fd = open("/proc/self/setgroups", O_WRONLY);
	bool written = fd >= 0 && write(fd, "deny", 4) == 4;

	close(fd);
	return written;
}

/* Mounts of this process alone: root's, or in a name space of users where everybody keeps their number. */
static bool own_mounts(void)
{
	const uid_t user = geteuid();
	const gid_t group = getegid();

	return unshare(user == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) == 0 &&
	       (user == 0 || (keep_groups() && map("/proc/self/uid_map", user) && map("/proc/self/gid_map", group))) &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

/* A disk of the tree's own that fills up after so many kilobytes. */
START_TEST(full_disk)
{
	static const uint8_t filler[512];
	const struct row *row = &rows[_i];
	unsigned verifies, refused = 0;
	int fd;

	if (!is_built(row))
		return;
	if (!own_mounts()) {
		printf("full disk: not tested: no file system may be mounted here\n");
		return;
	}
	prepare(row);
	verifies = outcome->verifies;
	for (int kilobytes = 0; kilobytes < 16; kilobytes += 4) {
		char what[64], tree[sizeof top + 8];

		snprintf(what, sizeof what, "%s, %d KB left", row->name, kilobytes);
		ck_assert_int_eq(mount("none", ".", "tmpfs", 0, "size=1m,mode=0755"), 0);
		ck_assert_int_eq(chdir("../tree"), 0);
		seen.n = 0;
		for (size_t i = 0; i < before.n; i++) {
			char *folder = strdup(before.list[i].path);

			*strrchr(folder, '/') = '\0';
			ck_assert_int_eq(path_make_folders(folder, 0755), E_OK);
			free(folder);
		}
		restore();
		fd = open("../tree/.filler", O_WRONLY | O_CREAT, 0600);
		while (write(fd, filler, sizeof filler) > 0)
			;
		ck_assert_int_eq(ftruncate(fd, lseek(fd, 0, SEEK_CUR) - kilobytes * 1024), 0);
		close(fd);
		run(row);
		unlink(".filler");
		check_run(row, what, verifies);
		refused += outcome->code != row->code;
		ck_assert_int_eq(chdir("/"), 0);
		snprintf(tree, sizeof tree, "%s/tree", top);
		ck_assert_int_eq(umount2(tree, MNT_DETACH), 0);
		ck_assert_int_eq(chdir(tree), 0);
	}
	printf("%s: refused %u of 4 times on a full disk\n", row->name, refused);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("faults"), .setup = make_world, .teardown = end_world, .seconds = 600};

	no_memory_init();
	log_start("inkan");
	add_loop_case(&cases, no_memory_left, 2 * ROWS);
	add_loop_case(&cases, libcrypto_without_memory, 2 * CRYPTO_ROWS);
	add_loop_case(&cases, broken_files, ROWS);
	add_loop_case(&cases, signals, ROWS);
	add_loop_case(&cases, full_disk, ROWS);
	return rig_run(cases.suite);
}
