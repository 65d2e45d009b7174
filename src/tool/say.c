/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include "base/text.h"
#include "cards/family.h"
#include "say.h"

#define LABEL_COLUMNS 18

static bool incomplete;

void mark_incomplete(void)
{
	incomplete = true;
}

bool is_incomplete(void)
{
	return incomplete;
}

void put_text(FILE *f, const char *text)
{
	char *visible = text_visible(text);

	incomplete |= !visible;
	fputs(visible ? visible : "", f);
	free(visible);
}

__attribute__((format(printf, 2, 0))) static void put_format(FILE *f, const char *fmt, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, args) >= 0) {
		put_text(f, text);
		free(text);
	} else {
		incomplete = true;
	}
	fputc('\n', f);
}

int text_columns(const char *text)
{
	wchar_t wide[128];
	size_t n = mbstowcs(wide, text, sizeof wide / sizeof *wide);
	int columns = n < sizeof wide / sizeof *wide ? wcswidth(wide, n) : -1;

	return columns >= 0 ? columns : (int)strlen(text);
}

__attribute__((format(printf, 3, 0))) static void put_line(int indent, const char *label, const char *fmt, va_list args)
{
	int pad = LABEL_COLUMNS - indent - text_columns(label);

	printf("%*s%s:%*s", indent, "", label, pad > 1 ? pad : 1, "");
	put_format(stdout, fmt, args);
}

void put_field(const char *label, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_line(2, label, fmt, args);
	va_end(args);
}

void put_subfield(const char *label, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_line(4, label, fmt, args);
	va_end(args);
}

const char *time_text(time_t t, bool date_only, char out[LOCAL_TIME_SIZE])
{
	size_t n = 0;
	struct tm tm;

	if (localtime_r(&t, &tm))
		n = date_only ? strftime(out, LOCAL_TIME_SIZE, "%Y-%m-%d", &tm)
		              : strftime(out, LOCAL_TIME_SIZE, "%Y-%m-%d %H:%M %Z", &tm);
	if (n == 0)
		out[0] = '\0';
	return out;
}

static FILE *listener; /* NULL: standard error */

void say_into(FILE *f)
{
	listener = f;
}

void complain(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	if (!listener)
		fputs("inkan: ", stderr);
	va_start(args, fmt);
	put_format(listener ? listener : stderr, fmt, args);
	va_end(args);
}

void advise(const char *fmt, ...)
{
	va_list args;

	if (!listener)
		fputs("       ", stderr);
	va_start(args, fmt);
	put_format(listener ? listener : stderr, fmt, args);
	va_end(args);
}

char *families_text(void)
{
	char *all = NULL;

	for (const struct family *const *f = families; *f; f++) {
		char *more = NULL;

		if (asprintf(&more, "%s%s%s", all ? all : "", all ? ", " : "", _((*f)->name)) < 0)
			more = NULL;
		free(all);
		all = more;
	}
	return all;
}

void say_waiting(const char *reader)
{
	complain(_("Another program is using the card in %s."), reader);
	advise(_("Waiting until it is done; this goes on by itself."));
}

void complain_reader(enum error e, const char *reader)
{
	char *known;

	switch (e) {
	case E_NO_SERVICE:
		complain(_("The smartcard service (pcscd) is not running."));
		advise(_("Install the package pcscd if it is missing, and start it: "
		         "sudo systemctl start pcscd.socket"));
		break;
	case E_DENIED:
		complain(_("The smartcard service (pcscd) does not let this user in."));
		advise(_("Log in at the machine itself, or ask its administrator to allow you "
		         "org.debian.pcsc-lite.access_pcsc (polkit)."));
		break;
	case E_NO_READER:
		if (reader[0])
			complain(_("There is no card reader \"%s\"."), reader);
		else
			complain(_("There is no card reader."));
		advise(_("Connect the reader (and install its driver if it needs one), then see: inkan list"));
		break;
	case E_NO_CARD:
		if (reader[0])
			complain(_("There is no card in %s."), reader);
		else
			complain(_("There is no card in any reader."));
		advise(_("Put the card in, chip first, or lay it on a contactless reader, and try again."));
		break;
	case E_FOREIGN:
		known = families_text();
		complain(_("The card in %s is not one that Inkan knows (%s)."), reader, known ? known : "");
		free(known);
		advise(_("See that it is the right card; INKAN_DEBUG=debug inkan list shows what the card answered."));
		break;
	case E_BUSY:
		complain(_("Another program is using the card in %s and does not share it."), reader);
		advise(_("Close that program (a browser, a medical or tax application), or wait until it is done."));
		break;
	case E_MUTE:
		complain(_("The card in %s does not answer."), reader);
		advise(_("Take it out, see that the chip is clean and on the right side, and put it in again."));
		break;
	case E_CHANGED:
		complain(_("The card in %s was taken out or exchanged."), reader);
		advise(_("Put the card in, leave it there, and try again."));
		break;
	case E_LINK:
		complain(_("The connection to the card in %s broke."), reader);
		advise(_("Leave the card in the reader and try again; a contactless card must lie still."));
		break;
	default:
		complain(_("The card in %s could not be used: %s."), reader, _(error_text(e)));
		advise(_("INKAN_DEBUG=info inkan list says where it failed."));
	}
}

const char *token_text(const struct profile *p)
{
	return _(p->name);
}

void complain_pin(enum error e, const struct card *card)
{
	const struct pin_profile *rule = &card->pin.rule;
	char *tries = tries_text(card->pin.tries);

	if (e == E_PIN_CHARACTERS)
		complain(rule->alphabet == PIN_DIGITS ? _("This PIN has digits only.")
		         : rule->alphabet == PIN_UPPER_ALNUM
		                 ? _("This PIN has letters A to Z and digits only.")
		                 : _("This PIN has letters, digits and signs of ASCII only."));
	else if (e == E_PIN_LENGTH && rule->min == rule->max)
		complain(P_("This PIN has exactly %d character.", "This PIN has exactly %d characters.", rule->max),
		         rule->max);
	else if (e == E_PIN_LENGTH)
		complain(_("This PIN has %d to %d characters."), rule->min, rule->max);
	if (e == E_PIN_LENGTH || e == E_PIN_CHARACTERS) {
		advise(_("Nothing was sent to the card; no try was used."));
	} else if (e == E_PIN_LOCKED) {
		complain(_("The PIN of %s is locked."), token_text(card->profile));
		advise("%s", _(card->profile->family->pin_office));
	} else if (e == E_PIN_WRONG) {
		complain(_("The PIN is wrong: %s."), tries ? tries : "");
		advise(_("Think before you try again; when no try is left, the PIN is locked."));
	} else if (e == E_PIN_REPEATED) {
		complain(_("The card has refused this PIN before; it was not sent again."));
		advise(_("Try another PIN."));
	} else if (e == E_PIN_ELSEWHERE) {
		complain(_("This PIN was given to another card a moment ago; it was not sent to this one."));
		advise(_("If it is this card's PIN too, try again."));
	} else if (e == E_PIN_UNCERTAIN) {
		complain(_("An earlier PIN was cut off on its way to the card; no other was sent."));
		advise(_("Take the card out, put it in again, then see how many tries are left: inkan list"));
	} else if (e == E_PIN_LAST_TRY) {
		complain(_("Only one try is left for the PIN of %s; it was not used."), token_text(card->profile));
		advise(_("If you are sure of the PIN: inkan pin verify --token %s --last-try. A wrong one locks it."),
		       card->profile->use == USE_SIGN ? "sign" : "auth");
	} else {
		complain_reader(e, card->reader);
		if (e == E_LINK)
			advise(_("See how many tries are left before the next one: inkan list"));
	}
	free(tries);
}

char *tries_text(int tries)
{
	char *text = NULL;

	if (tries < 0)
		return strdup(_("not known"));
	if (tries == 0)
		return strdup(_("locked"));
	if (asprintf(&text, P_("%d try left", "%d tries left", (unsigned long)tries), tries) < 0)
		return NULL;
	return text;
}
