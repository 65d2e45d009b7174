/* SPDX-License-Identifier: BSD-2-Clause */
/* The applications of a card and their files, for a card report. The directories are
 * read here without the driver's own eyes: a report is to show what those overlook. */
#include <stdlib.h>
#include <string.h>
#include "base/tlv.h"
#include "card_report.h"

#define FILES_MAX 40
#define FILE_MAX 32768

enum what {
	UNKNOWN,             /* nothing of it is shown but its size, or that it is a certificate */
	CIA_INFO, OD, AOD, PRKD, CD, PUKD, DCOD,
	CERTIFICATE, KEY, PIN_FILE,
	TOKEN_INFO, TOKEN_STATE, PROTECTED,
};

static const char *const whats[] = {
	[CIA_INFO] = "EF.CIAInfo", [OD] = "EF.OD", [AOD] = "EF.AOD", [PRKD] = "EF.PrKD", [CD] = "EF.CD",
	[PUKD] = "EF.PuKD", [DCOD] = "EF.DCOD", [KEY] = "key", [PIN_FILE] = "PIN",
	[TOKEN_INFO] = "token information", [TOKEN_STATE] = "which certificates are there",
	[PROTECTED] = "signature certificate, never read here",
};

struct file {
	uint16_t fid;
	uint8_t sfi;         /* 0: none that is known */
	enum what what;
	bool done;
};

struct files {
	struct file list[FILES_MAX];
	size_t n;
	uint8_t pin_reference, key_reference; /* 0: none is told */
	uint16_t key_fid;
};

/* What is known of a file first stays. */
static void add(struct files *f, uint16_t fid, uint8_t sfi, enum what what)
{
	if (fid == 0)
		fid = sfi;
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].fid == fid) {
			if (f->list[i].what == UNKNOWN)
				f->list[i].what = what;
			return;
		}
	if (sfi == 0 && fid <= 0x1E)
		sfi = (uint8_t)fid;
	if (fid && f->n < FILES_MAX)
		f->list[f->n++] = (struct file){.fid = fid, .sfi = sfi, .what = what};
}

/* ---- Directories: ISO/IEC 7816-15 */

/* The first path in there: a SEQUENCE that begins with an OCTET STRING. */
static bool find_path(struct bytes in, bool sequence, uint16_t *fid, uint8_t *sfi)
{
	struct tlv t;

	*fid = *sfi = 0;
	for (bool first = true; tlv_next(&in, &t); first = false) {
		if (t.tag == 0x04 && first && sequence && t.value.len == 1)
			*sfi = t.value.data[0] >> 3;
		else if (t.tag == 0x04 && first && sequence && t.value.len >= 2)
			*fid = (uint16_t)(t.value.data[t.value.len - 2] << 8 | t.value.data[t.value.len - 1]);
		else if (t.tag & 0x20 && t.tag <= 0xFF && find_path(t.value, true, fid, sfi))
			return true;
		if (*fid || *sfi)
			return true;
	}
	return false;
}

static void read_od(struct files *f, struct bytes in)
{
	static const enum what kinds[] = {[0] = PRKD, [1] = PUKD, [4] = CD, [5] = CD, [6] = CD, [7] = DCOD, [8] = AOD};
	uint16_t fid;
	uint8_t sfi;
	struct tlv t;

	while (tlv_next(&in, &t))
		if (find_path(t.value, false, &fid, &sfi)) {
			unsigned choice = t.tag - 0xA0;

			add(f, fid, sfi, choice < sizeof kinds / sizeof *kinds ? kinds[choice] : UNKNOWN);
		}
}

/* The last byte of the first value of that tag. */
static uint8_t reference(struct bytes in, uint32_t tag)
{
	struct tlv t;

	return tlv_find(in, tag, &t) && t.value.len ? t.value.data[t.value.len - 1] : 0;
}

/* An object's class attributes (the second SEQUENCE) and type attributes [1]. */
static void read_objects(struct files *f, struct bytes in, enum what what)
{
	struct tlv t, class, type, inner;
	uint16_t fid;
	uint8_t sfi;

	while (tlv_next(&in, &t)) {
		struct bytes parts = t.value;

		if (!tlv_next(&parts, &class) || !tlv_next(&parts, &class) || !tlv_find(parts, 0xA1, &type))
			continue;
		if (what == PRKD && f->key_reference == 0)
			f->key_reference = reference(class.value, 0x02);
		if (what == AOD && f->pin_reference == 0) {
			f->pin_reference = reference(type.value, 0x80);
			if (f->pin_reference == 0 && tlv_find(type.value, 0x30, &inner))
				f->pin_reference = reference(inner.value, 0x80);
		}
		if (!find_path(type.value, false, &fid, &sfi))
			continue;
		if (what == PRKD && f->key_fid == 0)
			f->key_fid = fid ? fid : sfi;
		if (what == PRKD || what == CD)
			add(f, fid, sfi, what == PRKD ? KEY : CERTIFICATE);
	}
}

/* ---- A file's content */

/* Where the objects end and filling begins. */
static size_t content_len(struct bytes file, bool one)
{
	struct bytes in = file;
	struct tlv t;
	size_t end = file.len;
	uint8_t last = file.len ? file.data[file.len - 1] : 1;

	if (last == 0x00 || last == 0xFF)
		while (end && file.data[end - 1] == last)
			end--;
	while (tlv_next(&in, &t) && !one)
		;
	/* an object may itself end with such bytes */
	if ((size_t)(file.len - in.len) > end)
		end = file.len - in.len;
	return end;
}

static void put_padding(struct probe *p, struct bytes file, size_t from)
{
	if (from < file.len)
		fprintf(p->out, "padding: %zu x %02X\n", file.len - from, file.data[file.len - 1]);
}

static void put_certificate(struct probe *p, struct bytes file)
{
	static const char *const roles[] = {
		[OWN_CERTIFICATE] = "own certificate", [CA_CERTIFICATE] = "CA certificate",
		[ROOT_CERTIFICATE] = "root certificate"};
	char key[32];
	struct bytes der = {file.data, content_len(file, true)};
	enum certificate_role role = certificate_role(der, key);

	if (role != NO_CERTIFICATE) {
		fprintf(p->out, "what: %s\ncertificate: %zu bytes, %s\nstructure:\n", roles[role], der.len, key);
		put_structure(p->out, der);
	}
	put_padding(p, file, der.len);
}

/* EF 0006: its label, and nothing that differs from card to card. */
static void put_token_info(struct probe *p, struct bytes file)
{
	size_t n = 0;

	while (n < 32 && n < file.len && ((file.data[n] >= 'A' && file.data[n] <= 'Z') ||
	                                  (file.data[n] >= '0' && file.data[n] <= '9')))
		n++;
	if (n >= 4 && memcmp(file.data, "JPKI", 4) == 0)
		fprintf(p->out, "label: %.*s\n", (int)n, (const char *)file.data);
	if (file.len >= 144)
		fprintf(p->out, "longest and shortest PIN: %u, %u\nhardware and firmware: %02X%02X %02X%02X\n",
		        file.data[119], file.data[123], file.data[140], file.data[141], file.data[142], file.data[143]);
}

static void put_content(struct probe *p, struct files *f, enum what what, struct bytes file)
{
	struct bytes content = {file.data, content_len(file, false)};

	switch (what) {
	case CIA_INFO:
	case OD:
	case AOD:
	case PRKD:
	case CD:
	case PUKD:
		if (what == OD)
			read_od(f, content);
		else if (what != CIA_INFO)
			read_objects(f, content, what);
		if (content.len) {
			fputs("content: ", p->out);
			put_masked(p->out, content, what == CIA_INFO ? SHOW_CIA_INFO :
			                            what == CD ? SHOW_CERTIFICATES : SHOW_DIRECTORY);
			fputc('\n', p->out);
		}
		put_padding(p, file, content.len);
		break;
	case TOKEN_INFO:
		put_token_info(p, file);
		break;
	case TOKEN_STATE:
		fputs("content: ", p->out);
		for (size_t i = 0; i < file.len && i < 3; i++)
			fprintf(p->out, "%02X", file.data[i]);
		fputc('\n', p->out);
		break;
	default:
		put_certificate(p, file);
	}
}

/* ---- Reading */

static uint16_t read_at(struct probe *p, size_t offset, size_t le, struct buf *out)
{
	struct apdu c = {.ins = 0xB0, .p1 = (uint8_t)(offset >> 8), .p2 = (uint8_t)offset, .le = le};

	return ask(p, &c, out);
}

/* The selected file to its end, and what is answered there. False: it cannot be read. */
static bool read_file(struct probe *p, const struct file *f, struct buf *out)
{
	size_t before = 0;
	uint16_t sw = read_at(p, 0, f->what == PROTECTED ? 4 : 256, out);

	put_answer(p, "read");
	if (!sw_is_good(sw) || f->what == PROTECTED)
		return false;
	while (sw_is_good(sw) && out->len > before && out->len - before == 256 && out->len < FILE_MAX - 256) {
		before = out->len;
		sw = read_at(p, out->len, 256, out);
	}
	fprintf(p->out, "size: %zu\n", out->len);
	put_answer(p, "end");
	if (out->len > before) {
		read_at(p, out->len, 256, NULL);
		put_answer(p, "beyond");
	}
	return true;
}

static void report_file(struct probe *p, struct files *f, size_t i, const char *section)
{
	struct file *file = &f->list[i];
	struct apdu c = {.ins = 0xB0, .p1 = 0x80 | file->sfi, .le = file->what == PROTECTED ? 4 : 256};
	struct buf content = {0};
	bool there;

	file->done = true;
	if (p->error != E_OK)
		return;
	fprintf(p->out, "\n[%s file %04X]\n", section, file->fid);
	if (whats[file->what])
		fprintf(p->out, "what: %s\n", whats[file->what]);
	if (file->sfi && file->what != KEY && file->what != PIN_FILE) {
		there = sw_is_good(ask(p, &c, &content));
		put_answer(p, "by short id %02X", file->sfi);
	} else {
		there = false;
	}
	content.len = 0;
	if (sw_is_good(ask_select_file(p, file->fid))) {
		put_answer(p, "by id");
		there = true;
	} else { /* which may have changed what is selected */
		put_answer(p, "by id");
		if (there)
			ask(p, &c, NULL);
	}
	if (there && file->what != KEY && file->what != PIN_FILE && read_file(p, file, &content))
		put_content(p, f, file->what, (struct bytes){content.data, content.len});
	buf_wipe(&content);
}

/* Files that are found on the way are at the end of the list. */
static void report_files(struct probe *p, struct files *f, const char *section)
{
	for (size_t i = 0; i < f->n; i++)
		if (!f->list[i].done)
			report_file(p, f, i, section);
}

/* One READ BINARY with extended length: of that file, by short identifier or selected. */
static void report_extended(struct probe *p, uint8_t sfi, uint16_t fid)
{
	struct apdu c = {.ins = 0xB0, .p1 = 0x80 | sfi, .le = APDU_LE_ALL};
	struct buf out = {0};

	if (!sw_is_good(ask(p, &(struct apdu){.ins = 0xB0, .p1 = 0x80 | sfi, .le = 256}, NULL))) {
		if (!sw_is_good(ask_select_file(p, fid)))
			return;
		c.p1 = 0;
	}
	ask_extended(p, &c, &out);
	if (p->recorder.n && p->recorder.list[0].sent == 7)
		put_answer(p, "extended");
	else
		fprintf(p->out, "extended: not tried, the reader takes %zu bytes\n", p->link.link.max_apdu);
	buf_wipe(&out);
}

/* ---- An application with directories */

/* MANAGE SECURITY ENVIRONMENT takes no PIN, and says by what name the key goes. */
static void report_mse(struct probe *p, const struct select_cmd *app, const struct files *f, bool selected)
{
	const uint16_t file = f->key_fid, reference = f->key_reference;
	const struct {
		uint8_t tag;
		uint16_t number;
	} tries[] = {{0x84, reference == file ? 0 : reference}, {0x84, file}, {0x81, file}, {0x84, 0x3FFF}};

	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
		uint8_t crt[] = {tries[i].tag, 2, (uint8_t)(tries[i].number >> 8), (uint8_t)tries[i].number};
		struct apdu c = {.ins = 0x22, .p1 = 0x41, .p2 = 0xB6, .data = {crt, sizeof crt}};

		if (tries[i].number == 0 || (selected && tries[i].number == 0x3FFF))
			continue;
		ask_select(p, app, NULL);
		if (selected && !sw_is_good(ask_select_file(p, file)))
			return;
		ask(p, &c, NULL);
		put_answer(p, "mse %s%02X%02X%02X%02X", selected ? "selected " : "", crt[0], crt[1], crt[2], crt[3]);
	}
}

static bool open_part(struct probe *p, FILE **out, char **text, size_t *size)
{
	*out = p->out;
	p->out = open_memstream(text, size);
	return p->out != NULL;
}

void report_directories(struct probe *p, const struct profile *profile, const char *section)
{
	static const uint16_t usual[] = {0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x000F, 0x0016, 0x0017};
	struct files f = {.n = 0};
	struct buf fci = {0};
	char *text = NULL;
	size_t size;
	FILE *out;

	ask_select(p, &profile->select, &fci);
	if (!open_part(p, &out, &text, &size)) {
		p->out = out;
		p->error = E_MEMORY;
		goto out;
	}
	add(&f, profile->od.fid, profile->od.sfi, OD);
	add(&f, profile->cia_info.fid, profile->cia_info.sfi, CIA_INFO);
	report_files(p, &f, section);
	if (f.key_fid == 0)
		f.key_fid = profile->key.file.fid;
	add(&f, f.key_fid, 0, KEY);
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		add(&f, usual[i], 0, UNKNOWN);
	report_files(p, &f, section);
	fclose(p->out);
	p->out = out;

	fprintf(out, "\n[%s]\nfci: ", section);
	put_masked(out, (struct bytes){fci.data, fci.len}, SHOW_FCI);
	fputc('\n', out);
	fci.len = 0;
	ask_select(p, &profile->select, &fci);
	put_answer(p, "select again");
	if (f.pin_reference == 0)
		f.pin_reference = profile->pin.reference;
	ask(p, &(struct apdu){.ins = 0x20, .p2 = f.pin_reference}, NULL);
	put_answer(p, "counter %02X", f.pin_reference);
	report_mse(p, &profile->select, &f, false);
	report_mse(p, &profile->select, &f, true);
	report_extended(p, profile->od.sfi, profile->od.fid);
	fputs(text, out);
out:
	free(text);
	buf_free(&fci);
}

/* ---- An application without */

static void add_known(struct files *f, const struct profile *profile)
{
	add(f, profile->token_info.fid, 0, TOKEN_INFO);
	add(f, profile->certificates.fid, 0, TOKEN_STATE);
	for (size_t i = 0; i < profile->n_certs; i++)
		add(f, profile->certs[i].file.fid, 0, profile->certs[i].pin_protected ? PROTECTED : CERTIFICATE);
	add(f, profile->key.file.fid, 0, KEY);
	add(f, profile->pin.file.fid, 0, PIN_FILE);
}

void report_known_files(struct probe *p, const struct family *family)
{
	const struct profile *first = family->profiles.list[0];
	struct files f = {.n = 0};

	ask_select(p, &first->select, NULL);
	fprintf(p->out, "\n[%s]\n", family->word);
	ask_select(p, &first->select, NULL);
	put_answer(p, "select again");
	for (size_t i = 0; i < family->profiles.n; i++) {
		const struct pin_profile *pin = &family->profiles.list[i]->pin;

		if (sw_is_good(ask_select_file(p, pin->file.fid))) {
			ask(p, &(struct apdu){.ins = 0x20, .p2 = pin->reference}, NULL);
			put_answer(p, "counter %04X", pin->file.fid);
		}
	}
	report_extended(p, first->certs[0].file.sfi, first->certs[0].file.fid);
	for (size_t i = 0; i < family->profiles.n; i++)
		add_known(&f, family->profiles.list[i]);
	report_files(p, &f, family->word);
}
