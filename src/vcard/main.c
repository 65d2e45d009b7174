/* SPDX-License-Identifier: BSD-2-Clause */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <openssl/crypto.h>
#include "base/i18n.h"
#include "config.h"
#include "vcard/daemon.h"
#include "vcard/options.h"

static int run(const struct options *o)
{
	static struct world w; /* a pcscd and up to 15 readers: much for a stack */
	int status = world_open(&w, o);

	if (status == 0)
		status = world_run(&w);
	world_close(&w);
	return status;
}

int main(int argc, char **argv)
{
	static struct options o;
	char why[512];
	int status;

	/* a configuration of OpenSSL may load the very module that is to be tested */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	setlocale(LC_ALL, "");
	bindtextdomain(INKAN_DOMAIN, LOCALEDIR);
	if (!options_parse(&o, argc, argv, why, sizeof why)) {
		fprintf(stderr, "inkan-vcard: %s\n", why);
		fprintf(stderr, _("inkan-vcard --help shows the options.\n"));
		options_free(&o);
		return EX_USAGE;
	}
	if (o.help) {
		options_help();
		return 0;
	}
	if (o.version) {
		puts("inkan-vcard " PACKAGE_VERSION);
		return 0;
	}
	if (o.send)
		return control_send(o.send);
	if (o.n_cards == 0) {
		vcard_spec_init(&o.cards[0].spec, VCARD_HPKI);
		o.n_cards = 1;
	}
	status = run(&o);
	options_free(&o);
	return status;
}
