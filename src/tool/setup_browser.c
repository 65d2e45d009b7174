/* SPDX-License-Identifier: BSD-2-Clause */
/* Firefox, Chromium, and the database for document signers. Browsers get the module
 * with the authentication tokens alone: they try one PIN on every token that wants a
 * login, and would use up the tries of the signature PIN. */
#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "say.h"
#include "setup_nss.h"
#include "setup_policy.h"

/* Firefox holds a lock on this file as long as it runs; it stays behind afterwards. */
static bool is_in_use(const char *file)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char *name = format("%.*s/.parentlock", (int)(strlen(file) - strlen("/pkcs11.txt")), file);
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	bool used = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

	if (fd >= 0)
		close(fd);
	free(name);
	return used;
}

static enum exit_code do_database(struct plan *p, const struct setup_wish *w, const char *file)
{
	struct change *c;
	enum exit_code code;

	if (w->undo)
		return nss_undo(p, file, NSS_NAME);
	code = plan_file(p, strdup(file), 0600, &c);
	return code == EXIT_DONE ? nss_add(c, NSS_NAME, w->module) : code;
}

static void remark_confined(const char *file)
{
	complain(_("%s is passed over: a snap or flatpak program cannot load a module from outside."), file);
	advise(_("Use the program as a package of the distribution or of its maker; for flatpak see the guide: "
	         "p11-kit server"));
}

/* Every one that can be used; n: how many. */
static enum exit_code do_databases(struct plan *p, const struct setup_wish *w, const struct names *files, size_t *n)
{
	enum exit_code code = EXIT_DONE;

	*n = 0;
	for (size_t i = 0; i < files->n && code == EXIT_DONE; i++) {
		if (path_is_confined(w->dirs, files->list[i])) {
			remark_confined(files->list[i]);
			continue;
		}
		++*n;
		code = do_database(p, w, files->list[i]);
		if (code == EXIT_DONE && change_matters(&p->list[p->n - 1]) && is_in_use(files->list[i])) {
			complain(_("Firefox is running with the profile of %s."), files->list[i]);
			advise(_("Close all its windows, then run this again."));
			return EXIT_BUSY;
		}
	}
	return code;
}

static enum exit_code do_policy(struct plan *p, const struct setup_wish *w)
{
	struct change *c;
	enum exit_code code = plan_file(p, format("%s/etc/firefox/policies/policies.json", w->dirs->root), 0644, &c);

	if (code != EXIT_DONE)
		return code;
	return w->undo ? policy_drop(c) : policy_add(c, w->module);
}

static void explain_none(void)
{
	complain(_("There is no profile of Firefox."));
	advise(_("Start Firefox once, close it, and run this again; or, for everybody: "
	         "sudo inkan setup firefox --system"));
}

enum exit_code setup_firefox(struct plan *p, const struct setup_wish *w)
{
	struct names files = {0};
	enum exit_code code;
	size_t n;

	plan_next(p, "%s", _("Start Firefox: it asks for the PIN when a page wants a certificate."));
	if (w->system)
		return do_policy(p, w);
	if (firefox_databases(w->dirs, &files) != E_OK)
		code = setup_no_memory();
	else
		code = do_databases(p, w, &files, &n);
	if (code == EXIT_DONE && n == 0 && !w->undo) {
		if (files.n == 0)
			explain_none();
		code = EXIT_UNAVAILABLE; /* what is passed over has been said */
	}
	names_free(&files);
	return code;
}

/* Chromium reads the list when it starts, and never writes it: it may be running. */
enum exit_code setup_chrome(struct plan *p, const struct setup_wish *w)
{
	struct names files = {0};
	char *folder = format("%s/.pki/nssdb", w->dirs->home);
	enum exit_code code;
	size_t n;

	plan_next(p, "%s", _("Start the browser anew: it asks for the PIN when a page wants a certificate."));
	if (!folder || chrome_databases(w->dirs, &files) != E_OK)
		code = setup_no_memory();
	else
		code = do_databases(p, w, &files, &n);
	if (code == EXIT_DONE && n == 0 && !w->undo)
		code = nss_make(p, folder, NSS_NAME, w->module);
	names_free(&files);
	free(folder);
	return code;
}

enum exit_code setup_signers(struct plan *p, const struct setup_wish *w)
{
	char *folder = format("%s/inkan/nssdb", w->dirs->data);
	char *file = folder ? format("%s/pkcs11.txt", folder) : NULL;
	enum exit_code code = EXIT_DONE;

	plan_next(p, _("PDF: pdfsig -nssdir sql:%s …  LibreOffice: MOZILLA_CERTIFICATE_FOLDER=sql:%s"),
	          folder ? folder : "", folder ? folder : "");
	if (!file)
		code = setup_no_memory();
	else if (access(file, F_OK) == 0)
		code = do_database(p, w, file);
	else if (!w->undo)
		code = nss_make(p, folder, NSS_NAME, w->module);
	free(file);
	free(folder);
	return code;
}
