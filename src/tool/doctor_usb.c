/* SPDX-License-Identifier: BSD-2-Clause */
/* Readers that the kernel sees and pcscd does not: it lacks their driver, there
 * is none, or a driver of the kernel holds them. Read from sysfs. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "doctor.h"
#include "say.h"

#define DEVICES "/sys/bus/usb/devices"
#define CLASS_SMARTCARD "0b"

struct device {
	char product[64]; /* "054c:06c1", and what it calls itself */
	char driver[256]; /* of the kernel, on the smartcard interface; "" for none */
	bool smartcard;   /* says that it is a reader (CCID) */
};

/* Contactless readers that are common in Japan and speak a protocol of their own. */
static const char *const own_protocol[] = {
	"054c:02e1", /* Sony RC-S330, RC-S370 */
	"054c:06c1", /* RC-S380/S */
	"054c:06c3", /* RC-S380/P */
};

/* ---- Which distribution this is */

static const struct distribution {
	const char *name; /* ID or a word of ID_LIKE in os-release(5) */
	const char *service, *driver;
} distributions[] = {
	{"debian", "sudo apt-get install pcscd", "sudo apt-get install libccid"},
	{"fedora", "sudo dnf install pcsc-lite", "sudo dnf install pcsc-lite-ccid"},
	{"suse", "sudo zypper install pcsc-lite", "sudo zypper install pcsc-ccid"},
	{"arch", "sudo pacman -S pcsclite", "sudo pacman -S ccid"},
};

static bool has_word(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = strstr(line, word); p; p = strstr(p + n, word))
		if (strchr("=\"' ", p[-1]) && strchr("\"' \n", p[n]))
			return true;
	return false;
}

static const struct distribution *find_distribution(const struct doctor *d)
{
	char *path = doctor_path(d, "/etc/os-release"), line[256];
	FILE *f = path ? fopen(path, "re") : NULL;
	const struct distribution *found = NULL;

	while (f && !found && fgets(line, sizeof line, f))
		for (size_t i = 0; i < sizeof distributions / sizeof *distributions && !found; i++)
			if (strncmp(line, "ID", 2) == 0 && has_word(line + 2, distributions[i].name))
				found = &distributions[i];
	if (f)
		fclose(f);
	free(path);
	return found;
}

const char *doctor_install_service(const struct doctor *d)
{
	const struct distribution *this = find_distribution(d);

	return this ? this->service : NULL;
}

static const char *install_driver(const struct doctor *d)
{
	const struct distribution *this = find_distribution(d);

	return this ? this->driver : NULL;
}

/* ---- sysfs */

/* One line, "" without the file. */
static void read_attribute(const char *folder, const char *name, char *out, size_t room)
{
	char *path = format("%s/%s", folder, name);
	FILE *f = path ? fopen(path, "re") : NULL;

	if (!f || !fgets(out, (int)room, f))
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (f)
		fclose(f);
	free(path);
}

/* The kernel's driver; usbfs is how libusb, and so pcscd, holds an interface. */
static void read_driver(const char *interface, char *out, size_t room)
{
	char *path = format("%s/driver", interface), target[256];
	ssize_t n = path ? readlink(path, target, sizeof target - 1) : -1;
	const char *name;

	free(path);
	if (n <= 0)
		return;
	target[n] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (strcmp(name, "usbfs") != 0)
		snprintf(out, room, "%s", name);
}

static void look_at_interface(const char *base, const char *name, struct device *device)
{
	char *path = format("%s/%s", base, name), class[8] = "";

	if (path)
		read_attribute(path, "bInterfaceClass", class, sizeof class);
	if (path && strcmp(class, CLASS_SMARTCARD) == 0) {
		device->smartcard = true;
		read_driver(path, device->driver, sizeof device->driver);
	}
	free(path);
}

/* Interfaces are beside their device: 1-2:1.0 is one of 1-2. */
static void look_at_interfaces(const char *base, const char *device_name, struct device *device)
{
	size_t n = strlen(device_name);
	DIR *dir = opendir(base);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strncmp(entry->d_name, device_name, n) == 0 && entry->d_name[n] == ':')
			look_at_interface(base, entry->d_name, device);
	if (dir)
		closedir(dir);
}

static bool look_at_device(const char *base, const char *name, struct device *device)
{
	char *path = format("%s/%s", base, name), vendor[8] = "", product[8] = "", words[40] = "";

	*device = (struct device){.smartcard = false};
	if (path) {
		read_attribute(path, "idVendor", vendor, sizeof vendor);
		read_attribute(path, "idProduct", product, sizeof product);
		read_attribute(path, "product", words, sizeof words);
	}
	free(path);
	if (!vendor[0] || !product[0])
		return false;
	look_at_interfaces(base, name, device);
	snprintf(device->product, sizeof device->product, "%s:%s%s%s", vendor, product, words[0] ? " " : "", words);
	return true;
}

/* ---- What is said of it */

static bool has_own_protocol(const struct device *device)
{
	for (size_t i = 0; i < sizeof own_protocol / sizeof *own_protocol; i++)
		if (strncmp(device->product, own_protocol[i], strlen(own_protocol[i])) == 0)
			return true;
	return false;
}

/* A device that programs cannot use although it is there. */
static bool report_device(struct report *r, const struct device *device)
{
	if (has_own_protocol(device)) {
		problem(r, "reader-unsupported", device->product,
		        _("this reader does not speak CCID, and the smartcard service has no driver for it"));
		remedy(r, _("Use a reader that is made for CCID (PC/SC), as most contact readers are."));
		return true;
	}
	if (device->smartcard && device->driver[0]) {
		problem(r, "reader-kernel", device->product,
		        _("the kernel's driver %s holds this reader, so the smartcard service cannot"), device->driver);
		remedy(r, "echo blacklist %s | sudo tee -a /etc/modprobe.d/inkan.conf; sudo modprobe -r %s",
		       device->driver, device->driver);
		return true;
	}
	return false;
}

static void report_no_driver(struct doctor *d, const char *product)
{
	struct report *r = &d->report;
	const char *command = install_driver(d);

	problem(r, "reader-no-driver", product,
	        _("this reader is connected, and the smartcard service does not know it"));
	if (command)
		remedy(r, _("Install its driver, then connect the reader anew: %s"), command);
	else
		remedy(r, _("Install the package libccid (elsewhere named ccid), then connect the reader anew."));
}

static void report_none(struct report *r)
{
	problem(r, "reader-none", "", _("there is no card reader"));
	remedy(r, _("Connect a reader; if one is connected, try another cable or socket."));
}

/* A reader may have several names there, so that more names than devices say nothing;
 * only without any is it certain that a device is not known. */
void check_usb(struct doctor *d)
{
	char *base = doctor_path(d, DEVICES), unknown[64] = "";
	DIR *dir = base ? opendir(base) : NULL;
	const struct dirent *entry;
	struct device device;
	bool told = false;

	if (d->looked == E_NO_SERVICE || d->looked == E_DENIED)
		goto out;
	while (dir && (entry = readdir(dir))) {
		if (strchr(entry->d_name, ':') || !look_at_device(base, entry->d_name, &device))
			continue;
		if (report_device(&d->report, &device))
			told = true;
		else if (device.smartcard)
			memcpy(unknown, device.product, sizeof unknown);
	}
	if (!told && d->n_readers == 0 && unknown[0])
		report_no_driver(d, unknown);
	else if (!told && d->n_readers == 0)
		report_none(&d->report);
out:
	if (dir)
		closedir(dir);
	free(base);
}
