/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration of its own, which includes the system's and names libp11's engine,
 * or the provider where that is installed and the engine is not. The system's own
 * file may have its sections already: ours go into them. */
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
#include "setup_plan.h"

struct given {                  /* what there is already, or NULL */
	char *start;            /* the section that openssl_conf names */
	char *list;             /* that of its engines, or providers */
	char *usual;            /* that of the provider "default" */
};

static char *get(const CONF *conf, const char *section, const char *name)
{
	const char *value = conf ? NCONF_get_string(conf, section, name) : NULL;

	ERR_clear_error();
	return value ? strdup(value) : NULL;
}

static struct given read_given(const char *file, const char *list)
{
	CONF *conf = NCONF_new(NULL);
	struct given g = {.start = NULL};

	if (conf && NCONF_load(conf, file, NULL) > 0) {
		g.start = get(conf, NULL, "openssl_conf");
		g.list = g.start ? get(conf, g.start, list) : NULL;
		g.usual = g.list ? get(conf, g.list, "default") : NULL;
	}
	ERR_clear_error();
	NCONF_free(conf);
	return g;
}

static void given_free(struct given *g)
{
	free(g->start);
	free(g->list);
	free(g->usual);
}

/* "openssl_conf = inkan_start" and the section's head, unless there is one. */
static char *start_text(const struct given *g)
{
	if (g->start)
		return format("[%s]\n", g->start);
	return format("[default]\nopenssl_conf = inkan_start\n\n[inkan_start]\n");
}

static char *list_text(const struct given *g, const char *what)
{
	if (g->list)
		return format("[%s]\n", g->list);
	return format("%s = inkan_%s\n\n[inkan_%s]\n", what, what, what);
}

static char *engine_text(const char *file, size_t root, const char *engine, const char *module)
{
	struct given g = read_given(file, "engines");
	char *start = start_text(&g), *list = list_text(&g, "engines"), *text = NULL;

	if (start && list)
		text = format(".include %s\n\n%s%spkcs11 = inkan_engine\n\n[inkan_engine]\nengine_id = pkcs11\n"
		              "dynamic_path = %s\nMODULE_PATH = %s\ninit = 0\n",
		              file + root, start, list, engine, module);
	free(start);
	free(list);
	given_free(&g);
	return text;
}

/* Once a provider is activated, "default" is no longer by itself. */
static char *provider_text(const char *file, size_t root, const char *provider, const char *module)
{
	struct given g = read_given(file, "providers");
	const char *usual = g.usual ? g.usual : "inkan_default";
	char *start = start_text(&g), *list = list_text(&g, "providers"), *text = NULL;

	if (start && list)
		text = format(".include %s\n\n%s%spkcs11 = inkan_provider\n%s\n[inkan_provider]\nmodule = %s\n"
		              "pkcs11-module-path = %s\nactivate = 1\n\n[%s]\nactivate = 1\n", file + root, start, list,
		              g.usual ? "" : "default = inkan_default\n", provider, module, usual);
	free(start);
	free(list);
	given_free(&g);
	return text;
}

static char *plugin(const struct setup_wish *w, int what)
{
	const char *folder = OPENSSL_info(what);
	char *path = folder ? format("%s%s/pkcs11.so", w->dirs->root, folder) : NULL;

	if (path && access(path, R_OK) != 0) {
		free(path);
		return NULL;
	}
	return path;
}

static enum exit_code compose(const struct setup_wish *w, char **text)
{
	char *file = format("%s%s/openssl.cnf", w->dirs->root, X509_get_default_cert_area());
	char *engine = plugin(w, OPENSSL_INFO_ENGINES_DIR), *provider = plugin(w, OPENSSL_INFO_MODULES_DIR);
	size_t n = strlen(w->dirs->root);
	enum exit_code code = EXIT_DONE;

	*text = NULL;
	if (!engine && !provider) {
		complain(_("OpenSSL has neither the engine nor the provider for PKCS#11 modules."));
		advise(_("Install it (Debian and Ubuntu: libengine-pkcs11-openssl; newer systems: pkcs11-provider), "
		         "then run this again."));
		code = EXIT_UNAVAILABLE;
	} else if (file) {
		*text = engine ? engine_text(file, n, engine + n, w->module) :
			provider_text(file, n, provider + n, w->module);
	}
	if (code == EXIT_DONE && !*text)
		code = setup_no_memory();
	free(file);
	free(engine);
	free(provider);
	return code;
}

enum exit_code setup_openssl(struct plan *p, const struct setup_wish *w)
{
	const char *name = w->sign ? "openssl-sign.cnf" : "openssl.cnf";
	struct change *c;
	enum exit_code code = plan_file(p, w->system ? format("%s" SYSCONFDIR "/inkan/%s", w->dirs->root, name) :
	                                format("%s/inkan/%s", w->dirs->config, name), 0644, &c);
	char *text = NULL;

	if (code != EXIT_DONE)
		return code;
	if (w->undo)
		return block_drop(c);
	plan_next(p, _("To use it: OPENSSL_CONF=%s openssl …  No PIN is in it: the program asks for it."), c->path);
	code = compose(w, &text);
	if (code == EXIT_DONE)
		code = block_set_whole(c, w->module, text);
	free(text);
	return code;
}
