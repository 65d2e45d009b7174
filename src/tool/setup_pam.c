/* SPDX-License-Identifier: BSD-2-Clause */
/* pam_pkcs11, and SSSD. The line for PAM is in a file that an administrator includes, or written by hand: no
 * service's own file is changed. pam_pkcs11 answers "ignore" when there is no card and to many errors, which
 * "required" would pass over: hence default=die. */
#include "config.h"
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <openssl/pem.h>
#include "base/os.h"
#include "find.h"
#include "input.h"
#include "lib/names.h"
#include "lib/object.h"
#include "say.h"
#include "setup.h"

#define FOLDER "/etc/pam_pkcs11"
#define INCLUDE "inkan-card" /* in /etc/pam.d */

static const char config_text[] = "pam_pkcs11 {\n"
				  "  use_pkcs11_module = inkan;\n"
				  "  pkcs11_module inkan {\n"
				  "    module = %s%s%s;\n"
				  "    slot_description = \"none\";\n"
				  "    support_threads = true;\n"
				  "    ca_dir = " FOLDER "/inkan-cas.pem;\n"
				  "    cert_policy = ca, signature;\n"
				  "  }\n"
				  "  use_mappers = digest;\n"
				  "  mapper digest {\n"
				  "    module = internal;\n"
				  "    algorithm = sha256;\n"
				  "    mapfile = file://" FOLDER "/digest_mapping;\n"
				  "  }\n"
				  "}\n";

/* By the library, not by a token: a machine may have people of both kinds of cards. An administrator may change it, and
 * the module's name says that it is ours. */
static const char sssd_text[] = "# %s, from p11-kit\n"
				"[pam]\n"
				"pam_cert_auth = true\n"
				"pam_cert_db_path = /etc/sssd/pki/inkan-cas.pem\n"
				"pam_cert_verification = no_ocsp\n"
				"p11_uri = pkcs11:library-manufacturer=Inkan\n";

static enum exit_code refuse(enum exit_code code, const char *what, const char *remedy)
{
	complain("%s", what);
	advise("%s", remedy);
	return code;
}

/* What pam_pkcs11 needs, but for the card; of SSSD's, the login. */
static enum exit_code check(const struct setup_job *job)
{
	const bool here = !job->root[0], sssd = job->client == SETUP_SSSD;
	bool installed = !here || sssd;
	struct stat st;
	glob_t found = {0};

	if (!job->user)
		return refuse(EXIT_USAGE, _("Whose card is it?"), _("Name the login: --user NAME"));
	if (!job->user[0] || strpbrk(job->user, " \t\r\n:>#/[]") || (here && !getpwnam(job->user)))
		return refuse(EXIT_NO_INPUT, _("There is no such user on this machine."),
		              _("Name the login: --user NAME"));
	installed |= os_glob("{/usr,}/lib{64,}/{*/,}security/pam_pkcs11.so", &found);
	globfree(&found);
	if (!installed)
		return refuse(EXIT_UNAVAILABLE, _("pam_pkcs11 is not installed."),
		              _("Install it (Debian and Ubuntu: libpam-pkcs11), then run this again."));
	if (here && !sssd && stat(job->module, &st) == 0 && (st.st_uid != 0 || (st.st_mode & 022)))
		return refuse(EXIT_REFUSED, _("Not only root may write the module: pam_pkcs11 does not load it."),
		              _("Install it as root: sudo make install"));
	return EXIT_DONE;
}

/* A service that includes a file which is not there lets nobody in, and so does one that wants a card of which SSSD
 * knows nothing. GDM's own has a line for cards from the start. */
static enum exit_code check_unused(const struct setup_job *job)
{
	const char *word = job->client == SETUP_SSSD ? "require_cert_auth" : INCLUDE;
	char *pattern = setup_pattern(job->root, "", "/etc/pam.d/*");
	enum exit_code code = EXIT_DONE;
	glob_t files = {0};

	if (pattern)
		glob(pattern, 0, NULL, &files);
	for (size_t i = 0; i < files.gl_pathc && code == EXIT_DONE; i++) {
		const char *path = files.gl_pathv[i];
		FILE *f = strstr(path, "/" INCLUDE) || strstr(path, "/gdm-smartcard") ? NULL : fopen(path, "re");
		char line[4096];

		while (f && code == EXIT_DONE && fgets(line, sizeof line, f)) {
			if (line[strspn(line, " \t")] == '#' || !strstr(line, word))
				continue;
			complain(_("%s has a line with %s: without these settings nobody could log in."), path, word);
			advise(_("Remove that line first, then run this again."));
			code = EXIT_BUSY;
		}
		if (f)
			fclose(f);
	}
	globfree(&files);
	free(pattern);
	return code;
}

/* ---- Certificates */

static enum exit_code read_card(const struct setup_job *job, struct inkan *ctx, struct inkan_cert **cert)
{
	struct find f;
	struct place *place;
	struct token *token;
	enum exit_code code = find_card(&f, job->reader, &place);

	if (code == EXIT_DONE) {
		token = place_token(place, USE_AUTH);
		if (!token || !token->cert || input_token(ctx, token, cert) != EXIT_DONE)
			code = refuse(EXIT_UNAVAILABLE, _("The card has no certificate for authentication."),
			              _("See: inkan list"));
	}
	find_free(&f);
	return code;
}

/* The CA certificates of the system's trust store, as PEM; to be freed. */
static char *cas_text(const struct trust *trust)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL, *copy;
	bool ok = bio != NULL;

	for (size_t i = 0; i < trust->n && ok; i++) {
		const struct cert *ca = trust->list[i]->cert;
		char *subject = name_text(X509_get_subject_name(ca->x509));

		if (trust->list[i]->sound)
			ok = BIO_printf(bio, "# %s\n", subject ? subject : "") > 0 &&
			     PEM_write_bio(bio, PEM_STRING_X509, "", ca->der.data, (long)ca->der.len) > 0;
		free(subject);
	}
	copy = ok && BIO_write(bio, "", 1) == 1 && BIO_get_mem_data(bio, &text) > 0 ? strdup(text) : NULL;
	BIO_free(bio);
	return copy;
}

/* ---- The files, that which can be included last */

/* A line for each certificate: its fingerprint and the login. What was said of this certificate or, undoing,
 * of this login goes. */
static enum exit_code map_login(struct setup_job *job, const uint8_t *sha256)
{
	char print[100] = "", *now, *save = NULL, *lines = strdup("");
	struct change *c;
	enum exit_code code = change_open(job, format("%s" FOLDER "/digest_mapping", job->root), 0644, &c);

	for (size_t i = 0; sha256 && i < 32; i++)
		sprintf(print + 3 * i, "%02X%s", sha256[i], i < 31 ? ":" : " ->");
	now = code == EXIT_DONE ? block_lines(c, job->client) : NULL;
	for (char *line = now ? strtok_r(now, "\n", &save) : NULL; line && lines; line = strtok_r(NULL, "\n", &save)) {
		const char *arrow = strstr(line, " -> ");
		char *more = lines;

		if (sha256 ? strncmp(line, print, strlen(print)) == 0 : arrow && strcmp(arrow + 4, job->user) == 0)
			continue;
		lines = format("%s%s\n", more, line);
		free(more);
	}
	free(now);
	now = lines && sha256 ? format("%s%s %s\n", lines, print, job->user) : lines ? strdup(lines) : NULL;
	if (code == EXIT_DONE)
		code = now ? block_put(c, job->client, false, now[0] ? now : NULL) : setup_no_memory();
	free(now);
	free(lines);
	return code;
}

static enum exit_code put_files(struct setup_job *job, const char *cas)
{
	static const char *const names[] = {FOLDER "/pam_pkcs11.conf", FOLDER "/inkan-cas.pem", "/etc/pam.d/" INCLUDE,
	                                    FOLDER "/digest_mapping"};
	const char *module = job->module ? job->module : "", *quote = strpbrk(module, " \t,={}") ? "\"" : "";
	char *config = format(config_text, quote, module, quote);
	const char *const lines[] = {config, cas, "auth [success=ok default=die] pam_pkcs11.so\n", NULL};
	enum exit_code code = config ? EXIT_DONE : setup_no_memory();

	/* an administrator may have added to the settings, lists for instance: if they name the module, they stay */
	for (size_t i = 0; i < (job->undo ? 4 : 3) && code == EXIT_DONE; i++)
		code = block_file(job, names[i], lines[i], 0644, i == 0);
	free(config);
	return code;
}

/* ---- SSSD: its settings, and a file for each person */

/* The name as SSSD compares it, for its rule, a regular expression. */
static bool put_name(BIO *out, const char *tag, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0 && BIO_printf(out, "<%s>^", tag) > 0;
	char c;

	while (ok && BIO_read(bio, &c, 1) == 1)
		ok = BIO_printf(out, strchr("].[*^$()+?{}|\\", c) ? "\\%c" : "%c", c) > 0;
	BIO_free(bio);
	return ok && BIO_puts(out, "$") > 0;
}

/* To be freed. SSSD wants an extended key usage, of which these certificates have none, unless a rule has KU. */
static char *person_text(const char *domain, const char *user, const X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;

	if (bio && BIO_printf(bio, "[certmap/%s/%s]\nmatchrule = <KU>digitalSignature", domain, user) > 0 &&
	    put_name(bio, "ISSUER", X509_get_issuer_name(cert)) &&
	    put_name(bio, "SUBJECT", X509_get_subject_name(cert)) && BIO_write(bio, "\n", 2) == 2 &&
	    BIO_get_mem_data(bio, &text) > 0)
		text = strdup(text);
	BIO_free(bio);
	return text;
}

static enum exit_code put_sssd(struct setup_job *job, const char *cas, const struct inkan_cert *cert)
{
	char *file = format("/etc/sssd/conf.d/inkan-%s.conf", job->user ? job->user : "*"), *text = NULL;
	char *domain = setup_setting(job->root, "", "/etc/sssd/{sssd.conf,conf.d/*.conf}", "domains");
	char *pattern = file ? setup_pattern(job->root, "", file) : NULL;
	char *lines = format(sssd_text, job->module ? job->module : "");
	enum exit_code code = pattern && lines ? EXIT_DONE : setup_no_memory();
	glob_t found = {0};
	struct change *c;

	if (code == EXIT_DONE && cert && !domain) {
		code = refuse(EXIT_UNAVAILABLE, _("SSSD has no domain: no line \"domains =\" in /etc/sssd/sssd.conf."),
		              _("The guide's page about SSSD has one for the accounts of this machine."));
	} else if (code == EXIT_DONE && cert) {
		domain[strcspn(domain, ", \t")] = '\0';
		text = person_text(domain, job->user, cert->cert->x509);
		code = text ? block_file(job, file, text, 0600, false) : setup_no_memory();
	} else if (code == EXIT_DONE && glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && code == EXIT_DONE; i++)
			if ((code = change_open(job, strdup(found.gl_pathv[i]), 0600, &c)) == EXIT_DONE)
				code = block_put(c, job->client, false, NULL);
	}
	if (code == EXIT_DONE && (cert || !job->user))
		code = block_file(job, "/etc/sssd/conf.d/inkan.conf", lines, 0600, true);
	if (code == EXIT_DONE && (cert || !job->user))
		code = block_file(job, "/etc/sssd/pki/inkan-cas.pem", cas, 0644, false);
	globfree(&found);
	free(file);
	free(text);
	free(domain);
	free(pattern);
	free(lines);
	return code;
}

enum exit_code setup_pam(struct setup_job *job)
{
	const bool sssd = job->client == SETUP_SSSD;
	char folders[2][4096], *cas = NULL;
	const char *const list[] = {folders[0], NULL}, *missing;
	const struct inkan_options options = {.size = sizeof options, .anchors = list};
	struct inkan *ctx = NULL;
	struct inkan_cert *cert = NULL;
	struct inkan_decision *decision = NULL;
	enum exit_code code = job->undo ? job->user ? EXIT_DONE : check_unused(job) : check(job);

	if (code == EXIT_DONE && job->undo && sssd)
		return put_sssd(job, NULL, NULL);
	if (code != EXIT_DONE || job->undo)
		return code != EXIT_DONE ? code : job->user ? map_login(job, NULL) : put_files(job, NULL);
	job->next = strdup(
		sssd ? _("Restart SSSD, and let sudo inkan doctor say what it lacks. No service asks for the card\n"
	                 "yet. Keep a second terminal with root open until a login has worked. Then add to\n"
	                 "/etc/pam.d/login for instance, below the last line with auth or common-auth:\n"
	                 "    auth required pam_sss.so require_cert_auth prompt_always")
		     : _("No service asks for the card yet. Keep a second terminal with root open until a login "
	                 "has\n"
	                 "worked. Then add to /etc/pam.d/login for instance, below the last line with auth or "
	                 "common-auth:\n"
	                 "    @include inkan-card\n(where PAM has no @include: auth include inkan-card)"));
	trust_folders(folders);
	if (job->root[0])
		snprintf(folders[0], sizeof folders[0], "%s" SYSCONFDIR "/inkan/anchors", job->root);
	if (inkan_new(&options, &ctx) != INKAN_OK || !(cas = cas_text(ctx->trust)))
		code = setup_no_memory();
	else if (!cas[0])
		code = refuse(EXIT_UNAVAILABLE, _("No CA certificate is installed for everybody on this machine."),
		              _("Cards are verified with them. Add them: sudo inkan trust add --system FILE"));
	if (code == EXIT_DONE)
		code = job->certificate ? input_cert(ctx, job->certificate, &cert) : read_card(job, ctx, &cert);
	if (code == EXIT_DONE && inkan_decide(ctx, cert, NULL, &decision) == INKAN_OK &&
	    (missing = inkan_decision_missing_issuer(decision))) {
		complain(_("The CA of this card is not installed: %s."), missing);
		advise(_("This card would be refused. Add it: sudo inkan trust add --system FILE"));
		code = EXIT_UNAVAILABLE;
	}
	if (code == EXIT_DONE)
		code = sssd ? put_sssd(job, cas, cert) : put_files(job, cas);
	if (code == EXIT_DONE && !sssd)
		code = map_login(job, inkan_cert_sha256(cert));
	free(cas);
	inkan_decision_free(&decision);
	inkan_cert_free(&cert);
	inkan_free(&ctx);
	return code;
}
