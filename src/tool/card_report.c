/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor --card-report: commands to a card, a line for each answer. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "card/apdu.h"
#include "card/cia.h"
#include "card_report.h"
#include "cards/family.h"
#include "doctor.h"
#include "input.h"
#include "say.h"

#define SAY_WAITING_MS 2000 /* of waiting for other programs' transactions */
#define WAIT_MS 18000
#define FILES_MAX 40
#define FILE_MAX 32768
#define APPLICATIONS_MAX 16
#define RECORDED_MAX 64

/* What passes to the card and back; of a VERIFY only the header. For one thread. */
static struct recorder {
	struct reader_ops ops;      /* pcsc_reader_ops, but for transmit */
	FILE *steps;                /* commands of a signature are written here; NULL: not */
	bool signing;               /* the last command but GET RESPONSE was a signature's */
	uint16_t sw[RECORDED_MAX];  /* 0: no answer */
	size_t n, bytes, first_len; /* of answers without status words; of the first command */
	unsigned ms;
} recorder;

/* Of the commands that belong to a signature there is a step: "002241B6 8402000C 9000; ". */
static enum error record(struct reader_link *link, const uint8_t *apdu, size_t n, uint8_t *response, size_t *len)
{
	struct recorder *r = &recorder;
	int64_t start = apdu_now_ms();
	enum error e = pcsc_reader_ops.transmit(link, apdu, n, response, len);
	size_t n_data = n > 5 ? apdu[4] : 0;
	bool shown = apdu[1] == 0x22 || (apdu[1] == 0xA4 && apdu[2] == 0x02), verify = apdu[1] == 0x20 && n > 5;
	uint16_t sw = 0;

	r->ms += (unsigned)(apdu_now_ms() - start);
	if (e == E_OK && *len >= 2) {
		sw = (uint16_t)(response[*len - 2] << 8 | response[*len - 1]);
		r->bytes += *len - 2;
	}
	if (apdu[1] != 0xC0)
		r->signing = apdu[1] == 0x2A;
	if (r->steps && (shown || verify || r->signing)) {
		put_hex(r->steps, apdu, 4);
		fputs(verify ? " PIN" : shown && n_data ? " " : "", r->steps);
		if (shown && 5 + n_data <= n)
			put_hex(r->steps, apdu + 5, n_data);
		fprintf(r->steps, sw ? " %04X; " : " -; ", sw);
	}
	if (r->n == 0)
		r->first_len = n;
	if (r->n < RECORDED_MAX)
		r->sw[r->n++] = sw;
	return e;
}

/* ---- What a file is */

enum what {
	UNKNOWN,
	PRKD,
	PUKD,
	CD,
	DCOD,
	AOD,
	OD,
	CIA_INFO,
	CERTIFICATE,
	KEY,
	PIN_FILE,
	TOKEN_INFO,
	TOKEN_STATE,
	PROTECTED,
};

/* What a file is, and what of its content is shown. Of a file that is not known and of EF.DCOD nothing is. */
static const struct kind {
	const char *name;
	enum shown shown;
} kinds[] = {
	[PRKD] = {"EF.PrKD", SHOW_DIRECTORY},
	[PUKD] = {"EF.PuKD", SHOW_DIRECTORY},
	[CD] = {"EF.CD", SHOW_CERTIFICATES},
	[DCOD] = {"EF.DCOD", SHOW_NOTHING},
	[AOD] = {"EF.AOD", SHOW_DIRECTORY},
	[OD] = {"EF.OD", SHOW_DIRECTORY},
	[CIA_INFO] = {"EF.CIAInfo", SHOW_CIA_INFO},
	[KEY] = {"key", SHOW_NOTHING},
	[PIN_FILE] = {"PIN", SHOW_NOTHING},
	[TOKEN_INFO] = {"token information", SHOW_TOKEN_INFO},
	[TOKEN_STATE] = {"which certificates are there", SHOW_BYTES},
	[PROTECTED] = {"signature certificate, never read here", SHOW_NOTHING},
};

/* A card and its application: one transaction, begun again when the link breaks. */
struct probe {
	FILE *out;
	void *readers; /* of recorder.ops */
	struct apdu_link link;
	bool open;
	enum error error;             /* why it cannot go on; nothing is sent then */
	const struct select_cmd *app; /* selected again after a broken link; NULL: none */
	struct file {
		struct file_ref ref;
		enum what what;
	} files[FILES_MAX];
	size_t n_files, done;
	struct card_key key;    /* by EF.PrKD, else the profile's file */
	struct pin_profile pin; /* by EF.AOD, else the profile's */
};

/* ---- Commands and their answers */

static enum error begin(struct probe *p)
{
	int64_t start = apdu_now_ms();
	enum error e = recorder.ops.begin(p->readers, p->link.reader, SAY_WAITING_MS, &p->link.link);

	if (e == E_BUSY && apdu_now_ms() - start >= SAY_WAITING_MS) {
		say_waiting(p->link.reader);
		e = recorder.ops.begin(p->readers, p->link.reader, WAIT_MS, &p->link.link);
	}
	p->open = e == E_OK;
	return e;
}

/* "counter 88: 6C14+9000, 20 bytes, 12 ms": a name, bytes in hexadecimal, the answer to the last command. */
static void put_answer(struct probe *p, const char *name, struct bytes hex)
{
	const struct recorder *r = &recorder;

	fputs(name, p->out);
	put_hex(p->out, hex.data, hex.len);
	fputs(": ", p->out);
	for (size_t i = 0; i < r->n && r->sw[i]; i++)
		fprintf(p->out, "%s%04X", i ? "+" : "", r->sw[i]);
	if (r->n == 0 || r->sw[r->n - 1] == 0)
		fputs("no answer", p->out);
	if (r->bytes)
		fprintf(p->out, ", %zu bytes", r->bytes);
	fprintf(p->out, ", %u ms\n", r->ms);
}

/* After a broken link the application is selected again, if the card is still the same. */
static bool ask(struct probe *p, struct apdu c, struct buf *out)
{
	bool short_only = !p->link.extended, taken = true; /* what is refused is not said again in short form */
	uint32_t insertion = p->link.link.insertion;
	struct recorder *r = &recorder;
	uint16_t sw = 0, again;
	enum error e;
	size_t n;

	r->n = r->bytes = r->ms = 0;
	if (p->error != E_OK)
		return false;
	p->link.short_only = &short_only;
	p->link.extended_taken = &taken;
	c.personal = true;
	e = apdu_exchange(&p->link, &c, out, &sw);
	if (e == E_MEMORY)
		p->error = e;
	if (e != E_LINK)
		return e != E_MEMORY && (sw == 0x9000 || sw >> 8 == 0x61 || sw == 0x6282 || sw == 0x6283);
	n = r->n;
	recorder.ops.end(&p->link.link, false);
	p->error = begin(p);
	if (p->error == E_OK && p->link.link.insertion != insertion)
		p->error = E_CHANGED;
	if (p->error == E_OK && p->app &&
	    apdu_exchange(&p->link,
	                  &(struct apdu){.ins = 0xA4,
	                                 .p1 = 4,
	                                 .p2 = p->app->p2,
	                                 .data = {p->app->aid, p->app->aid_len}},
	                  NULL, &again) == E_LINK)
		p->error = E_LINK;
	r->n = n;
	return false;
}

static bool select_app(struct probe *p, const struct select_cmd *app, struct buf *fci)
{
	p->app = app;
	p->link.commands = 0; /* what a transaction may cost is an application's here */
	return ask(p,
	           (struct apdu){.ins = 0xA4,
	                         .p1 = app->p1,
	                         .p2 = app->p2,
	                         .data = {app->aid, app->aid_len},
	                         .le = app->le ? 256 : 0},
	           app->le ? fci : NULL);
}

static bool select_file(struct probe *p, uint16_t fid)
{
	const uint8_t id[] = {(uint8_t)(fid >> 8), (uint8_t)fid};

	return ask(p, (struct apdu){.ins = 0xA4, .p1 = 0x02, .p2 = 0x0C, .data = {id, sizeof id}}, NULL);
}

static bool read_at(struct probe *p, size_t offset, size_t le, struct buf *out)
{
	return ask(p, (struct apdu){.ins = 0xB0, .p1 = (uint8_t)(offset >> 8), .p2 = (uint8_t)offset, .le = le}, out);
}

/* ---- Directories: ISO/IEC 7816-15 */

/* What is known of a file first stays. */
static void add_file(struct probe *p, struct file_ref ref, enum what what)
{
	if (ref.fid == 0)
		ref.fid = ref.sfi;
	if (ref.sfi == 0 && ref.fid <= 0x1E)
		ref.sfi = (uint8_t)ref.fid;
	for (size_t i = 0; i < p->n_files; i++)
		if (p->files[i].ref.fid == ref.fid) {
			if (p->files[i].what == UNKNOWN)
				p->files[i].what = what;
			return;
		}
	if (ref.fid && p->n_files < FILES_MAX)
		p->files[p->n_files++] = (struct file){.ref = ref, .what = what};
}

/* EF.OD: every file that it names, also those that the driver passes over; a path is an OCTET STRING in a SEQUENCE. */
static void read_directory(struct probe *p, struct bytes content, enum what what)
{
	static const enum what choices[] = {PRKD, PUKD, UNKNOWN, UNKNOWN, CD, CD, CD, DCOD, AOD};
	struct card_cert certs[CARD_CERTS_MAX];
	struct card_id pin = {.len = 0};
	struct bytes in = content;
	struct tlv t, path, id;
	size_t n = 0;

	while (what == OD && tlv_next(&in, &t)) {
		unsigned choice = t.tag - 0xA0;
		struct file_ref f = {0};

		if (!tlv_find(t.value, 0x30, &path) || !tlv_find(path.value, 0x04, &id) || id.value.len == 0)
			continue;
		if (id.value.len == 1)
			f.sfi = id.value.data[0] >> 3;
		else
			f.fid = (uint16_t)(id.value.data[id.value.len - 2] << 8 | id.value.data[id.value.len - 1]);
		add_file(p, f, choice < sizeof choices / sizeof *choices ? choices[choice] : UNKNOWN);
	}
	if (what == AOD)
		cia_read_pin(content, &pin, &p->pin);
	if (what == PRKD && cia_read_key(content, &p->key, &pin))
		add_file(p, p->key.file, KEY);
	if (what == CD)
		cia_read_certs(content, certs, &n);
	for (size_t i = 0; i < n; i++)
		add_file(p, certs[i].file, CERTIFICATE);
}

/* ---- Files */

/* Where the objects end and filling begins; an object may itself end with such bytes. */
static size_t content_len(struct bytes file, bool one)
{
	struct bytes in = file;
	size_t end = file.len;
	struct tlv t;

	while (end && (file.data[end - 1] == 0x00 || file.data[end - 1] == 0xFF) &&
	       file.data[end - 1] == file.data[file.len - 1])
		end--;
	while (tlv_next(&in, &t) && !one)
		;
	return file.len - in.len > end ? file.len - in.len : end;
}

static void put_content(struct probe *p, enum what what, struct bytes file)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	enum shown shown = kinds[what].shown;
	char label[33] = "";
	struct bytes content = {file.data, content_len(file, shown == SHOW_NOTHING)};

	switch (shown) {
	case SHOW_TOKEN_INFO: /* EF 0006: its label, and nothing that differs from card to card */
		memcpy(label, file.data, file.len < 32 ? file.len : 32);
		if (strncmp(label, "JPKI", 4) == 0)
			fprintf(p->out, "label: %.*s\n", (int)strspn(label, letters), label);
		if (file.len >= 144)
			fprintf(p->out, "longest and shortest PIN: %u, %u\nhardware and firmware: %02X%02X %02X%02X\n",
			        file.data[119], file.data[123], file.data[140], file.data[141], file.data[142],
			        file.data[143]);
		return;
	case SHOW_NOTHING: put_certificate(p->out, content); break;
	case SHOW_BYTES:
		fputs("content: ", p->out);
		put_hex(p->out, file.data, file.len < 3 ? file.len : 3);
		fputc('\n', p->out);
		return;
	default:
		read_directory(p, content, what);
		if (content.len == 0)
			break;
		fputs("content: ", p->out);
		put_masked(p->out, content, shown);
		fputc('\n', p->out);
	}
	if (content.len < file.len)
		fprintf(p->out, "padding: %zu x %02X\n", file.len - content.len, file.data[file.len - 1]);
}

static void report_file(struct probe *p, size_t i, const char *section)
{
	const struct file *file = &p->files[i];
	bool readable = file->what != KEY && file->what != PIN_FILE, there = false, good;
	size_t before, le = file->what == PROTECTED ? 4 : 256;
	struct apdu by_sfi = {.ins = 0xB0, .p1 = 0x80 | file->ref.sfi, .le = le};
	struct buf content = {0};

	if (p->error != E_OK)
		return;
	fprintf(p->out, "\n[%s file %04X]\n", section, file->ref.fid);
	if (kinds[file->what].name)
		fprintf(p->out, "what: %s\n", kinds[file->what].name);
	if (file->ref.sfi && readable) {
		there = ask(p, by_sfi, &content);
		content.len = 0;
		put_answer(p, "by short id ", (struct bytes){&file->ref.sfi, 1});
	}
	good = select_file(p, file->ref.fid);
	put_answer(p, "by id", (struct bytes){0});
	if (!good && there) /* the refused command may have changed what is selected */
		ask(p, by_sfi, NULL);
	if (!readable || (!good && !there))
		goto out;
	do {
		before = content.len;
		good = read_at(p, before, le, &content);
		if (before == 0)
			put_answer(p, "read", (struct bytes){0});
	} while (good && le == 256 && content.len - before == 256 && content.len < FILE_MAX - 256);
	if (le == 256 && (good || before > 0)) {
		fprintf(p->out, "size: %zu\n", content.len);
		put_answer(p, "end", (struct bytes){0});
		if (content.len > before) {
			read_at(p, content.len, 256, NULL);
			put_answer(p, "beyond", (struct bytes){0});
		}
		put_content(p, file->what, (struct bytes){content.data, content.len});
	}
out:
	buf_wipe(&content);
}

/* ---- Applications */

/* One READ BINARY with extended length, of a file by its short identifier or selected. */
static void report_extended(struct probe *p, struct file_ref file)
{
	bool by_sfi = ask(p, (struct apdu){.ins = 0xB0, .p1 = 0x80 | file.sfi, .le = 256}, NULL);
	struct buf out = {0};

	if (!by_sfi && !select_file(p, file.fid))
		return;
	p->link.extended = true;
	read_at(p, by_sfi ? (size_t)(0x80 | file.sfi) << 8 : 0, APDU_LE_ALL, &out);
	p->link.extended = false;
	if (recorder.n && recorder.first_len == 7)
		put_answer(p, "extended", (struct bytes){0});
	else
		fprintf(p->out, "extended: not tried, the reader takes %zu bytes\n", p->link.link.max_apdu);
	buf_wipe(&out);
}

/* VERIFY without data asks for the counter. */
static void report_counter(struct probe *p, const struct pin_profile *pin)
{
	const uint8_t fid[] = {(uint8_t)(pin->file.fid >> 8), (uint8_t)pin->file.fid};

	if (pin->file.fid && !select_file(p, pin->file.fid))
		return;
	ask(p, (struct apdu){.ins = 0x20, .p2 = pin->reference}, NULL);
	put_answer(p, "counter ", pin->file.fid ? (struct bytes){fid, 2} : (struct bytes){&pin->reference, 1});
}

static const char *section_of(const struct profile *profile, char out[32])
{
	snprintf(out, 32, profile->cia ? "%s-%s" : "%s", profile->family->word,
	         profile->use == USE_SIGN ? "sign" : "auth");
	return out;
}

static void report_application(struct probe *p, const struct profile *profile)
{
	/* of the JMA card; looked for behind what the directories name */
	static const uint16_t usual[] = {0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x000F, 0x0016, 0x0017};
	const struct profile_set *set = &profile->family->profiles;
	struct buf fci = {0};
	char section[32];

	p->n_files = p->done = 0;
	p->key = (struct card_key){.file = profile->key.file};
	p->pin = profile->pin;
	section_of(profile, section);
	select_app(p, &profile->select, &fci);
	if (profile->cia) {
		add_file(p, profile->od, OD);
		add_file(p, profile->cia_info, CIA_INFO);
	}
	for (size_t i = 0; !profile->cia && i < set->n; i++) {
		const struct profile *of = set->list[i];

		add_file(p, of->token_info, TOKEN_INFO);
		add_file(p, of->certificates, TOKEN_STATE);
		for (size_t k = 0; k < of->n_certs; k++)
			add_file(p, of->certs[k].file, of->certs[k].pin_protected ? PROTECTED : CERTIFICATE);
		add_file(p, of->key.file, KEY);
		add_file(p, of->pin.file, PIN_FILE);
	}
	while (p->done < p->n_files)
		report_file(p, p->done++, section);
	if (profile->cia) {
		add_file(p, p->key.file, KEY);
		for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
			add_file(p, (struct file_ref){.fid = usual[i]}, UNKNOWN);
	}
	while (p->done < p->n_files)
		report_file(p, p->done++, section);

	fprintf(p->out, "\n[%s]\n", section);
	if (profile->cia) {
		fputs("fci: ", p->out);
		put_masked(p->out, (struct bytes){fci.data, fci.len}, SHOW_FCI);
		fputc('\n', p->out);
	}
	fci.len = 0;
	select_app(p, &profile->select, &fci);
	put_answer(p, "select again", (struct bytes){0});
	if (profile->cia)
		report_counter(p, &p->pin);
	for (size_t i = 0; !profile->cia && i < set->n; i++)
		report_counter(p, &set->list[i]->pin);
	report_extended(p, profile->cia ? profile->od : set->list[0]->certs[0].file);
	buf_free(&fci);
}

/* Applications of our families, each once, a family's last first; and what JPKI's login is left with. Nothing else
 * of a card is ever selected. */
static enum error examine(struct probe *p, bool *ours)
{
	const struct profile *list[APPLICATIONS_MAX] = {NULL};
	bool there[APPLICATIONS_MAX];
	struct buf fci = {0};
	size_t n = 0;

	for (const struct family *const *family = families; *family; family++)
		for (size_t i = (*family)->profiles.n; i-- > 0 && n < APPLICATIONS_MAX;) {
			list[n] = (*family)->profiles.list[i];
			n += n == 0 || memcmp(&list[n]->select, &list[n - 1]->select, sizeof list[n]->select) != 0;
		}
	if (n == 0)
		return E_UNSUPPORTED;
	there[0] = select_app(p, &list[0]->select, &fci);
	if (recorder.n && recorder.sw[recorder.n - 1] == 0x6F00) { /* some cards wake up by it */
		put_answer(p, "first command", (struct bytes){0});
		ask(p, (struct apdu){.ins = 0xA4}, NULL);
		there[0] = select_app(p, &list[0]->select, &fci);
	}
	fputs("\n[select]\n", p->out);
	for (size_t i = 0; i < n; i++) {
		const struct select_cmd *app = &list[i]->select, *leave = &list[i]->leave;

		if (i > 0)
			there[i] = select_app(p, app, &fci);
		put_answer(p, "", (struct bytes){app->aid, app->aid_len});
		if (!there[i] || list[i]->cia)
			continue;
		select_app(p, leave, &fci);
		put_answer(p, "", (struct bytes){leave->aid, leave->aid_len});
	}
	buf_free(&fci);
	for (size_t i = 0; i < n; i++) {
		*ours |= there[i];
		if (there[i])
			report_application(p, list[i]);
	}
	return p->error;
}

/* The card loses its power first, for its answer to the first command is of interest, and at the end, and a VERIFY
 * with it. */
static enum error report(FILE *out, const struct find *f, const struct reader_state *reader, bool *ours)
{
	static struct probe p;
	char name[READER_NAME_MAX];
	enum error e;

	p = (struct probe){.out = out,
	                   .readers = f->cards.self,
	                   .link = {.ops = &recorder.ops, .reader = reader->name}};
	p.link.response = malloc(READER_RESPONSE_MAX);
	if (!p.link.response)
		return E_MEMORY;
	e = begin(&p);
	if (e == E_OK) {
		recorder.ops.end(&p.link.link, true);
		e = begin(&p);
	}
	if (e == E_OK && p.link.link.insertion != reader->insertion)
		e = E_CHANGED;
	reader_name(reader->name, name);
	fprintf(out, "Inkan card report 1\n# %s\n# %s\nsoftware: inkan %s\nreader: ",
	        _("No name, serial number, key, date or PIN is in this text; ** is a byte that was left out."),
	        _("Read it before you send it; inkan-doctor(1) says what the lines are."), PACKAGE_VERSION);
	put_text(out, name);
	if (p.link.link.max_apdu)
		fprintf(out, "\nlongest command: %zu bytes", p.link.link.max_apdu);
	fputs("\natr: ", out);
	put_hex(out, reader->atr, reader->atr_len);
	fputc('\n', out);
	if (e == E_OK)
		e = examine(&p, ours);
	if (p.open)
		recorder.ops.end(&p.link.link, true);
	free(p.link.response);
	return e;
}

/* ---- Signatures */

/* A profile that knows this method alone, on a card that is opened for it: what the card has refused before does
 * not matter. */
static enum error report_method(FILE *out, const struct find *f, const struct token *t,
                                const struct sign_method *method, struct bytes pin)
{
	const struct card_system cards = {&recorder.ops, f->cards.self, f->crypto, say_waiting, NULL};
	struct scheme_params params = {.scheme = method->scheme};
	struct profile profile = *t->card->profile;
	const struct profile *list = &profile;
	struct card *card = NULL;
	char *steps = NULL;
	size_t size;
	enum error e;

	profile.methods = method;
	profile.n_methods = 1;
	e = card_open(&cards, t->card->reader, (struct profile_set){&list, 1}, &card);
	if (e == E_OK && card->insertion != t->card->insertion)
		e = E_CHANGED;
	if (e == E_OK)
		e = card_login(card, pin, false);
	if (e == E_OK && !(recorder.steps = open_memstream(&steps, &size)))
		e = E_MEMORY;
	if (e != E_OK)
		goto out;
	recorder.n = recorder.ms = 0;
	e = sign_text(f, t, card, pin, &params);
	fclose(recorder.steps);
	recorder.steps = NULL;
	if (recorder.n == 0)
		goto out; /* the card does not tell what this method takes */
	fprintf(out, "%s: %s%s", method->scheme == SCHEME_PSS ? "pss" : "pkcs1", steps,
	        e == E_OK          ? "right"
	        : e == E_SIGNATURE ? "wrong"
	                           : "refused");
	if (e == E_OK && method->scheme == SCHEME_PSS)
		fprintf(out, ", salt %u", params.salt_len);
	fprintf(out, ", %u ms\n", recorder.ms);
out:
	free(steps);
	if (card)
		t->card->pin.tries = card->pin.tries;
	card_free(&card);
	return e;
}

static enum exit_code report_signing(FILE *out, const struct find *f, struct token *t)
{
	const struct profile *profile = t->card->profile;
	struct secret *pin = NULL;
	struct bytes typed = {0};
	char section[32];
	enum exit_code code = sign_login(f, t, &pin, &typed);

	if (code == EXIT_DONE)
		fprintf(out, "\n[%s signing]\n", section_of(profile, section));
	for (size_t i = 0; code == EXIT_DONE && i < profile->n_methods; i++) {
		enum error e = report_method(out, f, t, &profile->methods[i], typed);

		switch (e) {
		case E_OK:
		case E_UNSUPPORTED:
		case E_SIGNATURE:
		case E_SECURITY:
		case E_REFUSED:
		case E_NOT_FOUND:
		case E_PROTOCOL: break; /* what the card refuses is an answer */
		default: complain_pin(e, t->card); code = exit_of(e);
		}
	}
	secret_free(&pin);
	return code;
}

/* ---- Which reader, and where the report goes */

/* The reader with a card in it; of several, the one whose card is ours. */
static enum exit_code choose(struct find *f, const char *wanted, struct place **out)
{
	enum error e = find_all(f, wanted);

	*out = NULL;
	if (e != E_OK) {
		complain_reader(e, wanted ? wanted : f->conf.reader);
		return exit_of(e);
	}
	for (size_t i = 0; i < f->n; i++) {
		struct place *p = &f->places[i];
		bool ours = p->error != E_FOREIGN, found_ours = *out && (*out)->error != E_FOREIGN;

		if (!p->state.present || p->state.mute || (found_ours && !ours))
			continue;
		if (*out && ours == found_ours) {
			complain(_("There are cards in %s and in %s."), (*out)->state.name, p->state.name);
			advise(_("Choose one with --reader and a part of the reader's name."));
			return EXIT_USAGE;
		}
		*out = p;
	}
	return *out ? EXIT_DONE : find_nothing(f);
}

enum exit_code doctor_card_report(const char *reader, const char *file, bool with_signatures)
{
	static struct find f;
	struct place *place = NULL;
	enum exit_code code = file ? output_look(file) : EXIT_DONE, signing = EXIT_DONE;
	struct token *t;
	bool ours = false;
	char *text = NULL;
	size_t n = 0;
	FILE *out = NULL;
	enum error e;

	if (code == EXIT_DONE)
		code = choose(&f, reader, &place);
	if (code != EXIT_DONE || !place)
		goto out;
	recorder = (struct recorder){.ops = pcsc_reader_ops};
	recorder.ops.transmit = record;
	out = open_memstream(&text, &n);
	e = out ? report(out, &f, &place->state, &ours) : E_MEMORY;
	if (e != E_OK) {
		complain_reader(e, place->state.name);
		code = exit_of(e);
		goto out;
	}
	if (with_signatures) { /* without them the rest is of use, too */
		t = place_token(place, USE_AUTH);
		signing = t ? report_signing(out, &f, t) : refuse_no_token(place);
	}
	if (fflush(out) != 0 || is_incomplete()) {
		code = EXIT_INTERNAL;
	} else if (!file) {
		code = fwrite(text, 1, n, stdout) == n && fflush(stdout) == 0 ? EXIT_DONE : EXIT_OUTPUT;
	} else if (path_replace(file, (struct bytes){(const uint8_t *)text, n}, 0600) == E_OK) {
		printf(_("The card report is in %s. Read it before you send it to anybody.\n"), file);
	} else {
		complain(_("The card report could not be written to %s: %s."), file, strerror(errno));
		advise(_("Name a file in a folder of your own."));
		code = EXIT_OUTPUT;
	}
	if (code == EXIT_DONE && !ours)
		complain(_("The card in %s has none of our applications; the report says no more than that."),
		         place->state.name);
out:
	if (out)
		fclose(out);
	free(text);
	find_free(&f);
	return code == EXIT_DONE ? signing : code;
}
