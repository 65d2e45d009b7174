/* SPDX-License-Identifier: BSD-2-Clause */
/* fetch_url against a server with every bad habit. */
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "crypto/crypto.h"
#include "http_server.h"
#include "status/fetch.h"
#include "status/fetch_plan.h"
#include "status/fetch_turn.h"
#include "store_rig.h"

#define LIST "a list, for all that this room knows\n"

static char folder[64], url[256], why[256];
static struct fetch_state state;
static struct buf body;
static struct fetch_limits limits;
static pid_t server;
static int port;

static void write_file(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void setup(void)
{
	strcpy(folder, "/tmp/inkan-test-fetch-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_file("list", LIST);
	server = http_serve(folder, &port);
	ck_assert_int_gt(server, 0);
	limits = (struct fetch_limits){.seconds = 2, .bytes = 1 << 20, .redirects = 3};
	state = (struct fetch_state){.tried = 0};
	setenv("no_proxy", "*", 1);
	unsetenv("NO_PROXY");
}

static void teardown(void)
{
	char command[100];

	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	buf_free(&body);
	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static enum fetch_result get(const char *path)
{
	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
	buf_free(&body);
	return fetch_url(url, &limits, &state, &body, why);
}

/* What the server has been asked, all of it. */
static const char *requests(void)
{
	static char text[65536];
	char path[200];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "%s/requests", folder);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = '\0';
	return text;
}

static int count(const char *what)
{
	int n = 0;

	for (const char *at = requests(); (at = strstr(at, what)); at++)
		n++;
	return n;
}

static void got_list(void)
{
	ck_assert_str_eq(why, "");
	ck_assert_uint_eq(body.len, strlen(LIST));
	ck_assert_mem_eq(body.data, LIST, body.len);
}

START_TEST(new_then_not_modified_then_new)
{
	ck_assert_int_eq(get("/file/list"), FETCH_NEW);
	got_list();
	ck_assert_int_eq(state.etag[0], '"');
	ck_assert_int_gt((int)strlen(state.last_modified), 20);
	ck_assert_int_eq(count("If-"), 0);
	ck_assert_int_eq(get("/file/list"), FETCH_NOT_MODIFIED);
	ck_assert_uint_eq(body.len, 0);
	ck_assert_int_eq(count("If-None-Match: \""), 1);
	ck_assert_int_eq(count("If-Modified-Since: "), 1);
	write_file("list", LIST);
	ck_assert_int_eq(get("/file/list"), FETCH_NEW);
	got_list();
	ck_assert_uint_eq(state.failures, 0);
}
END_TEST

/* Neither cookies nor a user's password files go along, nothing is to be unpacked. */
START_TEST(nothing_of_the_user_is_sent)
{
	write_file(".netrc", "default login alice password secret\n");
	write_file(".curlrc", "user-agent = \"curlrc\"\n");
	setenv("HOME", folder, 1);
	ck_assert_int_eq(get("/hops/2/list"), FETCH_NEW);
	ck_assert_int_eq(get("/hops/2/list"), FETCH_NOT_MODIFIED);
	ck_assert_int_eq(count("GET "), 6);
	ck_assert_int_eq(count("User-Agent: inkan/"), 6);
	ck_assert_int_eq(count("Cookie"), 0);
	ck_assert_int_eq(count("Authorization"), 0);
	ck_assert_int_eq(count("Accept-Encoding"), 0);
}
END_TEST

START_TEST(redirects)
{
	ck_assert_int_eq(get("/hops/3/list"), FETCH_NEW);
	got_list();
	ck_assert_str_ne(state.etag, "\"hop\"");
	state = (struct fetch_state){.tried = 0};
	ck_assert_int_eq(get("/hops/4/list"), FETCH_FAILED);
	ck_assert_ptr_nonnull(strstr(why, "more than 3"));
	ck_assert_int_eq(get("/loop"), FETCH_FAILED);
	ck_assert_int_eq(count("GET /loop"), 4);
	ck_assert_int_eq(get("/scheme"), FETCH_FAILED);
	ck_assert_ptr_nonnull(strstr(why, "neither http nor https"));
	ck_assert_int_eq(get("/ftp"), FETCH_FAILED); /* which libcurl would follow unless told not to */
	ck_assert_ptr_nonnull(strstr(why, "neither http nor https"));
	ck_assert_int_eq(get("/user"), FETCH_FAILED);
	ck_assert_int_eq(count("Authorization"), 0);
	state = (struct fetch_state){.tried = 0};
	ck_assert_int_eq(get("/turn"), FETCH_NEW);
	ck_assert_str_eq(state.etag, ""); /* that of the redirect is not the list's */
	limits.redirects = 0;
	ck_assert_int_eq(get("/hops/1/list"), FETCH_FAILED);
}
END_TEST

/* libcurl's own calls find this one first: every address is this machine's. */
__attribute__((visibility("default")))
int connect(int fd, const struct sockaddr *to, socklen_t n)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	(void)to;
	(void)n;
	return (int)syscall(SYS_connect, fd, &here, sizeof here);
}

/* Plain http: whoever stands in between may answer with a redirect, and must not have
 * this machine ask what only this machine reaches. */
static enum fetch_result led(const char *from, const char *to)
{
	char place[100];

	state = (struct fetch_state){.tried = 0};
	snprintf(place, sizeof place, "http://%s:%d/file/list", to, port);
	write_file("place", place);
	snprintf(url, sizeof url, "http://%s:%d/to/place", from, port);
	buf_free(&body);
	return fetch_url(url, &limits, &state, &body, why);
}

START_TEST(redirects_do_not_lead_inwards)
{
	static const char *const near[] = {"10.1.2.3",       "172.16.0.1",     "172.31.255.255", "192.168.1.1",
	                                   "100.64.0.1",     "169.254.169.254", "127.0.0.1",     "127.9.9.9",
	                                   "0.0.0.0",        "localhost"};

	for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
		ck_assert_msg(led("192.0.2.7", near[i]) == FETCH_FAILED, "from far to %s", near[i]);
		ck_assert_msg(strstr(why, "redirects into") != NULL, "%s: %s", near[i], why);
		ck_assert_int_eq(count("GET /file/list"), 0);
	}
	ck_assert_int_eq(led("192.168.1.1", "127.0.0.1"), FETCH_FAILED);
	ck_assert_int_eq(led("192.168.1.1", "169.254.169.254"), FETCH_FAILED);
	ck_assert_int_eq(count("GET /file/list"), 0);
	ck_assert_int_eq(led("192.0.2.7", "192.0.2.8"), FETCH_NEW);
	ck_assert_int_eq(led("10.1.2.3", "192.168.1.1"), FETCH_NEW);
	ck_assert_int_eq(led("10.1.2.3", "192.0.2.8"), FETCH_NEW);
	ck_assert_int_eq(led("192.0.2.7", "172.32.0.1"), FETCH_NEW);
	ck_assert_int_eq(led("127.0.0.1", "127.0.0.1"), FETCH_NEW);
}
END_TEST

static void fails_within(const char *path, time_t seconds, const char *because)
{
	time_t start = time(NULL);

	ck_assert_msg(get(path) == FETCH_FAILED, "%s", path);
	ck_assert_msg(time(NULL) - start <= seconds, "%s took %ld s", path, (long)(time(NULL) - start));
	ck_assert_msg(strstr(why, because) != NULL, "%s: %s", path, why);
	ck_assert_uint_eq(body.len, 0);
}

START_TEST(bad_servers_cost_the_cap_and_no_more)
{
	ck_assert_int_eq(get("/file/list"), FETCH_NEW);
	struct fetch_state before = state;

	fails_within("/hang", 3, "within 2 seconds");
	fails_within("/drip", 3, "within 2 seconds");
	fails_within("/endless", 2, "longer than 1048576 bytes");
	fails_within("/long", 1, "longer than 1048576 bytes");
	fails_within("/heads", 2, "longer than");
	fails_within("/cut", 1, "");
	fails_within("/noise", 1, "");
	fails_within("/empty", 1, "empty");
	fails_within("/code/404", 1, "404");
	fails_within("/code/500", 1, "500");
	fails_within("/code/206", 1, "206");
	ck_assert_uint_eq(state.failures, 11);
	/* what is held is still what the next request is about */
	ck_assert_str_eq(state.etag, before.etag);
	ck_assert_str_eq(state.last_modified, before.last_modified);
	ck_assert_int_eq(state.succeeded, before.succeeded);
	ck_assert_int_eq(get("/file/list"), FETCH_NOT_MODIFIED);
	ck_assert_uint_eq(state.failures, 0);
}
END_TEST

START_TEST(not_modified_without_a_question)
{
	fails_within("/bare304", 1, "304");
}
END_TEST

START_TEST(exactly_as_long_as_allowed)
{
	limits.bytes = strlen(LIST);
	ck_assert_int_eq(get("/file/list"), FETCH_NEW);
	got_list();
	limits.bytes--;
	state = (struct fetch_state){.tried = 0};
	ck_assert_int_eq(get("/file/list"), FETCH_FAILED);
}
END_TEST

START_TEST(nobody_there)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	fails_within("/file/list", 1, "cannot be reached");
	server = http_serve(folder, &port);
}
END_TEST

START_TEST(urls)
{
	static const char *const bad[] = {"", "http", "http://", "http:///x", "file:///etc/passwd", "ftp://a/b",
		"ldap://a/b", "http://a b/", "http://a/\n", "http://u@h/", "https://u:p@h/", "http://:80/",
		"gopher://a", "HTTP//a", "http://\xE5\x8D\xB0/"};
	static const char *const good[] = {"http://a", "https://a/b?c@d", "HTTP://A:1/x", "http://[::1]/"};
	char longest[FETCH_URL_MAX + 1] = "http://a/";

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(!fetch_url_valid(bad[i]), "%s", bad[i]);
		ck_assert_int_eq(fetch_url(bad[i], &limits, &state, &body, why), FETCH_FAILED);
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ck_assert_msg(fetch_url_valid(good[i]), "%s", good[i]);
	memset(longest + 9, 'x', sizeof longest - 10);
	ck_assert(!fetch_url_valid(longest));
	longest[FETCH_URL_MAX - 1] = '\0';
	ck_assert(fetch_url_valid(longest));
}
END_TEST

#define T 1700000000

START_TEST(when_the_next_try_is_due)
{
	struct fetch_state s = {.tried = 0};
	time_t last = T;

	ck_assert_int_eq(fetch_due(&s, 0), 0);
	s = (struct fetch_state){.tried = T, .succeeded = T, .jitter = 65535};
	/* valid for four days: within a day, and not before three quarters of one */
	ck_assert_int_le(fetch_due(&s, T + 4 * 86400), T + 86400);
	s.jitter = 0;
	ck_assert_int_ge(fetch_due(&s, T + 4 * 86400), T + 86400 * 3 / 4);
	ck_assert_int_ge(fetch_due(&s, T - 1000), T + 2700); /* a stale one: hourly, not at once */
	ck_assert_int_le(fetch_due(&s, T - 1000), T + 3600);
	for (s.failures = 1; s.failures < 100; s.failures++) {
		time_t due = fetch_due(&s, T + 4 * 86400);

		ck_assert_int_ge(due, last);
		ck_assert_int_ge(due, T + 30);
		ck_assert_int_le(due, T + 6 * 3600);
		last = due;
	}
	ck_assert_int_ge(last, T + 3 * 3600);
}
END_TEST

START_TEST(chance_differs)
{
	unsigned first, same = 0;

	get("/code/500");
	first = state.jitter;
	for (int i = 0; i < 8; i++) {
		get("/code/500");
		same += state.jitter == first;
	}
	ck_assert_uint_lt(same, 8);
}
END_TEST

/* ---- Sources */

/* As an editor may leave the file. */
START_TEST(a_last_line_without_its_end)
{
	struct fetch_sources s = {0};
	char path[300];
	size_t added;
	FILE *f;

	snprintf(path, sizeof path, "%s/sources", folder);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_gt(fputs("http://a/1.crl", f), 0);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(fetch_sources_add(&s, "http://b/2.crl"), E_OK);
	ck_assert_int_eq(fetch_sources_record(folder, &s, &added), E_OK);
	ck_assert_uint_eq(added, 1);
	fetch_sources_free(&s);
	ck_assert_int_eq(fetch_sources_read(&s, folder), E_OK);
	ck_assert_uint_eq(s.n, 2);
	ck_assert_str_eq(s.url[0], "http://a/1.crl");
	ck_assert_str_eq(s.url[1], "http://b/2.crl");
	fetch_sources_free(&s);
}
END_TEST

static mode_t mode_of(const char *name)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* What others may write leads nobody anywhere; and nobody else may write what we write. */
START_TEST(sources_of_this_user_alone)
{
	static const mode_t bad[] = {0664, 0646, 0666};
	static const mode_t masks[] = {0, 022, 077};
	struct fetch_sources s = {0};
	char path[300], real[320];

	snprintf(path, sizeof path, "%s/sources", folder);
	ck_assert_int_eq(fetch_sources_add(&s, "http://a/1.crl"), E_OK);
	for (int i = 0; i < 3; i++) {
		unlink(path);
		umask(masks[i]);
		ck_assert_int_eq(fetch_sources_record(folder, &s, NULL), E_OK);
		ck_assert_uint_eq(mode_of("sources"), 0644 & ~masks[i]);
	}
	fetch_sources_free(&s);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(chmod(path, bad[i]), 0);
		ck_assert_int_eq(fetch_sources_read(&s, folder), E_OK);
		ck_assert_uint_eq(s.n, 0);
	}
	ck_assert_int_eq(chmod(path, 0644), 0);
	snprintf(real, sizeof real, "%s.real", path);
	ck_assert_int_eq(rename(path, real), 0);
	ck_assert_int_eq(symlink(real, path), 0);
	ck_assert_int_eq(fetch_sources_read(&s, folder), E_OK);
	ck_assert_uint_eq(s.n, 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rename(real, path), 0);
	ck_assert_int_eq(fetch_sources_read(&s, folder), E_OK);
	ck_assert_uint_eq(s.n, 1);
	if (geteuid() == 0) {
		fetch_sources_free(&s);
		ck_assert_int_eq(chown(path, 12345, 12345), 0);
		ck_assert_int_eq(fetch_sources_read(&s, folder), E_OK);
		ck_assert_uint_eq(s.n, 0);
	}
	fetch_sources_free(&s);
}
END_TEST

/* ---- Whose lists are fetched */

#define KEYS "keyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\n"
#define JPKI "certificatePolicies = 1.2.392.200149.8.5.1.3.30\n"

static void planned(const char *const *want)
{
	const char *place = folder;
	struct fetch_plan plan;
	size_t n = 0;

	ck_assert_int_eq(fetch_plan_make(rig.crypto, rig.store, &rig.trust, &place, 1, &plan), E_OK);
	for (; want[n]; n++)
		ck_assert_str_eq(n < plan.sources.n ? plan.sources.url[n] : "nothing", want[n]);
	ck_assert_uint_eq(plan.sources.n, n);
	fetch_plan_free(&plan);
}

/* JPKI's are for registered verifiers: nothing asks for them, whatever names their place, until an administrator
 * writes the URL down; and its CA keeps nobody else's lists from being fetched. */
START_TEST(closed_lists)
{
	static const char point[] = "[exts]\nissuingDistributionPoint=critical,@i\n[i]\nfullname=URI:http://jpki/2.crl\n";
	struct fetch_sources s = {0};
	enum store_put what;

	rig_start();
	for (size_t i = 0; i < 3; i++)
		cert_free(&rig.cas[i].cert);
	rig.cas[0] = make_ca(rig.crypto, CA, 0, KEYS JPKI "crlDistributionPoints = URI:http://jpki/1.crl");
	rig.cas[1] = make_ca(rig.crypto, CA, 1, KEYS "crlDistributionPoints = URI:http://hpki/1.crl");
	rig.cas[2] = make_ca(rig.crypto, "Other CA", 2, KEYS "crlDistributionPoints = URI:ldap://a/b,URI:http://hpki/2.crl");
	ck_assert_int_eq(rig.cas[0].cert->kind, CERT_JPKI_AUTH);
	planned((const char *const[]){"http://hpki/1.crl", "http://hpki/2.crl", NULL});
	ck_assert_int_eq(rig_put(rig_list(0, 5, point), &what), E_OK);
	planned((const char *const[]){"http://hpki/1.crl", "http://hpki/2.crl", NULL});
	ck_assert_int_eq(fetch_sources_of_cert(&s, rig.cas[0].cert), E_REFUSED);
	ck_assert_uint_eq(s.n, 0);
	ck_assert_int_eq(fetch_sources_add(&s, "http://jpki/1.crl"), E_OK);
	ck_assert_int_eq(fetch_sources_record(folder, &s, NULL), E_OK);
	planned((const char *const[]){"http://hpki/1.crl", "http://hpki/2.crl", "http://jpki/1.crl", NULL});
	fetch_sources_free(&s);
	rig_stop();
}
END_TEST

/* ---- Turns */

static struct crypto *crypto;

START_TEST(what_is_remembered)
{
	struct fetch_turn t;

	ck_assert_int_eq(crypto_new(&crypto), E_OK);
	ck_assert_int_eq(fetch_turn_look(crypto, folder, "http://a/", &t), E_NOT_FOUND);
	ck_assert_int_eq(fetch_turn_take(crypto, folder, "http://a/", 0, &t), E_OK);
	t.state = (struct fetch_state){.tried = 5, .succeeded = 4, .failures = 3, .jitter = 2,
	                               .etag = "W/\"x y\"", .last_modified = "Fri, 20 Nov"};
	t.next_update = 99;
	memset(t.list, 0xA5, sizeof t.list);
	fetch_turn_end(&t);
	ck_assert_int_eq(fetch_turn_look(crypto, folder, "http://a/", &t), E_OK);
	ck_assert_str_eq(t.state.etag, "W/\"x y\"");
	ck_assert_str_eq(t.state.last_modified, "Fri, 20 Nov");
	ck_assert_int_eq(t.state.tried, 5);
	ck_assert_int_eq(t.state.succeeded, 4);
	ck_assert_uint_eq(t.state.failures, 3);
	ck_assert_uint_eq(t.state.jitter, 2);
	ck_assert_int_eq(t.next_update, 99);
	ck_assert_uint_eq(t.list[31], 0xA5);
	ck_assert_int_eq(fetch_turn_look(crypto, folder, "http://b/", &t), E_NOT_FOUND);
	crypto_free(&crypto);
}
END_TEST

static void change_file(const char *command)
{
	char line[300];

	snprintf(line, sizeof line, "f=$(ls %s/fetch/*) && %s", folder, command);
	ck_assert_int_eq(system(line), 0);
}

START_TEST(a_note_that_was_cut_short_counts_as_none)
{
	struct fetch_turn t;

	ck_assert_int_eq(crypto_new(&crypto), E_OK);
	for (int cut = 1; cut < 200; cut += 7) {
		ck_assert_int_eq(fetch_turn_take(crypto, folder, "http://a/", 0, &t), E_OK);
		t.state.tried = 5;
		snprintf(t.state.etag, sizeof t.state.etag, "\"etag\"");
		fetch_turn_end(&t);
		char command[100];

		snprintf(command, sizeof command, "s=$(stat -c %%s $f); truncate -s $((s > %d ? s - %d : 0)) $f", cut, cut);
		change_file(command);
		ck_assert_int_eq(fetch_turn_take(crypto, folder, "http://a/", 0, &t), E_OK);
		ck_assert_int_eq(t.state.tried, 0);
		ck_assert_str_eq(t.state.etag, "");
		fetch_turn_end(&t);
	}
	change_file("chmod 644 $f");
	ck_assert_int_eq(fetch_turn_take(crypto, folder, "http://a/", 0, &t), E_DENIED);
	change_file("chmod 600 $f && mv $f $f.x && ln -s $f.x $f");
	ck_assert_int_eq(fetch_turn_take(crypto, folder, "http://a/", 0, &t), E_DENIED);
	crypto_free(&crypto);
}
END_TEST

START_TEST(one_at_a_time)
{
	struct fetch_turn mine, other;
	int status;

	ck_assert_int_eq(crypto_new(&crypto), E_OK);
	ck_assert_int_eq(fetch_turn_take(crypto, folder, "http://a/", 0, &mine), E_OK);
	ck_assert(!mine.waited);
	ck_assert_int_eq(fetch_turn_take(crypto, folder, "http://a/", 0, &other), E_BUSY);
	ck_assert_int_eq(fetch_turn_take(crypto, folder, "http://b/", 0, &other), E_OK);
	fetch_turn_end(&other);
	pid_t child = fork();
	if (child == 0) {
		close(mine.fd); /* the lock is the parent's alone */
		_exit(fetch_turn_take(crypto, folder, "http://a/", 5, &other) != E_OK || !other.waited ||
		      other.state.tried != 7);
	}
	usleep(200 * 1000);
	mine.state.tried = 7;
	fetch_turn_end(&mine);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	crypto_free(&crypto);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fetch");
	TCase *tc = tcase_create("fetch");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, new_then_not_modified_then_new);
	tcase_add_test(tc, nothing_of_the_user_is_sent);
	tcase_add_test(tc, redirects);
	tcase_add_test(tc, redirects_do_not_lead_inwards);
	tcase_add_test(tc, bad_servers_cost_the_cap_and_no_more);
	tcase_add_test(tc, not_modified_without_a_question);
	tcase_add_test(tc, exactly_as_long_as_allowed);
	tcase_add_test(tc, nobody_there);
	tcase_add_test(tc, urls);
	tcase_add_test(tc, when_the_next_try_is_due);
	tcase_add_test(tc, chance_differs);
	tcase_add_test(tc, a_last_line_without_its_end);
	tcase_add_test(tc, sources_of_this_user_alone);
	tcase_add_test(tc, closed_lists);
	tcase_add_test(tc, what_is_remembered);
	tcase_add_test(tc, a_note_that_was_cut_short_counts_as_none);
	tcase_add_test(tc, one_at_a_time);
	suite_add_tcase(suite, tc);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
