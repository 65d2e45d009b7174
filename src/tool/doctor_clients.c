/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has been told of our modules, and of others' that would claim the same card. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "doctor.h"
#include "say.h"

static const char *client_text(enum setup_client client)
{
	switch (client) {
	case SETUP_FIREFOX:
		return "Firefox";
	case SETUP_CHROME:
		return "Chromium, Chrome";
	case SETUP_SSH:
		return "OpenSSH";
	case SETUP_P11KIT:
		return _("p11-kit (GnuTLS and others)");
	default:
		return setup_client_word(client);
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- Told, or not */

static const enum setup_client wanted[] = {SETUP_FIREFOX, SETUP_CHROME, SETUP_SSH, SETUP_P11KIT};

#define N_WANTED (sizeof wanted / sizeof *wanted)

struct state {
	bool there; /* it is installed, or has been used */
	size_t told, gone;
	bool gone_system; /* one of the gone in the machine's files */
};

static struct state state_of(const struct doctor *d, enum setup_client client)
{
	struct state s = {.there = doctor_has_browser(d, client)};

	for (size_t i = 0; i < d->rows.n; i++) {
		const struct setup_row *row = &d->rows.list[i];

		if (row->client != client || row->confined)
			continue;
		s.there = true;
		s.told += row->kind == SETUP_AUTH && !row->gone;
		s.gone += row->kind == SETUP_AUTH && row->gone;
		s.gone_system |= row->kind == SETUP_AUTH && row->gone && row->system;
	}
	return s;
}

static void report_client(struct doctor *d, enum setup_client client, bool any)
{
	struct report *r = &d->report;
	struct state s = state_of(d, client);
	const char *name = client_text(client), *word = setup_client_word(client);

	if (s.gone > 0) {
		problem(r, "client-gone", name, _("it looks for the module where it is not (any more)"));
		remedy(r, s.gone_system ? _("Tell it anew: sudo inkan setup %s --system") :
		       _("Tell it anew: inkan setup %s"), word);
	} else if (s.told > 0) {
		well(r, "client", name, _("it knows the module"));
	} else if (s.there && any) {
		note(r, "client-untold", name, _("it does not know the module"));
		remedy(r, _("If it should use the card: inkan setup %s"), word);
	}
}

void check_clients(struct doctor *d)
{
	struct report *r = &d->report;
	enum setup_client first = SETUP_FIREFOX;
	bool any = false;

	for (size_t i = N_WANTED; i-- > 0;) {
		struct state s = state_of(d, wanted[i]);

		any |= s.told > 0 || s.gone > 0;
		if (s.there)
			first = wanted[i];
	}
	for (size_t i = 0; i < N_WANTED; i++)
		report_client(d, wanted[i], any);
	if (any)
		return;
	problem(r, "client-none", "", _("no program knows the module yet"));
	remedy(r, _("Tell the one that should use the card, for instance: inkan setup %s"),
	       setup_client_word(first));
}

/* ---- Told too much */

/* Other people's drivers for the same cards, by file name. */
static const char *const rivals[] = {"*opensc-pkcs11*", "*HpkiAuthP11*", "*HpkiSigP11*", "*JPKIPKCS11*"};

static bool is_rival(const struct setup_row *row)
{
	if (row->kind != SETUP_FOREIGN || row->gone)
		return false;
	for (size_t i = 0; i < sizeof rivals / sizeof *rivals; i++)
		if (fnmatch(rivals[i], base_name(row->library), 0) == 0)
			return true;
	return false;
}

static bool is_proxy(const struct setup_row *row)
{
	return row->kind == SETUP_FOREIGN && strcmp(base_name(row->library), "p11-kit-proxy.so") == 0;
}

/* The proxy brings what p11-kit has been told of. */
static bool proxy_brings_cards(const struct setup_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->list[i].client == SETUP_P11KIT &&
		    (is_rival(&rows->list[i]) || (rows->list[i].kind == SETUP_AUTH && !rows->list[i].gone)))
			return true;
	return false;
}

/* A browser's policy counts for each of its profiles. */
static bool counts_for(const struct setup_row *row, const struct setup_row *place)
{
	return row->client == place->client && (strcmp(row->file, place->file) == 0 || row->system);
}

/* Told by the policy and by the profile: one and the same. */
static bool is_copy(const struct setup_row *row, const struct setup_row *before)
{
	return strcmp(row->file, before->file) != 0 && strcmp(row->library, before->library) == 0;
}

static void remedy_unload(struct report *r, enum setup_client client, const char *library)
{
	if (client == SETUP_FIREFOX)
		remedy(r, _("In Firefox: Settings, Privacy & Security, Security Devices; choose the module with the "
		            "path …/%s and press Unload. If a policy has it: take it out of policies.json."), library);
	else if (client == SETUP_SSH)
		remedy(r, _("Take the line PKCS11Provider …/%s out of ssh's configuration."), library);
	else
		remedy(r, _("Find its NAME with: modutil -list -dbdir ~/.pki/nssdb (path …/%s), then: "
		            "modutil -delete NAME -dbdir ~/.pki/nssdb"), library);
}

/* The first module in that place which claims what this row's module claims. */
static const struct setup_row *find_second(const struct setup_rows *rows, const struct setup_row *own)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct setup_row *row = &rows->list[i];

		if (row == own || !counts_for(row, own) || !row->library)
			continue;
		if (is_rival(row) || (is_proxy(row) && proxy_brings_cards(rows)))
			return row;
		if (row->kind == SETUP_AUTH && !row->gone && row > own && !is_copy(row, own))
			return row;
	}
	return NULL;
}

static bool report_second(struct doctor *d, const struct setup_row *own)
{
	struct report *r = &d->report;
	const struct setup_row *second = find_second(&d->rows, own);

	if (!second)
		return false;
	problem(r, "client-twice", client_text(own->client),
	        _("two modules claim the same card, and each asks for PINs: %s, %s"), base_name(own->library),
	        base_name(second->library));
	remedy_unload(r, own->client, base_name(second->library));
	return true;
}

/* OpenSSH may have several modules, for several servers. */
static void check_client(struct doctor *d, enum setup_client client)
{
	struct report *r = &d->report;
	bool twice = false, sign = false;

	for (size_t i = 0; i < d->rows.n; i++) {
		const struct setup_row *row = &d->rows.list[i];

		if (row->client != client || row->confined)
			continue;
		if (row->kind == SETUP_AUTH && !row->gone && !twice && client != SETUP_SSH)
			twice = report_second(d, row);
		if (row->kind != SETUP_SIGN || sign)
			continue;
		sign = true;
		problem(r, "client-sign", client_text(client),
		        _("it knows the signature module, and will ask for the signature PIN where none is needed"));
		remedy_unload(r, client, base_name(row->library));
	}
}

/* A file of the same name in a folder that goes before, saying no more than who may
 * load it, takes a module back. */
static bool is_taken_back(const struct doctor *d, const struct setup_row *rival)
{
	const char *folders[] = {d->dirs.config, d->dirs.root};
	const char *below[] = {"pkcs11/modules", "etc/pkcs11/modules"};
	bool found = false;

	for (size_t i = 0; i < 2 && !found; i++) {
		char *path = folders[i] ? format("%s/%s/%s", folders[i], below[i], base_name(rival->file)) : NULL;

		found = path && strcmp(path, rival->file) != 0 && access(path, F_OK) == 0;
		free(path);
	}
	return found;
}

/* Of p11-kit's modules each stands in a file of its own. */
static void check_p11kit(struct doctor *d)
{
	struct report *r = &d->report;
	const struct setup_row *rival = NULL;
	bool told = false;

	for (size_t i = 0; i < d->rows.n; i++) {
		const struct setup_row *row = &d->rows.list[i];

		if (row->client != SETUP_P11KIT)
			continue;
		told |= row->kind == SETUP_AUTH && !row->gone;
		if (is_rival(row) && !is_taken_back(d, row))
			rival = row;
	}
	if (!told || !rival)
		return;
	note(r, "client-twice", client_text(SETUP_P11KIT),
	     _("%s claims a My Number Card too, and shows it a second time"),
	     base_name(rival->library));
	remedy(r, _("If no other card needs it: mkdir -p ~/.config/pkcs11/modules; "
	            "echo 'enable-in: none' > ~/.config/pkcs11/modules/%s"), base_name(rival->file));
}

void check_rivals(struct doctor *d)
{
	check_client(d, SETUP_FIREFOX);
	check_client(d, SETUP_CHROME);
	check_client(d, SETUP_SSH);
	check_p11kit(d);
}
