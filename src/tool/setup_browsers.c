/* SPDX-License-Identifier: BSD-2-Clause */
/* NSS databases, by NSS's own tools, and Firefox's policy. */
#include "config.h"
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <jansson.h>
#include "say.h"
#include "setup_job.h"

#define NAME "Inkan" /* what the module is called there */

extern char **environ;

/* ---- NSS */

/* Runs a program without input and output: its status, 0 for success; -1: it is not there. */
static int run(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t child;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	if (posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, 0, 1) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, 0, 2) != 0 ||
	    posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ) != 0 ||
	    waitpid(child, &status, 0) != child)
		status = -1;
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

enum exit_code nss_write(const struct setup_job *job, const char *file, bool is_there)
{
	char *db = format("sql:%.*s", (int)(strrchr(file, '/') - file), file);
	const char *const made[] = {"cert9.db", "key4.db", "pkcs11.txt", ""};
	const char *const make[] = {"certutil", "-N", "-d", db, "--empty-password", NULL};
	const char *const take[] = {"modutil", "-force", "-dbdir", db, "-delete", NAME, NULL};
	const char *const add[] = {"modutil", "-force", "-dbdir", db, "-add", NAME, "-libfile", job->module, NULL};
	int status = !db ? -1 : is_there ? run(take) : run(make);

	if (db && !job->undo && (status == 0 || is_there)) /* before the first time there is none to delete */
		status = run(add);
	for (size_t i = 0; db && status != 0 && !is_there && i < 4; i++) {
		char *part = format("%s/%s", db + 4, made[i]);

		if (part)
			remove(part);
		free(part);
	}
	free(db);
	if (status == 0)
		return EXIT_DONE;
	complain(_("NSS (modutil, certutil) could not change %s."), file);
	advise(_("See why: modutil -dbdir sql:FOLDER -add Inkan -libfile %s"), job->module ? job->module : "FILE");
	return EXIT_UNAVAILABLE;
}

/* The list of modules without ours. It stands between empty lines. */
static char *without_ours(const char *text)
{
	const char *name = strstr(text, "\nname=" NAME "\n"), *end = name ? strstr(name + 1, "\n\n") : NULL;

	if (!name)
		return strdup(text);
	while (name > text && strncmp(name - 2, "\n\n", 2) != 0)
		name--;
	return format("%.*s%s", (int)(name - text), text, end ? end + 2 : "");
}

/* Firefox holds a lock on this file as long as it runs; the file stays behind afterwards. */
static bool is_in_use(const char *file)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char *name = format("%.*s/.parentlock", (int)(strrchr(file, '/') - file), file);
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	bool used = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

	if (fd >= 0)
		close(fd);
	free(name);
	return used;
}

/* A module that somebody has added under another name is set up already. */
static enum exit_code change_database(struct setup_job *job, char *file)
{
	const char *const tools[] = {"modutil", "-H", NULL};
	char *library = format("library=%s\n", job->module ? job->module : ""), *others = NULL;
	struct change *c;
	enum exit_code code = change_open(job, file, 0600, &c);

	if (code == EXIT_DONE && !(others = without_ours(c->before ? c->before : "")))
		code = setup_no_memory();
	if (code == EXIT_DONE && !c->before && !job->undo) {
		char *folder = format("%.*s", (int)(strrchr(c->path, '/') - c->path), c->path);

		if (folder && access(folder, F_OK) == 0) {
			complain(_("The folder %s is there, but no database is in it."), folder);
			advise(_("Start the program once, or make one: certutil -N -d sql:%s --empty-password"),
			       folder);
			code = EXIT_UNAVAILABLE;
		}
		free(folder);
	}
	if (code != EXIT_DONE || (job->undo ? !c->before : c->before && library && strstr(c->before, library)))
		goto out;
	c->nss = true;
	code = change_to(c, job->undo ? strdup(others) : format("%s%sname=" NAME "\n\n", others, library));
	if (code == EXIT_DONE && c->before && strcmp(c->before, c->after) != 0 && is_in_use(c->path)) {
		complain(_("Firefox is running with the profile of %s."), c->path);
		advise(_("Close all its windows, then run this again."));
		code = EXIT_BUSY;
	} else if (code == EXIT_DONE && run(tools) == -1) {
		complain(_("The program modutil is missing; it writes the databases of Firefox and Chromium."));
		advise(_("Install it (Debian and Ubuntu: libnss3-tools; Fedora: nss-tools), then run this again."));
		code = EXIT_UNAVAILABLE;
	}
out:
	free(library);
	free(others);
	return code;
}

/* Each database of the client; where there is none, Chromium and the signers get a new one. */
enum exit_code setup_databases(struct setup_job *job)
{
	const char *file = job->client == SETUP_SIGNERS ? "data/inkan/nssdb/pkcs11.txt" : "~/.pki/nssdb/pkcs11.txt";
	struct setup_rows rows;
	bool none = true, confined = false;
	enum exit_code code = setup_registered(job->root, &rows) == E_OK ? EXIT_DONE : setup_no_memory();

	for (size_t i = 0; i < rows.n && code == EXIT_DONE; i++) {
		const struct setup_row *row = &rows.list[i];

		if (row->client != job->client || row->system || (i > 0 && strcmp(row->file, row[-1].file) == 0))
			continue;
		confined |= row->confined;
		none &= row->confined;
		if (!row->confined)
			code = change_database(job, strdup(row->file));
	}
	setup_rows_free(&rows);
	if (code == EXIT_DONE && confined) {
		complain(_("A snap or flatpak program cannot load the module: it is passed over."));
		advise(_("Use the program as a package of the distribution or of its maker."));
	}
	if (code == EXIT_DONE && none && !job->undo && job->client == SETUP_FIREFOX) {
		if (!confined)
			complain(_("There is no profile of Firefox."));
		if (!confined)
			advise(_("Start Firefox once, close it, and run this again. For everybody: sudo inkan setup "
			         "firefox --system"));
		code = EXIT_UNAVAILABLE;
	} else if (code == EXIT_DONE && none && !job->undo) {
		code = change_database(job, setup_path(job->root, file));
	}
	if (job->client == SETUP_SIGNERS)
		job->next = strdup(_("PDF: pdfsig -nssdir sql:FOLDER …  LibreOffice: "
		                     "MOZILLA_CERTIFICATE_FOLDER=sql:FOLDER"));
	else
		job->next = strdup(_("Start the browser again: it asks for the PIN when a page wants a certificate."));
	return code;
}

/* ---- Firefox's policy */

/* policies, SecurityDevices, Add: in the form of older Firefox there is no Add. Ours is added, or removed with
 * what is empty without it. False: not the form of a policy, or no memory. */
static bool change_policy(json_t *json, const char *module)
{
	static const char *const names[] = {"policies", "SecurityDevices", "Add"};
	json_t *path[4] = {json}, *value;
	const char *other;
	size_t n = 0;

	for (; n < 3; n++) {
		if (n == 2 && json_object_size(path[2]) > 0 && !json_object_get(path[2], "Add") &&
		    !json_object_get(path[2], "Delete"))
			break;
		if (module && !json_object_get(path[n], names[n]) &&
		    json_object_set_new(path[n], names[n], json_object()) != 0)
			return false;
		path[n + 1] = json_object_get(path[n], names[n]);
		if (!json_is_object(path[n + 1]))
			return !module && !path[n + 1];
	}
	json_object_foreach(path[n], other, value) if (module && json_is_string(value) &&
	                                               strcmp(json_string_value(value), module) == 0) return true;
	if (module)
		return json_object_set_new(path[n], NAME, json_string(module)) == 0;
	json_object_del(path[n], NAME);
	for (; n > 0 && json_object_size(path[n]) == 0; n--)
		json_object_del(path[n - 1], names[n - 1]);
	return true;
}

enum exit_code setup_firefox(struct setup_job *job)
{
	json_error_t error = {.text = ""};
	json_t *json = NULL, *old = NULL;
	struct change *c;
	enum exit_code code;

	if (!job->system)
		return setup_databases(job);
	code = change_open(job, setup_path(job->root, "/etc/firefox/policies/policies.json"), 0644, &c);
	if (code != EXIT_DONE || (job->undo && !c->before))
		return code;
	json = c->before ? json_loads(c->before, JSON_REJECT_DUPLICATES, &error) : json_object();
	old = json_deep_copy(json);
	if (!json_is_object(json) || !change_policy(json, job->undo ? NULL : job->module)) {
		complain(_("%s was not changed: it is not a policy of Firefox: %s"), c->path, error.text);
		advise(_("Correct it with an editor, then run this again; about:policies shows what Firefox thinks "
		         "of it."));
		code = EXIT_MALFORMED;
	} else if (!json_equal(old, json)) {
		char *dump = json_object_size(json) > 0 ? json_dumps(json, JSON_INDENT(2)) : strdup(""), *text;

		text = dump ? format("%s%s", dump, dump[0] ? "\n" : "") : NULL;
		free(dump);
		code = change_to(c, text);
	}
	json_decref(json);
	json_decref(old);
	return code;
}
