/* SPDX-License-Identifier: BSD-2-Clause */
/* A card of each report in this folder, signed on with every token that it has.
 * A new card is a new file: nothing is named here. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/module/rig.h"

static glob_t reports;


static struct vcard_spec *spec_of(const char *path)
{
	const char *pki = getenv("INKAN_TEST_PKI");
	char why[256] = "";
	struct vcard_spec *spec = vcard_like(path, why, sizeof why);

	ck_assert_msg(spec != NULL, "%s: %s", path, why);
	spec->pki = pki ? pki : "tests/pki";
	return spec;
}

static bool has_token(const struct vcard_spec *spec, enum vcard_app app)
{
	return spec->kind != VCARD_FOREIGN && !spec->no_app[app] && !spec->no_certificate[app];
}

/* Twice, so that what was learned from the first signature is used. */
static void sign(struct rig *r, const struct vcard_spec *spec, CK_MECHANISM_TYPE type, const char *path)
{
	unsigned tries = vcard_tries(r->card, r->app);

	for (int i = 0; i < 2; i++) {
		CK_RV rv = rig_login(r, CKU_USER, spec->pin[r->app]);

		ck_assert_msg(rv == CKR_OK, "%s: C_Login gives %lx", path, rv);
		rv = rig_sign_checked(r, r->session, type);
		ck_assert_msg(rv == CKR_OK, "%s: the signature %lx gives %lx", path, type, rv);
		ok(p11->C_Logout(r->session));
	}
	ck_assert_msg(rig_is_locked(r), "%s: left unlocked", path);
	ck_assert_msg(vcard_tries(r->card, r->app) >= tries, "%s: a try was lost", path);
}

static void sign_with(const char *path, enum vcard_app app, CK_MECHANISM_TYPE type)
{
	struct vcard_spec *spec = spec_of(path);
	struct rig r;

	if (has_token(spec, app)) {
		rig_start(&r, spec, app);
		sign(&r, spec, type, path);
		rig_stop(&r);
	}
	vcard_like_free(&spec);
}

/* _i: a report and one of its two tokens. */
START_TEST(signs)
{
	sign_with(reports.gl_pathv[_i / 2], _i % 2 ? VCARD_SIGN : VCARD_AUTH, CKM_SHA256_RSA_PKCS);
}
END_TEST

START_TEST(signs_pss)
{
	const char *path = reports.gl_pathv[_i / 2];
	struct vcard_spec *spec = spec_of(path);
	bool pss = !spec->no_pss && !spec->wrong_pss && spec->dialect != VCARD_OLD;

	vcard_like_free(&spec);
	if (pss)
		sign_with(path, _i % 2 ? VCARD_SIGN : VCARD_AUTH, CKM_SHA256_RSA_PKCS_PSS);
}
END_TEST

/* A certificate that is not there is no token, and nothing to ask a PIN for. */
START_TEST(shows_no_other_token)
{
	const char *path = reports.gl_pathv[_i / 2];
	enum vcard_app app = _i % 2 ? VCARD_SIGN : VCARD_AUTH;
	struct vcard_spec *spec = spec_of(path);
	struct vreader *reader;
	CK_TOKEN_INFO info;
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;

	if (!has_token(spec, app)) {
		rig_profiles(app == VCARD_AUTH ? profiles_auth : profiles_sign);
		reader = rig_reader("Virtual Reader 00", spec);
		ok(p11->C_Initialize(NULL));
		ok(p11->C_GetSlotList(CK_FALSE, slots, &n));
		for (CK_ULONG i = 0; i < n; i++)
			ck_assert_msg(p11->C_GetTokenInfo(slots[i], &info) != CKR_OK, "%s: shows a token", path);
		ok(p11->C_Finalize(NULL));
		vreader_free(reader);
	}
	vcard_like_free(&spec);
}
END_TEST

/* No line of a report may be taken for granted. */
START_TEST(a_spoilt_report_is_no_crash)
{
	char path[] = "tests/cards/spoilt.XXXXXX", why[256], *text;
	FILE *in = fopen(reports.gl_pathv[_i], "re"), *out;
	struct vcard_spec *spec;
	size_t n;
	int fd = mkstemp(path);

	ck_assert_msg(in && fd >= 0, "%s", path);
	text = calloc(1, 1 << 17);
	n = fread(text, 1, (1 << 17) - 1, in);
	fclose(in);
	srand((unsigned)_i + 1);
	for (int round = 0; round < 300; round++) {
		size_t at = 21 + (size_t)rand() % (n - 21);
		char kept = text[at];

		text[at] = "\n:[]F0* \377;x"[rand() % 12];
		out = fopen(path, "we");
		ck_assert_uint_eq(fwrite(text, 1, round % 3 ? n : at, out), round % 3 ? n : at);
		fclose(out);
		text[at] = kept;
		why[0] = '\0';
		spec = vcard_like(path, why, sizeof why);
		ck_assert_msg(spec || why[0], "no reason is given");
		vcard_like_free(&spec);
	}
	close(fd);
	unlink(path);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("card reports");
	TCase *c = tcase_create("cards");
	const char *srcdir = getenv("srcdir");
	char pattern[4096];
	int n;

	snprintf(pattern, sizeof pattern, "%s/tests/cards/*.report", srcdir ? srcdir : ".");
	if (glob(pattern, 0, NULL, &reports) != 0) {
		fprintf(stderr, "there is no %s\n", pattern);
		return 99;
	}
	n = (int)reports.gl_pathc;
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, signs, 0, 2 * n);
	tcase_add_loop_test(c, signs_pss, 0, 2 * n);
	tcase_add_loop_test(c, shows_no_other_token, 0, 2 * n);
	tcase_add_loop_test(c, a_spoilt_report_is_no_crash, 0, n);
	suite_add_tcase(suite, c);
	return rig_run(suite);
}
