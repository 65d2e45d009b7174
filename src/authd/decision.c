/* SPDX-License-Identifier: BSD-2-Clause */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "authd/decision.h"
#include "authd/header.h"
#include "authd/log.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/text.h"

/* Remembered decisions: sets of four places, each for one hash of rule and certificate. A new one takes the place that
 * ends first, so that memory stays as it is. */
#define SETS 4096
#define WAYS 4
#define LOCKS 64
#define URI_MAX 2000 /* of what the log shows */

struct place {
	uint8_t hash[32];
	struct outcome *outcome; /* NULL: free */
};

struct generation {
	atomic_uint refs;
	struct conf *conf;
	struct inkan *ctx;
	struct place (*places)[WAYS];
	pthread_mutex_t locks[LOCKS];
};

static struct {
	pthread_mutex_t lock;
	struct generation *generation;
} current = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- A generation */

struct generation *generation_new(const char *conf_path)
{
	struct generation *g = calloc(1, sizeof *g);
	struct conf *conf = g ? conf_new(conf_path) : NULL;
	enum inkan_error e;

	if (!conf) {
		free(g);
		return NULL;
	}
	struct inkan_options options = {
		.size = sizeof options,
		.anchors = conf->anchors[0] ? (const char *const *)conf->anchors : NULL,
		.lists = conf->lists[0] ? (const char *const *)conf->lists : NULL,
		.check_seconds = CHECK_SECONDS,
	};

	atomic_init(&g->refs, 1);
	g->conf = conf;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&g->locks[i], NULL);
	g->places = calloc(SETS, sizeof *g->places);
	e = g->places ? inkan_new(&options, &g->ctx) : INKAN_E_MEMORY;
	if (e != INKAN_OK) {
		tell("inkan_new: %s", inkan_error_text(e));
		generation_free(&g);
	}
	return g;
}

void generation_free(struct generation **generation)
{
	struct generation *g = *generation;

	*generation = NULL;
	if (!g || atomic_fetch_sub(&g->refs, 1) != 1)
		return;
	for (size_t i = 0; g->places && i < SETS * WAYS; i++)
		outcome_free(&g->places[i / WAYS][i % WAYS].outcome);
	free(g->places);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&g->locks[i]);
	inkan_free(&g->ctx);
	conf_free(&g->conf);
	free(g);
}

const struct conf *generation_conf(const struct generation *g)
{
	return g->conf;
}

size_t generation_anchors(const struct generation *g)
{
	return inkan_anchor_count(g->ctx);
}

void generation_install(struct generation *generation)
{
	struct generation *old;

	pthread_mutex_lock(&current.lock);
	old = current.generation;
	current.generation = generation;
	pthread_mutex_unlock(&current.lock);
	generation_free(&old);
}

struct generation *generation_get(void)
{
	struct generation *g;

	pthread_mutex_lock(&current.lock);
	g = current.generation;
	atomic_fetch_add(&g->refs, 1);
	pthread_mutex_unlock(&current.lock);
	return g;
}

/* ---- Outcomes */

/* A person's name is in it. */
static void wipe_text(char *text)
{
	if (text)
		mem_wipe(text, strlen(text));
	free(text);
}

void outcome_free(struct outcome **outcome)
{
	struct outcome *o = *outcome;

	*outcome = NULL;
	if (!o || __atomic_fetch_sub(&o->refs, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	mem_wipe(o, o->size);
	free(o);
}

/* Takes over the reasons, what else the log says of it, and the fields, if there are any. */
static struct outcome *outcome_new(const char *rule, const char *word, json_t *reasons, json_t *more, char **fields)
{
	const struct reason *reason = reason_of(word);
	json_t *json = json_pack("{s:s, s:b, s:s}", "rule", rule, "accepted", reason->status == 200, "reason", word);
	char *texts[FIELDS + 1] = {NULL}, *at;
	struct outcome *o;
	size_t n = sizeof *o;

	if (reasons)
		json_object_set(json, "reasons", reasons);
	if (more)
		json_object_update(json, more);
	texts[FIELDS] = json_dumps(json, JSON_COMPACT | JSON_EMBED);
	if (fields)
		memcpy(texts, fields, FIELDS * sizeof *texts);
	for (size_t i = 0; i <= FIELDS; i++)
		n += texts[i] ? strlen(texts[i]) + 1 : 0;
	o = texts[FIELDS] ? calloc(1, n) : NULL;
	at = o ? o->text : NULL;
	for (size_t i = 0; i <= FIELDS; i++) {
		if (o && texts[i]) {
			*(i < FIELDS ? &o->field[i] : &o->log) = at;
			at = stpcpy(at, texts[i]) + 1;
		}
		wipe_text(texts[i]);
	}
	if (o) {
		o->refs = 1;
		o->size = n;
		o->reason = reason;
		o->made = time(NULL);
	}
	json_decref(json);
	json_decref(reasons);
	json_decref(more);
	return o;
}

/* ---- What the answer carries */

/* Percent-encoded where it must be (RFC 3986 2.1). A list's item: ASCII stays, but for what would end or hide it. */
static char *encode(const char *text, bool item)
{
	char *out = malloc(3 * strlen(text) + 1), *p = out;

	for (size_t i = 0; out && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
		bool inner = c == ' ' && i > 0 && text[i + 1];
		bool plain =
			alnum || strchr("-._~", c) || (item && (inner || (c > ' ' && c < 127 && c != ',' && c != '%')));

		p += sprintf(p, plain ? "%c" : "%%%02X", c);
	}
	if (out)
		*p = '\0';
	return out;
}

static void digest_text(const void *data, size_t n, size_t digits, char *out)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!EVP_Digest(data, n, hash, &len, EVP_sha256(), NULL))
		len = 0;
	hex_write(hash, len < digits / 2 ? len : digits / 2, out);
}

/* HPKI: which CA, and what that CA calls the person: two CAs number independently of each other. A name that could not
 * stand in a header is hashed, behind a + that no such name has. JPKI: nothing of the certificate can be told from it.
 * It holds no number of a person, so that the pseudonym is this certificate's, not the next one's. */
static char *user_of(const struct conf *conf, const struct inkan_cert *cert, const char *id)
{
	static const char ordinary[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *issuer = inkan_cert_issuer(cert);
	char scope[10] = "", hash[33] = "", *user = NULL;
	uint8_t mac[EVP_MAX_MD_SIZE];
	const unsigned char *der;
	unsigned len = 0;
	size_t n;

	der = inkan_cert_der(cert, &n);
	if (inkan_cert_is_personal(cert)) {
		if (!conf->key || !HMAC(EVP_sha256(), conf->key, (int)conf->key_len, der, n, mac, &len) || len < 16)
			return NULL;
		hex_write(mac, 16, hash);
		return asprintf(&user, "jpki-%s", hash) < 0 ? NULL : user;
	}
	if (!conf->bare_id) {
		digest_text(issuer, strlen(issuer), 8, scope);
		strcat(scope, "-");
	}
	if (id && *id && strlen(id) <= 64 && id[strspn(id, ordinary)] == '\0')
		return asprintf(&user, "hpki-%s%s", scope, id) < 0 ? NULL : user;
	digest_text(id && *id ? id : (const char *)der, id && *id ? strlen(id) : n, 32, hash);
	return asprintf(&user, "hpki-%s+%s", scope, hash) < 0 ? NULL : user;
}

static char *roles_of(const struct inkan_cert *cert)
{
	size_t n = inkan_role_count(cert), room;
	char *text = NULL;
	FILE *f = n > 0 ? open_memstream(&text, &room) : NULL;

	for (size_t i = 0; f && i < n; i++) {
		char *role = encode(inkan_role_text(cert, i), true);

		fprintf(f, "%s%s", i ? "," : "", role ? role : "");
		free(role);
	}
	if (f && fclose(f) != 0) {
		free(text);
		text = NULL;
	}
	return text;
}

/* A decision and everything that is said about it. */
struct finding {
	const struct conf *conf;
	const struct rule *rule;
	const struct inkan_cert *cert;
	const struct inkan_decision *decision;
	struct inkan_status_info status;
};

/* Takes the text over. False: no memory. */
static bool put(char **fields, enum field field, bool wanted, char *text)
{
	if (!wanted) {
		free(text);
		return true;
	}
	fields[field] = text;
	return text != NULL;
}

static bool fill(const struct finding *f, const struct inkan_person *person, const char *user, char **fields)
{
	unsigned carries = f->rule->carries;
	const char *japanese = inkan_person_get(person, INKAN_PERSON_JAPANESE_NAME);
	const char *name = f->conf->latin_name || !japanese ? inkan_person_get(person, INKAN_PERSON_NAME) : japanese;
	bool personal = inkan_cert_is_personal(f->cert);
	bool groups = (carries & CARRY_GROUPS) && inkan_role_count(f->cert) > 0;
	char as_of[TIME_TEXT_SIZE], hash[65];

	time_write((time_t)f->status.this_update, as_of);
	hex_write(inkan_cert_sha256(f->cert), 32, hash);
	return put(fields, FIELD_USER, carries & CARRY_USER, user ? strdup(user) : NULL) &&
	       put(fields, FIELD_NAME, (carries & CARRY_NAME) && name && !personal, encode(name ? name : "", false)) &&
	       put(fields, FIELD_GROUPS, groups, roles_of(f->cert)) &&
	       put(fields, FIELD_ROLES, groups, roles_of(f->cert)) &&
	       put(fields, FIELD_PROFILE, carries & CARRY_PROFILE, strdup(inkan_cert_profile_word(f->cert))) &&
	       put(fields, FIELD_STATUS, carries & CARRY_STATUS, strdup(inkan_status_word(f->status.result))) &&
	       put(fields, FIELD_AS_OF, (carries & CARRY_STATUS) && f->status.this_update, strdup(as_of)) &&
	       put(fields, FIELD_CERTIFICATE, (carries & CARRY_CERTIFICATE) && !personal, strdup(hash)) &&
	       put(fields, FIELD_TEST, inkan_decision_is_test(f->decision), strdup("yes"));
}

/* Which lists were asked, and when the answer would change by the clock alone. */
static json_t *lists_of(const struct finding *f, int64_t *until)
{
	struct inkan_status_info s = {.size = sizeof s};
	json_t *lists = json_array();
	char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];

	for (size_t i = 0; inkan_decision_cert_status(f->decision, i, &s) == INKAN_OK; i++) {
		int64_t end = s.next_update + f->rule->grace;

		if (!s.this_update)
			continue;
		time_write((time_t)s.this_update, from);
		time_write((time_t)s.next_update, to);
		json_array_append_new(lists, json_pack("{s:s, s:s, s:s, s:s}", "ca",
		                                       inkan_cert_issuer(inkan_decision_cert(f->decision, i)), "number",
		                                       s.crl_number, "this_update", from, "next_update", to));
		if (s.result == INKAN_STATUS_GOOD && s.next_update && end < *until)
			*until = end;
	}
	return lists;
}

/* Of a private person the log has the pseudonym alone. Nobody is named by what no trusted CA has signed. */
static json_t *describe(const struct finding *f, const struct inkan_person *person, const char *user, int64_t *until)
{
	bool signed_by_ca = inkan_decision_verdict(f->decision) != INKAN_VERDICT_BAD_CHAIN;
	bool personal = inkan_cert_is_personal(f->cert);
	const char *japanese = inkan_person_get(person, INKAN_PERSON_JAPANESE_NAME);
	const char *name = japanese ? japanese : inkan_person_get(person, INKAN_PERSON_NAME);
	json_t *o = json_object(), *roles = json_array();
	char *visible = !personal && name ? text_visible(name) : NULL;
	char hash[65];

	json_object_set_new(o, "verdict", json_integer(inkan_decision_verdict(f->decision)));
	json_object_set_new(o, "user", json_string(signed_by_ca ? user : ""));
	if (signed_by_ca && visible)
		json_object_set_new(o, "name", json_string(visible));
	for (size_t i = 0; i < inkan_role_count(f->cert); i++)
		json_array_append_new(roles, json_string(inkan_role_text(f->cert, i)));
	json_object_set_new(o, "roles", roles);
	json_object_set_new(o, "profile", json_string(inkan_cert_profile_word(f->cert)));
	hex_write(inkan_cert_sha256(f->cert), 32, hash);
	if (!personal)
		json_object_set_new(o, "certificate", json_string(hash));
	if (inkan_decision_is_test(f->decision))
		json_object_set_new(o, "test", json_true());
	json_object_set_new(o, "status", json_string(inkan_status_word(f->status.result)));
	json_object_set_new(o, "lists", lists_of(f, until));
	free(visible);
	return o;
}

/* NULL: no memory. */
static struct outcome *outcome_of(const struct finding *f)
{
	const struct inkan_cert *ca;
	struct inkan_person *person = NULL;
	json_t *reasons = json_array(), *more;
	const char *first = NULL, *word;
	char *fields[FIELDS] = {NULL};
	bool filled;
	int64_t until = time(NULL) + REMEMBER_SECONDS;
	struct outcome *o = NULL;
	char *user = NULL;

	if (inkan_person_new(f->cert, &person) != INKAN_OK)
		goto out;
	user = user_of(f->conf, f->cert, inkan_person_get(person, INKAN_PERSON_ID));
	/* a patient's card at the doctors' page: that, not what is unknown about it, helps */
	if (!(f->rule->profiles >> inkan_cert_profile(f->cert) & 1))
		json_array_append_new(reasons, json_string(first = REASON_WRONG_PROFILE));
	for (size_t i = 0; (word = inkan_decision_reason(f->decision, i)); i++) {
		json_array_append_new(reasons, json_string(word));
		first = first ? first : word;
	}
	if (!first)
		first = inkan_decision_verdict(f->decision) == INKAN_VERDICT_ACCEPTED && user ? REASON_ACCEPTED
		                                                                              : REASON_INTERNAL;
	for (size_t i = 0; (ca = inkan_decision_cert(f->decision, i)); i++)
		if (inkan_cert_not_after(ca) < until)
			until = inkan_cert_not_after(ca) + 1;
	more = describe(f, person, user ? user : "", &until);
	/* an answer that lacks what it should say is none */
	filled = reason_of(first)->status != 200 || fill(f, person, user, fields);
	o = outcome_new(f->rule->name, first, reasons, more, fields);
	reasons = NULL;
	if (!filled)
		outcome_free(&o);
	if (o)
		o->until = until;
out:
	json_decref(reasons);
	inkan_person_free(&person);
	free(user);
	return o;
}

/* ---- A request */

static const char *header_reason(enum header h)
{
	return h == HEADER_EMPTY       ? REASON_NO_CERTIFICATE
	       : h == HEADER_MALFORMED ? REASON_MALFORMED
	       : h == HEADER_TOO_LONG  ? REASON_TOO_LONG
	                               : REASON_INTERNAL;
}

static struct outcome *decide(struct generation *g, const struct rule *rule, const struct request *r)
{
	struct certs certs = {.n = 0};
	struct inkan_evidence *evidence = NULL;
	struct inkan_decision *decision = NULL;
	struct inkan_cert *cert = NULL;
	struct outcome *o = NULL;
	enum header read = r->token ? HEADER_READ : header_read(r->form, r->cert, strlen(r->cert), &certs);
	enum header more = HEADER_EMPTY;
	enum inkan_error e = INKAN_OK;

	if (read == HEADER_READ && !r->token && r->chain)
		more = header_read(r->form == FORM_XFCC ? FORM_AUTO : r->form, r->chain, strlen(r->chain), &certs);
	if (more != HEADER_EMPTY)
		read = more;
	if (read == HEADER_READ && !r->token)
		e = inkan_cert_from_der(g->ctx, certs.der[0].data, certs.der[0].len, &cert);
	if (read == HEADER_READ && !r->token && e == INKAN_OK)
		e = inkan_evidence_new(g->ctx, &evidence);
	for (size_t i = 1; read == HEADER_READ && e == INKAN_OK && i < certs.n; i++)
		e = inkan_evidence_add_certs(evidence, certs.der[i].data, certs.der[i].len);
	if (read == HEADER_READ && e == INKAN_OK) {
		struct inkan_rules rules = {
			.size = sizeof rules,
			.purpose = INKAN_PURPOSE_LOGIN,
			.status = (enum inkan_status_rule)rule->status,
			.grace = rule->grace,
			.roles = rule->roles[0] ? (const char *const *)rule->roles : NULL,
			.evidence = certs.n > 1 ? evidence : NULL,
			.allow_test = (int)rule->allow_test,
		};
		struct finding f = {.conf = g->conf, .rule = rule, .status = {.size = sizeof f.status}};

		e = r->token ? inkan_web_eid_decide(g->ctx, r->token, &rules, &cert, &decision)
		             : inkan_decide(g->ctx, cert, &rules, &decision);
		f.cert = cert;
		f.decision = decision;
		if (e == INKAN_OK)
			e = inkan_decision_status(decision, &f.status);
		if (e == INKAN_OK)
			o = outcome_of(&f);
	}
	if (e == INKAN_E_FORMAT || e == INKAN_E_TOO_LONG)
		read = HEADER_MALFORMED;
	if (!o)
		o = outcome_new(rule->name,
		                r->token && e == INKAN_E_SIGNATURE ? REASON_BAD_TOKEN
		                : read == HEADER_READ              ? REASON_INTERNAL
		                                                   : header_reason(read),
		                NULL, NULL, NULL);
	inkan_decision_free(&decision);
	inkan_evidence_free(&evidence);
	inkan_cert_free(&cert);
	certs_free(&certs);
	return o;
}

/* Everything that a decision depends on beside the generation and the clock. */
static bool hash_request(const struct rule *rule, const struct request *r, uint8_t hash[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const char *chain = r->chain ? r->chain : "";
	unsigned char form = (unsigned char)r->form;
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) &&
	          EVP_DigestUpdate(ctx, rule->name, strlen(rule->name) + 1) && EVP_DigestUpdate(ctx, &form, 1) &&
	          EVP_DigestUpdate(ctx, r->cert, strlen(r->cert) + 1) && EVP_DigestUpdate(ctx, chain, strlen(chain)) &&
	          EVP_DigestFinal_ex(ctx, hash, NULL);

	EVP_MD_CTX_free(ctx);
	return ok;
}

static struct outcome *recall(struct generation *g, const uint8_t hash[32])
{
	size_t set = (hash[0] | (size_t)hash[1] << 8) % SETS;
	struct outcome *found = NULL;
	int64_t now = time(NULL);

	pthread_mutex_lock(&g->locks[set % LOCKS]);
	for (size_t i = 0; i < WAYS && !found; i++) {
		struct place *p = &g->places[set][i];

		/* a clock that was set back ends it, too */
		if (p->outcome && memcmp(p->hash, hash, 32) == 0 && now >= p->outcome->made && now < p->outcome->until)
			found = p->outcome;
	}
	if (found)
		__atomic_fetch_add(&found->refs, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&g->locks[set % LOCKS]);
	return found;
}

static void remember(struct generation *g, const uint8_t hash[32], struct outcome *o)
{
	size_t set = (hash[0] | (size_t)hash[1] << 8) % SETS;
	struct place *best = &g->places[set][0];
	struct outcome *old;

	pthread_mutex_lock(&g->locks[set % LOCKS]);
	for (size_t i = 0; i < WAYS; i++) {
		struct place *p = &g->places[set][i];

		if (p->outcome && memcmp(p->hash, hash, 32) == 0) {
			best = p;
			break;
		}
		if (best->outcome && (!p->outcome || p->outcome->until < best->outcome->until))
			best = p;
	}
	old = best->outcome;
	memcpy(best->hash, hash, 32);
	best->outcome = o;
	__atomic_fetch_add(&o->refs, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&g->locks[set % LOCKS]);
	outcome_free(&old);
}

/* A text of the proxy's as JSON has it. To be freed; NULL: no memory. */
static char *quoted(const char *text, size_t n)
{
	char *part = strndup(text, n < URI_MAX ? n : URI_MAX), *visible = part ? text_visible(part) : NULL;
	json_t *json = visible ? json_string(visible) : NULL;
	char *out = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;

	json_decref(json);
	free(visible);
	free(part);
	return out;
}

static void write_log(const struct request *r, const struct outcome *o)
{
	char *uri = r->uri ? quoted(r->uri, strcspn(r->uri, "?#")) : NULL;
	char *address = r->address && *r->address ? quoted(r->address, strlen(r->address)) : NULL;
	struct timespec now;
	char at[40], *line;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", &tm);
	if (asprintf(&line, "{\"time\":\"%s.%03dZ\",\"request\":\"%s\",\"address\":%s,\"uri\":%s,%s}", at,
	             (int)(now.tv_nsec / 1000000), r->id, address ? address : "\"\"", uri ? uri : "\"\"",
	             o->log) >= 0) {
		access_log_write(line);
		free(line);
	}
	free(address);
	free(uri);
}

struct outcome *request_decide(struct generation *g, const struct request *r)
{
	const struct rule *rule = r->refusal ? NULL : conf_rule(g->conf, r->rule);
	const char *refusal = r->refusal              ? r->refusal
	                      : !rule                 ? REASON_NO_RULE
	                      : !r->cert && !r->token ? REASON_NO_CERTIFICATE
	                                              : NULL;
	bool remembered = false;
	struct outcome *o = NULL;
	uint8_t hash[32];

	if (refusal) {
		o = outcome_new(rule ? rule->name : "", refusal, NULL, NULL, NULL);
	} else if (r->token) { /* good for one answer */
		o = decide(g, rule, r);
	} else if (strlen(r->cert) > VALUE_MAX || (r->chain && strlen(r->chain) > VALUE_MAX)) {
		o = outcome_new(rule->name, REASON_TOO_LONG, NULL, NULL, NULL);
	} else {
		bool hashed = hash_request(rule, r, hash);

		o = hashed ? recall(g, hash) : NULL;
		remembered = o != NULL;
		if (!o)
			o = decide(g, rule, r);
		if (o && !remembered && hashed && o->until > o->made)
			remember(g, hash, o);
	}
	if (!o)
		return NULL;
	count_decision(rule ? rule->name : "", reason_index(o->reason), remembered);
	write_log(r, o);
	return o;
}

void request_name(struct request *request, const char *id)
{
	size_t n = id ? strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") : 0;
	uint8_t random[8] = {0};

	if (n >= 8 && n <= ID_MAX && !id[n]) {
		memcpy(request->id, id, n + 1);
	} else {
		RAND_bytes(random, sizeof random);
		hex_write(random, sizeof random, request->id);
	}
}
