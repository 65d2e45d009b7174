/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include "base/file.h"
#include "cert/file.h"
#include "input.h"
#include "say.h"

#define LISTS_MAX ((size_t)64 << 20)

static const char *name_of(const char *path)
{
	return strcmp(path, "-") == 0 ? _("Standard input") : path;
}

static enum exit_code refuse_content(const char *path, const char *what)
{
	complain("%s: %s", name_of(path), what);
	advise(_("It must be X.509 certificates or revocation lists, as PEM (-----BEGIN ...-----) or DER."));
	return EXIT_MALFORMED;
}

static enum exit_code refuse_certificate(const char *path)
{
	return refuse_content(path, _("there is no certificate in it that can be read"));
}

static enum exit_code read_all(const char *path, size_t max, struct buf *b)
{
	enum error e = path_read(path, max, b);

	if (e == E_OK && b->len == 0)
		return refuse_content(path, _("the file is empty"));
	if (e == E_OK)
		return EXIT_DONE;
	if (e == E_TOO_LONG)
		return refuse_content(path, _("the file is too long"));
	if (e == E_MEMORY) {
		complain("%s", _(error_text(e)));
		return EXIT_INTERNAL;
	}
	complain("%s: %s", name_of(path), strerror(errno));
	advise(_("Name a file with a certificate (PEM or DER), - for standard input, or card."));
	return EXIT_NO_INPUT;
}

/* Of what the library has answered. */
static enum exit_code fail(enum inkan_error e)
{
	complain("%s.", inkan_error_text(e));
	return EXIT_INTERNAL;
}

enum exit_code input_open(bool bare, struct inkan **out)
{
	static const char *const none[] = {NULL};
	const struct inkan_options options = {.size = sizeof options, .anchors = none, .lists = none};
	enum inkan_error e = inkan_new(bare ? &options : NULL, out);

	return e == INKAN_OK ? EXIT_DONE : fail(e);
}

enum exit_code input_cert(struct inkan *ctx, const char *path, struct inkan_cert **out)
{
	struct buf b = {0};
	enum exit_code code = read_all(path, CERT_FILE_MAX, &b);
	enum inkan_error e;

	if (code == EXIT_DONE && (e = inkan_cert_from_pem(ctx, (const char *)b.data, b.len, out)) != INKAN_OK)
		code = e == INKAN_E_FORMAT ? refuse_certificate(path) : fail(e);
	buf_wipe(&b);
	return code;
}

enum exit_code input_token(struct inkan *ctx, const struct token *t, struct inkan_cert **out)
{
	enum inkan_error e = inkan_cert_from_der(ctx, t->card->certs[0].der, t->card->certs[0].der_len, out);

	return e == INKAN_OK ? EXIT_DONE : fail(e);
}

void input_card_cas(const struct token *t, struct inkan_evidence *evidence)
{
	for (size_t i = 1; i < t->card->n_certs; i++)
		if (t->card->certs[i].role != CERT_OWN && card_read_cert(t->card, i) == E_OK)
			inkan_evidence_add_certs(evidence, t->card->certs[i].der, t->card->certs[i].der_len);
}

enum exit_code input_evidence(struct inkan_evidence *evidence, const char *path,
                              enum inkan_error (*add)(struct inkan_evidence *, const void *, size_t))
{
	struct buf b = {0};
	enum exit_code code = read_all(path, LISTS_MAX, &b);
	enum inkan_error e = code == EXIT_DONE ? add(evidence, b.data, b.len) : INKAN_OK;

	if (e == INKAN_E_FORMAT)
		code = add == inkan_evidence_add_certs
		               ? refuse_certificate(path)
		               : refuse_content(path, _("there is no revocation list in it that can be read"));
	else if (e == INKAN_E_SIGNATURE)
		complain(_("%s: the CA that this list names has not signed it; it is not used"), path);
	else if (e != INKAN_OK)
		code = fail(e);
	buf_wipe(&b);
	return code;
}

/* What cert_read and cert_parse answered, said. */
static enum exit_code check(enum error e, const char *path)
{
	if (e == E_FORMAT)
		return refuse_certificate(path);
	if (e != E_OK)
		complain("%s", _(error_text(e)));
	return exit_of(e);
}

enum exit_code input_certificate(const struct crypto *c, const char *path, struct cert **out)
{
	struct buf b = {0};
	enum exit_code code = read_all(path, CERT_FILE_MAX, &b);

	if (code == EXIT_DONE)
		code = check(cert_read(c, (struct bytes){b.data, b.len}, out), path);
	buf_wipe(&b);
	return code;
}

enum exit_code input_each_certificate(const struct crypto *c, const char *path,
                                      enum exit_code (*each)(void *arg, const struct cert *cert), void *arg)
{
	struct buf b = {0};
	enum exit_code code = read_all(path, CERT_FILE_MAX, &b);
	BIO *bio = code == EXIT_DONE ? BIO_new_mem_buf(b.data, (int)b.len) : NULL;
	uint8_t *der = NULL;
	size_t n = 0;
	bool pem = bio && cert_pem_next(bio, &der, &n), more = bio;

	while (more) {
		struct cert *cert = NULL;
		enum exit_code one =
			check(cert_parse(c, pem ? (struct bytes){der, n} : (struct bytes){b.data, b.len}, &cert), path);

		if (one == EXIT_DONE)
			one = each(arg, cert);
		code = code == EXIT_DONE ? one : code;
		cert_free(&cert);
		if (pem)
			OPENSSL_clear_free(der, n);
		more = pem && cert_pem_next(bio, &der, &n);
	}
	BIO_free(bio);
	buf_wipe(&b);
	return code;
}

bool input_status_rule(const char *word, enum inkan_status_rule *rule)
{
	static const char *const words[] =
		{[INKAN_STATUS_REQUIRE] = "require", [INKAN_STATUS_PREFER] = "prefer", [INKAN_STATUS_IGNORE] = "off"};

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(words[i], word) == 0) {
			*rule = (enum inkan_status_rule)i;
			return true;
		}
	}
	return false;
}

enum exit_code input_file(const char *path, size_t max, struct buf *out)
{
	enum error e = path_read(path, max, out);

	if (e == E_OK)
		return EXIT_DONE;
	complain("%s: %s", path, e == E_TOO_LONG ? _(error_text(e)) : strerror(errno));
	return e == E_TOO_LONG ? EXIT_MALFORMED : EXIT_NO_INPUT;
}

enum exit_code output_look(const char *path)
{
	char place[PATH_MAX];

	if (path_place(path, place) == E_OK)
		return EXIT_DONE;
	if (errno == EEXIST)
		complain(_("%s is not a file."), path);
	else
		complain(_("%s cannot be written: %s."), path, strerror(errno));
	advise(_("Name another file; what was there stays as it was."));
	return EXIT_OUTPUT;
}
