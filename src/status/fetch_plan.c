/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/log.h"
#include "status/fetch_plan.h"

#define SOURCES_MAX 1000

void fetch_sources_free(struct fetch_sources *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->url[i]);
	free(s->url);
	*s = (struct fetch_sources){0};
}

static bool has(const struct fetch_sources *s, const char *url)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->url[i], url) == 0)
			return true;
	return false;
}

enum error fetch_sources_add(struct fetch_sources *s, const char *url)
{
	char **more;

	if (!fetch_url_valid(url))
		return E_ARGUMENT;
	if (has(s, url))
		return E_OK;
	if (s->n >= SOURCES_MAX)
		return E_TOO_LONG;
	more = realloc(s->url, (s->n + 1) * sizeof *more);
	if (!more)
		return E_MEMORY;
	s->url = more;
	s->url[s->n] = strdup(url);
	if (!s->url[s->n])
		return E_MEMORY;
	s->n++;
	return E_OK;
}

/* ldap and what is no URL is passed over. */
static enum error add_names(struct fetch_sources *s, const DIST_POINT_NAME *point)
{
	enum error e = E_OK;

	if (!point || point->type != 0)
		return E_OK;
	for (int i = 0; i < sk_GENERAL_NAME_num(point->name.fullname) && e == E_OK; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(point->name.fullname, i);
		char url[FETCH_URL_MAX];
		size_t n;

		if (name->type != GEN_URI)
			continue;
		n = (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier);
		if (n >= sizeof url)
			continue;
		memcpy(url, ASN1_STRING_get0_data(name->d.uniformResourceIdentifier), n);
		url[n] = '\0';
		if (strlen(url) == n && fetch_url_valid(url))
			e = fetch_sources_add(s, url);
	}
	return e;
}

enum error fetch_sources_of_cert(struct fetch_sources *s, const struct cert *cert)
{
	CRL_DIST_POINTS *points;
	enum error e = E_OK;

	if (cert->profile->family->lists_closed)
		return E_REFUSED;
	ERR_set_mark();
	points = X509_get_ext_d2i(cert->x509, NID_crl_distribution_points, NULL, NULL);
	for (int i = 0; i < sk_DIST_POINT_num(points) && e == E_OK; i++)
		e = add_names(s, sk_DIST_POINT_value(points, i)->distpoint);
	CRL_DIST_POINTS_free(points);
	ERR_pop_to_mark();
	return e;
}

static FILE *open_sources(const char *folder)
{
	char path[4096];
	struct stat st;
	int fd;

	if (snprintf(path, sizeof path, "%s/sources", folder) >= (int)sizeof path)
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_uid == 0 || st.st_uid == geteuid()) &&
	    (st.st_mode & 022) == 0)
		return fdopen(fd, "r");
	log_error("%s is not this user's alone: passed over", path);
	close(fd);
	return NULL;
}

enum error fetch_sources_read(struct fetch_sources *s, const char *folder)
{
	FILE *f = open_sources(folder);
	char line[FETCH_URL_MAX + 2];
	enum error e = E_OK;

	while (f && e == E_OK && fgets(line, sizeof line, f)) {
		line[strcspn(line, " \t\r\n#")] = '\0';
		if (!line[0])
			continue;
		e = fetch_sources_add(s, line);
		if (e == E_ARGUMENT) {
			log_error("%s/sources: \"%s\" is no http or https URL", folder, line);
			e = E_OK;
		}
	}
	if (f)
		fclose(f);
	return e;
}

/* An editor may have left the last line without its end. */
static bool ends_in_a_line(int fd)
{
	struct stat st;
	char last = '\n';

	return fstat(fd, &st) != 0 || st.st_size == 0 || pread(fd, &last, 1, st.st_size - 1) != 1 || last == '\n';
}

/* One write per line: of two processes neither cuts the other's. */
static enum error append(const char *folder, const char *url)
{
	char path[4096], line[FETCH_URL_MAX + 3];
	bool written;
	int n, fd;

	if (snprintf(path, sizeof path, "%s/sources", folder) >= (int)sizeof path)
		return E_TOO_LONG;
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0644);
	if (fd < 0)
		return errno == EACCES || errno == ELOOP || errno == EROFS ? E_DENIED : E_IO;
	n = snprintf(line, sizeof line, "%s%s\n", ends_in_a_line(fd) ? "" : "\n", url);
	written = write(fd, line, (size_t)n) == (ssize_t)n;
	return close(fd) == 0 && written ? E_OK : E_IO;
}

enum error fetch_sources_record(const char *folder, const struct fetch_sources *s, size_t *added)
{
	struct fetch_sources old = {0};
	enum error e = fetch_sources_read(&old, folder);
	size_t n = 0;

	for (size_t i = 0; i < s->n && e == E_OK; i++) {
		if (has(&old, s->url[i]))
			continue;
		e = append(folder, s->url[i]);
		n += e == E_OK;
	}
	fetch_sources_free(&old);
	if (added)
		*added = n;
	return e;
}

struct walk {
	const struct crypto *crypto;
	struct fetch_plan *plan;
};

static enum error note_list(void *self, const struct store_file *file)
{
	struct walk *w = self;
	struct fetch_plan *p = w->plan;
	uint8_t (*more)[32];
	enum error e;

	if (file->archived || !file->crl)
		return E_OK;
	more = realloc(p->held, (p->n_held + 1) * sizeof *more);
	if (!more)
		return E_MEMORY;
	p->held = more;
	e = crypto_hash(w->crypto, HASH_SHA256, file->crl->der, p->held[p->n_held]);
	if (e == E_OK)
		p->n_held++;
	if (file->issuer->cert->profile->family->lists_closed)
		return e; /* whoever is registered has its URL in `sources` */
	return e == E_OK && file->crl->point ? add_names(&p->sources, file->crl->point->distpoint) : e;
}

enum error fetch_plan_make(const struct crypto *c, struct store *store, const struct trust *trust,
                           const char *const *folders, size_t n, struct fetch_plan *out)
{
	struct walk walk = {.crypto = c, .plan = out};
	enum error e = E_OK;

	*out = (struct fetch_plan){.n_held = 0};
	for (size_t i = 0; i < trust->n && (e == E_OK || e == E_REFUSED); i++) {
		e = fetch_sources_of_cert(&out->sources, trust->list[i]->cert);
		if (e == E_REFUSED)
			log_info("%s: its revocation lists are for registered verifiers only", trust->list[i]->file);
	}
	e = e == E_REFUSED ? E_OK : e;
	for (size_t i = 0; i < n && e == E_OK; i++)
		e = fetch_sources_read(&out->sources, folders[i]);
	if (e == E_OK)
		e = store_walk(store, trust, note_list, &walk);
	if (e != E_OK)
		fetch_plan_free(out);
	return e;
}

void fetch_plan_free(struct fetch_plan *plan)
{
	fetch_sources_free(&plan->sources);
	free(plan->held);
	*plan = (struct fetch_plan){.n_held = 0};
}
