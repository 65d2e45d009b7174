/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines: src/base/conf.c src/status/store.c */
/* inkan.conf, and whatever may lie in the store of revocation lists: nothing that its CA has not signed comes out of
 * it, and a good list can always be put in. */
#include <sys/stat.h>
#include <unistd.h>
#include "base/conf.h"
#include "base/text.h"
#include "fuzz.h"
#include "status/store.h"
#include "tests/unit/make_crl.h"

#define NOW ((time_t)1790000000)
#define DAY ((time_t)86400)

static struct {
	struct crypto *crypto;
	struct trusted_ca cas[2], *list[2];
	struct trust trust;
	struct bytes lists[5]; /* of the first CA: one, a later one, one of another scope, one that has not begun; of the second */
	char names[5][2][256]; /* in force, in the archive */
	char crl[128], archive[128];
} world;

int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}


time_t __wrap_time(time_t *out);
time_t __wrap___time64(time_t *out);

time_t __wrap_time(time_t *out)
{
	if (out)
		*out = NOW;
	return NOW;
}

time_t __wrap___time64(time_t *out)
{
	return __wrap_time(out);
}

static void wrong_line(void *arg, int line)
{
	int *lines = arg;

	MUST(line >= 0);
	(*lines)++;
}

static bool is_folder_setting(const char *path)
{
	return !path[0] || path[0] == '/';
}

static void check_conf(struct bytes in)
{
	char paths[2][4096];
	struct conf conf;
	int lines = 0;
	bool known = false;

	snprintf(paths[0], sizeof paths[0], "%s/inkan.conf", fuzz_folder());
	snprintf(paths[1], sizeof paths[1], "%s/user.conf", fuzz_folder());
	fuzz_write(paths[0], in);
	fuzz_write(paths[1], feed_take(&in, in.len / 2));
	log_start("inkan-fuzz");
	conf_load_from(&conf, paths, 2);
	log_to(LOG_ERROR, NULL);
	for (size_t i = 0; conf_cards[i]; i++)
		known |= strcmp(conf.card, conf_cards[i]) == 0;
	MUST(known || !conf.card[0]);
	MUST(conf.max_list_size >= 1 << 20 && conf.max_list_size <= 256L << 20);
	MUST(conf.clock_tolerance >= 0 && conf.clock_tolerance <= 86400);
	MUST(is_folder_setting(conf.system.anchors) && is_folder_setting(conf.system.lists) &&
	     is_folder_setting(conf.user.anchors) && is_folder_setting(conf.user.lists));
	MUST(memchr(conf.reader, 0, sizeof conf.reader) && memchr(conf.log_file, 0, sizeof conf.log_file));
	conf_shows_reader(&conf, "Fake reader 00");
	MUST(conf_check(paths[0], wrong_line, &lines) == E_OK);
}

static enum error look(void *arg, const struct store_file *file)
{
	(void)arg;
	MUST(!file->crl || !file->issuer || file->why != E_OK || fuzz_was_signed(file->crl->der, world.lists, 5));
	return E_OK;
}

static void put_file(const char *folder, struct bytes *in)
{
	uint8_t what = feed_byte(in);
	struct bytes content = feed_take(in, feed_number(in) % 2048), name = {0};
	uint8_t *edited = NULL;
	char path[512];
	int n;

	if (what & 4) { /* a good list, changed */
		struct bytes edits = content;

		edited = fuzz_edit(world.lists[(what >> 3 & 3) + (what & 1)], &edits, &content.len);
		content.data = edited;
	}
	if (what & 0x40)
		name = feed_take(in, 16);
	n = snprintf(path, sizeof path, "%s/", folder);
	for (size_t i = 0; i < name.len; i++) {
		char c = (char)(name.data[i] & 0x7F);

		path[n++] = c == '/' || c == 0 ? '_' : c;
	}
	snprintf(path + n, sizeof path - (size_t)n, "%s", name.len ? ".crl" : world.names[(what & 3) + (what >> 4 & 1)][what >> 5 & 1]);
	fuzz_write(path, content);
	if (what & 0x80)
		chmod(path, 0666);
	free(edited);
}

static void check_store(struct bytes in)
{
	const char *folder = fuzz_folder();
	struct store *store;
	enum store_put what;
	enum error e;
	size_t removed;

	MUST(mkdir(world.crl, 0755) == 0 && mkdir(world.archive, 0755) == 0);
	for (int i = feed_byte(&in) % 4; i >= 0; i--)
		put_file(i % 2 ? world.archive : world.crl, &in);
	MUST(store_open(world.crypto, &folder, 1, &store) == E_OK);
	store_check_every(store, 0);
	for (size_t i = 0; i < 2; i++)
		for (int then = 0; then < 2; then++) {
			struct store_lists lists;

			store_lists(store, &(struct list_query){.ca = &world.cas[i], .trust = &world.trust, .at = then ? NOW : 0}, &lists);
			for (size_t k = 0; k < lists.n; k++)
				MUST(fuzz_was_signed(lists.list[k]->der, world.lists, 5));
			store_lists_free(&lists);
		}
	store_walk(store, &world.trust, look, NULL);
	store_archive(store, &world.trust);
	e = store_put(store, &world.trust, world.lists[1], &what);
	MUST(e == E_OK && what != STORE_BAD);
	e = store_put(store, &world.trust, world.lists[0], &what);
	MUST(e == E_OK && (what == STORE_OLDER || what == STORE_SAME));
	MUST(store_archive_list(store, &world.trust, world.lists[0]) == E_OK);
	MUST(store_put(store, &world.trust, world.lists[3], &what) == E_OK && what != STORE_BAD && what != STORE_OLDER);
	if (in.len && store_put(store, &world.trust, in, &what) == E_OK)
		MUST(fuzz_was_signed(in, world.lists, 5));
	store_purge(store, NOW + 1, &removed);
	store_walk(store, &world.trust, look, NULL);
	store_free(&store);
	fuzz_remove(world.crl);
	fuzz_remove(world.archive);
}

static void start(void)
{
	static const char scope[] = "[exts]\nissuingDistributionPoint=critical,@i\n[i]\nfullname=URI:http://example.jp/crl\n";

	MUST(crypto_new(&world.crypto) == E_OK);
	for (unsigned i = 0; i < 2; i++) {
		world.cas[i] = make_ca(world.crypto, "Test CA", i, NULL);
		world.cas[i].top = &world.cas[i];
		world.list[i] = &world.cas[i];
	}
	world.trust = (struct trust){.crypto = world.crypto, .list = world.list, .n = 2};
	for (size_t i = 0; i < 5; i++) {
		struct crl *crl;
		char number[8], time[16], hash[17], name[CRL_NAME_SIZE];
		const time_t from = i == 3 ? NOW + DAY : NOW - DAY + (time_t)i;

		snprintf(number, sizeof number, "%02zX", i + 1);
		world.lists[i] = make_list(&(struct list_spec){"Test CA", i == 4, from, NOW + 2 * DAY, number, i == 2 ? scope : NULL, NULL, 0});
		MUST(crl_open(world.crypto, world.lists[i], world.cas[i == 4].cert, &crl) == E_OK);
		crl_name(crl, name);
		strftime(time, sizeof time, "%Y%m%d%H%M%SZ", gmtime(&from));
		hex_write(crl->sha256, 8, hash);
		snprintf(world.names[i][0], 256, "%s", name);
		snprintf(world.names[i][1], 256, "%.129s-%s-%s.crl", name, time, hash);
		crl_free(&crl);
	}
	snprintf(world.crl, sizeof world.crl, "%s/crl", fuzz_folder());
	snprintf(world.archive, sizeof world.archive, "%s/archive", fuzz_folder());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};

	if (!world.crypto) {
		setenv("XDG_CONFIG_HOME", "/nowhere", 1);
		setenv("INKAN_DEBUG", "off", 1);
		start();
	}
	if (feed_byte(&in) & 1)
		check_conf(in);
	else
		check_store(in);
	return 0;
}
