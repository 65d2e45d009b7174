/* SPDX-License-Identifier: BSD-2-Clause */
/* What each fact means. The ids and results are listed in inkan-doctor(1). */
#include <limits.h>
#include <stddef.h>
#include "base/i18n.h"
#include "doctor.h"
#include "setup.h"
#include "inkan.h"

#define OK RESULT_OK
#define NOTE RESULT_NOTE
#define PROBLEM RESULT_PROBLEM
#define IS(value) (value), (value)
#define ANY LONG_MIN, LONG_MAX
#define MONTH (30 * 24 * 60 * 60L)

#define INSTALL_AGAIN N_("Install Inkan again (as a package, or with: sudo make install).")
#define FORBID_OTHERS N_("Allow nobody else to write there: %s")
#define CARD_AGAIN N_("Take the card out, put it in again (a contactless one must lie still), and run this again.")
#define NOT_OURS N_("Inkan does not know the card in it (it knows: %s)")
#define CHECK_CARD N_("See that it is the right card.")
#define REFRESH N_("Fetch the lists: inkan status refresh; and daily, see man inkan-status.timer")
#define SET_CLOCK N_("Set the clock: sudo timedatectl set-ntp true")
#define USE_PACKAGE N_("Use the browser of a package (.deb, .rpm) from your distribution or from its maker.")
#define TWICE N_("two modules use the same card, and each asks for PINs: %s")
#define SIGN_MODULE N_("the signature module is registered, which asks for the signature PIN where none is needed")
#define UNLOAD_FIREFOX \
	N_("In Firefox: Settings, Privacy & Security, Security Devices; choose the module with the path …/%s and " \
	   "press Unload. If a policy has it: remove it from policies.json.")
#define UNLOAD_CHROME \
	N_("Find its NAME with: modutil -list -dbdir ~/.pki/nssdb (path …/%s), then: " \
	   "modutil -delete NAME -dbdir ~/.pki/nssdb")
#define ASK_POLKIT \
	N_("Log in at the machine itself, or ask its administrator to allow you org.debian.pcsc-lite.%s (polkit).")
#define SANDBOXED N_("it is a snap or a flatpak, and cannot load the module")
#define SANDBOXED_TOO N_("it is there as a snap or a flatpak too, which cannot load the module")

/* clang-format off */
static const struct finding findings[] = {
	{SETTINGS_FILE, IS(GOOD), "settings", OK, N_("the settings are understood"), NULL},
	{SETTINGS_FILE, IS(DENIED), "settings-unreadable", PROBLEM, N_("the settings cannot be read and are not used"),
	 N_("Let everybody read the file: sudo chmod a+r %s")},
	{SETTINGS_FILE, IS(OTHERS_MAY_WRITE), "settings-writable", PROBLEM,
	 N_("others may change these settings"), FORBID_OTHERS},
	{SETTINGS_FILE, IS(NOT_UNDERSTOOD), "settings-unknown", PROBLEM,
	 N_("lines that are not understood and not used: %s"), N_("Correct them; see man inkan.conf")},
	{SETTING, IS(SETTING_CARD), "settings-card", NOTE, N_("card = %s: programs see no other cards"),
	 N_("If that is meant for some programs only: write it below [program NAME] in inkan.conf.")},
	{SETTING, IS(SETTING_LAST_TRY), "settings-last-try", NOTE,
	 N_("last-try = allow: programs may use the last PIN try, and lock the card"),
	 N_("If that is not meant: remove the line from inkan.conf.")},
	{SETTING, IS(SETTING_PSS_OFF), "settings-pss-off", NOTE,
	 N_("pss = off: servers that accept only TLS 1.3 cannot be reached with the card"),
	 N_("See whether this card needs it: inkan doctor --try-pss")},

	{MODULE, IS(GOOD), "module", OK, N_("this module can be loaded"), NULL},
	{MODULE, IS(UNTRIED), "module", OK, N_("this module is installed"), NULL},
	{MODULE, IS(MISSING), "module-missing", PROBLEM, N_("this module is not installed"), INSTALL_AGAIN},
	{MODULE, IS(BROKEN), "module-broken", PROBLEM, N_("this module cannot be loaded"),
	 N_("Install Inkan again; this command shows what is missing: ldd %s")},

	{SERVICE, IS(GOOD), "service", OK, N_("the smartcard service answers"), NULL},
	{SERVICE, IS(MISSING), "service-missing", PROBLEM, N_("the smartcard service is not installed"),
	 N_("Install the package pcscd (Debian, Ubuntu), pcsc-lite (Fedora, openSUSE) or pcsclite (Arch).")},
	{SERVICE, IS(STOPPED), "service-stopped", PROBLEM, N_("the smartcard service is not running"),
	 N_("Start it: %s")},
	{SERVICE, IS(DENIED), "service-refused", PROBLEM, N_("the smartcard service runs, and refuses you"),
	 ASK_POLKIT},

	{DEVICE, IS(MISSING), "reader-none", PROBLEM, N_("there is no card reader"),
	 N_("Connect a reader; if one is connected, try another cable or socket.")},
	{DEVICE, IS(NO_DRIVER), "reader-no-driver", PROBLEM,
	 N_("this reader is connected, and the smartcard service does not know it"),
	 N_("Install the package libccid (Debian, Ubuntu), pcsc-lite-ccid (Fedora), pcsc-ccid (openSUSE) or ccid "
	    "(Arch), then connect the reader again.")},
	{DEVICE, IS(KERNEL_DRIVER), "reader-kernel", PROBLEM,
	 N_("the kernel's driver %s uses this reader, so the smartcard service cannot"),
	 "echo blacklist %s | sudo tee -a /etc/modprobe.d/inkan.conf; sudo modprobe -r %s"},
	{DEVICE, IS(OWN_PROTOCOL), "reader-unsupported", PROBLEM,
	 N_("this reader does not use CCID, and the smartcard service has no driver for it"),
	 N_("Use a reader that is made for CCID (PC/SC), as most contact readers are.")},
	{READER, ANY, "reader", OK, N_("the smartcard service knows this reader"), NULL},
	{READER_HIDDEN, IS(0), "reader-hidden", PROBLEM, N_("inkan.conf hides this reader from programs"),
	 N_("If that is not meant: change or remove the line \"reader = …\" in inkan.conf.")},
	{READER_HIDDEN, 1, LONG_MAX, "reader-hidden", NOTE, N_("inkan.conf hides this reader from programs"),
	 N_("If that is not meant: change or remove the line \"reader = …\" in inkan.conf.")},

	{CARDS, IS(0), "card-none", PROBLEM, N_("there is no card in any reader"),
	 N_("Put the card in, chip first, or lay it on a contactless reader, and run this again.")},
	{CARD_BESIDE, ANY, "card-foreign", NOTE, NOT_OURS, CHECK_CARD},
	{CARD, IS(E_FOREIGN), "card-foreign", PROBLEM, NOT_OURS, CHECK_CARD},
	{CARD, IS(E_OK), "card", OK, N_("Inkan knows the card in it: %s"), NULL},
	{CARD, IS(E_NO_CARD), NULL, OK, NULL, NULL}, /* said once, of all readers */
	{CARD, IS(E_MUTE), "card-mute", PROBLEM, N_("the card in it does not answer"),
	 N_("Take it out, see that the chip is clean and on the right side, and put it in again.")},
	{CARD, IS(E_BUSY), "card-busy", PROBLEM, N_("another program has locked the card in it"),
	 N_("Close that program (a browser, a medical or tax application), or wait until it is done.")},
	{CARD, E_NO_SERVICE, E_DENIED, "card-refused", PROBLEM,
	 N_("the smartcard service lets you see the reader, but not use the card"),
	 ASK_POLKIT},
	{CARD, ANY, "card-broken", PROBLEM, N_("the card in it could not be read: %s"), CARD_AGAIN},

	{PIN, -1, -1, "pin-unknown", NOTE, N_("how many PIN tries are left could not be read"), CARD_AGAIN},
	{PIN, IS(0), "pin-locked", PROBLEM, N_("the PIN is locked"), "%s"},
	{PIN, IS(1), "pin-last-try", PROBLEM, N_("one PIN try is left; programs cannot use it"),
	 N_("If you are sure of the PIN: inkan pin verify --token %s --last-try. A wrong one locks it.")},
	{PIN, 2, 3, "pin-low", NOTE, N_("PIN tries left: %s"),
	 N_("The right PIN brings all tries back: inkan pin verify --token %s")},
	{PIN, 4, PIN_FULL, "pin", OK, N_("PIN tries left: %s"), NULL},

	{CERT_UNREAD, IS(E_SECURITY), "certificate", OK, N_("the certificate needs the PIN and was not read"), NULL},
	{CERT_UNREAD, ANY, "certificate-unreadable", PROBLEM, N_("the certificate could not be read: %s"), "%s"},
	{CERT_BEGINS, ANY, "certificate-not-yet", PROBLEM, N_("the certificate is not valid yet%s"),
	 N_("See that the clock of this machine is right: timedatectl")},
	{CERT_ENDS, LONG_MIN, -1, "certificate-expired", PROBLEM, N_("the certificate has expired%s"), "%s"},
	{CERT_ENDS, 0, MONTH - 1, "certificate-ending", NOTE, N_("the certificate expires within 30 days%s"), "%s"},
	{CERT_ENDS, MONTH, LONG_MAX, "certificate", OK, N_("the certificate's dates are right%s"), NULL},
	{CERT_TEST, ANY, "certificate-test", NOTE, N_("this is a test certificate: it proves nothing about anybody"),
	 N_("Use it for tests only; for real work take the card that was issued to you.")},
	{STATUS, IS(INKAN_STATUS_GOOD), "status", OK, N_("the certificate has not been revoked"), NULL},
	{STATUS, IS(INKAN_STATUS_REVOKED), "status-revoked", PROBLEM,
	 N_("the certificate, or a CA of its chain, has been revoked"), "%s"},
	{STATUS, IS(INKAN_STATUS_ON_HOLD), "status-on-hold", PROBLEM,
	 N_("the certificate, or a CA of its chain, is suspended"), "%s"},
	{STATUS, IS(STATUS_CLOSED), "status", OK,
	 N_("only registered verifiers may know whether it is revoked"), NULL},
	{STATUS, IS(STATUS_UNCHAINED), "status-unknown", NOTE,
	 N_("whether it is revoked is not known: %s"), N_("Install the certificate of its CA: inkan trust add FILE")},
	{STATUS, ANY, "status-unknown", NOTE, N_("whether it is revoked is not known: %s"), REFRESH},

	{CLOCK, IS(GOOD), "clock", OK, N_("the clock looks right"), NULL},
	{CLOCK, IS(EARLY), "clock-early", PROBLEM, N_("the clock shows %s; the date is before this software was built"),
	 SET_CLOCK},
	{CLOCK, IS(BEHIND), "clock-behind", PROBLEM, N_("the clock shows %s; a revocation list was issued later"),
	 SET_CLOCK},
	{ANCHORS, IS(GOOD), "anchors", OK, N_("CA certificates installed: %s"), NULL},
	{ANCHORS, IS(MISSING), "anchors-none", NOTE,
	 N_("no CA certificate is installed: inkan cannot verify certificates here"),
	 N_("If it should: inkan trust add FILE, with the root that the Ministry publishes for HPKI")},
	{ANCHORS, IS(UNSOUND), "anchors-unsound", NOTE, N_("CA certificates that lead to no installed root: %s"),
	 N_("See what is missing: inkan trust list")},
	{ANCHORS, IS(OTHERS_MAY_WRITE), "anchors-denied", PROBLEM,
	 N_("this folder is not used: it is another user's, or others may write there"), FORBID_OTHERS},
	{LISTS, IS(GOOD), "lists", OK, N_("revocation lists: %s"), NULL},
	{LISTS, IS(MISSING), "lists-none", NOTE,
	 N_("there is no revocation list: whether a certificate is revoked is not known"), REFRESH},
	{LISTS, IS(OLD), "lists-old", PROBLEM, N_("revocation lists that are too old: %s"), REFRESH},
	{LISTS, IS(OTHERS_MAY_WRITE), "lists-denied", PROBLEM,
	 N_("this folder is not used: it is another user's, or others may write there"), FORBID_OTHERS},
	{LISTS_UNUSABLE, ANY, "lists-unusable", NOTE, N_("files in the store that cannot be used: %s"),
	 N_("See which and why: inkan status list")},

	{CONFINED, IS(0), "client-confined", PROBLEM, SANDBOXED, USE_PACKAGE},
	{CONFINED, IS(1), "client-confined", NOTE, SANDBOXED_TOO, USE_PACKAGE},
	{CLIENT, IS(GOOD), "client", OK, N_("it is set up to use the module"), NULL},
	{CLIENT, IS(MISSING), "client-none", PROBLEM, N_("no program is set up to use the module"),
	 N_("Set up the one that should use the card, for instance: inkan setup firefox")},
	{CLIENT, IS(BROKEN), "client-gone", PROBLEM, N_("it looks for the module where it is not (any more)"),
	 N_("Set it up again: %s")},
	{CLIENT_SECOND, IS(SETUP_FIREFOX), "client-twice", PROBLEM, TWICE, UNLOAD_FIREFOX},
	{CLIENT_SECOND, IS(SETUP_CHROME), "client-twice", PROBLEM, TWICE, UNLOAD_CHROME},
	{CLIENT_SECOND, SETUP_P11KIT, SETUP_P11KIT, "client-twice", NOTE, TWICE,
	 N_("If no other card needs the second: mkdir -p ~/.config/pkcs11/modules; "
	    "echo 'enable-in: none' > ~/.config/pkcs11/modules/%s")},
	{CLIENT_SIGN, IS(SETUP_FIREFOX), "client-sign", PROBLEM, SIGN_MODULE, UNLOAD_FIREFOX},
	{CLIENT_SIGN, IS(SETUP_CHROME), "client-sign", PROBLEM, SIGN_MODULE, UNLOAD_CHROME},
	{CLIENT_SIGN, IS(SETUP_SSH), "client-sign", PROBLEM, SIGN_MODULE,
	 N_("Remove the line PKCS11Provider …/%s from ssh's configuration.")},
};
/* clang-format on */

const struct finding *finding_of(const struct fact *fact)
{
	for (size_t i = 0; i < sizeof findings / sizeof *findings; i++)
		if (findings[i].about == fact->about && findings[i].from <= fact->value &&
		    fact->value <= findings[i].to)
			return findings[i].id ? &findings[i] : NULL;
	return NULL;
}
