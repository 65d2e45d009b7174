# SPDX-License-Identifier: BSD-2-Clause
check_PROGRAMS += tests/tool/serve
if CURL
check_PROGRAMS += tests/unit/test_fetch tests/unit/fetch_here
TESTS += tests/unit/test_fetch
endif

check_LTLIBRARIES += tests/unit/libserve.la
tests_unit_libserve_la_SOURCES = tests/unit/http_server.h tests/unit/http_server.c
tests_unit_libserve_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE

tests_unit_test_fetch_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_unit_test_fetch_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_fetch_LDADD = tests/unit/libserve.la tests/unit/libmakecrl.la libfetch.la libstatus.la libcert.la libinkancrypto.la libbase.la libcards.la $(CHECK_LIBS) $(CRYPTO_LIBS)

# inkan-fetch, for which every address is this machine's
tests_unit_fetch_here_SOURCES = src/fetch/fetch.c tests/unit/connect_here.c
tests_unit_fetch_here_CPPFLAGS = $(inkan_fetch_CPPFLAGS)
tests_unit_fetch_here_CFLAGS = $(inkan_fetch_CFLAGS)
tests_unit_fetch_here_LDFLAGS = $(AM_LDFLAGS) -Wl,--export-dynamic
tests_unit_fetch_here_LDADD = libbase.la $(CURL_LIBS)
tests_tool_serve_LDADD = tests/unit/libserve.la
