/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan doctor --card-report: which card, and where the report goes. */
#include "config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "card_report.h"
#include "doctor.h"
#include "say.h"

/* Our own applications and the one that JPKI's login is left with: nothing else of a
 * card is ever selected. */
static void put_select(struct probe *p, const struct select_cmd *app)
{
	char aid[2 * sizeof app->aid + 1] = "";

	for (size_t i = 0; i < app->aid_len; i++)
		snprintf(aid + 2 * i, 3, "%02X", app->aid[i]);
	put_answer(p, "%s", aid);
}

static bool report_select(struct probe *p, const struct select_cmd *app)
{
	struct buf fci = {0};
	uint16_t sw = ask_select(p, app, &fci);

	buf_free(&fci);
	put_select(p, app);
	return sw_is_good(sw);
}

/* The first command after power-up: some cards fail it, and wake up by it. */
static bool report_first_select(struct probe *p, const struct select_cmd *app)
{
	struct buf fci = {0};
	uint16_t sw = ask_select(p, app, &fci);

	if (sw == 0x6F00) {
		put_answer(p, "first command");
		ask(p, &(struct apdu){.ins = 0xA4}, NULL);
		sw = ask_select(p, app, &fci);
	}
	buf_free(&fci);
	fputs("\n[select]\n", p->out);
	put_select(p, app);
	return sw_is_good(sw);
}

static void put_head(FILE *out, const struct reader_state *reader, size_t max_apdu)
{
	char name[READER_NAME_MAX];

	report_reader_name(reader->name, name, sizeof name);
	fprintf(out, "Inkan card report 1\n# %s\n# %s\nsoftware: inkan %s\nreader: ",
	        _("No name, serial number, key, date or PIN is in this text; ** is a byte that was left out."),
	        _("Read it before you send it; inkan-doctor(1) says what the lines are."), PACKAGE_VERSION);
	put_text(out, name);
	if (max_apdu)
		fprintf(out, "\nlongest command: %zu bytes", max_apdu);
	fputs("\natr: ", out);
	for (size_t i = 0; i < reader->atr_len; i++)
		fprintf(out, "%02X", reader->atr[i]);
	fputc('\n', out);
}

const char *report_section(const struct profile *profile, char out[32])
{
	snprintf(out, 32, profile->cia ? "%s-%s" : "%s", profile->family->word,
	         profile->use == USE_SIGN ? "sign" : "auth");
	return out;
}

static bool same_application(const struct profile *a, const struct profile *b)
{
	return a->select.aid_len == b->select.aid_len &&
	       memcmp(a->select.aid, b->select.aid, a->select.aid_len) == 0;
}

#define APPLICATIONS_MAX 16

/* Every application of ours once; a family's last is selected first. *ours: one of them
 * is there. */
static enum error examine(struct probe *p, const struct find *f, const struct reader_state *reader, bool *ours)
{
	const struct profile *there[APPLICATIONS_MAX], *before = NULL;
	enum error e = probe_open(p, f, reader);
	size_t n = 0;

	if (e != E_OK)
		return e;
	put_head(p->out, reader, p->link.link.max_apdu);
	for (const struct family *const *family = families; *family; family++)
		for (size_t i = (*family)->profiles.n; i-- > 0;) {
			const struct profile *profile = (*family)->profiles.list[i];
			bool good;

			if (before && same_application(before, profile))
				continue;
			good = before ? report_select(p, &profile->select) : report_first_select(p, &profile->select);
			before = profile;
			if (good && !profile->cia)
				report_select(p, &profile->leave);
			if (good && n < APPLICATIONS_MAX)
				there[n++] = profile;
		}
	for (size_t i = 0; i < n; i++) {
		char section[32];

		if (there[i]->cia)
			report_directories(p, there[i], report_section(there[i], section));
		else
			report_known_files(p, there[i]->family);
	}
	*ours = n > 0;
	return p->error;
}

/* ---- Which reader */

/* The reader with a card in it; of several, the one whose card is ours. */
static enum exit_code choose(struct find *f, const char *wanted, const struct reader_state **out)
{
	const struct place *found = NULL;
	enum error e = find_all(f, wanted);
	bool ours = false;

	if (e != E_OK) {
		complain_reader(e, wanted ? wanted : f->conf.reader);
		return exit_of(e);
	}
	for (size_t i = 0; i < f->n; i++) {
		const struct place *p = &f->places[i];

		if (!p->state.present || p->state.mute || (ours && p->error == E_FOREIGN))
			continue;
		if (found && (ours || p->error == E_FOREIGN)) {
			complain(_("There are cards in %s and in %s."), found->state.name, p->state.name);
			advise(_("Choose one with --reader and a part of the reader's name."));
			return EXIT_USAGE;
		}
		found = p;
		ours = p->error != E_FOREIGN;
	}
	if (!found)
		return find_nothing(f);
	*out = &found->state;
	return EXIT_DONE;
}

/* ---- Where it goes */

/* A new file beside it, which takes its place when it is whole. */
static bool write_file(const char *path, const char *text, size_t n)
{
	char *temporary = format("%s.XXXXXX", path);
	int fd = temporary ? mkstemp(temporary) : -1;
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	bool ok = f && fwrite(text, 1, n, f) == n && fflush(f) == 0 && fsync(fd) == 0;
	int saved = errno;

	if (f)
		ok = fclose(f) == 0 && ok;
	else if (fd >= 0)
		close(fd);
	ok = ok && rename(temporary, path) == 0;
	if (!ok) {
		saved = errno ? errno : saved;
		if (fd >= 0)
			unlink(temporary);
		complain(_("The card report could not be written to %s: %s."), path, strerror(saved));
		advise(_("Name a file in a folder of your own."));
	}
	free(temporary);
	return ok;
}

static enum exit_code deliver(const struct card_report_wish *wish, const char *text, size_t n)
{
	if (!wish->file)
		return fwrite(text, 1, n, stdout) == n && fflush(stdout) == 0 ? EXIT_DONE : EXIT_OUTPUT;
	if (!write_file(wish->file, text, n))
		return EXIT_OUTPUT;
	printf(_("The card report is in %s. Read it before you send it to anybody.\n"), wish->file);
	return EXIT_DONE;
}

/* With the holder's PIN: the card's authentication token alone. */
static enum exit_code sign(FILE *out, struct find *f, const struct reader_state *reader)
{
	for (size_t i = 0; i < f->n; i++) {
		struct token *t;

		if (&f->places[i].state != reader)
			continue;
		t = place_token(&f->places[i], USE_AUTH);
		return t ? exit_of(report_signing(out, f, t)) : refuse_no_token(&f->places[i]);
	}
	return EXIT_INTERNAL;
}

enum exit_code doctor_card_report(const struct card_report_wish *wish)
{
	static struct find f;
	struct probe p = {.open = false};
	const struct reader_state *reader = NULL;
	enum exit_code code = choose(&f, wish->reader, &reader), signing = EXIT_DONE;
	bool ours = false;
	char *text = NULL;
	size_t n = 0;
	enum error e = E_OK;

	if (code != EXIT_DONE)
		goto out;
	p.out = open_memstream(&text, &n);
	e = p.out ? examine(&p, &f, reader, &ours) : E_MEMORY;
	probe_close(&p);
	if (e != E_OK) {
		complain_reader(e, reader->name);
		code = exit_of(e);
	}
	if (code == EXIT_DONE && wish->sign)
		signing = sign(p.out, &f, reader); /* without it the rest is worth having, too */
	if (p.out && fclose(p.out) != 0 && code == EXIT_DONE)
		code = EXIT_INTERNAL;
	if (code == EXIT_DONE)
		code = deliver(wish, text, n);
	if (code == EXIT_DONE && !ours)
		complain(_("The card in %s has none of our applications; the report says no more than that."),
		         reader->name);
	if (code == EXIT_DONE)
		code = signing;
out:
	free(text);
	find_free(&f);
	return code;
}
