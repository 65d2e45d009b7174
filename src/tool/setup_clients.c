/* SPDX-License-Identifier: BSD-2-Clause */
/* What each program's settings are: OpenSSH, p11-kit, OpenSSL, NSS databases, Firefox's policy, Web eID. */
#include "config.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include "say.h"
#include "setup.h"

#define NAME "Inkan" /* what the module is called in NSS databases and policies */

/* ssh takes the first value that it finds. Lines for certain hosts stand first, and a "Host *" closes them;
 * lines for all hosts stand last, and what is said above them wins. */
enum exit_code setup_ssh(struct setup_job *job)
{
	const char *host = job->host ? job->host : "", *quote = job->module && strpbrk(job->module, " \t") ? "\"" : "";
	const bool all = strcmp(host, "*") == 0;
	char *path = setup_path(job->root, job->system ? "/etc/ssh/ssh_config.d/inkan.conf" : "~/.ssh/config");
	char *lines, *now;
	struct change *c;
	enum exit_code code = change_open(job, path, job->system ? 0644 : 0600, &c);

	if (code != EXIT_DONE || job->undo)
		return code == EXIT_DONE ? block_put(c, job->client, true, NULL) : code;
	now = block_lines(c, job->client);
	if (strspn(host, " ") == strlen(host) || strpbrk(host, "\"'#\\=\t\r\n\v\f\033")) {
		complain(_("For which hosts shall ssh use the card?"));
		advise(_("Name them: inkan setup ssh --host '*.example.jp', or --host '*' for all."));
		free(now);
		return EXIT_USAGE;
	}
	lines = format("Host %s\n    PKCS11Provider %s%s%s\n%s", host, quote, job->module, quote,
	               all ? "" : "Host *\n");
	if (now && lines && strcmp(now, lines) != 0)
		code = block_put(c, job->client, true, NULL); /* its place may be another one */
	if (code == EXIT_DONE)
		code = lines ? block_put(c, job->client, !all, lines) : setup_no_memory();
	job->next = format(_("The card's public key, for the server: ssh-keygen -D %s"), job->module);
	free(lines);
	free(now);
	return code;
}

/* A file per module, as dist/ has them for packages. */
enum exit_code setup_p11kit(struct setup_job *job)
{
	char *path =
		format("%s/pkcs11/modules/inkan%s.module", job->system ? "/etc" : "config", job->sign ? "-sign" : "");
	static const char signers[] =
		"enable-in: p11-kit p11tool certtool cmsutil osslsigncode pdfsig soffice.bin okular "
		"evince papers xmlsec1\n";
	char *lines = format("module: %s\n%s", job->module ? job->module : "", job->sign ? signers : "");
	enum exit_code code = EXIT_USAGE;
	struct setup_rows rows = {0};

	if (!path || !lines) {
		code = setup_no_memory();
	} else if (!job->system && !job->undo && geteuid() == 0) {
		complain(_("p11-kit reads no modules of root's own."));
		advise(_("For everybody on this machine: inkan setup p11-kit --system"));
	} else {
		code = block_file(job, path, lines, 0644, false);
	}
	if (code == EXIT_DONE && !job->undo && setup_registered(job->root, &rows) == E_OK)
		for (size_t i = 0; i < rows.n && !job->next; i++)
			if (rows.list[i].client == SETUP_P11KIT && rows.list[i].kind == SETUP_FOREIGN &&
			    strstr(rows.list[i].library, "opensc-pkcs11"))
				job->next = strdup(_("OpenSC is registered with p11-kit too, and shows My Number Cards "
				                     "once more: see inkan doctor"));
	setup_rows_free(&rows);
	free(path);
	free(lines);
	return code;
}

/* The provider, or the engine of libp11 where there is none. The names of the sections are those of OpenSSL's own file,
 * which all distributions keep: so its sections go on. Once a provider is activated, "default" is no longer by
 * itself. */
static const char engine_text[] = ".include %s/openssl.cnf\n\n[default]\nopenssl_conf = openssl_init\n\n"
				  "[openssl_init]\nengines = engine_sect\n\n[engine_sect]\npkcs11 = inkan_engine\n\n"
				  "[inkan_engine]\nengine_id = pkcs11\ndynamic_path = %s\nMODULE_PATH = %s\ninit = 0\n";
static const char provider_text[] = ".include %s/openssl.cnf\n\n[default]\nopenssl_conf = openssl_init\n\n"
				    "[openssl_init]\nproviders = provider_sect\n\n"
				    "[provider_sect]\npkcs11 = inkan_provider\ndefault = default_sect\n\n"
				    "[inkan_provider]\nmodule = %s\npkcs11-module-path = %s\nactivate = 1\n\n"
				    "[default_sect]\nactivate = 1\n";

/* One older than 1.0 counts as none: with it no key comes from a file, and TLS fails for want of C_GetOperationState
 * (seen with 0.3). It tells OpenSSL's version for its own; that it has no decoder for a key's URI gives it away. Below
 * another root only its file can be looked for. */
bool setup_has_provider(const char *root)
{
	char *path = format("%s%s/pkcs11.so", root, OPENSSL_info(OPENSSL_INFO_MODULES_DIR));
	bool has = path && access(path, R_OK) == 0;
	OSSL_LIB_CTX *ctx = has && !*root ? OSSL_LIB_CTX_new() : NULL;
	OSSL_PROVIDER *provider = ctx ? OSSL_PROVIDER_load(ctx, "pkcs11") : NULL;
	OSSL_DECODER *decoder =
		provider ? OSSL_DECODER_fetch(ctx, "RSA", "provider=pkcs11,input=der,structure=pk11-uri") : NULL;

	if (!*root)
		has = decoder != NULL;
	OSSL_DECODER_free(decoder);
	if (provider)
		OSSL_PROVIDER_unload(provider);
	OSSL_LIB_CTX_free(ctx);
	free(path);
	return has;
}

enum exit_code setup_openssl(struct setup_job *job)
{
	char *path = format("%s/inkan/openssl%s.cnf", job->system ? SYSCONFDIR : "config", job->sign ? "-sign" : "");
	char *engine = format("%s%s/pkcs11.so", job->root, OPENSSL_info(OPENSSL_INFO_ENGINES_DIR));
	char *provider = format("%s%s/pkcs11.so", job->root, OPENSSL_info(OPENSSL_INFO_MODULES_DIR)), *lines = NULL;
	const bool has_engine = engine && access(engine, R_OK) == 0;
	const bool has_provider = provider && setup_has_provider(job->root);
	const char *area = X509_get_default_cert_area();
	enum exit_code code = EXIT_UNAVAILABLE;

	if (job->undo && path) {
		code = block_file(job, path, NULL, 0644, false);
	} else if (!has_engine && !has_provider) {
		complain(_("OpenSSL has neither the provider nor the engine for PKCS#11 modules."));
		advise(_("Install one, then run this again. Debian and Ubuntu: pkcs11-provider; where there is none, "
		         "or one before 1.0, libengine-pkcs11-openssl."));
	} else {
		lines = has_provider ? format(provider_text, area, provider + strlen(job->root), job->module)
		                     : format(engine_text, area, engine + strlen(job->root), job->module);
		code = path && lines ? block_file(job, path, lines, 0644, false) : setup_no_memory();
		if (code == EXIT_DONE)
			job->next = format(_("To use it: OPENSSL_CONF=%s openssl …"), job->changes[job->n - 1].path);
	}
	free(path);
	free(engine);
	free(provider);
	free(lines);
	return code;
}

/* ---- NSS databases */

/* The list of modules without ours. It stands between empty lines. */
static char *without_ours(const char *text)
{
	const char *name = strstr(text, "\nname=" NAME "\n"), *end = name ? strstr(name + 1, "\n\n") : NULL;

	if (!name)
		return strdup(text);
	while (name > text && (name < text + 2 || strncmp(name - 2, "\n\n", 2) != 0))
		name--;
	return format("%.*s%s", (int)(name - text), text, end ? end + 2 : "");
}

/* Firefox holds a lock on this file as long as it runs; the file stays behind afterwards. */
static bool is_in_use(const char *file)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char *name = format("%.*s/.parentlock", (int)(strrchr(file, '/') - file), file);
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	bool used = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

	if (fd >= 0)
		close(fd);
	free(name);
	return used;
}

/* pkcs11.txt is NSS's list of modules: entries of lines, an empty line after each. A module that somebody has added
 * under another name is set up already. */
static enum exit_code change_database(struct setup_job *job, char *file)
{
	char *library = format("library=%s\n", job->module ? job->module : ""), *others = NULL;
	const char *gap = "";
	size_t n;
	struct change *c;
	enum exit_code code = change_open(job, file, 0600, &c);

	if (code == EXIT_DONE && (!library || !(others = without_ours(c->before ? c->before : ""))))
		code = setup_no_memory();
	if (code != EXIT_DONE || !library || !others)
		goto out;
	if (job->undo ? !c->before : c->before && strstr(c->before, library))
		goto out;
	c->database = !c->before;
	n = strlen(others);
	/* written by hand: the last entry has no end */
	if (n > 0 && strcmp(others, "\n") != 0 && (n == 1 || strcmp(others + n - 2, "\n\n") != 0))
		gap = others[n - 1] == '\n' ? "\n" : "\n\n";
	code = change_to(c, job->undo ? strdup(others) : format("%s%s%sname=" NAME "\n\n", others, gap, library));
	if (code == EXIT_DONE && c->before && strcmp(c->before, c->after ? c->after : "") != 0 && is_in_use(c->path)) {
		complain(_("Firefox is running with the profile of %s."), c->path);
		advise(_("Close all its windows, then run this again."));
		code = EXIT_BUSY;
	}
out:
	free(library);
	free(others);
	return code;
}

/* Each database of the client; where there is none, Chromium and the signers get a new one. */
enum exit_code setup_databases(struct setup_job *job)
{
	const char *file = job->client == SETUP_SIGNERS ? "data/inkan/nssdb/pkcs11.txt" : "~/.pki/nssdb/pkcs11.txt";
	struct setup_rows rows;
	bool none = true, confined = false;
	enum exit_code code = setup_registered(job->root, &rows) == E_OK ? EXIT_DONE : setup_no_memory();

	for (size_t i = 0; i < rows.n && code == EXIT_DONE; i++) {
		const struct setup_row *row = &rows.list[i];

		if (row->client != job->client || row->system || (i > 0 && strcmp(row->file, row[-1].file) == 0))
			continue;
		confined |= row->confined;
		none &= row->confined;
		if (!row->confined)
			code = change_database(job, strdup(row->file));
	}
	setup_rows_free(&rows);
	if (code == EXIT_DONE && confined) {
		complain(_("A snap or flatpak program cannot load the module: it is passed over."));
		advise(_("Use the program as a package of the distribution or of its maker."));
	}
	if (code == EXIT_DONE && none && !job->undo && job->client == SETUP_FIREFOX) {
		if (!confined)
			complain(_("There is no profile of Firefox."));
		if (!confined)
			advise(_("Start Firefox once, close it, and run this again. For everybody: sudo inkan setup "
			         "firefox --system"));
		code = EXIT_UNAVAILABLE;
	} else if (code == EXIT_DONE && none && !job->undo) {
		code = change_database(job, setup_path(job->root, file));
	}
	if (job->client == SETUP_SIGNERS)
		job->next = strdup(_("PDF: pdfsig -nssdir sql:FOLDER …  LibreOffice: "
		                     "MOZILLA_CERTIFICATE_FOLDER=sql:FOLDER"));
	else
		job->next = strdup(_("Start the browser again: it asks for the PIN when a page wants a certificate."));
	return code;
}

/* ---- Firefox's policy */

/* policies, SecurityDevices, Add: in the form of older Firefox there is no Add. Ours is added, or removed with
 * what is empty without it. False: not the form of a policy, or no memory. */
static bool change_policy(json_t *json, const char *module)
{
	static const char *const names[] = {"policies", "SecurityDevices", "Add"};
	json_t *path[4] = {json}, *value;
	const char *other;
	size_t n = 0;

	for (; n < 3; n++) {
		if (n == 2 && json_object_size(path[2]) > 0 && !json_object_get(path[2], "Add") &&
		    !json_object_get(path[2], "Delete"))
			break;
		if (module && !json_object_get(path[n], names[n]) &&
		    json_object_set_new(path[n], names[n], json_object()) != 0)
			return false;
		path[n + 1] = json_object_get(path[n], names[n]);
		if (!json_is_object(path[n + 1]))
			return !module && !path[n + 1];
	}
	json_object_foreach (path[n], other, value)
		if (module && json_is_string(value) && strcmp(json_string_value(value), module) == 0)
			return true;
	if (module)
		return json_object_set_new(path[n], NAME, json_string(module)) == 0;
	json_object_del(path[n], NAME);
	for (; n > 0 && json_object_size(path[n]) == 0; n--)
		json_object_del(path[n - 1], names[n - 1]);
	return true;
}

enum exit_code setup_firefox(struct setup_job *job)
{
	json_error_t error = {.text = ""};
	json_t *json = NULL, *old = NULL;
	struct change *c;
	enum exit_code code;

	if (!job->system)
		return setup_databases(job);
	code = change_open(job, setup_path(job->root, "/etc/firefox/policies/policies.json"), 0644, &c);
	if (code != EXIT_DONE || (job->undo && !c->before))
		return code;
	json = c->before ? json_loads(c->before, JSON_REJECT_DUPLICATES, &error) : json_object();
	old = json_deep_copy(json);
	if (!json_is_object(json) || !change_policy(json, job->undo ? NULL : job->module)) {
		complain(_("%s was not changed: it is not a policy of Firefox: %s"), c->path, error.text);
		advise(_("Correct it with an editor, then run this again; about:policies shows what Firefox thinks "
		         "of it."));
		code = EXIT_MALFORMED;
	} else if (!json_equal(old, json)) {
		char *dump = json_object_size(json) > 0 ? json_dumps(json, JSON_INDENT(2)) : strdup(""), *text;

		text = dump ? format("%s%s", dump, dump[0] ? "\n" : "") : NULL;
		free(dump);
		code = change_to(c, text);
	}
	json_decref(json);
	json_decref(old);
	return code;
}

/* ---- Web eID: the program that the browsers' extension asks for, by a name that is the same for every product */

#define MARK "inkan setup" /* a package's own manifest has other words, and stays */

static const struct host_folder {
	bool system, mozilla;
	const char *folder, *there; /* of setup_pattern: for whom; NULL: always */
	const char *manifests;
} host_folders[] = {
	{false, true, "~", "/{.mozilla,.config/mozilla,snap/firefox}", "~/.mozilla/native-messaging-hosts"},
	{false, false, "config", "/chromium", "config/chromium/NativeMessagingHosts"},
	{false, false, "config", "/google-chrome", "config/google-chrome/NativeMessagingHosts"},
	{false, false, "config", "/microsoft-edge", "config/microsoft-edge/NativeMessagingHosts"},
	{true, true, "", NULL, "/usr/lib/mozilla/native-messaging-hosts"},
	{true, true, "", "/usr/lib64/mozilla", "/usr/lib64/mozilla/native-messaging-hosts"}, /* Fedora */
	{true, false, "", NULL, "/etc/chromium/native-messaging-hosts"},
	{true, false, "", NULL, "/etc/opt/chrome/native-messaging-hosts"},
	{true, false, "", NULL, "/etc/opt/edge/native-messaging-hosts"},
};

/* With the extension's ids in the stores; to be freed. */
static char *manifest_text(const char *program, bool mozilla)
{
	json_t *ids = mozilla ? json_pack("[s]", "{e68418bc-f2b0-4459-a9ea-3e72b6751b07}")
	                      : json_pack("[ss]", "chrome-extension://ncibgoaomkmdpilpocfeponihegamlic/",
	                                  "chrome-extension://gnmckgbandlkacikdndelhfghdejfido/");
	json_t *json =
		json_pack("{ss ss ss ss so}", "name", "eu.webeid", "description", "HPKI and My Number cards, by " MARK,
	                  "path", program, "type", "stdio", mozilla ? "allowed_extensions" : "allowed_origins", ids);
	char *dump = json ? json_dumps(json, JSON_INDENT(2)) : NULL, *text = dump ? format("%s\n", dump) : NULL;

	json_decref(json);
	free(dump);
	return text;
}

/* *ours: it is, or will be, ours. */
static enum exit_code change_manifest(struct setup_job *job, struct change *c, bool mozilla, bool *ours)
{
	const char *before = c->before ? c->before : "";
	json_t *json = json_loads(before, 0, NULL);
	const char *path = json_string_value(json_object_get(json, "path"));
	const char *name = path ? strrchr(path, '/') : NULL;
	const bool inkan = name && strcmp(name, "/inkan-web-eid") == 0, marked = inkan && strstr(before, MARK);
	enum exit_code code = EXIT_DONE;

	if (job->undo) {
		if (marked)
			code = change_to(c, strdup(""));
	} else if (inkan && strcmp(path, job->module) == 0) {
		*ours = true;
	} else if (marked || !before[0]) {
		*ours = true;
		code = change_to(c, manifest_text(job->module, mozilla));
	} else {
		complain(_("%s belongs to another program, and stays: %s"), c->path, path ? path : "?");
		advise(_("To use Inkan in that browser remove the other program (package web-eid-native) or that file "
		         "first."));
	}
	json_decref(json);
	return code;
}

enum exit_code setup_web_eid(struct setup_job *job)
{
	static const char confined[] = "/{snap/firefox,snap/chromium,.var/app/org.mozilla.firefox,"
				       ".var/app/org.chromium.Chromium,.var/app/com.google.Chrome}";
	enum exit_code code = EXIT_DONE;
	bool any = false, ours = false;
	struct setup_rows rows;
	struct change *c;

	for (size_t i = 0; i < sizeof host_folders / sizeof *host_folders && code == EXIT_DONE; i++) {
		const struct host_folder *h = &host_folders[i];
		char *file;

		if (h->system != job->system ||
		    (!job->undo && h->there && !setup_there(job->root, h->folder, h->there)))
			continue;
		any = true;
		file = format("%s/eu.webeid.json", h->manifests);
		code = change_open(job, file ? setup_path(job->root, file) : NULL, 0644, &c);
		free(file);
		if (code == EXIT_DONE)
			code = change_manifest(job, c, h->mozilla, &ours);
	}
	if (code != EXIT_DONE || job->undo)
		return code;
	if (!job->system && setup_there("", "~", confined)) {
		complain(_("A browser is a snap or a flatpak: Firefox as a snap asks whether it may start the "
		           "program, others may not reach it."));
		advise(_("Use the program as a package of the distribution or of its maker."));
	}
	if (!any) {
		complain(_("There is no Firefox, Chromium, Chrome or Edge that you have used."));
		advise(_("Start it once, then run this again. For everybody: sudo inkan setup web-eid --system"));
	}
	if (!ours)
		return EXIT_UNAVAILABLE;
	job->next = strdup(_("Then install the extension Web eID from the browser's store."));
	if (setup_registered(job->root, &rows) != E_OK)
		code = setup_no_memory();
	for (const struct setup_row *row = rows.list; row < rows.list + rows.n && !job->system; row++)
		if (row->client == SETUP_WEB_EID && row->system && row->kind == SETUP_FOREIGN) {
			free(job->next);
			job->next = format(_("For everybody else it stays another program's: %s"), row->library);
		}
	setup_rows_free(&rows);
	return code;
}
