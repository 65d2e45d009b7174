/* SPDX-License-Identifier: BSD-2-Clause */
#include <check.h>
#include <openssl/crypto.h>
#include "cert/jpki_san.h"
#include "der.h"
#include "make_cert.h"

/* otherName [0] { 1.2.392.200149.8.5.5.n, [0] EXPLICIT value } */
#define NAME(n, value) "A0{06{2A8308 8C9B55 08 05 05 " n "} A0{" value "}}"
#define UTF8(text) "0C{\"" text "\"}"

/* Reads what an end entity with that subjectAltName (NULL: none) says, which it has once or twice. */
static enum error read_times(const char *drawing, int times, struct jpki_person *person)
{
	char value[2 * DER_MAX + 5] = "DER:";
	const struct made_extension e[] = {{drawing ? "2.5.29.17" : NULL, value}, {times > 1 ? "2.5.29.17" : NULL, value}, {NULL, NULL}};
	struct der d = der_draw(drawing ? drawing : "");
	struct bytes made;
	struct crypto *c;
	struct cert *cert;
	enum error ok;

	for (size_t i = 0; i < d.len; i++)
		snprintf(value + 4 + 2 * i, 3, "%02X", d.data[i]);
	made = make_cert(make_rsa_key(), e);
	ck_assert_int_eq(crypto_new(&c), E_OK);
	ck_assert_int_eq(cert_parse(c, made, &cert), E_OK);
	OPENSSL_free((void *)(uintptr_t)made.data);
	ok = jpki_person_read(cert, person);
	cert_free(&cert);
	crypto_free(&c);
	return ok;
}

static enum error read_person(const char *drawing, struct jpki_person *person)
{
	return read_times(drawing, 1, person);
}

START_TEST(stored_order)
{
	struct jpki_person p;

	ck_assert_int_eq(read_person("30{" NAME("01", UTF8("山田　花子")) NAME("04", UTF8("419900401"))
				     NAME("03", UTF8("2")) NAME("05", UTF8("東京都千代田区")) NAME("02", UTF8("00000"))
				     NAME("06", UTF8("0000000")) "}", &p), E_OK);
	ck_assert_str_eq(p.name, "山田　花子");
	ck_assert_str_eq(p.name_substitutes, "00000");
	ck_assert_str_eq(p.sex, "2");
	ck_assert_str_eq(p.birth, "419900401");
	ck_assert_str_eq(p.address, "東京都千代田区");
	ck_assert_str_eq(p.address_substitutes, "0000000");
	jpki_person_free(&p);
	ck_assert_ptr_null(p.name);
}
END_TEST

START_TEST(others_are_passed_over)
{
	struct jpki_person p;

	ck_assert_int_eq(read_person("30{82{\"example.jp\"} " NAME("07", UTF8("7")) NAME("01 01", UTF8("x"))
				     "A0{06{2A0304} A0{0C{\"y\"}}}" NAME("03", UTF8("1")) "}", &p), E_OK);
	ck_assert_str_eq(p.sex, "1");
	ck_assert_ptr_null(p.name);
	ck_assert_ptr_null(p.address);
	jpki_person_free(&p);
}
END_TEST

START_TEST(absent)
{
	struct jpki_person p;

	ck_assert_int_eq(read_person(NULL, &p), E_OK);
	ck_assert_ptr_null(p.name);
}
END_TEST

static const char *const bad[] = {
	"30{" NAME("01", "13{\"printable\"}") "}",
	"30{" NAME("01", "0C{\"a\" 00 \"b\"}") "}",
	"30{" NAME("01", "0C{FF}") "}",
	"30{" NAME("01", UTF8("a")) NAME("01", UTF8("b")) "}",
	"30{" NAME("01", "") "}",
	"30{A0{06{2A83088C9B5508050501}}}",
	"31{" NAME("01", UTF8("a")) "}",
	"30{" NAME("01", UTF8("a")) "} 00",
	"04{\"x\"}",
};

START_TEST(malformed)
{
	struct jpki_person p;

	ck_assert_int_eq(read_person(bad[_i], &p), E_FORMAT);
	ck_assert_ptr_null(p.name);
}
END_TEST

START_TEST(there_twice)
{
	struct jpki_person p;

	ck_assert_int_eq(read_times("30{" NAME("01", UTF8("a")) "}", 2, &p), E_FORMAT);
	ck_assert_ptr_null(p.name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("jpki_san");
	TCase *t = tcase_create("jpki_san");
	SRunner *r = srunner_create(s);
	int failed;

	make_rsa_key();
	suite_add_tcase(s, t);
	tcase_add_test(t, stored_order);
	tcase_add_test(t, others_are_passed_over);
	tcase_add_test(t, absent);
	tcase_add_test(t, there_twice);
	tcase_add_loop_test(t, malformed, 0, sizeof bad / sizeof *bad);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	EVP_PKEY_free(make_rsa_key());
	return failed != 0;
}
