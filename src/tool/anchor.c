/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of the trust store, written and removed. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include "cert/file.h"
#include "say.h"
#include "trust.h"

/* False: said. */
static bool choose_folder(bool system, char out[4096])
{
	char folders[2][4096];
	size_t n = trust_folders(folders);

	if (!system && n < 2) {
		complain(_("There is no folder for anchors of your own: HOME is not set."));
		advise(_("Set HOME, or use --system."));
		return false;
	}
	memcpy(out, folders[system ? 0 : 1], 4096);
	return true;
}

static enum exit_code refuse_write(const char *path)
{
	complain(_("%s could not be written: %s."), path, strerror(errno));
	if (errno == EACCES || errno == EPERM)
		advise(_("The system's folder is its administrator's: sudo inkan trust … --system."));
	else
		advise(_("Nothing was changed."));
	return errno == EACCES || errno == EPERM || errno == EROFS ? EXIT_REFUSED : EXIT_OUTPUT;
}

/* Like mkdir -p. Others must not write there: the umask may not see to that. */
static bool make_folder(char *path)
{
	for (char *p = path + 1; *p; p++) {
		int made;

		if (*p != '/')
			continue;
		*p = '\0';
		made = mkdir(path, 0755);
		*p = '/';
		if (made != 0 && errno != EEXIST)
			return false;
	}
	if (mkdir(path, 0755) != 0)
		return errno == EEXIST;
	return chmod(path, 0755) == 0;
}

/* What others may write is passed over when anchors are read. */
static enum exit_code check_folder(const char *folder)
{
	struct stat st;

	if (stat(folder, &st) != 0)
		return refuse_write(folder);
	if ((st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return EXIT_DONE;
	complain(_("Nothing in %s counts: it is another user's, or other users may write there."), folder);
	advise(_("Look at what is in it, then: chmod go-w %s; nothing was changed."), folder);
	return EXIT_REFUSED;
}

static bool write_pem(int fd, const struct cert *cert)
{
	FILE *f = fdopen(fd, "w");
	bool ok;

	if (!f) {
		close(fd);
		return false;
	}
	ok = PEM_write(f, PEM_STRING_X509, "", cert->der.data, (long)cert->der.len) > 0;
	ok = fflush(f) == 0 && ok && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
	return fclose(f) == 0 && ok;
}

enum exit_code anchor_write(const struct cert *cert, bool system)
{
	char folder[4096], path[4096 + FINGERPRINT_SIZE + 16], temporary[sizeof path], hex[FINGERPRINT_SIZE];
	enum exit_code code;
	int fd;

	if (!choose_folder(system, folder))
		return EXIT_USAGE;
	if (!make_folder(folder))
		return refuse_write(folder);
	code = check_folder(folder);
	if (code != EXIT_DONE)
		return code;
	trust_fingerprint(cert, hex);
	snprintf(path, sizeof path, "%s/%s.pem", folder, hex);
	snprintf(temporary, sizeof temporary, "%s/.new-XXXXXX", folder);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return refuse_write(path);
	if (!write_pem(fd, cert) || rename(temporary, path) != 0) {
		code = refuse_write(path);
		unlink(temporary);
		return code;
	}
	put_field(_("Added"), "%s", path);
	return EXIT_DONE;
}

/* A file that a person has put there may hold several. */
static size_t count_certificates(const char *file)
{
	BIO *bio = BIO_new_file(file, "r");
	uint8_t *der;
	size_t len, n = 0;

	while (bio && cert_pem_next(bio, &der, &len)) {
		OPENSSL_free(der);
		n++;
	}
	BIO_free(bio);
	ERR_clear_error();
	return n;
}

enum exit_code anchor_remove(const char *file, bool system)
{
	char folder[4096];
	size_t n;

	if (!choose_folder(system, folder))
		return EXIT_USAGE;
	n = strlen(folder);
	if (strncmp(file, folder, n) != 0 || file[n] != '/') {
		complain(system ? _("%s is not in the system's folder.") :
		         _("%s is not in your own folder."), file);
		advise(system ? _("Without --system your own are removed.") :
		       _("The system's are removed with --system."));
		return EXIT_REFUSED;
	}
	if (count_certificates(file) > 1) {
		complain(_("The file %s holds other certificates too."), file);
		advise(_("Take this one out of it with an editor."));
		return EXIT_REFUSED;
	}
	if (unlink(file) != 0)
		return refuse_write(file);
	put_field(_("Removed"), "%s", file);
	return EXIT_DONE;
}
