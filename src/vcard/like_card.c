/* SPDX-License-Identifier: BSD-2-Clause */
/* A card made of a report: what its answers mean for struct vcard_spec. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/i18n.h"
#include "vcard/iso7816.h"
#include "vcard/like.h"

static uint16_t last(const struct like_answer *a)
{
	return a->n ? a->sw[a->n - 1] : 0;
}

static bool has(const struct like_answer *a, uint8_t sw1)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->sw[i] >> 8 == sw1)
			return true;
	return false;
}

static bool is_good(const struct like_answer *a)
{
	uint16_t sw = last(a);

	return sw == SW_OK || sw >> 8 == SW_MORE >> 8 || sw == SW_END_OF_FILE || sw == SW_DEACTIVATED;
}

static bool refuse(char *why, size_t size, const char *text)
{
	snprintf(why, size, "%s", text);
	return false;
}

/* ---- Files */

static const struct like_file *find(const struct like *l, enum like_app app, uint16_t fid)
{
	for (size_t i = 0; i < l->n_read; i++)
		if (l->read[i].app == app && l->read[i].fid == fid)
			return &l->read[i];
	return NULL;
}

static enum vcard_app owner_of(const struct like_file *f)
{
	if (f->app != LIKE_JPKI)
		return f->app == LIKE_HPKI_SIGN ? VCARD_SIGN : VCARD_AUTH;
	switch (f->fid) {
	case 0x01:
	case 0x02:
	case 0x1A:
	case 0x1B:
		return VCARD_SIGN;
	default:
		return VCARD_AUTH;
	}
}

static enum vcard_content content_of(const struct like_file *f)
{
	if (f->app == LIKE_JPKI) /* its files are the same on every card */
		switch (f->fid) {
		case 0x01:
		case 0x0A:
			return VCARD_OWN;
		case 0x02:
		case 0x0B:
			return VCARD_ISSUER;
		case 0x17:
		case 0x1A:
			return VCARD_KEY;
		case 0x18:
		case 0x1B:
			return VCARD_PIN;
		default:
			return VCARD_BYTES;
		}
	switch (f->what) {
	case LIKE_OWN:
		return VCARD_OWN;
	case LIKE_CA:
		return VCARD_ISSUER;
	case LIKE_ROOT:
		return VCARD_ROOT;
	case LIKE_KEY:
		return VCARD_KEY;
	case LIKE_PIN:
		return VCARD_PIN;
	default:
		return last(&f->read) == SW_WRONG_FILE ? VCARD_PIN : VCARD_BYTES;
	}
}

/* EF 0006 of JPKI: a report has its label alone. */
static bool make_token_info(struct like_file *f)
{
	uint8_t info[160] = {0};

	if (f->content.len || !f->label[0])
		return true;
	memset(info, ' ', 96);
	memcpy(info, f->label, strlen(f->label));
	memcpy(info + 80, "0000000000000000", 16);
	info[119] = 16;
	info[123] = 4;
	return buf_append(&f->content, info, sizeof info) == E_OK;
}

/* Bytes that the report has only counted: there must be some before the filling. */
static bool make_hidden(struct like_file *f)
{
	bool ok = true;

	if (content_of(f) != VCARD_BYTES || f->content.len || f->padding >= f->size)
		return true;
	for (size_t i = f->padding; ok && i < f->size; i++)
		ok = buf_append(&f->content, (const uint8_t[]){0x01}, 1) == E_OK;
	return ok;
}

static bool settle_file(struct like *l, struct like_file *f)
{
	struct vcard_spec *s = &l->spec;
	struct vcard_file *out = &l->files[s->n_files];
	enum vcard_app owner = owner_of(f);
	bool unread = f->by_id.given && !is_good(&f->by_id) && !is_good(&f->by_sfi);

	if (unread)
		return true;
	if ((f->app == LIKE_JPKI && f->fid == 0x06 && !make_token_info(f)) || !make_hidden(f))
		return false;
	*out = (struct vcard_file){.app = owner, .content = content_of(f), .size = f->size, .filler = f->filler};
	if (!f->by_id.given || is_good(&f->by_id))
		out->fid = f->fid;
	if (is_good(&f->by_sfi) || has(&f->by_sfi, 0x69))
		out->sfi = f->sfi;
	else if (f->app == LIKE_JPKI && last(&f->by_sfi) != SW_NOT_FOUND) /* its number, refused or not asked for */
		out->sfi = (uint8_t)f->fid;
	out->bytes = f->content.data;
	out->len = f->content.len;
	out->locked = last(&f->read) == SW_SECURITY;
	if (out->content == VCARD_OWN) {
		s->certificate_size[owner] = f->certificate;
		if (f->size && !f->certificate && !out->locked)
			s->no_certificate[owner] = true;
	}
	s->n_files++;
	return true;
}

/* What the report could not read of JPKI is as large as what it could. */
static void settle_locked(struct like *l)
{
	const struct like_file *auth = find(l, LIKE_JPKI, 0x0A), *state = find(l, LIKE_JPKI, 0x08);

	for (size_t i = 0; i < l->spec.n_files; i++) {
		struct vcard_file *f = &l->files[i];

		if (f->content != VCARD_OWN || !f->locked || f->size)
			continue;
		f->size = auth && auth->size > auth->certificate ? auth->size : 0;
		f->filler = auth ? auth->filler : 0;
	}
	if (state && state->content.len >= 2) {
		l->spec.no_certificate[VCARD_SIGN] = state->content.data[0] != 0x8F;
		l->spec.no_certificate[VCARD_AUTH] = state->content.data[1] != 0x8F;
	}
	for (size_t i = 0; i < l->spec.n_files; i++)
		if (l->files[i].content == VCARD_OWN && l->spec.no_certificate[l->files[i].app] && !l->files[i].size)
			l->files[i].size = 2048;
}

/* HPKI says it by nothing but an empty file. */
static void settle_certificate(struct like *l, enum vcard_app app)
{
	bool found = false;

	for (size_t i = 0; i < l->spec.n_files; i++)
		found = found || (l->files[i].app == app && l->files[i].content == VCARD_OWN);
	l->spec.no_certificate[app] = l->spec.no_certificate[app] || !found;
}

/* HPKI's PIN is found by its reference, in a file or in none. */
static void add_pin(struct like *l, enum vcard_app app)
{
	for (size_t i = 0; i < l->spec.n_files; i++)
		if (l->files[i].app == app && l->files[i].content == VCARD_PIN)
			return;
	l->files[l->spec.n_files++] = (struct vcard_file){.app = app, .content = VCARD_PIN};
}

static void settle_reading(struct like *l)
{
	struct vcard_spec *s = &l->spec;

	for (size_t i = 0; i < l->n_read; i++) {
		const struct like_file *f = &l->read[i];
		uint16_t sw = last(&f->by_sfi);

		if (f->by_sfi.given && !is_good(&f->by_sfi) && is_good(&f->read) && sw != SW_NOT_FOUND)
			s->sfi_read = sw;
		if (has(&f->end, 0x6C) && !s->exact_le)
			s->tail = VCARD_TAIL_6C;
		else if (last(&f->end) == SW_END_OF_FILE)
			s->tail = VCARD_TAIL_6282;
	}
}

/* ---- Commands */

static void settle_counter(struct like *l, const struct like_answer *a, enum vcard_app app)
{
	struct vcard_spec *s = &l->spec;
	uint16_t sw = last(a);

	if ((sw & 0xFFF0) == SW_TRIES)
		s->tries[app] = sw & 0x0F;
	else if (sw == SW_BLOCKED || sw == SW_UNUSABLE)
		s->tries[app] = 0;
	else if (sw == SW_LENGTH)
		s->no_counter = true;
}

static void settle_part(struct like *l, enum like_app app)
{
	const struct like_part *p = &l->parts[app];
	struct vcard_spec *s = &l->spec;

	s->get_response = s->get_response || has(&p->select, 0x61);
	s->exact_le = s->exact_le || has(&p->select, 0x6C);
	s->cut_extended = s->cut_extended || p->extended.none;
	s->no_extended = s->no_extended || (p->extended.given && !p->extended.none && !is_good(&p->extended) &&
	                                    last(&p->extended) != SW_SECURITY);
	if (last(&p->extended) == SW_END_OF_FILE)
		s->tail = VCARD_TAIL_6282;
	if (last(&p->select) == SW_DEACTIVATED)
		s->select_6283 = app == LIKE_HPKI_SIGN && last(&p->again) == SW_DEACTIVATED ? VCARD_WARN_SIGNATURE :
		                                                                              VCARD_WARN_FIRST;
	if (app == LIKE_JPKI) {
		settle_counter(l, &p->counter[VCARD_AUTH], VCARD_AUTH);
		settle_counter(l, &p->counter[VCARD_SIGN], VCARD_SIGN);
		return;
	}
	settle_counter(l, &p->counter[0], app == LIKE_HPKI_SIGN ? VCARD_SIGN : VCARD_AUTH);
	if (p->counter[0].given)
		s->pin_reference = (uint8_t)p->counter_number[0];
}

static uint16_t key_of(const struct like *l, enum like_app app)
{
	for (size_t i = 0; i < l->n_read; i++)
		if (l->read[i].app == app && l->read[i].what == LIKE_KEY)
			return l->read[i].fid;
	return 0x000C;
}

/* MSE: which tags are taken, whether the key goes by its file or by a reference,
 * and whether its file must be the selected one. */
static void settle_mse(struct like *l, enum like_app app)
{
	const struct like_part *p = &l->parts[app];
	struct vcard_spec *s = &l->spec;
	bool tag[2] = {false, false}, file = false, reference = false, any = false, plain = false, selected = false;
	bool unknown = p->n_mse > 0;

	for (size_t i = 0; i < p->n_mse; i++) {
		const struct like_mse *m = &p->mse[i];
		unsigned number = m->len == 4 ? (unsigned)m->crt[2] << 8 | m->crt[3] : m->crt[m->len - 1];
		bool taken = last(&m->answer) == SW_OK;

		unknown = unknown && last(&m->answer) == SW_INS;
		if (!taken && !m->selected && m->crt[0] == 0x84 && number != key_of(l, app))
			s->mse_refusal = last(&m->answer);
		if (!taken && !m->selected && m->crt[0] == 0x81)
			s->tag_refusal = last(&m->answer);
		if (!taken)
			continue;
		plain = plain || !m->selected;
		selected = selected || m->selected;
		tag[m->crt[0] == 0x81] = true;
		any = any || number == 0x3FFF;
		file = file || number == key_of(l, app);
		if (number != key_of(l, app) && number != 0x3FFF) {
			reference = true;
			s->key_reference = (uint8_t)number;
		}
	}
	if (unknown)
		s->dialect = VCARD_OLD;
	if (any)
		s->mse = VCARD_MSE_ANY;
	else if (reference)
		s->mse = file ? VCARD_MSE_EITHER : VCARD_MSE_REFERENCE;
	if (tag[0] != tag[1] && !any)
		s->mse_tag = tag[0] ? 0x84 : 0x81;
	if (selected && !plain)
		s->select_key = VCARD_SELECT_FOR_MSE;
}

/* ---- Signatures */

static const struct like_way *good_way(const struct like_part *p, bool pss)
{
	for (size_t i = 0; i < p->n_ways; i++)
		if (p->ways[i].right && p->ways[i].pss == pss)
			return &p->ways[i];
	return NULL;
}

static bool same_key(const struct like_way *a, const struct like_way *b)
{
	return a->crt_len == b->crt_len && memcmp(a->crt, b->crt, a->crt_len) == 0;
}

/* A way whose MSE was taken and whose PSO was not, as against the one that went well. */
static void settle_refusal(struct like *l, const struct like_way *good, const struct like_way *w)
{
	struct vcard_spec *s = &l->spec;

	if (w->right || w->wrong || w->sign == 0 || w->mse != SW_OK || w->cla & 0x80)
		return;
	if (w->pss) {
		s->no_pss = s->no_pss || (same_key(w, good) && w->selected == good->selected);
		if (s->no_pss && w->sign != SW_DATA)
			s->refusal = w->sign;
		return;
	}
	s->refusal = w->sign;
	if (good->selected && !w->selected) {
		s->select_key = VCARD_SELECT_FOR_PSO;
		return;
	}
	if (same_key(w, good))
		return;
	s->mse = VCARD_MSE_ANY;
	if (w->crt[0] != good->crt[0])
		s->mse_tag = good->crt[0];
	else
		s->key_reference = 0; /* the file it is */
}

static void settle_ways(struct like *l, enum like_app app)
{
	const struct like_part *p = &l->parts[app];
	const struct like_way *good = good_way(p, false);
	struct vcard_spec *s = &l->spec;
	bool pss = false, wrong = false;

	if (p->n_ways == 0)
		return;
	if (app == LIKE_JPKI)
		s->sfi_sign = 0;
	for (size_t i = 0; i < p->n_ways; i++) {
		const struct like_way *w = &p->ways[i];

		pss = pss || (w->pss && w->right);
		wrong = wrong || (w->pss && w->wrong);
		if (app == LIKE_JPKI && !w->pss && w->p2 != 0x80 && w->sign && !w->right)
			s->sfi_sign = w->sign;
		if (good && app != LIKE_JPKI && !(good->cla & 0x80))
			settle_refusal(l, good, w);
	}
	s->no_pss = s->no_pss || (!pss && !wrong);
	s->wrong_pss = wrong && !pss;
	if (good && app != LIKE_JPKI && good->cla & 0x80)
		s->dialect = VCARD_OLD;
}

/* ---- The card */

static bool settle_kind(struct like *l, char *why, size_t size)
{
	bool hpki[2] = {is_good(&l->parts[LIKE_HPKI_AUTH].select), is_good(&l->parts[LIKE_HPKI_SIGN].select)};
	bool jpki = is_good(&l->parts[LIKE_JPKI].select);

	if (jpki && (hpki[0] || hpki[1]))
		return refuse(why, size, _("a card with HPKI and JPKI in one cannot be made"));
	vcard_spec_init(&l->spec, jpki ? VCARD_JPKI : hpki[0] || hpki[1] ? VCARD_HPKI : VCARD_FOREIGN);
	if (jpki) {
		l->spec.no_app[VCARD_AUTH] = !find(l, LIKE_JPKI, 0x18) || !is_good(&find(l, LIKE_JPKI, 0x18)->by_id);
		l->spec.no_app[VCARD_SIGN] = !find(l, LIKE_JPKI, 0x1B) || !is_good(&find(l, LIKE_JPKI, 0x1B)->by_id);
	} else {
		l->spec.no_app[VCARD_AUTH] = !hpki[0];
		l->spec.no_app[VCARD_SIGN] = !hpki[1];
	}
	memcpy(l->spec.atr, l->atr, l->atr_len);
	l->spec.atr_len = l->atr_len;
	l->spec.first_6f00 = last(&l->first) == SW_UNKNOWN;
	return true;
}

bool like_settle(struct like *l, char *why, size_t why_size)
{
	struct vcard_spec *s = &l->spec;

	if (!settle_kind(l, why, why_size))
		return false;
	if (s->kind == VCARD_FOREIGN)
		return true;
	for (int i = 0; i < LIKE_APPS; i++)
		if ((s->kind == VCARD_JPKI) == (i == LIKE_JPKI))
			settle_part(l, (enum like_app)i);
	s->files = l->files;
	for (size_t i = 0; i < l->n_read; i++)
		if ((s->kind == VCARD_JPKI) == (l->read[i].app == LIKE_JPKI) && !settle_file(l, &l->read[i]))
			return refuse(why, why_size, _("out of memory"));
	settle_reading(l);
	if (s->n_files == 0)
		return refuse(why, why_size, _("it tells no file of the card"));
	if (s->kind == VCARD_JPKI) {
		settle_locked(l);
		s->sfi_sign = s->sfi_read;
		settle_ways(l, LIKE_JPKI);
		return true;
	}
	for (int i = LIKE_HPKI_AUTH; i <= LIKE_HPKI_SIGN; i++) {
		if (s->no_app[i == LIKE_HPKI_SIGN])
			continue;
		settle_certificate(l, i == LIKE_HPKI_SIGN ? VCARD_SIGN : VCARD_AUTH);
		add_pin(l, i == LIKE_HPKI_SIGN ? VCARD_SIGN : VCARD_AUTH);
		settle_mse(l, (enum like_app)i);
		settle_ways(l, (enum like_app)i);
	}
	return true;
}

struct vcard_spec *vcard_like(const char *path, char *why, size_t why_size)
{
	struct like *l = calloc(1, sizeof *l);
	struct vcard_spec *spec = l ? &l->spec : NULL;

	if (!l)
		snprintf(why, why_size, "%s", _("out of memory"));
	else if (!like_parse(l, path, why, why_size) || !like_settle(l, why, why_size))
		vcard_like_free(&spec);
	return spec;
}

void vcard_like_free(struct vcard_spec **spec)
{
	struct like *l = (struct like *)*spec;

	if (!l)
		return;
	for (size_t i = 0; i < l->n_read; i++)
		buf_free(&l->read[i].content);
	free(l);
	*spec = NULL;
}
