/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan-fetch against a server with every bad habit; whose lists it is sent for, and what is remembered of them. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "http_server.h"
#include "status/fetch.h"
#include "store_rig.h"

#define LIST "a list, for all that this room knows\n"
#define PROGRAM "tests/unit/fetch_here" /* for which every address is this machine's */

enum result { NEW, SAME, FAILED };

static char folder[64], etag[256], why[512], body[2 << 20];
static size_t body_len;
static long limit;
static pid_t server;
static int port;

static void write_file(const char *name, const void *data, size_t n)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

static void setup(void)
{
	char text[16];

	strcpy(folder, "/tmp/inkan-test-fetch-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_file("list", LIST, strlen(LIST));
	server = http_serve(folder, &port);
	ck_assert_int_gt(server, 0);
	limit = 1 << 20;
	etag[0] = '\0';
	snprintf(text, sizeof text, "%d", port);
	setenv("INKAN_TEST_PORT", text, 1);
	setenv("no_proxy", "*", 1);
	unsetenv("NO_PROXY");
}

static void teardown(void)
{
	char command[100];

	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	snprintf(command, sizeof command, "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void forget(void)
{
	etag[0] = '\0';
}

static int patience = 30; /* seconds */

/* The program, asked for one URL. */
static enum result get_url(const char *url)
{
	char command[2048], line[2048], *rest = line, *field[4];
	FILE *f;

	snprintf(command, sizeof command, "printf '%%s\\n' '9\t%s\t%s' | " PROGRAM " %d %ld 9>%s/body", url, etag, patience,
	         limit, folder);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_int_eq(fgetc(f), EOF);
	ck_assert_int_eq(pclose(f), 0);
	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; i < 4; i++)
		ck_assert_ptr_nonnull(field[i] = strsep(&rest, "\t"));
	ck_assert_str_eq(field[0], "0");
	snprintf(why, sizeof why, "%s", field[3]);
	snprintf(command, sizeof command, "%s/body", folder);
	f = fopen(command, "re");
	body_len = fread(body, 1, sizeof body, f);
	fclose(f);
	if (strcmp(field[1], "new") == 0) {
		snprintf(etag, sizeof etag, "%s", field[2]);
		return NEW;
	}
	return strcmp(field[1], "same") == 0 ? SAME : FAILED;
}

static enum result get(const char *path)
{
	char url[300];

	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
	return get_url(url);
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
	ck_assert_uint_eq(body_len, strlen(LIST));
	ck_assert_mem_eq(body, LIST, body_len);
}

START_TEST(new_then_not_modified_then_new)
{
	ck_assert_int_eq(get("/file/list"), NEW);
	got_list();
	ck_assert_int_eq(etag[0], '"');
	ck_assert_int_eq(count("If-"), 0);
	ck_assert_int_eq(get("/file/list"), SAME);
	ck_assert_uint_eq(body_len, 0);
	ck_assert_int_eq(count("If-None-Match: \""), 1);
	write_file("list", LIST, strlen(LIST));
	ck_assert_int_eq(get("/file/list"), NEW);
	got_list();
}
END_TEST

/* Neither cookies nor a user's password files go along, nothing is to be unpacked. */
START_TEST(nothing_of_the_user_is_sent)
{
	write_file(".netrc", "default login alice password secret\n", sizeof "default login alice password secret\n" - 1);
	write_file(".curlrc", "user-agent = \"curlrc\"\n", sizeof "user-agent = \"curlrc\"\n" - 1);
	setenv("HOME", folder, 1);
	ck_assert_int_eq(get("/hops/2/list"), NEW);
	ck_assert_int_eq(get("/hops/2/list"), SAME);
	ck_assert_int_eq(count("GET "), 6);
	ck_assert_int_eq(count("User-Agent: inkan/"), 6);
	ck_assert_int_eq(count("Cookie"), 0);
	ck_assert_int_eq(count("Authorization"), 0);
	ck_assert_int_eq(count("Accept-Encoding"), 0);
}
END_TEST

START_TEST(redirects)
{
	ck_assert_int_eq(get("/hops/3/list"), NEW);
	got_list();
	ck_assert_str_ne(etag, "\"hop\"");
	forget();
	ck_assert_int_eq(get("/hops/4/list"), FAILED);
	ck_assert_ptr_nonnull(strstr(why, "more than 3"));
	ck_assert_int_eq(get("/loop"), FAILED);
	ck_assert_int_eq(count("GET /loop"), 4);
	ck_assert_int_eq(get("/scheme"), FAILED);
	ck_assert_ptr_nonnull(strstr(why, "neither http nor https"));
	ck_assert_int_eq(get("/ftp"), FAILED); /* which libcurl would follow unless told not to */
	ck_assert_ptr_nonnull(strstr(why, "neither http nor https"));
	ck_assert_int_eq(get("/user"), FAILED);
	ck_assert_int_eq(count("Authorization"), 0);
	forget();
	ck_assert_int_eq(get("/turn"), NEW);
	ck_assert_str_eq(etag, ""); /* that of the redirect is not the list's */
}
END_TEST

/* Plain http: whoever stands in between may answer with a redirect, and must not have
 * this machine ask what only this machine reaches. */
static enum result led(const char *from, const char *to)
{
	char place[100], url[100];

	forget();
	snprintf(place, sizeof place, "http://%s:%d/file/list", to, port);
	write_file("place", place, strlen(place));
	snprintf(url, sizeof url, "http://%s:%d/to/place", from, port);
	return get_url(url);
}

START_TEST(redirects_do_not_lead_inwards)
{
	static const char *const near[] = {"10.1.2.3",       "172.16.0.1",     "172.31.255.255", "192.168.1.1",
	                                   "100.64.0.1",     "169.254.169.254", "127.0.0.1",     "127.9.9.9",
	                                   "0.0.0.0",        "localhost"};

	for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
		ck_assert_msg(led("192.0.2.7", near[i]) == FAILED, "from far to %s", near[i]);
		ck_assert_msg(strstr(why, "redirects to an address") != NULL, "%s: %s", near[i], why);
		ck_assert_int_eq(count("GET /file/list"), 0);
	}
	ck_assert_int_eq(led("192.168.1.1", "127.0.0.1"), FAILED);
	ck_assert_int_eq(led("192.168.1.1", "169.254.169.254"), FAILED);
	ck_assert_int_eq(count("GET /file/list"), 0);
	ck_assert_int_eq(led("192.0.2.7", "192.0.2.8"), NEW);
	ck_assert_int_eq(led("10.1.2.3", "192.168.1.1"), NEW);
	ck_assert_int_eq(led("10.1.2.3", "192.0.2.8"), NEW);
	ck_assert_int_eq(led("192.0.2.7", "172.32.0.1"), NEW);
	ck_assert_int_eq(led("127.0.0.1", "127.0.0.1"), NEW);
}
END_TEST

static void fails(const char *path, const char *because)
{
	ck_assert_msg(get(path) == FAILED, "%s", path);
	ck_assert_msg(strstr(why, because) != NULL, "%s: %s", path, why);
}

START_TEST(bad_servers_cost_the_cap_and_no_more)
{
	patience = 2;
	fails("/hang", "within 2 seconds");
	fails("/drip", "within 2 seconds");
	patience = 30;
	fails("/endless", "longer than 1048576 bytes");
	fails("/long", "longer than 1048576 bytes");
	fails("/heads", "longer than");
	fails("/cut", "");
	fails("/noise", "");
	fails("/empty", "empty");
	fails("/code/404", "404");
	fails("/code/500", "500");
	fails("/code/206", "206");
}
END_TEST

START_TEST(not_modified_without_a_question)
{
	fails("/bare304", "304");
}
END_TEST

START_TEST(exactly_as_long_as_allowed)
{
	limit = (long)strlen(LIST);
	ck_assert_int_eq(get("/file/list"), NEW);
	got_list();
	limit--;
	forget();
	ck_assert_int_eq(get("/file/list"), FAILED);
}
END_TEST

START_TEST(nobody_there)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	fails("/file/list", "cannot be reached");
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
	struct source s = {.tried = 0};
	time_t last = T;

	ck_assert_int_eq(source_due(&s), 0);
	s = (struct source){.tried = T, .succeeded = T, .next_update = T + 4 * 86400, .present = true};
	ck_assert_int_eq(source_due(&s), T + 86400); /* valid for four days */
	s.next_update = T + 86400;
	ck_assert_int_eq(source_due(&s), T + 6 * 3600);
	s.next_update = T - 1000; /* one that has ended: hourly, not at once */
	ck_assert_int_eq(source_due(&s), T + 3600);
	s.next_update = 0;
	ck_assert_int_eq(source_due(&s), T + 86400);
	s.present = false; /* lost */
	ck_assert_int_eq(source_due(&s), 0);
	for (s.failures = 1; s.failures < 100; s.failures++) {
		time_t due = source_due(&s);

		ck_assert_int_ge(due, last);
		ck_assert_int_ge(due, T + 20 * 60);
		ck_assert_int_le(due, T + 6 * 3600);
		last = due;
	}
	ck_assert_int_eq(last, T + 6 * 3600);
}
END_TEST

/* ---- Sources */

/* As an editor may leave the file. */
START_TEST(a_last_line_without_its_end)
{
	struct sources s = {0};
	char path[300];
	const char *place = folder;
	FILE *f;

	snprintf(path, sizeof path, "%s/sources", folder);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs("http://a/1.crl", f), 0);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(sources_add(&s, "http://b/2.crl"), E_OK);
	ck_assert_int_eq(sources_record(&place, 1, &s), E_OK);
	sources_free(&s);
	ck_assert_int_eq(sources_read(&s, folder), E_OK);
	ck_assert_uint_eq(s.n, 2);
	ck_assert_str_eq(s.list[0].url, "http://a/1.crl");
	ck_assert_str_eq(s.list[1].url, "http://b/2.crl");
	sources_free(&s);
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
	struct sources s = {0};
	char path[300], real[320];
	const char *place = folder;

	snprintf(path, sizeof path, "%s/sources", folder);
	ck_assert_int_eq(sources_add(&s, "http://a/1.crl"), E_OK);
	for (int i = 0; i < 3; i++) {
		unlink(path);
		umask(masks[i]);
		ck_assert_int_eq(sources_record(&place, 1, &s), E_OK);
		ck_assert_uint_eq(mode_of("sources"), 0644);
	}
	sources_free(&s);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(chmod(path, bad[i]), 0);
		ck_assert_int_eq(sources_record(&place, 1, &(struct sources){0}), E_DENIED); /* nor written over */
		ck_assert_int_eq(sources_read(&s, folder), E_OK);
		ck_assert_uint_eq(s.n, 0);
	}
	ck_assert_int_eq(chmod(path, 0644), 0);
	snprintf(real, sizeof real, "%s.real", path);
	ck_assert_int_eq(rename(path, real), 0);
	ck_assert_int_eq(symlink(real, path), 0);
	ck_assert_int_eq(sources_read(&s, folder), E_OK);
	ck_assert_uint_eq(s.n, 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rename(real, path), 0);
	ck_assert_int_eq(sources_read(&s, folder), E_OK);
	ck_assert_uint_eq(s.n, 1);
	if (geteuid() == 0) {
		sources_free(&s);
		ck_assert_int_eq(chown(path, 12345, 12345), 0);
		ck_assert_int_eq(sources_read(&s, folder), E_OK);
		ck_assert_uint_eq(s.n, 0);
	}
	sources_free(&s);
}
END_TEST

/* Root's and this user's, each once. */
START_TEST(sources_of_every_folder)
{
	char second[80];
	const char *const places[] = {folder, second};
	struct sources s = {0};

	rig_start();
	snprintf(second, sizeof second, "%s/second", folder);
	ck_assert_int_eq(sources_add(&s, "http://a/1.crl"), E_OK);
	ck_assert_int_eq(sources_record(places, 1, &s), E_OK);
	ck_assert_int_eq(sources_add(&s, "http://b/2.crl"), E_OK);
	ck_assert_int_eq(sources_record(places, 2, &s), E_OK);
	sources_free(&s);
	ck_assert_int_eq(sources_read(&s, second), E_OK);
	ck_assert_uint_eq(s.n, 2);
	sources_free(&s);
	write_file("sources", "http://c/3.crl\nhttp://a/1.crl\n", strlen("http://c/3.crl\nhttp://a/1.crl\n"));
	ck_assert_int_eq(sources_collect(rig.store, &rig.trust, places, 2, &s), E_OK);
	ck_assert_uint_eq(s.n, 3);
	ck_assert_str_eq(s.list[0].url, "http://c/3.crl");
	ck_assert_str_eq(s.list[2].url, "http://b/2.crl");
	sources_free(&s);
	rig_stop();
}
END_TEST

/* ---- Whose lists are fetched */

#define KEYS "keyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\n"
#define JPKI "certificatePolicies = 1.2.392.200149.8.5.1.3.30\n"

static void planned(const char *const *want)
{
	const char *place = folder;
	struct sources s;
	size_t n = 0;

	ck_assert_int_eq(sources_collect(rig.store, &rig.trust, &place, 1, &s), E_OK);
	for (; want[n]; n++)
		ck_assert_str_eq(n < s.n ? s.list[n].url : "nothing", want[n]);
	ck_assert_uint_eq(s.n, n);
	ck_assert_uint_eq(s.closed, 1);
	sources_free(&s);
}

/* JPKI's are for registered verifiers: nothing asks for them, whatever names their place, until an administrator
 * writes the URL down; and its CA keeps nobody else's lists from being fetched. */
START_TEST(closed_lists)
{
	static const char point[] = "[exts]\nissuingDistributionPoint=critical,@i\n[i]\nfullname=URI:http://jpki/2.crl\n",
	                  its_point[] = "[exts]\nissuingDistributionPoint=critical,@i\n[i]\nfullname=URI:http://hpki/3.crl\n";
	const char *place = folder;
	struct sources s = {0};
	enum store_put what;

	rig_start();
	for (size_t i = 0; i < 3; i++)
		cert_free(&rig.cas[i].cert);
	rig.cas[0] = make_ca(rig.crypto, CA, 0, KEYS JPKI "crlDistributionPoints = URI:http://jpki/1.crl");
	rig.cas[1] = make_ca(rig.crypto, CA, 1, KEYS "crlDistributionPoints = URI:http://hpki/1.crl");
	rig.cas[2] = make_ca(rig.crypto, "Other CA", 2, KEYS "crlDistributionPoints = URI:ldap://a/b,URI:http://hpki/2.crl");
	for (size_t i = 0; i < 3; i++)
		rig.cas[i].top = &rig.cas[i];
	ck_assert_int_eq(rig.cas[0].cert->kind, CERT_JPKI_AUTH);
	planned((const char *const[]){"http://hpki/1.crl", "http://hpki/2.crl", NULL});
	ck_assert_int_eq(rig_put(rig_list(0, 5, point), &what), E_OK);
	planned((const char *const[]){"http://hpki/1.crl", "http://hpki/2.crl", NULL});
	ck_assert_int_eq(sources_of_cert(&s, rig.cas[0].cert), E_REFUSED);
	ck_assert_uint_eq(s.n, 0);
	ck_assert_int_eq(sources_add(&s, "http://jpki/1.crl"), E_OK);
	ck_assert_int_eq(sources_record(&place, 1, &s), E_OK);
	planned((const char *const[]){"http://hpki/1.crl", "http://hpki/2.crl", "http://jpki/1.crl", NULL});
	ck_assert_int_eq(rig_put(rig_list(1, 5, its_point), &what), E_OK); /* what an open list says of its place is used */
	planned((const char *const[]){"http://hpki/1.crl", "http://hpki/2.crl", "http://jpki/1.crl", "http://hpki/3.crl", NULL});
	sources_free(&s);
	rig_stop();
}
END_TEST

/* ---- All of it */

static struct sources all;
static size_t told;

static void tell(void *arg, const struct source *source)
{
	(void)arg;
	(void)source;
	told++;
}

/* These paths of the server, with what FOLDER remembers. */
static enum error fetch(const char *const *paths, bool only_due, const char *program)
{
	const char *place = folder;
	struct fetch_job job = {.program = program, .store = rig.store, .trust = &rig.trust, .folders = &place, .n = 1,
	                        .seconds = 2, .bytes = limit, .only_due = only_due, .each = tell};
	char path[300];
	FILE *f;

	snprintf(path, sizeof path, "%s/sources", folder);
	f = fopen(path, "we");
	for (size_t i = 0; paths[i]; i++)
		fprintf(f, "http://127.0.0.1:%d%s # a comment\n", port, paths[i]);
	fclose(f);
	sources_free(&all);
	told = 0;
	ck_assert_int_eq(sources_collect(rig.store, &rig.trust, &place, 1, &all), E_OK);
	return fetch_all(&job, &all);
}

static void serve_list(unsigned number)
{
	struct bytes der = rig_list(0, number, NULL);

	write_file("crl", der.data, der.len);
	made_free(&der);
}

static void outcomes(const char *const *paths, const char *want)
{
	char got[200] = "";

	ck_assert_int_eq(fetch(paths, false, PROGRAM), E_OK);
	for (size_t i = 0; i < all.n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s ", fetch_outcome_word(all.list[i].outcome));
	ck_assert_str_eq(got, want);
	ck_assert_uint_eq(told, all.n);
}

/* A stalled server costs its time once, however many there are, and keeps no good one from being used. */
START_TEST(side_by_side)
{
	static const char *const paths[] = {"/hang", "/file/crl", "/drip", "/hang?", NULL};
	time_t start = time(NULL);

	rig_start();
	serve_list(5);
	outcomes(paths, "failed new failed failed ");
	ck_assert_int_le(time(NULL) - start, 3);
	ck_assert_ptr_nonnull(strstr(all.list[0].why, "within 2 seconds"));
	ck_assert_uint_eq(rig_number(0), 5);
	rig_stop();
}
END_TEST

START_TEST(what_is_remembered)
{
	static const char *const good[] = {"/file/crl", NULL};
	struct source before;
	char command[200];

	rig_start();
	serve_list(5);
	outcomes(good, "new ");
	ck_assert_int_eq(all.list[0].etag[0], '"');
	ck_assert_uint_eq(all.list[0].failures, 0);
	ck_assert_int_eq(count("If-"), 0);
	outcomes(good, "same ");
	ck_assert_int_eq(count("If-None-Match"), 1);
	before = all.list[0];
	ck_assert_int_eq(fetch(good, true, PROGRAM), E_OK);
	ck_assert_int_eq(all.list[0].outcome, FETCHED_NOT_DUE);
	ck_assert_int_eq(all.list[0].tried, before.tried);
	ck_assert_str_eq(all.list[0].etag, before.etag);
	/* a clock that was ahead keeps nobody from asking */
	snprintf(command, sizeof command, "sed -i 's/\t[0-9]*\t[0-9]*\t/\t4000000000\t4000000000\t/' %s/fetch/fetched", folder);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(fetch(good, true, PROGRAM), E_OK);
	ck_assert_int_eq(all.list[0].outcome, FETCHED_SAME);
	before = all.list[0];
	before.succeeded = 1700000000;
	snprintf(command, sizeof command, "sed -i 's/\t[0-9]*\t[0-9]*\t/\t1700000000\t1700000000\t/' %s/fetch/fetched", folder);
	ck_assert_int_eq(system(command), 0);
	kill(server, SIGKILL); /* a server that is away changes nothing of that but the count */
	waitpid(server, NULL, 0);
	for (unsigned i = 1; i < 3; i++) {
		outcomes(good, "failed ");
		ck_assert_uint_eq(all.list[0].failures, i);
		ck_assert_str_eq(all.list[0].etag, before.etag);
		ck_assert_int_eq(all.list[0].succeeded, before.succeeded);
	}
	ck_assert_int_eq(fetch(good, true, PROGRAM), E_OK);
	ck_assert_int_eq(all.list[0].outcome, FETCHED_NOT_DUE);
	server = http_serve(folder, &port);
	rig_stop();
}
END_TEST

/* The next request is for the whole list again; and what is lost is asked for without a condition. */
START_TEST(refused_and_lost)
{
	static const char *const good[] = {"/file/crl", NULL};
	char command[200];

	rig_start();
	serve_list(5);
	outcomes(good, "new ");
	serve_list(4);
	outcomes(good, "older ");
	ck_assert_uint_eq(all.list[0].failures, 1);
	outcomes(good, "older ");
	ck_assert_uint_eq(all.list[0].failures, 2);
	ck_assert_int_eq(count("If-None-Match"), 1);
	write_file("crl", "portal", 6);
	outcomes(good, "bad ");
	ck_assert_ptr_nonnull(strstr(all.list[0].why, "not a revocation list"));
	serve_list(6);
	outcomes(good, "new ");
	snprintf(command, sizeof command, "rm %s/*", rig.crl);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(fetch(good, true, PROGRAM), E_OK);
	ck_assert_int_eq(all.list[0].outcome, FETCHED_NEW);
	ck_assert_int_eq(count("If-None-Match"), 1);
	ck_assert_uint_eq(mode_of("fetch/fetched"), 0644);
	rig_stop();
}
END_TEST

/* A file that was cut short, or that others may write, is worth a transfer and no more. */
START_TEST(a_memory_that_is_not_ours)
{
	static const char *const good[] = {"/file/crl", NULL};
	char path[300];
	int asked;

	rig_start();
	serve_list(5);
	snprintf(path, sizeof path, "%s/fetch/fetched", folder);
	for (int cut = 1; cut < 200; cut += 9) {
		struct stat st;

		outcomes(good, cut == 1 ? "new " : "same ");
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_int_eq(truncate(path, st.st_size > cut ? st.st_size - cut : 0), 0);
	}
	outcomes(good, "same ");
	asked = count("If-None-Match");
	ck_assert_int_eq(chmod(path, 0666), 0);
	outcomes(good, "same ");
	ck_assert_int_eq(count("If-None-Match"), asked);
	rig_stop();
}
END_TEST

START_TEST(programs_that_do_not_run)
{
	static const char *const good[] = {"/file/crl", NULL};

	rig_start();
	ck_assert_int_eq(fetch(good, false, "/nonexistent/inkan-fetch"), E_IO);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(fetch(good, false, "/bin/false"), E_OK);
	ck_assert_int_eq(all.list[0].outcome, FETCHED_FAILED);
	ck_assert_str_eq(all.list[0].why, "/bin/false ended early");
	ck_assert_uint_eq(told, 1);
	rig_stop();
}
END_TEST

/* What is answered twice, for nobody, or not in the form of an answer counts once or not at all. */
START_TEST(programs_that_answer_too_much)
{
	static const char *const good[] = {"/file/crl", NULL};
	static const char script[] = "#!/bin/sh\nprintf '0\\tfailed\\t\\tfirst\\n0\\tfailed\\t\\tsecond\\n"
		"7\\tsame\\t\\t\\n-1\\tsame\\t\\t\\n0\\n\\n\\t\\t\\t\\t\\t\\n'\n";
	char path[300];

	rig_start();
	snprintf(path, sizeof path, "%s/program", folder);
	write_file("program", script, sizeof script - 1);
	ck_assert_int_eq(chmod(path, 0700), 0);
	ck_assert_int_eq(fetch(good, false, path), E_OK);
	ck_assert_int_eq(all.list[0].outcome, FETCHED_FAILED);
	ck_assert_str_eq(all.list[0].why, "first");
	ck_assert_uint_eq(told, 1);
	rig_stop();
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
	tcase_add_test(tc, a_last_line_without_its_end);
	tcase_add_test(tc, sources_of_this_user_alone);
	tcase_add_test(tc, sources_of_every_folder);
	tcase_add_test(tc, closed_lists);
	tcase_add_test(tc, side_by_side);
	tcase_add_test(tc, what_is_remembered);
	tcase_add_test(tc, refused_and_lost);
	tcase_add_test(tc, a_memory_that_is_not_ours);
	tcase_add_test(tc, programs_that_do_not_run);
	tcase_add_test(tc, programs_that_answer_too_much);
	suite_add_tcase(suite, tc);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
