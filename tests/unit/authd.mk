# SPDX-License-Identifier: BSD-2-Clause
if AUTHD
check_PROGRAMS += tests/unit/test_authd_header tests/unit/test_authd_web_eid
TESTS += tests/unit/test_authd_header tests/unit/test_authd_web_eid
tests_unit_test_authd_header_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_unit_test_authd_header_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_authd_header_LDADD = libauthd.la libbase.la $(CHECK_LIBS) $(CRYPTO_LIBS)
tests_unit_test_authd_web_eid_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_unit_test_authd_web_eid_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_authd_web_eid_LDADD = libauthd.la libbase.la $(CHECK_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS) -lpthread
endif
