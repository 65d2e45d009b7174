/* SPDX-License-Identifier: BSD-2-Clause */
/* The way to a card: the service, and the readers that it knows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "doctor.h"
#include "say.h"

#define SOCKET_PATH "/run/pcscd/pcscd.comm" /* libpcsclite's own, where the environment names none */

/* ---- The service */

/* Somebody listens there, or would if this user were let in. pcscd ends the
 * connection of a user that polkit does not allow without a word. */
static bool somebody_listens(void)
{
	const char *path = secure_getenv("PCSCLITE_CSOCK_NAME");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool listens;

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path && path[0] ? path : SOCKET_PATH);
	listens = fd >= 0 && (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ||
	                      errno == EACCES || errno == EPERM);
	if (fd >= 0)
		close(fd);
	return listens;
}

static bool is_installed(const struct doctor *d)
{
	return doctor_has(d, "/usr/sbin/pcscd") || doctor_has(d, "/usr/bin/pcscd") || doctor_has(d, "/sbin/pcscd") ||
	       doctor_has(d, "/usr/local/sbin/pcscd");
}

static void explain_refusal(struct report *r)
{
	problem(r, "service-refused", "pcscd", _("the smartcard service runs, and refuses you"));
	remedy(r, _("Log in at the machine itself, or ask its administrator to allow you "
	            "org.debian.pcsc-lite.access_pcsc (polkit)."));
}

static void explain_absence(struct doctor *d)
{
	struct report *r = &d->report;
	const char *command = doctor_install_service(d);

	if (is_installed(d)) {
		problem(r, "service-stopped", "pcscd", _("the smartcard service is not running"));
		remedy(r, _("Start it: %s"), doctor_has(d, "/run/systemd/system") ?
		       "sudo systemctl enable --now pcscd.socket" : "sudo pcscd");
		return;
	}
	problem(r, "service-missing", "pcscd", _("the smartcard service is not installed"));
	if (command)
		remedy(r, _("Install it: %s"), command);
	else
		remedy(r, _("Install the package pcscd (elsewhere named pcsc-lite)."));
}

void check_service(struct doctor *d)
{
	struct report *r = &d->report;

	if (d->looked != E_NO_SERVICE && d->looked != E_DENIED)
		well(r, "service", "pcscd", _("the smartcard service answers"));
	else if (d->looked == E_DENIED || somebody_listens())
		explain_refusal(r);
	else
		explain_absence(d);
}

/* ---- The readers */

static void note_hidden(struct doctor *d)
{
	struct report *r = &d->report;

	for (size_t i = 0; i < d->n_readers; i++) {
		char name[READER_NAME_MAX];

		if (conf_shows_reader(&d->find.conf, d->readers[i].name))
			continue;
		report_reader_name(d->readers[i].name, name, sizeof name);
		if (d->find.n > 0)
			note(r, "reader-hidden", name, _("inkan.conf hides this reader from programs"));
		else
			problem(r, "reader-hidden", name, _("inkan.conf hides this reader from programs"));
		remedy(r, _("If that is not meant: change or remove the line \"reader = …\" in inkan.conf."));
	}
}

void check_readers(struct doctor *d)
{
	struct report *r = &d->report;

	for (size_t i = 0; i < d->find.n; i++) {
		char name[READER_NAME_MAX];

		report_reader_name(d->find.places[i].state.name, name, sizeof name);
		well(r, "reader", name, _("the smartcard service knows this reader"));
	}
	note_hidden(d);
}
