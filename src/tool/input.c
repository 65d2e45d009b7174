/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "base/mem.h"
#include "input.h"
#include "say.h"

#define INPUT_MAX (1024 * 1024) /* certificates have a few kilobytes */

static enum exit_code refuse_unreadable(const char *name)
{
	if (errno == ENOENT)
		complain(_("There is no file %s."), name);
	else if (errno == EISDIR)
		complain(_("%s is a folder."), name);
	else
		complain(_("%s could not be read: %s."), name, strerror(errno));
	advise(_("Name a file with a certificate (PEM or DER), - for standard input, or card."));
	return EXIT_NO_INPUT;
}

enum fault { FAULT_LONG, FAULT_EMPTY, FAULT_CONTENT };

static enum exit_code refuse_content(const char *name, enum fault fault)
{
	if (fault == FAULT_LONG)
		complain(_("%s is too long for a certificate."), name);
	else if (fault == FAULT_EMPTY)
		complain(_("%s is empty."), name);
	else
		complain(_("%s holds no certificate that can be read."), name);
	advise(_("It should be one X.509 certificate, as PEM (-----BEGIN CERTIFICATE-----) or DER."));
	return EXIT_MALFORMED;
}

static enum exit_code read_all(int fd, const char *name, struct buf *b)
{
	uint8_t chunk[4096];
	ssize_t got;

	while ((got = read(fd, chunk, sizeof chunk)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return refuse_unreadable(name);
		if (b->len + (size_t)got > INPUT_MAX)
			return refuse_content(name, FAULT_LONG);
		if (buf_append(b, chunk, (size_t)got) != E_OK) {
			complain("%s", _(error_text(E_MEMORY)));
			return EXIT_INTERNAL;
		}
	}
	return b->len > 0 ? EXIT_DONE : refuse_content(name, FAULT_EMPTY);
}

static bool is_certificate(const char *type)
{
	return strcmp(type, PEM_STRING_X509) == 0 || strcmp(type, PEM_STRING_X509_OLD) == 0;
}

/* The first certificate of a PEM text; false when there is none. To be freed
 * with OPENSSL_free. */
static bool find_pem(const struct buf *b, uint8_t **der, size_t *len)
{
	BIO *bio = BIO_new_mem_buf(b->data, (int)b->len);
	bool found = false;
	long n;

	while (bio && !found) {
		char *type = NULL, *header = NULL;

		if (!PEM_read_bio(bio, &type, &header, der, &n))
			break;
		found = is_certificate(type);
		*len = (size_t)n;
		OPENSSL_free(type);
		OPENSSL_free(header);
		if (!found)
			OPENSSL_clear_free(*der, *len); /* a private key, perhaps */
	}
	BIO_free(bio);
	ERR_clear_error();
	return found;
}

static enum error parse(const struct crypto *c, const struct buf *b, struct cert **out)
{
	uint8_t *der;
	size_t len;
	enum error e;

	if (!find_pem(b, &der, &len))
		return cert_parse(c, (struct bytes){b->data, b->len}, out);
	e = cert_parse(c, (struct bytes){der, len}, out);
	OPENSSL_clear_free(der, len);
	return e;
}

enum exit_code input_certificate(const struct crypto *c, const char *path, struct cert **out)
{
	bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? _("Standard input") : path;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct buf b = {0};
	enum exit_code code;
	enum error e;

	if (fd < 0)
		return refuse_unreadable(name);
	code = read_all(fd, name, &b);
	if (code == EXIT_DONE) {
		e = parse(c, &b, out);
		code = exit_of(e);
		if (e == E_FORMAT)
			refuse_content(name, FAULT_CONTENT);
		else if (e != E_OK)
			complain("%s", _(error_text(e)));
	}
	if (!standard)
		close(fd);
	buf_wipe(&b);
	return code;
}
