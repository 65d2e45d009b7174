# SPDX-License-Identifier: BSD-2-Clause
status_tests = tests/unit/test_crl tests/unit/test_store tests/unit/test_status \
  tests/unit/test_status_openssl tests/unit/test_store_kill \
  tests/unit/test_status_vcard
check_PROGRAMS += $(status_tests)
TESTS += $(status_tests)

check_LTLIBRARIES += tests/unit/libmakecrl.la
tests_unit_libmakecrl_la_SOURCES = tests/unit/make_crl.h tests/unit/make_crl.c \
  tests/unit/store_rig.h tests/unit/store_rig.c
tests_unit_libmakecrl_la_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

status_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
# a clock of the test's own
status_test_ldflags = $(AM_LDFLAGS) -Wl,--wrap=time,--wrap=__time64
status_test_ldadd = tests/unit/libmakecrl.la libstatus.la libcert.la libinkancrypto.la libbase.la libcards.la $(CHECK_LIBS) $(CRYPTO_LIBS)

tests_unit_test_crl_CFLAGS = $(status_test_cflags)
tests_unit_test_crl_LDADD = $(status_test_ldadd)
tests_unit_test_store_CFLAGS = $(status_test_cflags)
tests_unit_test_store_LDFLAGS = $(status_test_ldflags)
tests_unit_test_store_LDADD = $(status_test_ldadd)
tests_unit_test_status_CFLAGS = $(status_test_cflags)
tests_unit_test_status_LDFLAGS = $(status_test_ldflags)
tests_unit_test_status_LDADD = $(status_test_ldadd)
tests_unit_test_status_openssl_CFLAGS = $(status_test_cflags)
tests_unit_test_status_openssl_LDADD = $(status_test_ldadd)
# the test's hands between the store and the system
tests_unit_test_store_kill_CFLAGS = $(status_test_cflags)
tests_unit_test_store_kill_LDFLAGS = $(status_test_ldflags) -Wl,--wrap=openat,--wrap=openat64,--wrap=write,--wrap=fsync \
  -Wl,--wrap=fchmod,--wrap=renameat,--wrap=mkdirat,--wrap=unlinkat
tests_unit_test_store_kill_LDADD = $(status_test_ldadd)

# figures, for make bench: crl_cost [LARGEST]
check_PROGRAMS += tests/unit/crl_cost
tests_unit_crl_cost_CFLAGS = $(status_test_cflags)
tests_unit_crl_cost_LDADD = $(status_test_ldadd)

tests_unit_test_status_vcard_CFLAGS = $(status_test_cflags)
tests_unit_test_status_vcard_LDADD = tests/unit/libvcardtest.la libvcard.la $(status_test_ldadd)
