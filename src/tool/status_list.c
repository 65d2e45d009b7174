/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "status_verb.h"

void status_hex(const uint8_t *in, size_t n, char *out)
{
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02X", in[i]);
}

void status_time(time_t at, bool local, char out[FACT_TIME_SIZE])
{
	struct tm tm;

	out[0] = '\0';
	if (local ? localtime_r(&at, &tm) : gmtime_r(&at, &tm))
		strftime(out, FACT_TIME_SIZE, local ? "%Y-%m-%d %H:%M %Z" : "%Y-%m-%dT%H:%M:%SZ", &tm);
}

enum exit_code status_complain(enum error e)
{
	if (e == E_DENIED) {
		complain(_("No folder for revocation lists may be written."));
		advise(_("They are in /var/cache/inkan and ~/.cache/inkan; no other user may be able to write there."));
		return EXIT_OUTPUT;
	}
	complain(_("It could not be done: %s."), _(error_text(e)));
	advise(_("INKAN_DEBUG=info says where it failed."));
	return e == E_IO ? EXIT_OUTPUT : exit_of(e);
}

enum exit_code status_need_trust(const struct status_room *room)
{
	for (size_t i = 0; i < room->trust->n; i++)
		if (room->trust->list[i]->sound)
			return EXIT_DONE;
	complain(_("No CA certificate is installed: no list could be verified."));
	advise(_("Install the root and the CA certificates: inkan trust add FILE"));
	return EXIT_UNAVAILABLE;
}

void status_look(const struct status_room *room, const char *url, struct fetch_turn *turn)
{
	for (size_t i = room->n; i-- > 0;)
		if (fetch_turn_look(room->crypto, room->names[i], url, turn) == E_OK)
			return;
	*turn = (struct fetch_turn){.fd = -1};
}

/* On one line: it stands in a comment of the bundle, too. */
static char *uri_text(const ASN1_IA5STRING *uri)
{
	char *text = strndup((const char *)ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri));

	for (char *p = text; p && *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7F)
			*p = '?';
	return text;
}

static char *name_text(const GENERAL_NAME *name)
{
	if (name->type == GEN_DIRNAME)
		return fact_dn(name->d.directoryName);
	return name->type == GEN_URI ? uri_text(name->d.uniformResourceIdentifier) : NULL;
}

char *status_point(const struct crl *crl)
{
	const DIST_POINT_NAME *point = crl->point ? crl->point->distpoint : NULL;
	char *text = NULL;

	if (!point || point->type != 0)
		return NULL;
	for (int i = 0; i < sk_GENERAL_NAME_num(point->name.fullname) && !text; i++)
		text = name_text(sk_GENERAL_NAME_value(point->name.fullname, i));
	return text;
}

const char *status_scope(const struct crl *crl)
{
	return crl->only_cas ? "ca" : crl->only_users ? "users" : "all";
}

const char *status_defect(const struct crl *crl, unsigned i)
{
	static const struct {
		enum crl_defect bit;
		const char *word;
	} all[] = {{CRL_DELTA, "delta"}, {CRL_INDIRECT, "indirect"}, {CRL_CRITICAL, "critical-extension"},
	           {CRL_NO_NEXT, "no-next-update"}, {CRL_ATTRIBUTES, "attribute-certificates"}};

	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		if ((crl->defects & all[k].bit) && i-- == 0)
			return all[k].word;
	return NULL;
}

static const char *scope_text(const struct crl *crl)
{
	return crl->only_cas ? _("CA certificates") : crl->only_users ? _("end entities") : _("all certificates");
}

static void put_list(const struct store_file *file)
{
	const struct crl *crl = file->crl;
	char *issuer = fact_dn(crl->name), *point = status_point(crl);
	char from[FACT_TIME_SIZE], until[FACT_TIME_SIZE], number[2 * sizeof crl->number + 1];

	status_time(crl->this_update, true, from);
	status_time(crl->next_update, true, until);
	status_hex(crl->number, crl->number_len, number);
	put_text(stdout, issuer ? issuer : "");
	putchar('\n');
	put_field(_("About"), "%s", scope_text(crl));
	if (point)
		put_field(_("Name"), "%s", point);
	put_field(_("Issued"), "%s", from);
	if (crl->next_update)
		put_field(_("Valid until"), "%s%s", until, crl->next_update < time(NULL) ? _(" (STALE)") : "");
	if (number[0])
		put_field(_("Number"), "%s", number);
	put_field(_("Entries"), "%zu", crl->n);
	for (unsigned i = 0; status_defect(crl, i); i++)
		put_field(_("Cannot be used"), "%s", status_defect(crl, i));
	put_field(_("File"), "%s", file->path);
	free(issuer);
	free(point);
}

struct counts {
	size_t archived;
};

static enum error put_file(void *arg, const struct store_file *file)
{
	struct counts *counts = arg;

	if (file->archived) {
		counts->archived++;
	} else if (file->crl) {
		put_list(file);
	} else {
		put_text(stdout, file->path);
		putchar('\n');
		put_field(_("Cannot be used"), "%s", file->issuer ? _(error_text(file->why)) :
			  _("it is of no CA certificate that is installed"));
	}
	return E_OK;
}

static void put_source(const struct status_room *room, const char *url)
{
	struct fetch_turn turn;
	char at[FACT_TIME_SIZE];

	status_look(room, url, &turn);
	put_text(stdout, url);
	putchar('\n');
	if (turn.state.succeeded) {
		status_time(turn.state.succeeded, true, at);
		put_field(_("Last answer"), "%s", at);
	} else {
		put_field(_("Last answer"), "%s", _("none yet"));
	}
	if (turn.state.failures)
		put_field(_("Failures"), "%u", turn.state.failures);
	if (turn.state.tried) {
		status_time(fetch_due(&turn.state, turn.next_update), true, at);
		put_field(_("Next try"), _("after %s"), at);
	}
}

static enum exit_code list_text(struct status_room *room, const struct fetch_plan *plan)
{
	struct counts counts = {.archived = 0};
	enum error e = store_walk(room->store, room->trust, put_file, &counts);

	if (e != E_OK)
		return status_complain(e);
	if (counts.archived)
		printf(P_("%zu list in the archive\n", "%zu lists in the archive\n", counts.archived), counts.archived);
	if (plan->sources.n)
		printf("\n%s\n", _("Lists come from:"));
	for (size_t i = 0; i < plan->sources.n; i++)
		put_source(room, plan->sources.url[i]);
	return EXIT_DONE;
}

enum exit_code status_list(struct status_room *room, const struct status_wish *wish)
{
	struct fetch_plan plan = {.n_held = 0};
	enum error e = fetch_plan_make(room->crypto, room->store, room->trust, room->names, room->n, &plan);
	enum exit_code code;

	if (e != E_OK)
		return status_complain(e);
	code = wish->json ? status_list_json(room, &plan) : list_text(room, &plan);
	fetch_plan_free(&plan);
	return code;
}
