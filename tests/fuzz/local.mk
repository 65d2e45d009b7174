# SPDX-License-Identifier: BSD-2-Clause
# Fuzz targets: with the driver, over the stored corpus, in make check; with libFuzzer in make fuzz (tests/fuzz/run).
EXTRA_DIST += tests/fuzz/corpus
CLEAN_TARGETS += clean-fuzz
clean-fuzz:
	-rm -rf tests/fuzz/tree-* tests/fuzz/found fuzz-*-input
fuzz_targets = tests/fuzz/card tests/fuzz/cert tests/fuzz/crl tests/fuzz/files tests/fuzz/report \
  tests/fuzz/pcsc
if TOOL
fuzz_targets += tests/fuzz/setup tests/fuzz/webeid
endif
if AUTHD
fuzz_targets += tests/fuzz/authd
endif
if XMLSEC
fuzz_targets += tests/fuzz/check
endif
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)

check_LTLIBRARIES += tests/fuzz/libfuzz.la tests/fuzz/libdriver.la
tests_fuzz_libfuzz_la_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz.c
tests_fuzz_libfuzz_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_fuzz_libdriver_la_SOURCES = tests/fuzz/main.c
fuzz_ldadd = tests/fuzz/libfuzz.la tests/fuzz/libdriver.la

tests_fuzz_card_LDADD = $(fuzz_ldadd) $(MODULE_CORE) libvcard.la libbase.la $(CRYPTO_LIBS)
tests_fuzz_card_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime,--wrap=__clock_gettime64

tests_fuzz_cert_LDADD = $(fuzz_ldadd) tests/unit/libmakecrl.la libcard.la libcert.la libcards.la libinkancrypto.la libbase.la \
  $(CHECK_LIBS) $(CRYPTO_LIBS)
tests_fuzz_crl_LDADD = $(fuzz_ldadd) $(status_test_ldadd)
tests_fuzz_crl_LDFLAGS = $(status_test_ldflags) -Wl,--wrap=crl_check,--wrap=crl_open
tests_fuzz_files_LDADD = $(fuzz_ldadd) $(status_test_ldadd)
tests_fuzz_files_LDFLAGS = $(status_test_ldflags) -Wl,--wrap=fsync
tests_fuzz_authd_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_fuzz_authd_LDADD = $(fuzz_ldadd) libauthd.la libbase.la $(CRYPTO_LIBS)
tests_fuzz_authd_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=tell
tests_fuzz_setup_SOURCES = tests/fuzz/setup.c src/tool/setup.h src/tool/setup.c src/tool/setup_file.c \
  src/tool/setup_places.c src/tool/setup_clients.c src/tool/setup_pam.c
tests_fuzz_setup_CFLAGS = $(inkan_CFLAGS)
tests_fuzz_setup_CPPFLAGS = $(inkan_CPPFLAGS)
tests_fuzz_setup_LDADD = $(fuzz_ldadd) libverbs.la libapi.la libdecide.la libfetch.la libstatus.la libcert.la libcard.la \
  libcards.la libinkancrypto.la libbase.la $(JANSSON_LIBS) $(CRYPTO_LIBS)
tests_fuzz_setup_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=complain,--wrap=advise,--wrap=fsync
tests_fuzz_webeid_SOURCES = tests/fuzz/webeid.c src/webeid/request.h src/webeid/request.c
tests_fuzz_webeid_CFLAGS = $(inkan_web_eid_CFLAGS)
tests_fuzz_webeid_CPPFLAGS = $(inkan_web_eid_CPPFLAGS)
tests_fuzz_webeid_LDADD = $(fuzz_ldadd) $(inkan_web_eid_LDADD)
tests_fuzz_check_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_fuzz_check_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS)
tests_fuzz_check_LDADD = $(fuzz_ldadd) tests/unit/libmakecrl.la tests/unit/libmake.la libsigner.la libapi.la libdecide.la \
  libfetch.la libstatus.la libcert.la libcard.la libcards.la libinkancrypto.la libbase.la $(XMLSEC_LIBS) $(XML_LIBS) \
  $(CHECK_LIBS) $(CRYPTO_LIBS)
tests_fuzz_check_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=stamp_fetch
tests_fuzz_report_LDADD = $(fuzz_ldadd) libvcard.la libbase.la $(CRYPTO_LIBS)
tests_fuzz_pcsc_CFLAGS = $(AM_CFLAGS) $(PCSC_CFLAGS)
tests_fuzz_pcsc_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_create,--wrap=os_cond_wait \
  -Wl,--wrap=clock_gettime,--wrap=__clock_gettime64
tests_fuzz_pcsc_LDADD = $(fuzz_ldadd) libcard.la libcards.la libinkancrypto.la libbase.la $(CRYPTO_LIBS)
