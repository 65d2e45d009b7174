/* SPDX-License-Identifier: BSD-2-Clause */
/* Browsers: as packages, and in sandboxes, where they cannot load a module. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "doctor.h"
#include "say.h"

#define NATIVE_MAX 4

/* native: their programs as packages install them; what is in /usr/bin may start the snap. */
static const struct browser {
	enum setup_client client;
	const char *name, *snap, *flatpak;
	const char *native[NATIVE_MAX];
} browsers[] = {
	{SETUP_FIREFOX, "Firefox", "firefox", "org.mozilla.firefox",
	 {"/usr/lib/firefox/firefox", "/usr/lib/firefox-esr/firefox-esr", "/usr/lib64/firefox/firefox",
	  "/opt/firefox/firefox"}},
	{SETUP_CHROME, "Chromium", "chromium", "org.chromium.Chromium",
	 {"/usr/lib/chromium/chromium", "/usr/lib64/chromium-browser/chromium-browser",
	  "/usr/lib64/chromium-browser/chromium", NULL}},
	{SETUP_CHROME, "Google Chrome", "chrome", "com.google.Chrome", {"/opt/google/chrome/chrome", NULL}},
	{SETUP_CHROME, "Microsoft Edge", "microsoft-edge", "com.microsoft.Edge",
	 {"/opt/microsoft/msedge/msedge", NULL}},
	{SETUP_CHROME, "Brave", "brave", "com.brave.Browser", {"/opt/brave.com/brave/brave", NULL}},
};

#define N_BROWSERS (sizeof browsers / sizeof *browsers)

static bool has_any(const struct doctor *d, const char *const *folders, size_t n, const char *name)
{
	bool found = false;

	for (size_t i = 0; i < n && !found; i++) {
		char *path = format("%s%s", folders[i], name);

		found = path && doctor_has(d, path);
		free(path);
	}
	return found;
}

static bool is_snap(const struct doctor *d, const struct browser *b)
{
	static const char *const folders[] = {"/snap/bin/", "/var/lib/snapd/snap/bin/"};

	return has_any(d, folders, sizeof folders / sizeof *folders, b->snap);
}

static bool is_flatpak(const struct doctor *d, const struct browser *b)
{
	static const char *const folder = "/var/lib/flatpak/app/";
	char *own = d->dirs.data ? format("%s/flatpak/app/%s", d->dirs.data, b->flatpak) : NULL;
	bool found = own && access(own, F_OK) == 0;

	free(own);
	return found || has_any(d, &folder, 1, b->flatpak);
}

static bool is_native(const struct doctor *d, const struct browser *b)
{
	for (size_t i = 0; i < NATIVE_MAX && b->native[i]; i++)
		if (doctor_has(d, b->native[i]))
			return true;
	return false;
}

bool doctor_has_browser(const struct doctor *d, enum setup_client client)
{
	for (size_t i = 0; i < N_BROWSERS; i++)
		if (browsers[i].client == client && is_native(d, &browsers[i]))
			return true;
	return false;
}

/* p11-kit's client reaches a card that a server outside of the sandbox has. */
static bool has_server(const struct doctor *d, enum setup_client client)
{
	for (size_t i = 0; i < d->rows.n; i++) {
		const struct setup_row *row = &d->rows.list[i];

		if (row->client == client && row->confined && row->library && strstr(row->library, "p11-kit-client.so"))
			return true;
	}
	return false;
}

void check_sandboxes(struct doctor *d)
{
	struct report *r = &d->report;

	for (size_t i = 0; i < N_BROWSERS; i++) {
		const struct browser *b = &browsers[i];
		bool snap = is_snap(d, b);

		if ((!snap && !is_flatpak(d, b)) || has_server(d, b->client))
			continue;
		if (is_native(d, b))
			note(r, "client-confined", b->name, snap ?
			     _("it is there as a snap too, which cannot load the module") :
			     _("it is there as a flatpak too, which cannot load the module"));
		else
			problem(r, "client-confined", b->name, snap ?
			        _("it is a snap, and cannot load the module") :
			        _("it is a flatpak, and cannot load the module"));
		remedy(r, _("Use the browser of a package (.deb, .rpm) from your distribution or from its maker."));
	}
}
