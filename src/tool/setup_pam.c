/* SPDX-License-Identifier: BSD-2-Clause */
/* pam_pkcs11. The lines for /etc/pam.d are a file that an administrator includes: no
 * service's own file is touched. pam_pkcs11 answers "ignore" when there is no card
 * and to many errors, which "required" would pass over: hence default=die. */
#include "config.h"
#include <dirent.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <openssl/pem.h>
#include "cert/trust.h"
#include "facts.h"
#include "find.h"
#include "input.h"
#include "say.h"
#include "setup_plan.h"

#define FOLDER  "/etc/pam_pkcs11"
#define CONFIG  FOLDER "/pam_pkcs11.conf"
#define MAPPING FOLDER "/digest_mapping"
#define CAS     FOLDER "/inkan-cas.pem"
#define SNIPPET "inkan-card"

static const char config_text[] =
	"pam_pkcs11 {\n"
	"  use_pkcs11_module = inkan;\n"
	"  pkcs11_module inkan {\n"
	"    module = %s%s%s;\n"
	"    slot_description = \"none\";\n"
	"    support_threads = true;\n"
	"    ca_dir = " CAS ";\n"
	"    cert_policy = ca, signature;\n"
	"  }\n"
	"  use_mappers = digest;\n"
	"  mapper digest {\n"
	"    module = internal;\n"
	"    algorithm = sha256;\n"
	"    mapfile = file://" MAPPING ";\n"
	"  }\n"
	"}\n";

static const char snippet_text[] = "auth [success=ok default=die] pam_pkcs11.so\n";

#define PRINT_SIZE 97 /* "AB:" for each byte of SHA-256, and a NUL */

static void fingerprint(const struct cert *cert, char out[PRINT_SIZE])
{
	for (size_t i = 0; i < sizeof cert->sha256; i++)
		snprintf(out + 3 * i, 4, "%02X:", cert->sha256[i]);
	out[PRINT_SIZE - 2] = '\0';
}

/* ---- The mapping: a line per certificate */

/* The lines that neither begin with this print nor end with this login; "" for none. */
static char *other_lines(const struct change *c, const char *print, const char *login)
{
	char *text = block_text(c), *out = strdup(""), *save = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line && out; line = strtok_r(NULL, "\n", &save)) {
		const char *arrow = strstr(line, " -> ");
		char *more;

		if (arrow && ((print && strncmp(line, print, strlen(print)) == 0) ||
		              (login && strcmp(arrow + 4, login) == 0)))
			continue;
		more = format("%s%s\n", out, line);
		free(out);
		out = more;
	}
	free(text);
	return out;
}

static enum exit_code map_login(struct change *c, const struct cert *cert, const char *login)
{
	char print[PRINT_SIZE], *others, *text;
	enum exit_code code;

	fingerprint(cert, print);
	others = other_lines(c, print, NULL);
	text = others ? format("%s%s -> %s\n", others, print, login) : NULL;
	code = text ? block_set(c, BLOCK_LAST, text) : setup_no_memory();
	free(others);
	free(text);
	return code;
}

static enum exit_code unmap_login(struct change *c, const char *login)
{
	char *others = other_lines(c, NULL, login), *now = block_text(c);
	enum exit_code code = EXIT_DONE;

	if (!others)
		code = setup_no_memory();
	else if (now && strcmp(now, others) != 0)
		code = others[0] ? block_set(c, BLOCK_LAST, others) : block_drop(c);
	free(others);
	free(now);
	return code;
}

/* ---- The CA certificates of the system's trust store */

static enum exit_code open_trust(const struct setup_wish *w, const struct crypto *crypto, struct trust **trust)
{
	char folders[2][4096];
	const char *const list[] = {folders[0]};
	enum error e;

	trust_folders(folders);
	if (w->dirs->root[0])
		snprintf(folders[0], sizeof folders[0], "%s" SYSCONFDIR "/inkan/anchors", w->dirs->root);
	e = trust_open(crypto, list, 1, trust);
	if (e != E_OK) {
		complain("%s", _(error_text(e)));
		return EXIT_INTERNAL;
	}
	for (size_t i = 0; i < (*trust)->n; i++)
		if ((*trust)->list[i]->sound)
			return EXIT_DONE;
	complain(_("No CA certificate is installed for everybody on this machine."));
	advise(_("pam_pkcs11 verifies the card's certificate with them. Add them: sudo inkan trust add --system FILE"));
	return EXIT_UNAVAILABLE;
}

static bool print_one(BIO *bio, const struct cert *cert)
{
	char *subject = fact_dn(X509_get_subject_name(cert->x509));
	bool ok = BIO_printf(bio, "# %s\n", subject ? subject : "") > 0 &&
		  PEM_write_bio(bio, PEM_STRING_X509, "", cert->der.data, (long)cert->der.len) > 0;

	free(subject);
	return ok;
}

static bool print_pem(BIO *bio, const struct trust *trust)
{
	for (size_t i = 0; i < trust->n; i++)
		if (trust->list[i]->sound && !print_one(bio, trust->list[i]->cert))
			return false;
	return BIO_write(bio, "", 1) == 1;
}

static enum exit_code put_cas(struct change *c, const struct trust *trust)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum exit_code code;
	char *text = NULL;

	if (bio && print_pem(bio, trust) && BIO_get_mem_data(bio, &text) > 0)
		code = block_set(c, BLOCK_LAST, text);
	else
		code = setup_no_memory();
	BIO_free(bio);
	return code;
}

/* ---- Whose card */

static enum exit_code check_login(const struct setup_wish *w)
{
	const char *user = w->user;

	if (!user) {
		complain(_("Whose card is it?"));
		advise(_("Name the login that this card may use: sudo inkan setup pam --user NAME"));
		return EXIT_USAGE;
	}
	if (!user[0] || strpbrk(user, " \t\r\n:>#") || (!w->dirs->root[0] && !getpwnam(user))) {
		complain(_("There is no user \"%s\" on this machine."), user);
		advise(_("Name the login that this card may use: sudo inkan setup pam --user NAME"));
		return EXIT_NO_INPUT;
	}
	return EXIT_DONE;
}

static enum exit_code check_package(const struct setup_wish *w)
{
	glob_t found;

	if (w->dirs->root[0])
		return EXIT_DONE;
	if (glob("{/usr,}/lib{64,}/{*/,}security/pam_pkcs11.so", GLOB_BRACE, NULL, &found) == 0) {
		globfree(&found);
		return EXIT_DONE;
	}
	complain(_("pam_pkcs11 is not installed."));
	advise(_("Install it (Debian and Ubuntu: the package libpam-pkcs11), then run this again."));
	return EXIT_UNAVAILABLE;
}

/* pam_pkcs11 takes only a module that root alone can write. */
static enum exit_code check_owner(const struct setup_wish *w)
{
	struct stat st;

	if (w->dirs->root[0] || stat(w->module, &st) != 0 || (st.st_uid == 0 && !(st.st_mode & 022)))
		return EXIT_DONE;
	complain(_("Others than root may write %s; pam_pkcs11 does not load such a module."), w->module);
	advise(_("Install it as root: sudo make install"));
	return EXIT_REFUSED;
}

static enum exit_code read_card(const struct crypto *crypto, const char *reader, struct cert **cert)
{
	struct find f;
	struct place *place;
	struct token *token;
	enum exit_code code = find_card(&f, reader, &place);

	if (code == EXIT_DONE) {
		token = place_token(place, USE_AUTH);
		if (!token || !token->cert || cert_parse(crypto, token->cert->der, cert) != E_OK) {
			complain(_("The card has no certificate for authentication."));
			advise(_("See: inkan list"));
			code = EXIT_UNAVAILABLE;
		}
	}
	find_free(&f);
	return code;
}

static enum exit_code check_issuer(const struct trust *trust, const struct cert *cert)
{
	char *issuer;

	if (trust_issuer(trust, cert))
		return EXIT_DONE;
	issuer = fact_dn(X509_get_issuer_name(cert->x509));
	complain(_("The card's CA is not installed: %s."), issuer ? issuer : "");
	advise(_("pam_pkcs11 would refuse this card. Add it: sudo inkan trust add --system FILE"));
	free(issuer);
	return EXIT_UNAVAILABLE;
}

/* ---- The files, the one that can be included last */

static enum exit_code open_file(struct plan *p, const struct setup_wish *w, const char *name, struct change **c)
{
	return plan_file(p, format("%s%s", w->dirs->root, name), 0644, c);
}

/* A block that names the module stays as it is: an administrator may have added to it,
 * revocation lists for instance. */
static enum exit_code put_config(struct plan *p, const struct setup_wish *w)
{
	struct change *c;
	enum exit_code code = open_file(p, w, CONFIG, &c);
	const char *quote = strpbrk(w->module, " \t,={}") ? "\"" : "";
	char *text, *now;

	if (code != EXIT_DONE)
		return code;
	now = block_text(c);
	text = format(config_text, quote, w->module, quote);
	if (!text)
		code = setup_no_memory();
	else if (!now || !strstr(now, w->module))
		code = block_set_whole(c, w->module, text);
	free(now);
	free(text);
	return code;
}

static enum exit_code put_all(struct plan *p, const struct setup_wish *w, const struct trust *trust,
                              const struct cert *cert)
{
	struct change *c;
	enum exit_code code = put_config(p, w);

	if (code == EXIT_DONE && (code = open_file(p, w, CAS, &c)) == EXIT_DONE)
		code = put_cas(c, trust);
	if (code == EXIT_DONE && (code = open_file(p, w, MAPPING, &c)) == EXIT_DONE)
		code = map_login(c, cert, w->user);
	if (code == EXIT_DONE && (code = open_file(p, w, "/etc/pam.d/" SNIPPET, &c)) == EXIT_DONE)
		code = block_set(c, BLOCK_LAST, snippet_text);
	return code;
}

static enum exit_code do_pam(struct plan *p, const struct setup_wish *w)
{
	struct crypto *crypto = NULL;
	struct trust *trust = NULL;
	struct cert *cert = NULL;
	enum exit_code code = crypto_new(&crypto) == E_OK ? open_trust(w, crypto, &trust) : EXIT_INTERNAL;

	if (code == EXIT_DONE)
		code = w->certificate ? input_certificate(crypto, w->certificate, &cert) :
		       read_card(crypto, w->reader, &cert);
	if (code == EXIT_DONE)
		code = check_issuer(trust, cert);
	if (code == EXIT_DONE)
		code = put_all(p, w, trust, cert);
	cert_free(&cert);
	trust_free(&trust);
	crypto_free(&crypto);
	return code;
}

/* ---- Undone */

static bool includes(const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (f && !found && getline(&line, &size, f) > 0)
		found = line[strspn(line, " \t")] != '#' && strstr(line, SNIPPET);
	if (f)
		fclose(f);
	free(line);
	return found;
}

/* A service that includes a file which is not there lets nobody in. */
static enum exit_code check_unused(const struct setup_wish *w)
{
	char *folder = format("%s/etc/pam.d", w->dirs->root);
	DIR *dir = folder ? opendir(folder) : NULL;
	enum exit_code code = EXIT_DONE;
	struct dirent *entry;

	while (dir && code == EXIT_DONE && (entry = readdir(dir))) {
		char *path = format("%s/%s", folder, entry->d_name);

		if (path && entry->d_name[0] != '.' && strcmp(entry->d_name, SNIPPET) != 0 && includes(path)) {
			complain(_("%s still includes %s: without it nobody could log in."), path, SNIPPET);
			advise(_("Take that line out first, then run this again."));
			code = EXIT_BUSY;
		}
		free(path);
	}
	if (dir)
		closedir(dir);
	free(folder);
	return code;
}

static enum exit_code undo_all(struct plan *p, const struct setup_wish *w)
{
	static const char *const names[] = {"/etc/pam.d/" SNIPPET, CONFIG, CAS, MAPPING};
	enum exit_code code = check_unused(w);
	struct change *c;

	for (size_t i = 0; i < 4 && code == EXIT_DONE; i++)
		if ((code = open_file(p, w, names[i], &c)) == EXIT_DONE)
			code = block_drop(c);
	return code;
}

enum exit_code setup_pam(struct plan *p, const struct setup_wish *w)
{
	struct change *c;
	enum exit_code code;

	if (w->undo && !w->user)
		return undo_all(p, w);
	if (w->undo) {
		code = open_file(p, w, MAPPING, &c);
		return code == EXIT_DONE ? unmap_login(c, w->user) : code;
	}
	plan_next(p, _("Nothing asks for the card yet. Open a second terminal with root, and keep it until a\n"
	               "login has worked. Then, in /etc/pam.d/login for instance, below the last line with\n"
	               "auth or common-auth:\n"
	               "    @include %s\n"
	               "(where PAM has no @include: auth include %s)"), SNIPPET, SNIPPET);
	code = check_login(w);
	if (code == EXIT_DONE)
		code = check_package(w);
	if (code == EXIT_DONE)
		code = check_owner(w);
	return code == EXIT_DONE ? do_pam(p, w) : code;
}
