/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include "base/file.h"
#include "cert/file.h"
#include "input.h"
#include "say.h"

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
	enum error e = fd_read(fd, CERT_FILE_MAX, b);

	if (e == E_IO)
		return refuse_unreadable(name);
	if (e == E_TOO_LONG)
		return refuse_content(name, FAULT_LONG);
	if (e != E_OK) {
		complain("%s", _(error_text(e)));
		return EXIT_INTERNAL;
	}
	return b->len > 0 ? EXIT_DONE : refuse_content(name, FAULT_EMPTY);
}

static const char *name_of(const char *path)
{
	return strcmp(path, "-") == 0 ? _("Standard input") : path;
}

static enum exit_code open_and_read(const char *path, struct buf *b)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum exit_code code;

	if (fd < 0)
		return refuse_unreadable(name_of(path));
	code = read_all(fd, name_of(path), b);
	if (!standard)
		close(fd);
	return code;
}

/* What cert_read and cert_parse answered, said. */
static enum exit_code check(enum error e, const char *path)
{
	if (e == E_FORMAT)
		return refuse_content(name_of(path), FAULT_CONTENT);
	if (e != E_OK)
		complain("%s", _(error_text(e)));
	return exit_of(e);
}

enum exit_code input_certificate(const struct crypto *c, const char *path, struct cert **out)
{
	struct buf b = {0};
	enum exit_code code = open_and_read(path, &b);

	if (code == EXIT_DONE)
		code = check(cert_read(c, (struct bytes){b.data, b.len}, out), path);
	buf_wipe(&b);
	return code;
}

struct each {
	const struct crypto *crypto;
	const char *path;
	enum exit_code (*run)(void *arg, const struct cert *cert);
	void *arg;
};

static enum exit_code run_one(const struct each *each, struct bytes der)
{
	struct cert *cert = NULL;
	enum exit_code code = check(cert_parse(each->crypto, der, &cert), each->path);

	if (code == EXIT_DONE)
		code = each->run(each->arg, cert);
	cert_free(&cert);
	return code;
}

static enum exit_code run_each(const struct each *each, const struct buf *b)
{
	BIO *bio = BIO_new_mem_buf(b->data, (int)b->len);
	enum exit_code code = EXIT_DONE;
	bool pem = false;
	uint8_t *der;
	size_t n;

	if (!bio)
		return check(E_MEMORY, each->path);
	while (cert_pem_next(bio, &der, &n)) {
		enum exit_code one = run_one(each, (struct bytes){der, n});

		pem = true;
		code = code == EXIT_DONE ? one : code;
		OPENSSL_clear_free(der, n);
	}
	BIO_free(bio);
	return pem ? code : run_one(each, (struct bytes){b->data, b->len});
}

enum exit_code input_each_certificate(const struct crypto *c, const char *path,
                                      enum exit_code (*each)(void *arg, const struct cert *cert), void *arg)
{
	const struct each all = {c, path, each, arg};
	struct buf b = {0};
	enum exit_code code = open_and_read(path, &b);

	if (code == EXIT_DONE)
		code = run_each(&all, &b);
	buf_wipe(&b);
	return code;
}
