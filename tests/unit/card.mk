# SPDX-License-Identifier: BSD-2-Clause
check_LTLIBRARIES += libtestreader.la
libtestreader_la_SOURCES = tests/vcard_reader.h tests/vcard_reader.c

card_tests = tests/unit/test_apdu tests/unit/test_cia tests/unit/test_card_hpki \
  tests/unit/test_card_jpki tests/unit/test_card_pin tests/unit/test_pcsc tests/unit/test_pcsc_absent \
  tests/unit/test_card_virtual tests/unit/test_card_files
check_PROGRAMS += $(card_tests)
TESTS += $(card_tests)

check_LTLIBRARIES += tests/unit/libfake.la
tests_unit_libfake_la_SOURCES = tests/unit/fake_reader.h tests/unit/fake_reader.c \
  tests/unit/card_script.h tests/unit/card_script.c
tests_unit_libfake_la_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

card_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
card_test_ldadd = tests/unit/libfake.la libcard.la libcards.la libinkancrypto.la libbase.la $(CHECK_LIBS) $(CRYPTO_LIBS)

tests_unit_test_apdu_CFLAGS = $(card_test_cflags)
tests_unit_test_apdu_LDADD = $(card_test_ldadd)
tests_unit_test_cia_CFLAGS = $(card_test_cflags)
tests_unit_test_cia_LDADD = tests/unit/libmake.la $(card_test_ldadd)
tests_unit_test_card_hpki_CFLAGS = $(card_test_cflags)
tests_unit_test_card_hpki_LDADD = $(card_test_ldadd)
tests_unit_test_card_jpki_CFLAGS = $(card_test_cflags)
tests_unit_test_card_jpki_LDADD = $(card_test_ldadd)
tests_unit_test_card_pin_CFLAGS = $(card_test_cflags)
tests_unit_test_card_pin_LDADD = $(card_test_ldadd)
tests_unit_test_pcsc_SOURCES = tests/unit/test_pcsc.c tests/unit/fake_pcscd.h tests/unit/fake_pcscd.c
tests_unit_test_pcsc_CFLAGS = $(card_test_cflags) $(PCSC_CFLAGS)
tests_unit_test_pcsc_LDADD = $(card_test_ldadd)
tests_unit_test_pcsc_absent_CFLAGS = $(card_test_cflags)
tests_unit_test_pcsc_absent_LDADD = $(card_test_ldadd)
tests_unit_test_card_virtual_CFLAGS = $(card_test_cflags)
tests_unit_test_card_virtual_LDADD = tests/unit/libfake.la libtestreader.la \
  libvcard.la libcard.la libcards.la libinkancrypto.la libbase.la $(CHECK_LIBS) $(CRYPTO_LIBS)
tests_unit_test_card_files_CFLAGS = $(card_test_cflags)
tests_unit_test_card_files_LDADD = $(card_test_ldadd)

check_PROGRAMS += tests/unit/pcsc_daemon
tests_unit_pcsc_daemon_CFLAGS = $(card_test_cflags) $(PCSC_CFLAGS)
tests_unit_pcsc_daemon_LDADD = libcard.la libcards.la libinkancrypto.la libbase.la $(CHECK_LIBS) $(PCSC_LIBS) $(CRYPTO_LIBS)
dist_check_SCRIPTS += tests/unit/test_pcsc_daemon.sh
TESTS += tests/unit/test_pcsc_daemon.sh
