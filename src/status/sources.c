/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/file.h"
#include "base/log.h"
#include "status/fetch.h"

#define SOURCES_MAX 200

bool fetch_url_valid(const char *url)
{
	size_t n = strlen(url);
	const char *host = strncasecmp(url, "http://", 7) == 0 ? url + 7 :
			   strncasecmp(url, "https://", 8) == 0 ? url + 8 : NULL;

	if (!host || n >= FETCH_URL_MAX)
		return false;
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p >= 0x7F)
			return false;
	n = strcspn(host, "/?#");
	return n > 0 && host[0] != ':' && !memchr(host, '@', n);
}

void sources_free(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->list[i].url);
	free(s->list);
	*s = (struct sources){0};
}

struct source *source_of(struct sources *s, const char *url)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->list[i].url, url) == 0)
			return &s->list[i];
	return NULL;
}

enum error sources_add(struct sources *s, const char *url)
{
	struct source *list;

	if (!fetch_url_valid(url))
		return E_ARGUMENT;
	if (source_of(s, url))
		return E_OK;
	if (s->n >= SOURCES_MAX)
		return E_TOO_LONG;
	list = realloc(s->list, (s->n + 1) * sizeof *list);
	if (!list)
		return E_MEMORY;
	s->list = list;
	list[s->n] = (struct source){.url = strdup(url)};
	if (!list[s->n].url)
		return E_MEMORY;
	s->n++;
	return E_OK;
}

/* ldap and what is no URL is passed over. */
static enum error add_names(struct sources *s, const DIST_POINT_NAME *point)
{
	enum error e = E_OK;

	for (int i = 0; point && point->type == 0 && i < sk_GENERAL_NAME_num(point->name.fullname) && e == E_OK; i++) {
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
			e = sources_add(s, url);
	}
	return e;
}

enum error sources_of_cert(struct sources *s, const struct cert *cert)
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

/* ---- The file */

/* E_NOT_FOUND: there is none, or it is empty. */
static enum error read_text(const char *folder, int dir, struct buf *text)
{
	struct stat st;
	int fd;
	enum error e = file_look(dir, "sources", &fd, &st);

	if (e != E_OK)
		return e;
	e = st.st_size ? file_read(fd, &st, text) : E_NOT_FOUND;
	close(fd);
	if (e == E_OK)
		e = buf_append(text, "", 1);
	if (e != E_OK && e != E_NOT_FOUND)
		log_error("%s/sources cannot be used", folder);
	return e;
}

enum error sources_read(struct sources *s, const char *folder)
{
	struct buf text = {0};
	char *save = NULL;
	enum error e;
	int dir;

	if (dir_open(folder, false, &dir) != E_OK)
		return E_OK;
	e = read_text(folder, dir, &text);
	close(dir);
	if (e == E_OK)
		for (char *line = strtok_r((char *)text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			line[strcspn(line, " \t\r#")] = '\0';
			e = line[0] ? sources_add(s, line) : E_OK;
			if (e == E_ARGUMENT)
				log_error("%s/sources: \"%s\" is no http or https URL", folder, line);
			else if (e != E_OK)
				break;
			e = E_OK;
		}
	buf_free(&text);
	return e == E_MEMORY || e == E_TOO_LONG ? e : E_OK;
}

enum error fetch_folder(const char *const *folders, size_t n, const char **path, int *dir)
{
	for (size_t i = n; i-- > 0;) {
		*path = folders[i];
		if (dir_open(folders[i], true, dir) != E_OK)
			continue;
		if (faccessat(*dir, ".", W_OK | X_OK, AT_EACCESS) == 0)
			return E_OK;
		close(*dir);
	}
	return E_DENIED;
}

enum error sources_record(const char *const *folders, size_t n, const struct sources *s)
{
	struct sources old = {0};
	struct buf text = {0};
	const char *folder;
	int dir, lock = -1;
	enum error e = fetch_folder(folders, n, &folder, &dir);

	if (e != E_OK)
		return e;
	if ((e = dir_lock(dir, &lock)) != E_OK || (e = sources_read(&old, folder)) != E_OK)
		goto out;
	e = read_text(folder, dir, &text);
	if (e != E_OK && e != E_NOT_FOUND)
		goto out;
	if (e == E_OK)
		text.len--; /* the NUL */
	e = E_OK;
	if (text.len && text.data[text.len - 1] != '\n') /* as an editor may leave the last line */
		e = buf_append(&text, "\n", 1);
	for (size_t i = 0; i < s->n && e == E_OK; i++)
		if (!source_of(&old, s->list[i].url) &&
		    (e = buf_append(&text, s->list[i].url, strlen(s->list[i].url))) == E_OK)
			e = buf_append(&text, "\n", 1);
	if (e == E_OK)
		e = file_write(dir, "sources", (struct bytes){text.data, text.len});
out:
	if (lock >= 0)
		close(lock);
	close(dir);
	buf_free(&text);
	sources_free(&old);
	return e;
}

/* ---- All of them */

struct walk {
	struct sources *sources;
	uint8_t (*present)[32];
	size_t n;
};

static enum error note_list(void *arg, const struct store_file *file)
{
	struct walk *w = arg;
	uint8_t (*more)[32];

	if (file->archived || !file->crl)
		return E_OK;
	more = realloc(w->present, (w->n + 1) * sizeof *more);
	if (!more)
		return E_MEMORY;
	w->present = more;
	memcpy(more[w->n++], file->crl->sha256, sizeof *more);
	if (file->issuer->cert->profile->family->lists_closed || !file->crl->point)
		return E_OK; /* whoever is registered has its URL in `sources` */
	return add_names(w->sources, file->crl->point->distpoint);
}

enum error sources_collect(struct store *store, const struct trust *trust, const char *const *folders, size_t n,
                           struct sources *out)
{
	struct walk walk = {.sources = out};
	enum error e = E_OK;

	*out = (struct sources){0};
	for (size_t i = 0; i < trust->n && e == E_OK; i++) {
		e = sources_of_cert(out, trust->list[i]->cert);
		if (e != E_REFUSED)
			continue;
		log_info("%s: its revocation lists are for registered verifiers only", trust->list[i]->file);
		out->closed++;
		e = E_OK;
	}
	for (size_t i = 0; i < n && e == E_OK; i++)
		e = sources_read(out, folders[i]);
	if (e == E_OK)
		e = store_walk(store, trust, note_list, &walk);
	for (size_t i = 0; i < n && e == E_OK; i++)
		fetched_read(out, folders[i]);
	for (size_t i = 0; i < out->n; i++)
		for (size_t k = 0; k < walk.n; k++)
			out->list[i].present |= memcmp(out->list[i].list, walk.present[k], 32) == 0;
	free(walk.present);
	if (e != E_OK)
		sources_free(out);
	return e;
}
