# SPDX-License-Identifier: BSD-2-Clause
vcard_tests = tests/unit/test_vcard_hpki tests/unit/test_vcard_jpki tests/unit/test_vcard_spec tests/unit/test_vcard_variants \
  tests/unit/test_vcard_pki tests/unit/test_vcard_reader tests/unit/test_vcard_options
check_PROGRAMS += $(vcard_tests)
TESTS += $(vcard_tests)

check_LTLIBRARIES += tests/unit/libvcardtest.la
tests_unit_libvcardtest_la_SOURCES = tests/unit/test_vcard.h tests/unit/test_vcard_help.c
tests_unit_libvcardtest_la_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

vcard_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
vcard_test_ldadd = tests/unit/libvcardtest.la libvcard.la libbase.la $(CHECK_LIBS) $(CRYPTO_LIBS)

tests_unit_test_vcard_hpki_CFLAGS = $(vcard_test_cflags)
tests_unit_test_vcard_hpki_LDADD = $(vcard_test_ldadd)
tests_unit_test_vcard_jpki_CFLAGS = $(vcard_test_cflags)
tests_unit_test_vcard_jpki_LDADD = $(vcard_test_ldadd)
tests_unit_test_vcard_spec_CFLAGS = $(vcard_test_cflags)
tests_unit_test_vcard_spec_LDADD = $(vcard_test_ldadd)
tests_unit_test_vcard_variants_CFLAGS = $(vcard_test_cflags)
tests_unit_test_vcard_variants_LDADD = $(vcard_test_ldadd)
tests_unit_test_vcard_pki_CFLAGS = $(vcard_test_cflags)
tests_unit_test_vcard_pki_LDADD = $(vcard_test_ldadd)
tests_unit_test_vcard_reader_CFLAGS = $(vcard_test_cflags)
tests_unit_test_vcard_reader_LDADD = $(vcard_test_ldadd)
tests_unit_test_vcard_options_SOURCES = tests/unit/test_vcard_options.c src/vcard/options.c
tests_unit_test_vcard_options_CFLAGS = $(vcard_test_cflags)
tests_unit_test_vcard_options_LDADD = $(vcard_test_ldadd)

# run by the script
check_PROGRAMS += tests/unit/test_vcard_client
tests_unit_test_vcard_client_CFLAGS = $(INKAN_PLAIN_CFLAGS) $(PCSC_CFLAGS)
tests_unit_test_vcard_client_LDADD = $(PCSC_LIBS)

dist_check_SCRIPTS += tests/unit/test_vcard_pcscd.sh
TESTS += tests/unit/test_vcard_pcscd.sh

# the PKI that the cards of all tests come from
CLEAN_TARGETS += clean-pki
clean-pki:
	-rm -rf tests/pki tests/pki-clients tests/bench-pki
