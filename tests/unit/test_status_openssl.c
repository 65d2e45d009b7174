/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision beside libcrypto's, over thousands of certificates and lists, sound
 * and damaged. Where the two differ it is one of the differences below, and each
 * of those is met. What libcrypto calls revoked is never good, but of two lists
 * where it goes by the one that does not count: not the certificate's by 6.3.3
 * (b)(1), or older than one that it does not understand. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/x509v3.h>
#include "status/status.h"
#include "store_rig.h"

#define NAMES "[ca]\nC=JP\nCN=Test CA\n[dn]\nC=JP\nCN=List 1\n[dn2]\nC=JP\nCN=List 2\n[rel]\nCN=Part\n" \
	"[p1]\nfullname=dirName:dn\n[p2]\nfullname=dirName:dn2,URI:http://b.example/\n[pr]\nrelativename=rel\n" \
	"[pi]\nfullname=dirName:dn\nCRLissuer=dirName:ca\n[pk]\nfullname=dirName:dn\nreasons=keyCompromise\n"

enum point { NO_POINT, BY_NAME, BY_NAME_AND_URL, BY_OTHER_NAME, BY_RELATIVE_NAME, BY_ISSUER, SOME_REASONS, POINTS };
static const char *const points[POINTS] = {
	[NO_POINT] = NULL,
	[BY_NAME] = "p1",
	[BY_NAME_AND_URL] = "p1,URI:http://a.example/",
	[BY_OTHER_NAME] = "URI:http://a.example/,p2",
	[BY_RELATIVE_NAME] = "pr",
	[BY_ISSUER] = "pi",
	[SOME_REASONS] = "pk",
};

enum form { PLAIN, NAMED, NAMED_URL, RELATIVE, NAMED_CA, USERS, CAS, ATTRIBUTES, REASONS, INDIRECT, DELTA, CRITICAL,
            OWN_NAME, CRITICAL_NUMBER, FORMS };
static const char *const forms[FORMS] = {
	[NAMED] = "fullname=dirName:dn",
	[NAMED_URL] = "fullname=URI:http://b.example/,URI:http://a.example/",
	[RELATIVE] = "relativename=rel",
	[NAMED_CA] = "fullname=dirName:dn\nonlyCA=TRUE",
	[USERS] = "onlyuser=TRUE",
	[CAS] = "onlyCA=TRUE",
	[ATTRIBUTES] = "onlyAA=TRUE",
	[REASONS] = "onlysomereasons=keyCompromise,superseded",
	[INDIRECT] = "indirectCRL=TRUE",
	[OWN_NAME] = "fullname=dirName:ca",
};

enum mark { BARE, MARK_CRITICAL, MARK_REASON, MARK_ISSUER, MARKS };
static const char *const marks[MARKS] = {
	[MARK_CRITICAL] = "1.2.3.4 = critical,DER:0500",
	[MARK_REASON] = "2.5.29.21 = critical,DER:0A0101",
	[MARK_ISSUER] = "2.5.29.29 = critical,DER:3011A40F300D310B300906035504030C025858",
};

struct one_list {
	enum form form;
	enum mark mark;
	unsigned key;     /* 0 is right; 1 a namesake's */
	int from, to;     /* days; to 0: none */
	bool listed, damaged;
	int reason;
};

struct one_case {
	enum point point;
	bool ca;
	struct one_list lists[2];
	size_t n;
};

/* ---- The deliberate differences */

typedef bool fact(const struct one_case *c);

static bool any(const struct one_case *c, bool (*test)(const struct one_list *l))
{
	return (c->n > 0 && test(&c->lists[0])) || (c->n > 1 && test(&c->lists[1]));
}

static bool expired_l(const struct one_list *l) { return l->listed && l->to < 0; }
static bool future_l(const struct one_list *l) { return l->listed && l->from > 0; }
static bool endless_l(const struct one_list *l) { return l->to == 0; }
static bool critical_l(const struct one_list *l)
{
	return l->listed && (l->form == CRITICAL || l->mark == MARK_CRITICAL);
}
static bool understood_l(const struct one_list *l) { return l->form == CRITICAL_NUMBER || l->mark == MARK_REASON; }
static bool stranger_l(const struct one_list *l) { return l->listed && l->mark == MARK_ISSUER; }
static bool partial_l(const struct one_list *l) { return l->form == REASONS; }
static bool own_l(const struct one_list *l) { return l->form == OWN_NAME; }
static bool delta_l(const struct one_list *l) { return l->form == DELTA; }

static bool expired(const struct one_case *c) { return any(c, expired_l); }
static bool future(const struct one_case *c) { return any(c, future_l); }
static bool endless(const struct one_case *c) { return any(c, endless_l); }
static bool critical(const struct one_case *c) { return any(c, critical_l); }
static bool understood(const struct one_case *c) { return any(c, understood_l); }
static bool stranger(const struct one_case *c) { return any(c, stranger_l); }
static bool partial(const struct one_case *c) { return any(c, partial_l); }
static bool own_name(const struct one_case *c) { return c->point == NO_POINT && any(c, own_l); }
static bool by_issuer(const struct one_case *c) { return c->point == BY_ISSUER; }
static bool some_reasons(const struct one_case *c) { return c->point == SOME_REASONS; }
static bool delta(const struct one_case *c) { return any(c, delta_l); }
static bool several(const struct one_case *c) { return c->n > 1; }

#define G (1 << STATUS_GOOD)
#define R (1 << STATUS_REVOKED)
#define U (1 << STATUS_UNKNOWN)

static struct difference {
	const char *rfc, *what;
	int ours, theirs;
	fact *when;
	unsigned met;
	bool mended; /* in newer versions of libcrypto: need not be met */
} differences[] = {
	{"6.3.3 (a)", "what an expired list lists stays revoked", R, U, expired, 0, false},
	{"5.1.2.4", "what a list of the future lists is revoked by a wrong clock too", R, U, future, 0, false},
	{"5.1.2.5", "without nextUpdate a list is never called fresh", U, G, endless, 0, false},
	{"5.2", "what is listed beside an unknown critical extension stays revoked", R, U, critical, 0, false},
	{"5.2.3, 5.3.1", "cRLNumber and reasonCode are understood when critical, too", G | R, U | R, understood, 0, false},
	{"5.3.3", "certificateIssuer belongs into indirect lists, which are refused", U, G | R, stranger, 0, false},
	{"6.3.3 (l)", "lists by reason count without a flag: listed is revoked, silence not enough", R, U, partial, 0, false},
	{"6.3.3 (b)(1)", "a point with a cRLIssuer leads to an indirect list only", U | G, G | R, by_issuer, 0, false},
	{"6.3.3, end", "without points a certificate has its issuer's name as one", G | R, U, own_name, 0, false},
	{"6.3.3, end", "a list without a name speaks for all reasons, whatever a point says", G, U, some_reasons, 0, false},
	{"5.2.4", "a delta list alone is no complete one", U | G, G | R, delta, 0, true},
	{"6.3.3", "several lists: a bad one does not hide a good one", G | R, U, several, 0, false},
	{"6.3.3 (i)", "several lists: revoked by one is revoked", R, G, several, 0, false},
};
#define DIFFERENCES (sizeof differences / sizeof *differences)

/* ---- Making a case */

static unsigned long long state;

static unsigned chance(unsigned n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(state >> 33) % n;
}

static struct one_list draw_list(void)
{
	static const int from[] = {-1, -1, -1, -1, -2, -2, 1}, to[] = {1, 1, 1, 1, 1, 2, 3, -1, 0}, reason[] = {-1, 1, 4, 6, 8};
	struct one_list l = {.form = (enum form)chance(FORMS), .key = chance(10) == 0};

	l.form = chance(3) ? l.form : PLAIN;
	l.from = from[chance(7)];
	l.to = to[chance(9)];
	l.listed = chance(3) == 0;
	l.reason = reason[chance(5)];
	l.mark = l.listed && chance(6) == 0 ? (enum mark)chance(MARKS) : BARE;
	l.damaged = chance(12) == 0;
	return l;
}

static struct one_case draw(void)
{
	struct one_case c = {.point = (enum point)chance(POINTS), .ca = chance(4) == 0};

	c.n = chance(20) == 0 ? 0 : chance(4) ? 1 : 2;
	for (size_t i = 0; i < c.n; i++)
		c.lists[i] = draw_list();
	return c;
}

static struct cert *certificate(const struct one_case *c)
{
	char conf[1024];

	snprintf(conf, sizeof conf, "[exts]\nbasicConstraints=critical,CA:%s\n%s%s\n" NAMES, c->ca ? "true" : "false",
	         points[c->point] ? "crlDistributionPoints=" : "", points[c->point] ? points[c->point] : "");
	return make_person(rig.crypto, &(struct cert_spec){CA, "Person", 0, 3, 500, conf});
}

static struct bytes list_of(const struct one_list *l, unsigned number)
{
	struct entry_spec entries[] = {{.serial = 400, .revoked = NOW - DAY, .reason = 1},
	                               {.serial = 500, .revoked = NOW - DAY, .reason = l->reason, .extension = marks[l->mark]}};
	char conf[1024] = "", hex[8];
	struct list_spec spec = {.issuer = CA, .key = l->key, .from = NOW + l->from * DAY - number, .to = l->to ? NOW + l->to * DAY : 0,
	                         .number = hex, .conf = conf, .entries = entries, .n = 1U + l->listed};
	struct bytes der;

	snprintf(hex, sizeof hex, "%02X", 0x50 - number);
	if (l->mark == MARK_REASON)
		entries[1].reason = -1; /* it is in the mark */
	if (forms[l->form])
		snprintf(conf, sizeof conf, "[exts]\nissuingDistributionPoint=critical,@i\n[i]\n%s\n" NAMES, forms[l->form]);
	else if (l->form == CRITICAL)
		strcpy(conf, "[exts]\n1.2.3.4=critical,DER:0500\n");
	else if (l->form == DELTA)
		strcpy(conf, "[exts]\n2.5.29.27=critical,DER:020101\n");
	else if (l->form == CRITICAL_NUMBER)
		strcpy(conf, "[exts]\n2.5.29.20=critical,DER:020105\n");
	if (l->form == CRITICAL_NUMBER)
		spec.number = NULL;
	spec.conf = conf[0] ? conf : NULL;
	der = make_list(&spec);
	if (l->damaged)
		((uint8_t *)(uintptr_t)der.data)[chance((unsigned)der.len)] ^= (uint8_t)(1 << chance(8));
	return der;
}

/* ---- Two opinions */

static X509 *parsed(const struct cert *cert) /* in libcrypto's default context */
{
	const uint8_t *p = cert->der.data;
	X509 *x = d2i_X509(NULL, &p, (long)cert->der.len);

	ck_assert_ptr_nonnull(x);
	return x;
}

static int theirs(const struct cert *cert, const struct bytes *lists, size_t n, int *error)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509 *ca = parsed(rig.cas[0].cert), *x = parsed(cert);

	X509_STORE_add_cert(store, ca);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = lists[i].data;
		X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)lists[i].len);

		if (crl)
			X509_STORE_add_crl(store, crl);
		X509_CRL_free(crl);
	}
	X509_STORE_CTX_init(ctx, store, x, NULL);
	X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_CRL_CHECK);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), NOW);
	X509_verify_cert(ctx);
	*error = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(ca);
	X509_free(x);
	return *error == X509_V_OK ? G : *error == X509_V_ERR_CERT_REVOKED ? R : U;
}

static void lay_down(const struct bytes *lists, size_t n)
{
	char path[512];

	for (size_t i = 0; i < 2; i++) {
		rig_file(path, 0, NULL);
		path[strlen(path) - 5] = (char)('0' + i); /* the scope in the name proves nothing */
		unlink(path);
		if (i < n)
			rig_write(path, lists[i]);
	}
}

static int ours(const struct cert *cert, struct status *s)
{
	static const struct status_rules rules = {.at = NOW};

	status_of(rig.store, NULL, cert, &rig.cas[0], &rules, s);
	return s->result == STATUS_ON_HOLD ? R : 1 << s->result;
}

/* Good here, revoked there: may that be? */
static bool is_excused(const struct one_case *c, const struct difference *d)
{
	return c->n > 1 && (d->when == by_issuer || d->when == understood || d->when == delta);
}

static struct difference *explain(const struct one_case *c, int our, int their)
{
	for (size_t i = 0; i < DIFFERENCES; i++) {
		struct difference *d = &differences[i];

		if (d->ours & our && d->theirs & their && d->when(c))
			return d;
	}
	return NULL;
}

static void print_case(const struct one_case *c)
{
	printf("point %d, ca %d", (int)c->point, c->ca);
	for (size_t i = 0; i < c->n; i++) {
		const struct one_list *l = &c->lists[i];

		printf("; form %d mark %d key %u from %d to %d listed %d reason %d damaged %d", (int)l->form, (int)l->mark,
		       l->key, l->from, l->to, l->listed, l->reason, l->damaged);
	}
	printf("\n");
	fflush(stdout);
}

static unsigned together[R + 1];

static void compare(void)
{
	struct one_case c = draw();
	struct cert *cert = certificate(&c);
	struct bytes lists[2] = {{0}};
	struct difference *d;
	struct status s;
	int our, their, error;

	for (size_t i = 0; i < c.n; i++)
		lists[i] = list_of(&c.lists[i], (unsigned)i);
	lay_down(lists, c.n);
	their = theirs(cert, lists, c.n, &error);
	our = ours(cert, &s);
	d = our == their ? NULL : explain(&c, our, their);
	if (our == their)
		together[our]++;
	else if (d)
		d->met++;
	if (our != their && (!d || (our == G && their == R && !is_excused(&c, d)))) {
		print_case(&c);
		ck_abort_msg("ours %d why %d, libcrypto's %d: %s", our, (int)s.why, their, X509_verify_cert_error_string(error));
	}
	for (size_t i = 0; i < c.n; i++)
		made_free(&lists[i]);
	cert_free(&cert);
}

START_TEST(side_by_side)
{
	const char *cases = getenv("INKAN_TEST_CASES");
	unsigned long n = cases ? strtoul(cases, NULL, 10) : 4000;
	enum store_put what;

	state = cases ? (unsigned long long)getpid() : 20260401;
	rig_put(rig_list(2, 1, NULL), &what); /* makes the folder */
	for (unsigned long i = 0; i < n; i++)
		compare();
	printf("%lu cases; the same: good %u, revoked %u, unknown %u; different:\n", n, together[G], together[R], together[U]);
	for (size_t i = 0; i < DIFFERENCES; i++) {
		printf("%6u  RFC 5280 %s: %s\n", differences[i].met, differences[i].rfc, differences[i].what);
		ck_assert(differences[i].met > 0 || differences[i].mended);
	}
	ck_assert_uint_gt(together[G], n / 20);
	ck_assert_uint_gt(together[R], n / 40);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("status beside libcrypto");
	TCase *t = tcase_create("status beside libcrypto");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 600);
	tcase_add_checked_fixture(t, rig_start, rig_stop);
	tcase_add_test(t, side_by_side);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
