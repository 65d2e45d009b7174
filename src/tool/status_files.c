/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists from files, and into the file that nginx (ssl_crl) or Apache httpd (SSLCARevocationFile) reads. Both ask
 * OpenSSL to check every certificate of the chain, the root too: without a list for one every card is refused. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "base/file.h"
#include "input.h"
#include "status_verb.h"

#define FATAL (CRL_DELTA | CRL_INDIRECT | CRL_CRITICAL | CRL_NO_NEXT | CRL_ATTRIBUTES)

extern char **environ;

/* ---- Import */

/* A list that has ended, or is older than the one in force, is for the time of an old signature. */
static enum exit_code put(struct status_run *run, const char *file, struct bytes der)
{
	enum store_put what = STORE_BAD;
	enum error e = store_put(run->store, run->trust, der, &what);
	time_t end = e == E_OK ? crl_next_update(der) : 0;
	bool old = what == STORE_OLDER || (end && end < time(NULL));

	if (e == E_OK && old)
		e = store_archive_list(run->store, run->trust, der);
	if (e != E_OK && e != E_FORMAT && e != E_NOT_FOUND && e != E_SIGNATURE && e != E_UNSUPPORTED)
		return status_complain(run, e);
	if (e != E_OK) {
		complain(_("%s was not imported: %s."), file, list_refusal(e));
		advise(_("The lists in the store stay as they are. See: inkan status list"));
		return EXIT_MALFORMED;
	}
	if (!run->quiet) {
		put_text(stdout, file);
		printf(": %s\n", old                 ? _("old list, put into the archive")
		                 : what == STORE_NEW ? _("new list")
		                                     : _("unchanged"));
	}
	return EXIT_DONE;
}

static enum exit_code import(struct status_run *run, const char *file)
{
	struct buf b = {0};
	enum error e = path_read(file, (size_t)run->conf.max_list_size, &b);
	enum exit_code worst = EXIT_DONE;
	char *type, *header;
	size_t lists = 0;
	uint8_t *der;
	BIO *bio;
	long len;

	if (e != E_OK) {
		if (e == E_TOO_LONG)
			complain(_("%s is longer than max-list-size (inkan.conf) allows."), file);
		else
			complain(_("%s cannot be read: %s."), file, strerror(errno));
		advise(_("Name files with revocation lists, DER or PEM."));
		buf_free(&b);
		return e == E_TOO_LONG ? EXIT_MALFORMED : EXIT_NO_INPUT;
	}
	ERR_set_mark();
	bio = BIO_new_mem_buf(b.len ? b.data : (const uint8_t *)"", (int)b.len);
	while (bio && PEM_read_bio(bio, &type, &header, &der, &len)) {
		if (strcmp(type, PEM_STRING_X509_CRL) == 0) { /* what else stands there is passed over */
			enum exit_code code = put(run, file, (struct bytes){der, (size_t)len});

			worst = code != EXIT_DONE ? code : worst;
			lists++;
		}
		OPENSSL_free(type);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)len); /* a private key, perhaps */
	}
	ERR_pop_to_mark();
	BIO_free(bio);
	if (lists == 0)
		worst = put(run, file, (struct bytes){b.data, b.len});
	buf_wipe(&b);
	return worst;
}

enum exit_code status_import(struct status_run *run)
{
	enum exit_code worst = status_need_trust(run);

	if (worst != EXIT_DONE)
		return worst;
	for (int i = 0; i < run->n_args; i++) {
		enum exit_code code = import(run, run->args[i]);

		worst = code != EXIT_DONE ? code : worst;
	}
	return worst;
}

/* ---- Export: what is missing */

struct part { /* a sound CA and its lists */
	const struct trusted_ca *ca, *root;
	struct store_lists lists;
};

static bool has_list_about(const struct part *issuer, const struct cert *about)
{
	for (size_t i = 0; issuer && i < issuer->lists.n; i++) {
		const struct crl *crl = issuer->lists.list[i];

		if (!(crl->defects & FATAL) && crl->next_update > time(NULL) &&
		    (about ? crl_reasons(crl, about) != 0 : !crl->only_cas))
			return true;
	}
	return false;
}

static void complain_missing(const struct trusted_ca *ca, bool about_it)
{
	char *name = name_text(X509_get_subject_name(ca->cert->x509));
	struct sources at = {0};

	complain(about_it ? _("There is no valid revocation list about the CA certificate of %s.")
	                  : _("There is no valid revocation list from %s about its end entities."),
	         name ? name : "");
	if (about_it && sources_of_cert(&at, ca->cert) == E_OK && at.n > 0)
		advise(_("Without it a server refuses every card of this CA. It is at %s: inkan status refresh"),
		       at.list[0].url);
	else
		advise(_("Without it a server refuses every card of this CA. Get it: inkan status refresh, or import"));
	sources_free(&at);
	free(name);
}

/* A tree without any list is none that these servers are meant to check: JPKI's, of which an ordinary host gets
 * none. */
static bool find_missing(const struct part *parts, size_t n)
{
	bool missing = false;

	for (size_t i = 0; i < n; i++) {
		const struct trusted_ca *ca = parts[i].ca, *issuer = ca->anchor || !ca->issuer ? ca : ca->issuer;
		const struct part *above = NULL;
		bool checked = false,
		     to_people = ca->cert->profile->use != USE_SIGN; /* nobody logs in with one of these */

		for (size_t k = 0; k < n; k++) {
			checked |= parts[k].lists.n > 0 && parts[k].root == parts[i].root;
			to_people &= parts[k].ca == ca || parts[k].ca->issuer != ca;
			above = parts[k].ca == issuer ? &parts[k] : above;
		}
		if (checked && !has_list_about(above, ca->cert)) {
			complain_missing(ca, true);
			missing = true;
		}
		if (checked && to_people && !has_list_about(&parts[i], NULL)) {
			complain_missing(ca, false);
			missing = true;
		}
	}
	return missing;
}

/* ---- Export: the text */

static enum error append_list(const struct crl *crl, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *issuer = name_text(crl->name), *point = status_point(crl), *text;
	char from[LOCAL_TIME_SIZE], until[LOCAL_TIME_SIZE];
	enum error e = E_MEMORY;
	long n;

	status_time(crl->this_update, false, from);
	status_time(crl->next_update, false, until);
	if (bio &&
	    BIO_printf(bio, "# %s\n# %s%s%s; %s to %s\n", issuer ? issuer : "", status_scope(crl), point ? ": " : "",
	               point ? point : "", from, until) > 0 &&
	    PEM_write_bio(bio, PEM_STRING_X509_CRL, "", crl->der.data, (long)crl->der.len) > 0) {
		n = BIO_get_mem_data(bio, &text);
		e = buf_append(out, text, (size_t)n);
	}
	BIO_free(bio);
	free(issuer);
	free(point);
	return e;
}

static int by_key(const void *a, const void *b)
{
	const struct crl *const *x = a, *const *y = b;

	return memcmp((*x)->key, (*y)->key, sizeof(*x)->key);
}

/* In an order of their own, so that the same lists make the same file. OpenSSL takes one list of a scope: not one that
 * has not begun. */
static enum error write_lists(const struct part *parts, size_t n_parts, struct buf *pem, size_t *n)
{
	const struct crl **all;
	enum error e = E_OK;
	size_t room = 1;

	*n = 0;
	for (size_t i = 0; i < n_parts; i++)
		room += parts[i].lists.n;
	all = calloc(room, sizeof *all);
	if (!all)
		return E_MEMORY;
	for (size_t i = 0; i < n_parts; i++)
		for (size_t k = 0; k < parts[i].lists.n; k++) {
			const struct crl *crl = parts[i].lists.list[k];

			if (!(crl->defects & FATAL) && crl->this_update <= time(NULL))
				all[(*n)++] = crl;
		}
	qsort(all, *n, sizeof *all, by_key);
	for (size_t i = 0; i < *n && e == E_OK; i++)
		e = append_list(all[i], pem);
	free(all);
	return e;
}

static enum error make_bundle(struct status_run *run, struct buf *pem, size_t *n_lists, bool *missing)
{
	struct part *parts = calloc(run->trust->n + 1, sizeof *parts);
	size_t n = 0;
	enum error e;

	if (!parts)
		return E_MEMORY;
	for (size_t i = 0; i < run->trust->n; i++) {
		struct part *p = &parts[n];

		if (!run->trust->list[i]->sound)
			continue;
		p->ca = run->trust->list[i];
		p->root = p->ca->top;
		store_lists(run->store, &(struct list_query){.ca = p->ca}, &p->lists);
		n++;
	}
	e = write_lists(parts, n, pem, n_lists);
	*missing = e == E_OK && *n_lists > 0 && find_missing(parts, n);
	for (size_t i = 0; i < n; i++)
		store_lists_free(&parts[i].lists);
	free(parts);
	return e;
}

/* ---- Export: the file */

static enum exit_code reload(const char *command, const char *mark)
{
	char *const argv[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
	int status = -1;
	pid_t child;

	fflush(NULL);
	if (posix_spawn(&child, "/bin/sh", NULL, NULL, argv, environ) != 0 || waitpid(child, &status, 0) != child)
		status = -1;
	if (status == 0) {
		unlink(mark);
		return EXIT_DONE;
	}
	complain(_("The command \"%s\" failed."), command);
	advise(_("The new lists are in place; the next export runs it again."));
	return EXIT_BUSY;
}

/* Only when it has changed. FILE.reload is there from before the rename until the command has succeeded, so that a
 * server that could not be told is told the next time. */
static enum exit_code write_bundle(struct status_run *run, const struct buf *pem, size_t n)
{
	struct buf old = {0};
	bool same = path_read(run->output, pem->len, &old) == E_OK && old.len == pem->len &&
	            memcmp(old.data, pem->data, pem->len) == 0;
	enum exit_code code = EXIT_DONE;
	char *mark = NULL;
	int fd = -1;

	buf_free(&old);
	if (asprintf(&mark, "%s.reload", run->output) < 0)
		return status_complain(run, E_MEMORY);
	if (!same && run->reload)
		fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (!same &&
	    ((run->reload && fd < 0) || path_replace(run->output, (struct bytes){pem->data, pem->len}, 0644) != E_OK)) {
		complain(_("%s cannot be written: %s."), run->output, strerror(errno));
		advise(_("What was there stays as it was."));
		code = EXIT_OUTPUT;
	}
	if (fd >= 0)
		close(fd);
	if (code == EXIT_DONE && !run->quiet) {
		put_text(stdout, run->output);
		printf(P_(": %s, %zu list\n", ": %s, %zu lists\n", n), same ? _("unchanged") : _("written"), n);
	}
	if (code == EXIT_DONE && run->reload && access(mark, F_OK) == 0)
		code = reload(run->reload, mark);
	free(mark);
	return code;
}

enum exit_code status_export(struct status_run *run)
{
	enum exit_code code = status_need_trust(run);
	struct buf pem = {0};
	bool missing = false;
	size_t n = 0;
	enum error e;

	if (code != EXIT_DONE)
		return code;
	if (output_look(run->output) != EXIT_DONE) /* /dev/stdout */
		return EXIT_OUTPUT;
	e = make_bundle(run, &pem, &n, &missing);
	if (e != E_OK) {
		code = status_complain(run, e);
	} else if (n == 0) {
		complain(_("There is no revocation list to export. %s stays as it was."), run->output);
		advise(_("Get the lists: inkan status refresh"));
		code = EXIT_LACKING;
	} else {
		code = write_bundle(run, &pem, n);
	}
	if (code == EXIT_DONE && missing)
		code = EXIT_LACKING;
	buf_free(&pem);
	return code;
}
