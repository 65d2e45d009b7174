/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision, over lists that lie in a store. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "status/status.h"
#include "store_rig.h"

#define JPKI_AUTH "[exts]\ncertificatePolicies = critical,1.2.392.200149.8.5.1.3.30\n"

static struct status_rules now = {.at = NOW};

static struct status asked(const struct cert *cert, size_t ca)
{
	struct status s;

	status_of(rig.store, NULL, cert, &rig.cas[ca], &now, &s);
	ck_assert_ptr_eq(s.about, cert);
	return s;
}

static struct cert *person_of(size_t ca, long serial, const char *conf)
{
	return make_person(rig.crypto, &(struct cert_spec){ca == 2 ? "Other CA" : CA, "Person", (unsigned)ca, 3, serial, conf});
}

static struct cert *person(long serial)
{
	return person_of(0, serial, NULL);
}

static void put(const struct list_spec *spec)
{
	enum store_put what;

	ck_assert_int_eq(rig_put(make_list(spec), &what), E_OK);
	ck_assert_int_eq(what, STORE_NEW);
}

/* Number n, of NOW + hours, valid for four days, with or without person 5. */
static void put_list(const char *number, int hours, const struct entry_spec *entry)
{
	time_t from = NOW + (time_t)hours * 3600;

	put(&(struct list_spec){.issuer = CA, .from = from, .to = from + 4 * DAY, .number = number, .entries = entry,
	                        .n = entry != NULL});
}

static void put_again(const char *number, int hours, enum store_put want)
{
	time_t from = NOW + (time_t)hours * 3600;
	struct list_spec spec = {.issuer = CA, .from = from, .to = from + 4 * DAY, .number = number};
	enum store_put what;

	ck_assert_int_eq(rig_put(make_list(&spec), &what), E_OK);
	ck_assert_int_eq(what, want);
}

static const struct entry_spec revoked = {.serial = 5, .revoked = NOW - DAY, .reason = 1},
                               held = {.serial = 5, .revoked = NOW - DAY, .reason = 6},
                               removed = {.serial = 5, .revoked = NOW - DAY, .reason = 8},
                               bare = {.serial = 5, .revoked = NOW - DAY, .reason = -1};

START_TEST(listed)
{
	static const struct {
		const struct entry_spec *entry;
		enum status_result result;
		int reason;
	} rows[] = {{NULL, STATUS_GOOD, -1}, {&revoked, STATUS_REVOKED, 1}, {&held, STATUS_ON_HOLD, 6},
	            {&removed, STATUS_GOOD, -1}, {&bare, STATUS_REVOKED, -1}};
	struct cert *five = person(5), *six = person(6);
	struct status s;
	char path[512];

	put_list("0102", -1, rows[_i].entry);
	s = asked(five, 0);
	ck_assert_int_eq(s.result, rows[_i].result);
	ck_assert_int_eq(s.reason, rows[_i].reason);
	ck_assert_int_eq(s.revoked, rows[_i].reason != -1 || rows[_i].entry == &bare ? NOW - DAY : 0);
	ck_assert_int_eq(s.freshness, STATUS_FRESH);
	ck_assert_int_eq(s.why, STATUS_WHY_NONE);
	ck_assert_int_eq(s.this_update, NOW - 3600);
	ck_assert_int_eq(s.next_update, NOW - 3600 + 4 * DAY);
	ck_assert_str_eq(s.crl_number, "0102");
	rig_file(path, 0, NULL);
	ck_assert_str_eq(s.source, strrchr(path, '/') + 1);
	ck_assert_int_eq(asked(six, 0).result, STATUS_GOOD);
	cert_free(&five);
	cert_free(&six);
}
END_TEST

START_TEST(ages)
{
	static const struct {
		const struct entry_spec *entry;
		time_t at; /* after nextUpdate */
		enum status_result result;
		enum status_freshness freshness;
	} rows[] = {
		{NULL, 0, STATUS_GOOD, STATUS_FRESH},         {NULL, 1, STATUS_GOOD, STATUS_STALE},
		{NULL, 3600, STATUS_GOOD, STATUS_STALE},      {NULL, 3601, STATUS_UNKNOWN, STATUS_EXPIRED},
		{&revoked, 1, STATUS_REVOKED, STATUS_STALE},  {&revoked, 400 * DAY, STATUS_REVOKED, STATUS_EXPIRED},
		{&held, 3601, STATUS_ON_HOLD, STATUS_EXPIRED},
	};
	struct cert *five = person(5);
	struct status_rules rules = {.at = NOW + 4 * DAY + rows[_i].at, .grace = 3600};
	struct status s;

	put_list("01", 0, rows[_i].entry);
	status_of(rig.store, NULL, five, &rig.cas[0], &rules, &s);
	ck_assert_int_eq(s.result, rows[_i].result);
	ck_assert_int_eq(s.freshness, rows[_i].freshness);
	ck_assert_int_eq(s.why, s.result == STATUS_UNKNOWN ? STATUS_TOO_OLD : STATUS_WHY_NONE);
	ck_assert_int_eq(s.next_update, NOW + 4 * DAY);
	cert_free(&five);
}
END_TEST

START_TEST(clocks)
{
	struct status_rules before = {.at = INKAN_BUILD_TIME - 1}, early = {.at = NOW - 301}, soon = {.at = NOW - 300};
	struct cert *five = person(5), *six = person(6);
	struct status s;

	put_list("01", 0, &revoked);
	status_of(rig.store, NULL, six, &rig.cas[0], &early, &s);
	ck_assert_int_eq(s.result, STATUS_UNKNOWN);
	ck_assert_int_eq(s.why, STATUS_FUTURE);
	status_of(rig.store, NULL, six, &rig.cas[0], &soon, &s); /* clocks may differ by five minutes */
	ck_assert_int_eq(s.result, STATUS_GOOD);
	status_of(rig.store, NULL, six, &rig.cas[0], &before, &s);
	ck_assert_int_eq(s.result, STATUS_UNKNOWN);
	ck_assert_int_eq(s.why, STATUS_BAD_CLOCK);
	status_of(rig.store, NULL, five, &rig.cas[0], &before, &s); /* what is revoked is that by any clock */
	ck_assert_int_eq(s.result, STATUS_REVOKED);
	put(&(struct list_spec){.issuer = "Other CA", .key = 2, .from = INKAN_BUILD_TIME - DAY, .to = NOW});
	cert_free(&six);
	six = person_of(2, 6, NULL);
	status_of(rig.store, NULL, six, &rig.cas[2], &before, &s); /* a list of that time does not help */
	ck_assert_int_eq(s.why, STATUS_BAD_CLOCK);
	before.at = INKAN_BUILD_TIME;
	status_of(rig.store, NULL, six, &rig.cas[2], &before, &s);
	ck_assert_int_eq(s.result, STATUS_GOOD);
	cert_free(&five);
	cert_free(&six);
}
END_TEST

START_TEST(nothing_held)
{
	struct cert *five = person(5), *jpki = person_of(0, 5, JPKI_AUTH);
	struct status s = asked(five, 0);

	ck_assert_int_eq(s.result, STATUS_UNKNOWN);
	ck_assert_int_eq(s.why, STATUS_NO_LIST);
	ck_assert_int_eq(s.freshness, STATUS_EXPIRED);
	ck_assert_int_eq(jpki->kind, CERT_JPKI_AUTH);
	ck_assert_int_eq(asked(jpki, 0).why, STATUS_NOT_PERMITTED);
	status_of(rig.store, NULL, jpki, NULL, &now, &s);
	ck_assert_int_eq(s.why, STATUS_NOT_PERMITTED);
	status_of(rig.store, NULL, five, NULL, &now, &s);
	ck_assert_int_eq(s.why, STATUS_NO_CHAIN);
	put_list("01", -1, &revoked); /* who has JPKI's lists may use them */
	ck_assert_int_eq(asked(jpki, 0).result, STATUS_REVOKED);
	cert_free(&five);
	cert_free(&jpki);
}
END_TEST

/* Generations of one name: the status of one never answers for the other. */
START_TEST(namesakes)
{
	struct cert *first = person_of(0, 5, NULL), *second = person_of(1, 5, NULL);

	put_list("01", -1, &revoked);
	ck_assert_int_eq(asked(first, 0).result, STATUS_REVOKED);
	ck_assert_int_eq(asked(second, 1).result, STATUS_UNKNOWN);
	ck_assert_int_eq(asked(second, 1).why, STATUS_NO_LIST);
	put(&(struct list_spec){.issuer = CA, .key = 1, .from = NOW - 60, .to = NOW + DAY});
	ck_assert_int_eq(asked(first, 0).result, STATUS_REVOKED);
	ck_assert_int_eq(asked(second, 1).result, STATUS_GOOD);
	cert_free(&first);
	cert_free(&second);
}
END_TEST

/* SARL and RARL of one key: each answers for its own scope alone. */
START_TEST(scopes)
{
	static const char sub[] = "[exts]\nbasicConstraints=critical,CA:true\ncrlDistributionPoints=s,URI:http://a.example/\n"
	                          "[dn]\nC=JP\nCN=SARL\n[s]\nfullname=dirName:dn\n",
	                  root[] = "[exts]\nbasicConstraints=critical,CA:true\ncrlDistributionPoints=s,URI:http://b.example/\n"
	                           "[dn]\nC=JP\nCN=RARL\n[s]\nfullname=dirName:dn\n",
	                  user[] = "[exts]\ncrlDistributionPoints=s\n[dn]\nC=JP\nCN=SARL\n[s]\nfullname=dirName:dn\n";
	struct cert *subordinate = person_of(0, 5, sub), *own = person_of(0, 5, root), *end = person_of(0, 5, user);

	put(&(struct list_spec){.issuer = CA, .from = NOW - 60, .to = NOW + DAY, .number = "02", .conf = SCOPE("SARL"),
	                        .entries = &revoked, .n = 1});
	ck_assert_int_eq(asked(subordinate, 0).result, STATUS_REVOKED);
	ck_assert_int_eq(asked(own, 0).why, STATUS_NO_LIST);
	ck_assert_int_eq(asked(end, 0).why, STATUS_NO_LIST);
	put(&(struct list_spec){.issuer = CA, .from = NOW - 60, .to = NOW + DAY, .number = "01", .conf = SCOPE("RARL")});
	ck_assert_int_eq(asked(subordinate, 0).result, STATUS_REVOKED);
	ck_assert_int_eq(asked(own, 0).result, STATUS_GOOD);
	ck_assert_int_eq(asked(end, 0).why, STATUS_NO_LIST);
	cert_free(&subordinate);
	cert_free(&own);
	cert_free(&end);
}
END_TEST

/* 6.3.3 (l): good once every reason has been looked at. */
START_TEST(reasons)
{
	static const char some[] = "[exts]\nissuingDistributionPoint=critical,@i\n[i]\nonlysomereasons=keyCompromise,CACompromise\n",
	                  rest[] = "[exts]\nissuingDistributionPoint=critical,@i\n[i]\nonlysomereasons=affiliationChanged,superseded,"
	                           "cessationOfOperation,certificateHold,privilegeWithdrawn,AACompromise\n";
	struct cert *five = person(5);
	struct list_spec spec = {.issuer = CA, .from = NOW - 60, .to = NOW + DAY, .conf = some};

	put(&spec);
	ck_assert_int_eq(asked(five, 0).why, STATUS_NO_LIST);
	spec.conf = rest;
	spec.to = NOW - 1;
	put(&spec);
	ck_assert_int_eq(asked(five, 0).why, STATUS_TOO_OLD);
	now.grace = 60; /* the answer is as fresh as the least fresh of its lists */
	ck_assert_int_eq(asked(five, 0).result, STATUS_GOOD);
	ck_assert_int_eq(asked(five, 0).freshness, STATUS_STALE);
	now.grace = 0;
	cert_free(&five);
}
END_TEST

static void put_by_hand(const struct list_spec *spec)
{
	struct bytes der = make_list(spec);
	char path[512];

	rig_file(path, 0, NULL);
	rig_write(path, der);
	made_free(&der);
}

START_TEST(unusable)
{
	static const struct {
		const char *conf;
		enum status_result listed;
	} rows[] = {
		{"[exts]\n1.2.3.4 = critical,DER:0500\n", STATUS_REVOKED},
		{"[exts]\n2.5.29.27 = critical,DER:020101\n", STATUS_UNKNOWN},
		{"[exts]\nissuingDistributionPoint = critical,@i\n[i]\nindirectCRL = TRUE\n", STATUS_UNKNOWN},
	};
	struct cert *five = person(5), *six = person(6);
	struct list_spec spec = {.issuer = CA, .from = NOW - 60, .to = NOW + DAY, .entries = &revoked, .n = 1};
	enum store_put what;

	rig_put(rig_list(0, 1, SCOPE("x")), &what); /* makes the folder; covers nobody here */
	spec.conf = rows[_i].conf;
	put_by_hand(&spec);
	ck_assert_int_eq(asked(five, 0).result, rows[_i].listed);
	ck_assert_int_eq(asked(six, 0).why, STATUS_BAD_LIST);
	spec.conf = NULL;
	spec.to = 0;
	put_by_hand(&spec);
	ck_assert_int_eq(asked(five, 0).result, STATUS_REVOKED);
	ck_assert_int_eq(asked(six, 0).why, STATUS_BAD_LIST);
	spec.to = NOW + DAY;
	spec.key = 3; /* somebody else signed it: never good, never revoked */
	put_by_hand(&spec);
	ck_assert_int_eq(asked(five, 0).why, STATUS_BAD_LIST);
	ck_assert_int_eq(asked(six, 0).why, STATUS_BAD_LIST);
	cert_free(&five);
	cert_free(&six);
}
END_TEST

/* A hold ends with the next list, even one of another form; a revocation does not. */
START_TEST(hold_ends)
{
	static const char users[] = "[exts]\nissuingDistributionPoint=critical,@i\n[i]\nonlyuser=TRUE\n";
	struct cert *five = person(5);
	struct list_spec spec = {.issuer = CA, .from = NOW - 30, .to = NOW + DAY, .conf = users};

	put_list("01", -2, &held);
	ck_assert_int_eq(asked(five, 0).result, STATUS_ON_HOLD);
	put(&spec);
	ck_assert_int_eq(asked(five, 0).result, STATUS_GOOD);
	put_list("02", -1, &revoked);
	ck_assert_int_eq(asked(five, 0).result, STATUS_REVOKED);
	spec.from = NOW;
	put(&spec);
	ck_assert_int_eq(asked(five, 0).result, STATUS_REVOKED);
	cert_free(&five);
}
END_TEST

START_TEST(signing_time)
{
	static const struct entry_spec later = {.serial = 5, .revoked = NOW + 30 * DAY, .reason = 4},
	                               back = {.serial = 5, .revoked = NOW - DAY, .reason = 1};
	struct status_rules then = {.at = NOW + 60, .historic = true};
	struct cert *five = person(5);
	struct status s;

	put_list("01", 0, NULL);
	ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
	put_list("02", 31 * 24, &later);
	ck_assert_int_eq(asked(five, 0).result, STATUS_REVOKED);
	status_of(rig.store, NULL, five, &rig.cas[0], &then, &s);
	ck_assert_int_eq(s.result, STATUS_GOOD);
	ck_assert_int_eq(s.freshness, STATUS_FRESH);
	ck_assert_str_eq(s.crl_number, "01");
	then.at = NOW + 5 * DAY; /* no list of then */
	status_of(rig.store, NULL, five, &rig.cas[0], &then, &s);
	ck_assert_int_eq(s.why, STATUS_TOO_OLD);
	then.at = NOW + 60;
	put_list("03", 32 * 24, &back); /* dated back */
	status_of(rig.store, NULL, five, &rig.cas[0], &then, &s);
	ck_assert_int_eq(s.result, STATUS_REVOKED);
	ck_assert_str_eq(s.crl_number, "03");
	then.at = NOW - 60;
	put_list("04", 33 * 24, NULL); /* expired, and gone from the list */
	status_of(rig.store, NULL, five, &rig.cas[0], &then, &s);
	ck_assert_int_eq(s.why, STATUS_NO_LIST);
	cert_free(&five);
}
END_TEST

/* The second of a revocation, of thisUpdate and of nextUpdate belong to what they begin or end. */
START_TEST(exact_seconds)
{
	static const struct entry_spec then = {.serial = 5, .revoked = NOW + 100, .reason = 1};
	struct status_rules rules = {.historic = true};
	struct cert *five = person(5), *six = person(6);
	struct status s;

	put_list("01", 0, NULL);
	ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
	put_list("02", 1, &then);
	for (time_t at = NOW - 1; at <= NOW + 101; at++) {
		rules.at = at;
		status_of(rig.store, NULL, five, &rig.cas[0], &rules, &s);
		ck_assert_int_eq(s.result, at < NOW ? STATUS_UNKNOWN : at < NOW + 100 ? STATUS_GOOD : STATUS_REVOKED);
	}
	rules.historic = false;
	for (int later = 0; later < 2; later++) {
		rules.at = NOW + 3600 + 4 * DAY + later;
		status_of(rig.store, NULL, six, &rig.cas[0], &rules, &s);
		ck_assert_int_eq(s.result, later ? STATUS_UNKNOWN : STATUS_GOOD);
	}
	cert_free(&five);
	cert_free(&six);
}
END_TEST

static void files_are(int n)
{
	char command[200];

	snprintf(command, sizeof command, "test $(ls %s | wc -l) = %d", rig.crl, n);
	ck_assert_int_eq(system(command), 0);
}

/* The CA's clock is ahead of ours: what is in force stays until the new list begins. */
START_TEST(a_list_that_begins_later)
{
	struct cert *five = person(5), *six = person(6);
	struct status_rules rules = {.at = NOW};
	struct status s;

	put_list("10", -2, NULL);
	rig_clock = NOW - 301;
	put(&(struct list_spec){.issuer = CA, .from = NOW, .to = NOW + 4 * DAY, .number = "11", .entries = &revoked, .n = 1});
	for (int i = 0; i < 2; i++) {
		rules.at = NOW - 301 + i;
		status_of(rig.store, NULL, six, &rig.cas[0], &rules, &s);
		ck_assert_int_eq(s.result, STATUS_GOOD);
		ck_assert_str_eq(s.crl_number, i ? "11" : "10");
		status_of(rig.store, NULL, five, &rig.cas[0], &rules, &s);
		ck_assert_int_eq(s.result, STATUS_REVOKED); /* what is known is used */
	}
	rig_clock = NOW - 60; /* a mirror that has not got it yet */
	put_again("0F", -3, STORE_OLDER);
	put_again("12", 6, STORE_NEW);
	rules.at = NOW;
	status_of(rig.store, NULL, six, &rig.cas[0], &rules, &s);
	ck_assert_str_eq(s.crl_number, "11");
	rig_clock = NOW + 7 * 3600;
	put_again("13", 7, STORE_NEW); /* and nothing is left of the others */
	files_are(1);
	rules.at = rig_clock;
	status_of(rig.store, NULL, six, &rig.cas[0], &rules, &s);
	ck_assert_str_eq(s.crl_number, "13");
	cert_free(&five);
	cert_free(&six);
}
END_TEST

/* Five minutes before its time a list has begun, to the second. */
START_TEST(the_second_in_which_a_list_begins)
{
	put_list("10", -2, NULL);
	rig_clock = NOW - 301;
	put_again("11", 0, STORE_NEW);
	files_are(2);
	put_again("0F", -1, STORE_OLDER);
	put_again("10", -1, STORE_NEW); /* "11" keeps nobody out yet */
	files_are(2);
	rig_clock = NOW - 300;
	put_again("10", 0, STORE_OLDER);
	rig_clock = NOW + 3300;
	put_again("12", 1, STORE_NEW);
	files_are(1);
}
END_TEST

/* A list that is refused says nothing about the past either. */
START_TEST(a_refused_list_of_later)
{
	struct status_rules then = {.at = NOW + 60, .historic = true};
	struct cert *five = person(5);
	struct status s;

	put_list("01", 0, NULL);
	ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
	put_by_hand(&(struct list_spec){.issuer = CA, .from = NOW + DAY, .to = NOW + 2 * DAY, .number = "02", .entries = &revoked, .n = 1,
	                                .conf = "[exts]\n2.5.29.27 = critical,DER:020101\n"});
	status_of(rig.store, NULL, five, &rig.cas[0], &then, &s);
	ck_assert_int_eq(s.result, STATUS_GOOD);
	cert_free(&five);
}
END_TEST

/* A list of a wrong clock, years ahead, keeps nobody's later lists out. */
START_TEST(a_list_of_years_ahead)
{
	struct cert *six = person(6);

	put_list("10", -2, NULL);
	put(&(struct list_spec){.issuer = CA, .from = NOW + 3000 * DAY, .to = NOW + 3004 * DAY, .number = "99"});
	put_list("11", -1, NULL);
	ck_assert_str_eq(asked(six, 0).crl_number, "11");
	cert_free(&six);
}
END_TEST

/* A CA that was set up again counts from one: its lists are taken once the old one has ended, and not before. */
START_TEST(numbers_that_start_again)
{
	struct cert *six = person(6);
	struct list_spec spec = {.issuer = CA, .from = NOW - 2 * DAY, .to = NOW - 1, .number = "5000"};

	rig_clock = NOW - DAY;
	put(&spec);
	put_again("01", -1, STORE_OLDER);
	rig_clock = NOW - 1;
	put_again("01", -1, STORE_OLDER);
	ck_assert_int_eq(asked(six, 0).why, STATUS_TOO_OLD);
	rig_clock = NOW;
	put_again("01", -1, STORE_NEW);
	ck_assert_int_eq(asked(six, 0).result, STATUS_GOOD);
	put_again("4F", -49, STORE_OLDER);
	cert_free(&six);
}
END_TEST

/* RFC 5280 5.3.2: before the CA knew of it the key was somebody else's. */
START_TEST(invalidity)
{
	static const struct entry_spec both[] = {{.serial = 5, .revoked = NOW + 100, .reason = 1,
	                                          .extension = "2.5.29.24 = DER:180F32303236303930313030303030305A"},
	                                         {.serial = 7, .revoked = NOW + 100, .reason = 6,
	                                          .extension = "2.5.29.24 = DER:180F32303236303930313030303030305A"}};
	static const time_t since = 1788220800;
	struct status_rules then = {.at = NOW, .historic = true};
	struct cert *five = person(5), *six = person(6), *seven = person(7);
	struct status s;

	put_list("01", 0, NULL);
	ck_assert_int_eq(store_archive(rig.store, &rig.trust), E_OK);
	put(&(struct list_spec){.issuer = CA, .from = NOW + 3600, .to = NOW + 4 * DAY, .number = "02", .entries = both, .n = 2});
	status_of(rig.store, NULL, five, &rig.cas[0], &then, &s);
	ck_assert_int_eq(s.result, STATUS_GOOD);
	ck_assert_int_eq(s.invalid, since);
	status_of(rig.store, NULL, seven, &rig.cas[0], &then, &s); /* a hold that came later may end */
	ck_assert_int_eq(s.result, STATUS_GOOD);
	ck_assert_int_eq(s.invalid, 0);
	then.at = NOW + 100;
	status_of(rig.store, NULL, five, &rig.cas[0], &then, &s);
	ck_assert_int_eq(s.result, STATUS_REVOKED);
	ck_assert_int_eq(s.invalid, since);
	then.at = NOW + 4000;
	then.historic = false;
	status_of(rig.store, NULL, five, &rig.cas[0], &then, &s);
	ck_assert_int_eq(s.invalid, since);
	ck_assert_int_eq(s.revoked, NOW + 100);
	status_of(rig.store, NULL, six, &rig.cas[0], &then, &s);
	ck_assert_int_eq(s.invalid, 0);
	cert_free(&five);
	cert_free(&six);
	cert_free(&seven);
}
END_TEST

/* RFC 5280 6.3.3 (f): a list signed with another key of the same CA, below the same anchor. */
START_TEST(another_key_of_the_ca)
{
	static const char ca_conf[] = "[exts]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,cRLSign,keyCertSign\n";
	struct trusted_ca rollover = {.issuer = &rig.cas[0], .top = &rig.cas[0], .sound = true, .signs_lists = true};
	struct trusted_ca *all[4] = {&rig.cas[0], &rig.cas[2], &rollover};
	struct trust trust = {.crypto = rig.crypto, .list = all, .n = 3};
	struct cert *five = person(5), *six = person(6);
	enum store_put what;
	struct bytes der;
	struct status s;

	/* the new key, self-issued: signed with the old one */
	rollover.cert = make_person(rig.crypto, &(struct cert_spec){CA, CA, 0, 3, 78, ca_conf});
	ck_assert_int_eq(crypto_hash(rig.crypto, HASH_SHA256, rollover.cert->spki, rollover.spki_sha256), E_OK);
	der = make_list(&(struct list_spec){.issuer = CA, .key = 3, .from = NOW - 60, .to = NOW + DAY, .number = "07",
	                                    .entries = &revoked, .n = 1});
	ck_assert_int_eq(store_put(rig.store, &trust, der, &what), E_OK);
	status_of(rig.store, &trust, five, &rig.cas[0], &now, &s);
	ck_assert_int_eq(s.result, STATUS_REVOKED);
	status_of(rig.store, &trust, six, &rig.cas[0], &now, &s);
	ck_assert_int_eq(s.result, STATUS_GOOD);
	ck_assert_str_eq(s.crl_number, "07");
	rollover.signs_lists = false; /* its chain does not verify */
	status_of(rig.store, &trust, six, &rig.cas[0], &now, &s);
	ck_assert_int_eq(s.why, STATUS_NO_LIST);
	rollover.signs_lists = true;
	rollover.issuer = NULL; /* a namesake below another anchor: an anchor itself */
	rollover.anchor = true;
	rollover.top = &rollover;
	status_of(rig.store, &trust, six, &rig.cas[0], &now, &s);
	ck_assert_int_eq(s.why, STATUS_NO_LIST);
	made_free(&der);
	cert_free(&rollover.cert);
	cert_free(&five);
	cert_free(&six);
}
END_TEST

/* Lists that came with a document: verified like the store's, used beside them, never written. */
START_TEST(lists_from_elsewhere)
{
	struct list_spec spec = {.issuer = CA, .from = NOW - 60, .to = NOW + DAY, .number = "09"};
	struct cert *five = person(5), *six = person(6);
	struct status_rules rules = {.at = NOW};
	struct snapshot *extra = NULL;
	struct bytes der = make_list(&spec);
	struct status s;

	ck_assert_int_eq(extra_lists_add(&extra, &rig.trust, der), E_OK);
	made_free(&der);
	ck_assert_int_eq(asked(six, 0).why, STATUS_NO_LIST);
	rules.extra = extra;
	status_of(rig.store, NULL, six, &rig.cas[0], &rules, &s);
	ck_assert_int_eq(s.result, STATUS_GOOD);
	ck_assert_str_eq(s.crl_number, "09");
	ck_assert_int_ne(access(rig.crl, F_OK), 0);
	put_list("08", -1, &revoked); /* the store's own word stands beside it */
	status_of(rig.store, NULL, six, &rig.cas[0], &rules, &s);
	ck_assert_str_eq(s.crl_number, "09");
	status_of(rig.store, NULL, five, &rig.cas[0], &rules, &s); /* and the newer of one scope alone */
	ck_assert_int_eq(s.result, STATUS_GOOD);
	put_list("0A", 0, &revoked);
	status_of(rig.store, NULL, five, &rig.cas[0], &rules, &s);
	ck_assert_int_eq(s.result, STATUS_REVOKED);
	rules.historic = true; /* of a signature, too */
	rules.at = NOW - 61;
	status_of(rig.store, NULL, six, &rig.cas[0], &rules, &s);
	ck_assert_int_ne(s.result, STATUS_GOOD);
	rules.at = NOW - 30;
	status_of(rig.store, NULL, six, &rig.cas[0], &rules, &s);
	ck_assert_str_eq(s.crl_number, "09");
	spec.key = 3;
	der = make_list(&spec);
	ck_assert_int_eq(extra_lists_add(&extra, &rig.trust, der), E_SIGNATURE);
	made_free(&der);
	ck_assert_int_eq(extra_lists_add(&extra, &rig.trust, (struct bytes){(const uint8_t *)"no list", 7}), E_FORMAT);
	extra_lists_free(&extra);
	ck_assert_ptr_null(extra);
	cert_free(&five);
	cert_free(&six);
}
END_TEST

START_TEST(whole_chain)
{
	static const char ca_conf[] = "[exts]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,cRLSign,keyCertSign\n";
	struct trusted_ca middle = {.issuer = &rig.cas[2], .sound = true};
	struct cert *five = person(5);
	struct chain chain = {.leaf = five, .cas = {&middle, &rig.cas[2]}, .n = 2};
	struct entry_spec its_end = {.serial = 77, .revoked = NOW - DAY, .reason = 2};
	struct list_spec root = {.issuer = "Other CA", .key = 2, .from = NOW - 60, .to = NOW + DAY};
	struct status_chain whole;
	struct status s;

	middle.cert = make_person(rig.crypto, &(struct cert_spec){"Other CA", CA, 2, 0, 77, ca_conf});
	memcpy(middle.spki_sha256, rig.cas[0].spki_sha256, 32);
	put_list("01", -1, NULL);
	status_of_chain(rig.store, NULL, &chain, &now, &whole);
	s = whole.all;
	ck_assert_int_eq(s.why, STATUS_NO_LIST);
	ck_assert_ptr_eq(s.about, middle.cert);
	ck_assert_ptr_eq(s.issuer, rig.cas[2].cert);
	ck_assert_uint_eq(whole.n, 2);
	ck_assert_ptr_eq(whole.each[0].about, five);
	ck_assert_int_eq(whole.each[0].result, STATUS_GOOD);
	ck_assert_ptr_eq(whole.each[0].issuer, middle.cert);
	ck_assert_ptr_eq(whole.each[1].about, middle.cert);
	ck_assert_int_eq(whole.each[1].why, STATUS_NO_LIST);
	put(&root);
	status_of_chain(rig.store, NULL, &chain, &now, &whole);
	s = whole.all;
	ck_assert_int_eq(s.result, STATUS_GOOD);
	root.from += 1;
	root.to = NOW - 1;
	put(&root);
	now.grace = 60;
	status_of_chain(rig.store, NULL, &chain, &now, &whole);
	s = whole.all;
	ck_assert_int_eq(s.result, STATUS_GOOD);
	ck_assert_int_eq(s.freshness, STATUS_STALE);
	ck_assert_ptr_eq(s.about, middle.cert);
	now.grace = 0;
	root.from += 1;
	root.entries = &its_end;
	root.n = 1;
	put(&root);
	status_of_chain(rig.store, NULL, &chain, &now, &whole);
	s = whole.all;
	ck_assert_int_eq(s.result, STATUS_REVOKED);
	ck_assert_int_eq(s.reason, 2);
	chain.n = 1; /* an incomplete chain */
	status_of_chain(rig.store, NULL, &chain, &now, &whole);
	s = whole.all;
	ck_assert_int_eq(s.why, STATUS_NO_CHAIN);
	chain.n = 0;
	status_of_chain(rig.store, NULL, &chain, &now, &whole);
	s = whole.all;
	ck_assert_int_eq(s.why, STATUS_NO_CHAIN);
	ck_assert_ptr_eq(s.about, five);
	ck_assert_ptr_null(s.issuer);
	ck_assert_uint_eq(whole.n, 1);
	cert_free(&middle.cert);
	cert_free(&five);
}
END_TEST

START_TEST(texts)
{
	for (int i = 0; i < 20; i++) {
		ck_assert_uint_gt(strlen(status_result_text((enum status_result)i)), 3);
		ck_assert_uint_gt(strlen(status_freshness_text((enum status_freshness)i)), 3);
		ck_assert(i == 0 || strlen(status_why_text((enum status_why)i)) > 3);
	}
	ck_assert_str_eq(status_result_text(STATUS_GOOD), "not revoked");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("status");
	TCase *t = tcase_create("status");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, rig_start, rig_stop);
	tcase_add_loop_test(t, listed, 0, 5);
	tcase_add_loop_test(t, ages, 0, 7);
	tcase_add_test(t, clocks);
	tcase_add_test(t, nothing_held);
	tcase_add_test(t, namesakes);
	tcase_add_test(t, scopes);
	tcase_add_test(t, reasons);
	tcase_add_loop_test(t, unusable, 0, 3);
	tcase_add_test(t, hold_ends);
	tcase_add_test(t, signing_time);
	tcase_add_test(t, exact_seconds);
	tcase_add_test(t, a_list_that_begins_later);
	tcase_add_test(t, the_second_in_which_a_list_begins);
	tcase_add_test(t, a_refused_list_of_later);
	tcase_add_test(t, a_list_of_years_ahead);
	tcase_add_test(t, numbers_that_start_again);
	tcase_add_test(t, invalidity);
	tcase_add_test(t, another_key_of_the_ca);
	tcase_add_test(t, lists_from_elsewhere);
	tcase_add_test(t, whole_chain);
	tcase_add_test(t, texts);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
