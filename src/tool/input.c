/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
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
	enum error e = cert_file_read(fd, CERT_FILE_MAX, b);

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
		e = cert_read(c, (struct bytes){b.data, b.len}, out);
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
