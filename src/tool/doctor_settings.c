/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan.conf, and the modules that are installed. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "doctor.h"
#include "say.h"
#include "setup.h"

/* ---- Settings */

struct lines {
	int first, n;       /* not understood */
	int program;        /* of the first section for a program that is not here; 0: none */
	const char *root;
};

static void count_line(void *arg, int line)
{
	struct lines *lines = arg;

	if (lines->n++ == 0)
		lines->first = line;
}

/* A name that inkan setup writes may be of a program that comes later. */
static void look_for_program(void *arg, int line, const char *name)
{
	struct lines *lines = arg;
	const char *path = getenv("PATH");
	char *folders = strdup(path ? path : "/"), *pattern;
	glob_t found = {0};

	for (char *p = folders; p && (p = strchr(p, ':'));)
		*p = ',';
	pattern = format("%s{%s,{,/usr,/usr/local}/{bin,sbin,games,libexec,libexec/*,lib,lib/*,lib/*/*,lib64/*},"
	                 "/opt/*,/opt/*/*}/%s", lines->root, folders ? folders : "", name);
	if (lines->program == 0 && !setup_knows_program(name) &&
	    (strpbrk(name, "/*?[]{}\\") || (pattern && glob(pattern, GLOB_BRACE, NULL, &found) != 0)))
		lines->program = line;
	globfree(&found);
	free(pattern);
	free(folders);
}

/* A group of one's own is no other. */
static bool others_may_write(const struct stat *st)
{
	return (st->st_mode & S_IWOTH) || ((st->st_mode & S_IWGRP) && st->st_gid != getgid() && st->st_gid != 0) ||
	       (st->st_uid != 0 && st->st_uid != getuid());
}

/* What stands in a line may be anything, so that only its number is told. */
static void check_file(struct doctor *d, const char *path, bool system)
{
	struct report *r = &d->report;
	struct lines lines = {.root = d->dirs.root};
	const struct conf_checks checks = {count_line, look_for_program, &lines};
	struct stat st;
	enum error e;

	if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	e = conf_check(path, &checks);
	if (e != E_OK) {
		problem(r, "settings-unreadable", path, _("the settings cannot be read, and do not count"));
		remedy(r, _("Let everybody read the file: sudo chmod a+r %s"), path);
	} else if (others_may_write(&st)) {
		problem(r, "settings-writable", path, _("others may change these settings"));
		doctor_remedy_others(r, path, system);
	} else if (lines.n > 0) {
		problem(r, "settings-unknown", path, lines.n == 1 ?
		        _("line %d is not understood, and does not count") :
		        _("line %d and others are not understood, and do not count"), lines.first);
		remedy(r, _("Mend it; man inkan.conf tells what may stand there."));
	} else {
		well(r, "settings", path, _("the settings are understood"));
	}
	if (lines.program > 0) {
		note(r, "settings-program", path, _("line %d is for a program that was not found on this machine"),
		     lines.program);
		remedy(r, _("See whether it is called so: ps -C NAME, while it runs."));
	}
}

void check_settings(struct doctor *d)
{
	struct report *r = &d->report;
	char paths[2][4096];
	size_t n = conf_files(paths);

	for (size_t i = 0; i < n; i++)
		check_file(d, paths[i], i == 0);
	if (d->find.conf.card[0]) {
		note(r, "settings-card", "", _("card = %s: programs see no other cards"), d->find.conf.card);
		remedy(r, _("If that is meant for some programs alone: write it below [program NAME] in inkan.conf."));
	}
	if (d->find.conf.last_try_allowed) {
		note(r, "settings-last-try", "",
		     _("last-try = allow: programs may use the last PIN try, and lock the card"));
		remedy(r, _("If that is not meant: remove the line from inkan.conf."));
	}
	if (d->find.conf.pss == PSS_OFF) {
		note(r, "settings-pss-off", "",
		     _("pss = off: servers that speak TLS 1.3 alone cannot be reached with the card"));
		remedy(r, _("See whether this card needs it: inkan doctor --try-pss"));
	}
}

/* ---- Modules */

#define LOAD_SECONDS 10

static void load_and_exit(const char *path)
{
	const struct rlimit none = {0, 0};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	void *module;

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGALRM, SIG_DFL);
	alarm(LOAD_SECONDS);
	if (null >= 0)
		dup2(null, STDERR_FILENO);
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	_exit(module && dlsym(module, "C_GetFunctionList") ? 0 : 1);
}

/* In a child: a file that is cut short ends the process that loads it, and one that
 * blocks is given up. */
static bool loads(const char *path)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0)
		load_and_exit(path);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void check_module(struct doctor *d, const char *name)
{
	struct report *r = &d->report;
	char *path = format("%s" MODULEDIR "/%s", d->dirs.root, name);

	if (!path)
		return;
	if (access(path, F_OK) != 0) {
		problem(r, "module-missing", path, _("this module is not installed"));
		remedy(r, _("Install Inkan again (as a package, or with: sudo make install)."));
	} else if (!loads(path)) {
		problem(r, "module-broken", path, _("this module cannot be loaded"));
		remedy(r, _("Install Inkan again; what is missing is said by: ldd %s"), path);
	} else {
		well(r, "module", path, _("this module can be loaded"));
	}
	free(path);
}

void check_modules(struct doctor *d)
{
	check_module(d, "inkan-pkcs11.so");
	check_module(d, "inkan-sign-pkcs11.so");
}
