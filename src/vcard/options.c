/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/i18n.h"
#include "vcard/options.h"

enum kind { FLAG, TEXT, ROLE, CHOICE, NUMBER, SIZE, BOTH_SIZES, BYTE, WORD };

struct row {
	const char *name;
	enum kind kind;
	size_t offset;        /* in struct vcard_spec or struct options */
	const char *argument; /* in the help; CHOICE: the words, in the order of the enum */
	const char *help;
};

#define CARD(member) offsetof(struct vcard_spec, member)
#define ALL(member) offsetof(struct options, member)

static const struct row card_rows[] = {
	{"layout", CHOICE, CARD(layout), "jma|annex-b",
	 N_("HPKI: the files of real JMA cards, or JAHIS 24-002's example")},
	{"name", TEXT, CARD(name), "NAME", N_("the holder's name in romaji [TARO SAMPLE]")},
	{"japanese-name", TEXT, CARD(japanese_name), "NAME", N_("the holder's name in Japanese")},
	{"role", ROLE, 0, "ROLE", N_("HPKI: an hcRole, repeatable [Medical Doctor]; \"\" for none")},
	{"organisation", TEXT, CARD(organisation), "NAME", N_("HPKI: the holder's institution")},
	{"pin-auth", TEXT, CARD(pin[VCARD_AUTH]), "PIN", N_("the authentication PIN [1234]")},
	{"pin-sign", TEXT, CARD(pin[VCARD_SIGN]), "PIN", N_("the signature PIN [HPKI 123456, JPKI ABC123]")},
	{"tries-auth", NUMBER, CARD(tries[VCARD_AUTH]), "N", N_("its retry counter [HPKI 15, JPKI 3]")},
	{"tries-sign", NUMBER, CARD(tries[VCARD_SIGN]), "N", N_("its retry counter [HPKI 15, JPKI 5]")},
	{"no-auth", FLAG, CARD(no_app[VCARD_AUTH]), NULL, N_("without the authentication application")},
	{"no-sign", FLAG, CARD(no_app[VCARD_SIGN]), NULL, N_("without the signature application")},
	{"aid-auth", TEXT, CARD(aid[VCARD_AUTH]), "HEX", N_("HPKI: another identifier of that application")},
	{"aid-sign", TEXT, CARD(aid[VCARD_SIGN]), "HEX", N_("HPKI: another identifier of that application")},
	{"policy-auth", TEXT, CARD(policy[VCARD_AUTH]), "OID", N_("HPKI: another certificate policy")},
	{"policy-sign", TEXT, CARD(policy[VCARD_SIGN]), "OID", N_("HPKI: another certificate policy")},
	{"certificate-size", BOTH_SIZES, CARD(certificate_size), "N", N_("end-entity certificates of exactly N bytes")},
	{"expired", FLAG, CARD(expired), NULL, N_("the certificates have expired")},
	{"revoked", FLAG, CARD(revoked), NULL, N_("the certificates are on their CRL")},
	{"test-level", FLAG, CARD(test_level), NULL, N_("HPKI: the policies of test certificates (level 0)")},
	{"dialect", CHOICE, CARD(dialect), "pso|old", N_("HPKI: signs by MSE and PSO, or as JPKI does")},
	{"mse-tag", BYTE, CARD(mse_tag), "84|81", N_("HPKI: takes this tag in MSE alone [both]")},
	{"directory", CHOICE, CARD(directory), "good|missing|broken|empty",
	 N_("HPKI: the ISO/IEC 7816-15 directories")},
	{"fid-pin-dir", WORD, CARD(fid_pin_dir), "HEX", N_("HPKI, jma: another EF.AOD [0001]")},
	{"fid-key-dir", WORD, CARD(fid_key_dir), "HEX", N_("HPKI, jma: another EF.PrKD [0002]")},
	{"fid-cert-dir", WORD, CARD(fid_cert_dir), "HEX", N_("HPKI, jma: another EF.CD [0004]")},
	{"fid-key", WORD, CARD(fid_key), "HEX", N_("HPKI, jma: another key [000C]")},
	{"fid-cert", WORD, CARD(fid_cert), "HEX", N_("HPKI, jma: another certificate file [0016]")},
	{"pin-reference", BYTE, CARD(pin_reference), "HEX", N_("HPKI, jma: another PIN reference [88]")},
	{"no-pss", FLAG, CARD(no_pss), NULL, N_("refuses RSASSA-PSS")},
	{"wrong-pss", FLAG, CARD(wrong_pss), NULL, N_("answers RSASSA-PSS with a wrong signature")},
	{"no-extended", FLAG, CARD(no_extended), NULL, N_("refuses extended length (6700)")},
	{"no-chaining", FLAG, CARD(no_chaining), NULL, N_("refuses command chaining (6884)")},
	{"get-response", FLAG, CARD(get_response), NULL, N_("answers with 61xx and GET RESPONSE")},
	{"exact-le", FLAG, CARD(exact_le), NULL, N_("answers a wrong Le with 6Cxx")},
	{"no-sfi", FLAG, CARD(no_sfi), NULL, N_("refuses short file identifiers (6A86)")},
	{"sfi-read", WORD, CARD(sfi_read), "SW", N_("refuses them with this status word in READ BINARY")},
	{"sfi-sign", WORD, CARD(sfi_sign), "SW", N_("JPKI: refuses them with this status word when it signs")},
	{"cut-extended", FLAG, CARD(cut_extended), NULL, N_("gives no answer to extended length")},
	{"no-counter", FLAG, CARD(no_counter), NULL,
	 N_("tells its retry counter by VERIFY alone (6700 to the question)")},
	{"no-auth-certificate", FLAG, CARD(no_certificate[VCARD_AUTH]), NULL,
	 N_("an empty file in place of the authentication certificate")},
	{"no-sign-certificate", FLAG, CARD(no_certificate[VCARD_SIGN]), NULL,
	 N_("an empty file in place of the signature certificate")},
	{"file-size", SIZE, CARD(file_size), "N", N_("certificates' files are filled up to N bytes")},
	{"filler", BYTE, CARD(filler), "HEX", N_("with this byte [00]")},
	{"tail", CHOICE, CARD(tail), "iso|9000|6282|6c", N_("status word at the end of a file [iso]")},
	{"select-6283", CHOICE, CARD(select_6283), "no|first|sign",
	 N_("6283 to the first SELECT, or to that of HPKI's signature application")},
	{"reselect-locks", FLAG, CARD(reselect_locks), NULL,
	 N_("selecting the same application again ends a VERIFY")},
	{"key-reference", BYTE, CARD(key_reference), "HEX", N_("HPKI: EF.PrKD has this keyReference [none]")},
	{"mse", CHOICE, CARD(mse), "file|reference|either|any",
	 N_("HPKI: what MSE takes for the key; any: PSO refuses what is wrong [file]")},
	{"mse-refusal", WORD, CARD(mse_refusal), "SW", N_("HPKI: its status word for what it does not know [6A88]")},
	{"select-key", CHOICE, CARD(select_key), "never|mse|pso",
	 N_("HPKI: the key's file must be selected before this command [never]")},
	{"refusal", WORD, CARD(refusal), "SW", N_("HPKI: PSO's status word for what it does not do")},
	{"refusal-spends", FLAG, CARD(refusal_spends), NULL, N_("HPKI: and the VERIFY is gone then")},
	{"labels", CHOICE, CARD(labels), "printed|plain|spaced",
	 N_("HPKI: labels as JAHIS 24-002 prints them, without spaces, with spaces around")},
	{"bare", FLAG, CARD(bare), NULL, N_("HPKI, jma: no CA certificates and empty EF.PuKD and EF.DCOD")},
	{"no-state", FLAG, CARD(no_state), NULL, N_("JPKI: without EF 0008")},
	{"phone", FLAG, CARD(phone), NULL, N_("JPKI: the authentication certificate needs the PIN")},
	{"first-6f00", FLAG, CARD(first_6f00), NULL, N_("JPKI: the first command after power-up fails")},
};

static const struct row general_rows[] = {
	{"pki", TEXT, ALL(pki), "DIR", N_("folder of the throw-away PKI [$XDG_DATA_HOME/inkan-vcard/pki]")},
	{"trace", TEXT, ALL(trace), "FILE", N_("a line per command, never a PIN; appended")},
	{"apdu-delay", NUMBER, ALL(apdu_delay), "MS", N_("every command takes so long")},
	{"control", TEXT, ALL(control), "SOCKET", N_("where the control socket is to be")},
	{"driver", TEXT, ALL(driver), "FILE", N_("the reader driver inkan-vcard-ifd.so")},
	{"send", TEXT, ALL(send), "COMMAND", N_("send a control command to the inkan-vcard around this program")},
	{"verbose", FLAG, ALL(verbose), NULL, N_("show what pcscd logs")},
	{"help", FLAG, ALL(help), NULL, N_("this help")},
	{"version", FLAG, ALL(version), NULL, N_("the version")},
};

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static const struct row *find(const struct row *rows, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(rows[i].name) == len && !strncmp(rows[i].name, name, len))
			return &rows[i];
	return NULL;
}

static bool number(const char *text, int base, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, base);
	return *text >= '0' && *text <= 'f' && !*end && errno == 0 && *out <= max;
}

/* The index of a word in "one|two|three". */
static bool choice(const char *words, const char *text, int *out)
{
	size_t len = strlen(text);

	for (*out = 0;; (*out)++) {
		size_t n = strcspn(words, "|");
		if (n == len && !strncmp(words, text, n))
			return true;
		if (!words[n])
			return false;
		words += n + 1;
	}
}

/* The first --role replaces the default one, "" is no role at all. */
static bool add_role(struct vcard_spec *spec, const char *text, bool *first)
{
	size_t n = 0;

	if (*first)
		memset(spec->roles, 0, sizeof spec->roles);
	*first = false;
	while (spec->roles[n])
		n++;
	if (n == VCARD_ROLES_MAX)
		return false;
	if (*text)
		spec->roles[n] = text;
	return true;
}

static void set_number(enum kind kind, void *at, unsigned long n)
{
	size_t *sizes = at;

	if (kind == NUMBER)
		*(unsigned *)at = (unsigned)n;
	else if (kind == BYTE)
		*(uint8_t *)at = (uint8_t)n;
	else if (kind == WORD)
		*(uint16_t *)at = (uint16_t)n;
	else if (kind == SIZE)
		*sizes = n;
	else
		sizes[VCARD_AUTH] = sizes[VCARD_SIGN] = n;
}

static bool set(const struct row *row, void *base, const char *text)
{
	static const unsigned long most[] = {
		[NUMBER] = 1000000, [SIZE] = 32768, [BOTH_SIZES] = 16384, [BYTE] = 0xFF, [WORD] = 0xFFFF};
	bool hex = row->kind == BYTE || row->kind == WORD;
	void *at = (char *)base + row->offset;
	unsigned long n;

	if (row->kind == FLAG)
		*(bool *)at = true;
	else if (row->kind == TEXT)
		*(const char **)at = text;
	else if (row->kind == CHOICE)
		return choice(row->argument, text, at);
	else if (!number(text, hex ? 16 : 10, most[row->kind], &n))
		return false;
	else
		set_number(row->kind, at, n);
	return true;
}

static bool refuse(char *why, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static bool refuse(char *why, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, size, fmt, args);
	va_end(args);
	return false;
}

static bool begin_card(struct card_options *card, const char *kind)
{
	int i;

	if (!choice("hpki|jpki|foreign|none", kind, &i))
		return false;
	*card = (struct card_options){.none = i == 3};
	vcard_spec_init(&card->spec, card->none ? VCARD_FOREIGN : (enum vcard_kind)i);
	return true;
}

static bool begin_like(struct card_options *card, const char *path, char *why, size_t size)
{
	char text[200];

	*card = (struct card_options){.like = vcard_like(path, text, sizeof text)};
	if (!card->like)
		return refuse(why, size, _("the card report %s: %s"), path, text);
	card->spec = *card->like;
	return true;
}

/* The words that are left. */
struct words {
	int argc;
	char **argv;
	int i;
	bool first_role;
	char *why;
	size_t why_size;
};

/* The argument of the option at w->i: after '=' or the next word. */
static const char *argument(struct words *w, const char *equals)
{
	if (equals)
		return equals + 1;
	return w->i + 1 < w->argc ? w->argv[++w->i] : NULL;
}

static bool card_option(struct words *w, const struct row *row, struct card_options *card, const char *text)
{
	if (!card)
		return refuse(w->why, w->why_size, _("--%s comes after the --card that it belongs to"), row->name);
	if (row->kind == ROLE ? add_role(&card->spec, text, &w->first_role) : set(row, &card->spec, text))
		return true;
	return refuse(w->why, w->why_size, _("--%s does not take this argument"), row->name);
}

/* One option. card: the one that options belong to now; o NULL: a card's options alone. */
static bool option(struct words *w, struct options *o, struct card_options **card)
{
	const char *word = w->argv[w->i], *equals = strchr(word, '='), *name = word + 2, *text = NULL;
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	bool like = len == 4 && !strncmp(name, "like", 4), begins = like || (len == 4 && !strncmp(name, "card", 4));
	const struct row *own = find(card_rows, COUNT(card_rows), name, len);
	const struct row *row = own || !o ? own : find(general_rows, COUNT(general_rows), name, len);

	if (!begins && !row)
		return refuse(w->why, w->why_size, _("there is no option %s"), word);
	if (begins || row->kind != FLAG)
		text = argument(w, equals);
	if ((begins || row->kind != FLAG) && !text)
		return refuse(w->why, w->why_size, _("%s needs an argument"), word);
	if (!begins && own)
		return card_option(w, row, *card, text);
	if (!begins)
		return set(row, o, text) || refuse(w->why, w->why_size, _("%s does not take this argument"), word);
	if (o && o->n_cards == SLOTS_MAX)
		return refuse(w->why, w->why_size, _("there are too many cards at %s"), word);
	if (o)
		*card = &o->cards[o->n_cards++];
	w->first_role = true;
	if (like)
		return begin_like(*card, text, w->why, w->why_size);
	return begin_card(*card, text) ||
	       refuse(w->why, w->why_size, _("--card takes hpki, jpki, foreign or none, not %s"), text);
}

bool options_parse(struct options *o, int argc, char **argv, char *why, size_t why_size)
{
	struct words w = {.argc = argc, .argv = argv, .i = 1, .why = why, .why_size = why_size};
	struct card_options *card = NULL;

	*o = (struct options){0};
	for (; w.i < argc; w.i++) {
		if (!strcmp(argv[w.i], "--")) {
			o->command = w.i + 1 < argc ? argv + w.i + 1 : NULL;
			return o->command ? true : refuse(why, why_size, _("no command stands after %s"), "--");
		}
		if (strncmp(argv[w.i], "--", 2) != 0)
			return refuse(why, why_size, _("%s: a command comes after --"), argv[w.i]);
		if (!option(&w, o, &card))
			return false;
	}
	return true;
}

bool options_parse_card(struct card_options *card, int argc, char **argv, char *why, size_t why_size)
{
	struct words w = {.argc = argc, .argv = argv, .why = why, .why_size = why_size};

	*card = (struct card_options){.none = true};
	if (argc < 2 || (strcmp(argv[0], "--card") != 0 && strcmp(argv[0], "--like") != 0))
		return refuse(why, why_size, _("the options of a card begin with %s"), "--card KIND");
	for (; w.i < argc; w.i++) {
		if (strncmp(argv[w.i], "--", 2) != 0)
			return refuse(why, why_size, _("%s is not an option of a card"), argv[w.i]);
		if (!option(&w, NULL, &card))
			return false;
	}
	return true;
}

void options_free(struct options *o)
{
	for (size_t i = 0; i < o->n_cards; i++)
		vcard_like_free(&o->cards[i].like);
}

static void help_rows(const struct row *rows, size_t n)
{
	char left[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
		         rows[i].argument ? rows[i].argument : "");
		printf("  %-30s %s\n", left, _(rows[i].help));
	}
}

void options_help(void)
{
	printf(_("Usage: inkan-vcard [OPTIONS] [--card KIND [CARD OPTIONS]]... [-- COMMAND ...]\n"
	         "Runs a command against a private pcscd with virtual HPKI and My Number cards.\n"
	         "Without a command: prints how to reach that pcscd and stays until a signal.\n"));
	printf(_("\nGeneral options:\n"));
	help_rows(general_rows, COUNT(general_rows));
	printf(_("\nA reader with a card; the options after it are the card's:\n"));
	printf("  %-30s %s\n", "--card KIND", _("hpki, jpki, foreign or none [hpki]"));
	printf("  %-30s %s\n", "--like FILE", _("a card that behaves as this card report says"));
	help_rows(card_rows, COUNT(card_rows));
	printf(_("\nControl commands (--send; N is the reader's number, from 1):\n"
	         "  list | remove N | insert N [--card KIND [CARD OPTIONS]] | reset N\n"
	         "  fault N NTH status SW | fault N NTH cut|noise|pull|pull-before|reset|none\n"
	         "  tries N auth|sign [COUNT] | verifies N auth|sign | signatures N auth|sign | apdus N\n"
	         "  delay N MS | trace-mark TEXT | service stop|start\n"
	         "See inkan-vcard(1).\n"));
}
