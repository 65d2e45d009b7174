/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "status_verb.h"

#define IMPORT_MAX ((size_t)256 * 1024 * 1024) /* a million entries have some forty megabytes */

static enum exit_code refuse_unreadable(const char *file)
{
	complain(_("%s could not be read: %s."), file, strerror(errno));
	advise(_("Name files with revocation lists, DER or PEM."));
	return EXIT_NO_INPUT;
}

static enum exit_code refuse_long(const char *file)
{
	complain(_("%s is too long for a revocation list."), file);
	advise(_("Name files with revocation lists, DER or PEM."));
	return EXIT_MALFORMED;
}

static enum exit_code read_file(const char *file, struct buf *b)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum exit_code code = EXIT_DONE;
	uint8_t chunk[65536];
	ssize_t got = 0;

	if (fd < 0)
		return refuse_unreadable(file);
	while (code == EXIT_DONE && (got = read(fd, chunk, sizeof chunk)) > 0) {
		if (b->len + (size_t)got > IMPORT_MAX)
			code = refuse_long(file);
		else if (buf_append(b, chunk, (size_t)got) != E_OK)
			code = status_complain(E_MEMORY);
	}
	if (got < 0)
		code = refuse_unreadable(file);
	close(fd);
	return code;
}

static const char *refusal(enum error e, enum store_put what)
{
	if (what == STORE_OLDER)
		return _("it is older than the one that is held");
	if (e == E_FORMAT)
		return _("it is no revocation list");
	if (e == E_NOT_FOUND)
		return _("it is of no CA certificate that is installed");
	if (e == E_SIGNATURE)
		return _("its signature does not verify");
	return _("lists of this kind (delta, indirect) cannot be used");
}

static enum exit_code put(struct status_room *room, const struct status_wish *wish, const char *file, struct bytes der)
{
	enum store_put what = STORE_BAD;
	enum error e = store_put(room->store, room->trust, der, &what);

	if (e != E_OK && e != E_FORMAT && e != E_NOT_FOUND && e != E_SIGNATURE && e != E_UNSUPPORTED)
		return status_complain(e);
	if (e != E_OK || what == STORE_OLDER || what == STORE_BAD) {
		complain(_("%s was not kept: %s."), file, refusal(e, what));
		advise(_("What is held stays as it is. See: inkan status list"));
		return EXIT_MALFORMED;
	}
	if (!wish->quiet) {
		put_text(stdout, file);
		printf(": %s\n", what == STORE_NEW ? _("new list") : _("as held"));
	}
	return EXIT_DONE;
}

static bool is_list(const char *type)
{
	return strcmp(type, PEM_STRING_X509_CRL) == 0;
}

/* Each list of a PEM text; *n counts them. What else stands there is passed over. */
static enum exit_code put_pem(struct status_room *room, const struct status_wish *wish, const char *file,
                              const struct buf *b, size_t *n)
{
	BIO *bio = BIO_new_mem_buf(b->data, (int)b->len);
	enum exit_code worst = EXIT_DONE;
	char *type, *header;
	uint8_t *der;
	long len;

	ERR_set_mark();
	while (bio && PEM_read_bio(bio, &type, &header, &der, &len)) {
		enum exit_code code = EXIT_DONE;

		if (is_list(type)) {
			code = put(room, wish, file, (struct bytes){der, (size_t)len});
			++*n;
		}
		worst = code != EXIT_DONE ? code : worst;
		OPENSSL_free(type);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)len); /* a private key, perhaps */
	}
	ERR_pop_to_mark();
	BIO_free(bio);
	return worst;
}

static enum exit_code import(struct status_room *room, const struct status_wish *wish, const char *file)
{
	struct buf b = {0};
	size_t lists = 0;
	enum exit_code code = read_file(file, &b);

	if (code == EXIT_DONE && b.len > 0)
		code = put_pem(room, wish, file, &b, &lists);
	if (code == EXIT_DONE && lists == 0)
		code = put(room, wish, file, (struct bytes){b.data, b.len});
	buf_wipe(&b);
	return code;
}

enum exit_code status_import(struct status_room *room, const struct status_wish *wish)
{
	enum exit_code worst = status_need_trust(room);

	if (worst != EXIT_DONE)
		return worst;
	for (int i = 0; i < wish->n_args; i++) {
		enum exit_code code = import(room, wish, wish->args[i]);

		worst = code != EXIT_DONE ? code : worst;
	}
	return worst;
}
