# SPDX-License-Identifier: BSD-2-Clause
fetch_tests = tests/unit/test_fetch
check_PROGRAMS += $(fetch_tests) tests/tool/serve
TESTS += $(fetch_tests)

check_LTLIBRARIES += tests/unit/libserve.la
tests_unit_libserve_la_SOURCES = tests/unit/http_server.h tests/unit/http_server.c
tests_unit_libserve_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE

tests_unit_test_fetch_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_unit_test_fetch_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_fetch_LDADD = tests/unit/libserve.la tests/unit/libmakecrl.la libfetch.la libstatus.la libcert.la libinkancrypto.la libbase.la libcards.la $(CHECK_LIBS) \
  $(CURL_LIBS) $(CRYPTO_LIBS)
tests_tool_serve_LDADD = tests/unit/libserve.la
