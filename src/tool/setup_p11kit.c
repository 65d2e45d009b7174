/* SPDX-License-Identifier: BSD-2-Clause */
/* A file per module, as dist/ has them for packages. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "say.h"
#include "setup_plan.h"

static enum exit_code do_module(struct plan *p, const struct setup_wish *w, const char *name, const char *more)
{
	struct change *c;
	enum exit_code code = plan_file(p, w->system ? format("%s/etc/pkcs11/modules/%s", w->dirs->root, name) :
	                                format("%s/pkcs11/modules/%s", w->dirs->config, name), 0644, &c);
	char *text;

	if (code != EXIT_DONE)
		return code;
	if (w->undo)
		return block_drop(c);
	text = format("module: %s\n%s", w->module, more);
	code = text ? block_set_whole(c, w->module, text) : setup_no_memory();
	free(text);
	return code;
}

enum exit_code setup_p11kit(struct plan *p, const struct setup_wish *w)
{
	if (!w->system && !w->undo && geteuid() == 0) {
		complain(_("p11-kit reads no modules of root's own."));
		advise(_("For everybody on this machine: inkan setup p11-kit --system"));
		return EXIT_USAGE;
	}
	plan_next(p, "%s", _("See it: p11-kit list-modules"));
	if (w->sign)
		return do_module(p, w, "inkan-sign.module", "disable-in: p11-kit-proxy firefox firefox-esr firefox-bin "
		                 "chromium chrome msedge brave opera vivaldi-bin epiphany WebKitNetworkProcess ssh "
		                 "ssh-add ssh-agent ssh-keygen ssh-pkcs11-helper sshd\n");
	return do_module(p, w, "inkan.module", "");
}
