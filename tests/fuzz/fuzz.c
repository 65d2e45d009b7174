/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <unistd.h>
#include "fuzz.h"

enum { SET, INSERT, DELETE, REPEAT, FLIP, COPY, KINDS };

#define TEXT_MAX 65536
#define PLACE_END 0xFFFF

uint8_t *fuzz_edit(struct bytes good, struct bytes *edits, size_t *n)
{
	uint8_t *out = malloc(good.len + 1);

	MUST(out != NULL);
	if (good.len)
		memcpy(out, good.data, good.len);
	*n = good.len;
	while (edits->len >= 4) {
		size_t place = feed_number(edits), at = place == PLACE_END ? *n : place % (*n + 1), kind = feed_byte(edits) % KINDS, len = feed_byte(edits);
		struct bytes with = feed_take(edits, kind == SET || kind == INSERT ? len : kind == FLIP ? 1 : 0);
		size_t left = *n - at;

		if (kind == SET) {
			if (with.len && with.len <= left)
				memcpy(out + at, with.data, with.len);
		} else if (kind == FLIP) {
			if (left)
				out[at] ^= with.len ? with.data[0] : 1;
		} else if (kind == DELETE) {
			len = len < left ? len : left;
			memmove(out + at, out + at + len, left - len);
			*n -= len;
		} else if (*n < TEXT_MAX) { /* a piece comes in: the input's, what follows, or what is elsewhere */
			size_t from = kind == COPY ? feed_number(edits) % (*n + 1) : at;
			uint8_t *piece;

			len = kind == INSERT ? with.len : kind == COPY ? feed_number(edits) : len;
			len = kind == INSERT || len < *n - from ? len : *n - from;
			piece = malloc(len + 1);
			out = realloc(out, *n + len + 1);
			MUST(out && piece);
			if (len)
				memcpy(piece, kind == INSERT ? with.data : out + from, len);
			memmove(out + at + len, out + at, left);
			memcpy(out + at, piece, len);
			*n += len;
			free(piece);
		}
	}
	return out;
}

static char folder[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

void fuzz_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_folder(void)
{
	fuzz_remove(folder);
}

const char *fuzz_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	if (!folder[0]) {
		snprintf(folder, sizeof folder, "%.40s/inkan-fuzz-XXXXXX", tmp ? tmp : "/tmp");
		MUST(mkdtemp(folder) != NULL);
		atexit(remove_folder);
	}
	return folder;
}

void fuzz_write(const char *path, struct bytes content)
{
	FILE *f = fopen(path, "wb");

	MUST(f != NULL);
	MUST(content.len == 0 || fwrite(content.data, 1, content.len, f) == content.len);
	fclose(f);
}

static struct bytes signed_part(struct bytes der)
{
	struct tlv t;

	return tlv_next(&der, &t) && tlv_next(&t.value, &t) ? t.whole : (struct bytes){0};
}

bool fuzz_was_signed(struct bytes der, const struct bytes *good, size_t n)
{
	struct bytes a = signed_part(der);

	for (size_t i = 0; i < n; i++) {
		struct bytes b = signed_part(good[i]);

		if (a.len == b.len && memcmp(a.data, b.data, a.len) == 0)
			return true;
	}
	return false;
}
