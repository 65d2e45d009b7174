/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a fuzz target where there is no libFuzzer: over files and the files of folders, [corpus/TARGET] of the source,
 * and over mutations of each. What kills the program, works for a minute or hangs for ten is
 * written to a file and named.
 *   INKAN_FUZZ_RUNS   mutations of each file [8]
 *   INKAN_FUZZ_SEED   of the generator [1] */
#ifndef LIBFUZZER /* it brings all this */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include "fuzz.h"

#define INPUT_MAX 65536
#define WATCHDOG_SECONDS 60
#define FILES_MAX 4096

static struct {
	char *paths[FILES_MAX];
	size_t n;
	uint8_t input[INPUT_MAX];
	size_t len;
	char found[160], what[640]; /* where the input goes; its file, seed and run */
	uint64_t random;
} run;

/* The reports of the sanitizers end with a signal, too. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "abort_on_error=1:handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0";
}

const char *__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(99);
}

static void dying(int sig)
{
	int fd = open(run.found, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	say(sig == SIGALRM || sig == SIGPROF ? "\ntook too long: " : "\ndied of: ");
	say(run.what);
	if (fd >= 0 && write(fd, run.input, run.len) == (ssize_t)run.len) {
		say("; the input is in ");
		say(run.found);
	}
	say("\n");
	signal(sig, SIG_DFL);
	raise(sig);
	_exit(99);
}

static void once(void)
{
	static const struct itimerval working = {.it_value = {WATCHDOG_SECONDS, 0}};
	uint8_t *exact = malloc(run.len ? run.len : 1); /* so that a byte too far is seen */

	MUST(exact != NULL);
	memcpy(exact, run.input, run.len);
	setitimer(ITIMER_PROF, &working, NULL); /* a machine that is busy is no fault */
	alarm(10 * WATCHDOG_SECONDS);
	LLVMFuzzerTestOneInput(exact, run.len);
	alarm(0);
	setitimer(ITIMER_PROF, &(struct itimerval){0}, NULL);
	free(exact);
}

static size_t any(size_t below)
{
	run.random ^= run.random << 13;
	run.random ^= run.random >> 7;
	run.random ^= run.random << 17;
	return below ? (size_t)(run.random % below) : 0;
}

static void load(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(99);
	}
	run.len = fread(run.input, 1, sizeof run.input, f);
	fclose(f);
}

/* One to four changes: a byte, a bit, a number that lies at an edge, a piece removed, doubled, or of another file. */
static void mutate(void)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF, 0x30, 0x61, 0x63, 0x6C, 0x90};
	static uint8_t other[INPUT_MAX], from_other[64];

	for (size_t i = any(4) + 1; i > 0; i--) {
		size_t at = any(run.len + 1), n = any(32) + 1, left = run.len - at, kind = any(6);
		const uint8_t *piece = other;

		if (kind < 3 && left)
			run.input[at] = (uint8_t)(kind == 0   ? any(256)
			                          : kind == 1 ? run.input[at] ^ 1U << any(8)
			                                      : edges[any(sizeof edges)]);
		n = kind == 5 ? n : n < left ? n : left;
		if (kind == 3) {
			memmove(run.input + at, run.input + at + n, left - n);
			run.len -= n;
		}
		if (kind < 4 || run.len + n > INPUT_MAX)
			continue;
		memcpy(other, run.input + at, left);
		if (kind == 5) {
			FILE *f = fopen(run.paths[any(run.n)], "rb");

			MUST(f && fseek(f, (long)any(256), SEEK_SET) == 0);
			n = fread(from_other, 1, n, f);
			fclose(f);
			piece = from_other;
		}
		memcpy(run.input + at, piece, n);
		memcpy(run.input + at + n, other, left);
		run.len += n;
	}
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void add(const char *path)
{
	struct dirent **names;
	int n;

	errno = 0;
	n = scandir(path, &names, visible, alphasort);
	if (n < 0 && errno == ENOTDIR && run.n < FILES_MAX)
		run.paths[run.n++] = strdup(path);
	for (int i = 0; i < n; i++) {
		if (run.n < FILES_MAX && asprintf(&run.paths[run.n], "%s/%s", path, names[i]->d_name) > 0)
			run.n++;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

int main(int argc, char **argv)
{
	static const int signals[] = {SIGALRM, SIGPROF, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	const char *name = program_invocation_short_name, *runs = getenv("INKAN_FUZZ_RUNS"), *srcdir = getenv("srcdir");
	const char *seed = getenv("INKAN_FUZZ_SEED");
	unsigned long each = runs ? strtoul(runs, NULL, 10) : 8, started = seed ? strtoul(seed, NULL, 10) : 1, inputs = 0;
	char corpus[512];

	name = strncmp(name, "lt-", 3) == 0 ? name + 3 : name;
	snprintf(run.found, sizeof run.found, "fuzz-%s-input", name);
	snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".", name);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], dying);
	for (int i = 1; i < argc; i++)
		add(argv[i]);
	if (argc < 2)
		add(corpus);
	for (size_t i = 0; i < run.n; i++) {
		run.random = (started + i) * 0x9E3779B97F4A7C15U + 1;
		for (unsigned long k = 0; k <= each; k++) {
			snprintf(run.what, sizeof run.what, "%s, mutation %lu, seed %lu", run.paths[i], k, started);
			load(run.paths[i]);
			if (k > 0)
				mutate();
			once();
			inputs++;
		}
	}
	printf("%s: %zu files, %lu inputs\n", name, run.n, inputs);
	for (size_t i = 0; i < run.n; i++)
		free(run.paths[i]);
	return inputs ? 0 : 99;
}
#endif
