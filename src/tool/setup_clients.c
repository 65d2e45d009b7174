/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSH, p11-kit and OpenSSL: lines of text. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include "say.h"
#include "setup_job.h"

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
	static const char disabled[] =
		"disable-in: p11-kit-proxy firefox firefox-esr firefox-bin chromium chrome msedge brave opera "
		"vivaldi-bin epiphany WebKitNetworkProcess ssh ssh-add ssh-agent ssh-keygen ssh-pkcs11-helper sshd\n";
	char *lines = format("module: %s\n%s", job->module ? job->module : "", job->sign ? disabled : "");
	enum exit_code code = EXIT_USAGE;

	if (!path || !lines) {
		code = setup_no_memory();
	} else if (!job->system && !job->undo && geteuid() == 0) {
		complain(_("p11-kit reads no modules of root's own."));
		advise(_("For everybody on this machine: inkan setup p11-kit --system"));
	} else {
		code = block_file(job, path, lines, false);
	}
	free(path);
	free(lines);
	return code;
}

/* A section's name from the system's configuration, where it has one. */
static char *get(const CONF *conf, const char *section, const char *name, const char *otherwise)
{
	const char *value = NCONF_get_string(conf, section, name);

	ERR_clear_error();
	return strdup(value ? value : otherwise);
}

/* The engine of libp11, or the provider where that alone is installed. A value that is said again stays
 * as it is, so that the system's sections go on. Once a provider is activated, "default" is no longer by itself. */
static char *openssl_lines(const struct setup_job *job, const char *plugin, bool engine)
{
	const char *list_name = engine ? "engines" : "providers";
	char *file = format("%s%s/openssl.cnf", job->root, X509_get_default_cert_area()), *lines = NULL;
	char *start, *list, *usual;
	CONF *conf = NCONF_new(NULL);

	if (file && conf && NCONF_load(conf, file, NULL) <= 0)
		ERR_clear_error();
	start = get(conf, NULL, "openssl_conf", "inkan_start");
	list = start ? get(conf, start, list_name, "inkan_list") : NULL;
	usual = list ? get(conf, list, "default", "inkan_default") : NULL;
	if (file && usual && engine)
		lines = format(".include %s\n\n[default]\nopenssl_conf = %s\n\n[%s]\nengines = %s\n\n[%s]\npkcs11 = "
		               "inkan_engine\n\n"
		               "[inkan_engine]\nengine_id = pkcs11\ndynamic_path = %s\nMODULE_PATH = %s\ninit = 0\n",
		               file + strlen(job->root), start, start, list, list, plugin, job->module);
	else if (file && usual)
		lines = format(
			".include %s\n\n[default]\nopenssl_conf = %s\n\n[%s]\nproviders = %s\n\n[%s]\npkcs11 "
			"= inkan_provider\n"
			"default = %s\n\n[inkan_provider]\nmodule = %s\npkcs11-module-path = %s\nactivate = 1\n\n"
			"[%s]\nactivate = 1\n",
			file + strlen(job->root), start, start, list, list, usual, plugin, job->module, usual);
	NCONF_free(conf);
	free(file);
	free(start);
	free(list);
	free(usual);
	return lines;
}

enum exit_code setup_openssl(struct setup_job *job)
{
	char *path = format("%s/inkan/openssl%s.cnf", job->system ? SYSCONFDIR : "config", job->sign ? "-sign" : "");
	char *engine = format("%s%s/pkcs11.so", job->root, OPENSSL_info(OPENSSL_INFO_ENGINES_DIR));
	char *provider = format("%s%s/pkcs11.so", job->root, OPENSSL_info(OPENSSL_INFO_MODULES_DIR)), *lines = NULL;
	const bool has_engine = engine && access(engine, R_OK) == 0;
	const bool has_provider = provider && access(provider, R_OK) == 0;
	enum exit_code code = EXIT_UNAVAILABLE;

	if (job->undo && path) {
		code = block_file(job, path, NULL, false);
	} else if (!has_engine && !has_provider) {
		complain(_("OpenSSL has neither the engine nor the provider for PKCS#11 modules."));
		advise(_("Install it (Debian and Ubuntu: libengine-pkcs11-openssl; newer systems: pkcs11-provider), "
		         "then run this again."));
	} else {
		lines = openssl_lines(job, (has_engine ? engine : provider) + strlen(job->root), has_engine);
		code = path && lines ? block_file(job, path, lines, false) : setup_no_memory();
		if (code == EXIT_DONE)
			job->next = format(_("To use it: OPENSSL_CONF=%s openssl …"), job->changes[job->n - 1].path);
	}
	free(path);
	free(engine);
	free(provider);
	free(lines);
	return code;
}
