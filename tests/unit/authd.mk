# SPDX-License-Identifier: BSD-2-Clause
if AUTHD
check_PROGRAMS += tests/unit/test_authd_header
TESTS += tests/unit/test_authd_header
tests_unit_test_authd_header_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_unit_test_authd_header_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_authd_header_LDADD = libauthd.la libbase.la $(CHECK_LIBS) $(CRYPTO_LIBS)
endif
