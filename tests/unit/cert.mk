# SPDX-License-Identifier: BSD-2-Clause
cert_tests = tests/unit/test_crypto tests/unit/test_scheme tests/unit/test_x509 tests/unit/test_hcrole \
  tests/unit/test_jpki_san tests/unit/test_hpki_ca
check_PROGRAMS += $(cert_tests)
TESTS += $(cert_tests)

check_LTLIBRARIES += tests/unit/libmake.la
tests_unit_libmake_la_SOURCES = tests/unit/der.h tests/unit/der.c \
  tests/unit/make_cert.h tests/unit/make_cert.c
tests_unit_libmake_la_LIBADD = $(CRYPTO_LIBS)

cert_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
cert_test_ldadd = tests/unit/libmake.la libcert.la libinkancrypto.la libbase.la libcards.la $(CHECK_LIBS) $(CRYPTO_LIBS)

tests_unit_test_crypto_CFLAGS = $(cert_test_cflags)
tests_unit_test_crypto_LDADD = $(cert_test_ldadd)
tests_unit_test_scheme_CFLAGS = $(cert_test_cflags)
tests_unit_test_scheme_LDADD = $(cert_test_ldadd)
tests_unit_test_x509_CFLAGS = $(cert_test_cflags)
tests_unit_test_x509_LDADD = $(cert_test_ldadd)
tests_unit_test_hcrole_CFLAGS = $(cert_test_cflags)
tests_unit_test_hcrole_LDADD = $(cert_test_ldadd)
tests_unit_test_jpki_san_CFLAGS = $(cert_test_cflags)
tests_unit_test_jpki_san_LDADD = $(cert_test_ldadd)
tests_unit_test_hpki_ca_CFLAGS = $(cert_test_cflags)
tests_unit_test_hpki_ca_LDADD = $(cert_test_ldadd)
