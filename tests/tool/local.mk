# SPDX-License-Identifier: BSD-2-Clause
tool_tests = tests/tool/usage.sh tests/tool/watch.sh tests/tool/portal.sh tests/tool/show-file.sh tests/tool/card.sh tests/tool/po.sh tests/tool/verify.sh tests/tool/sign.sh tests/tool/check.sh tests/tool/trust.sh \
  tests/tool/status.sh tests/tool/units.sh tests/tool/ask.sh tests/tool/ja.sh
dist_check_SCRIPTS += $(tool_tests)
EXTRA_DIST += tests/tool/common.sh
TESTS += $(tool_tests)

doctor_tests = tests/tool/doctor.sh tests/tool/doctor-card.sh tests/tool/doctor-pss.sh tests/tool/card-report.sh
dist_check_SCRIPTS += $(doctor_tests)
EXTRA_DIST += tests/tool/doctor-common.sh
TESTS += $(doctor_tests)
# A module for LD_PRELOAD: -rpath has libtool make a shared file of it.
check_LTLIBRARIES += tests/tool/doctor-world.la
tests_tool_doctor_world_la_SOURCES = tests/tool/doctor-world.c
tests_tool_doctor_world_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_tool_doctor_world_la_CFLAGS = $(INKAN_PLAIN_CFLAGS) -fvisibility=default $(PCSC_CFLAGS)
tests_tool_doctor_world_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere

check_PROGRAMS += tests/tool/terminal tests/tool/hold
tests_tool_terminal_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_tool_terminal_LDADD = -lutil
tests_tool_hold_CFLAGS = $(AM_CFLAGS) $(PCSC_CFLAGS)
tests_tool_hold_LDADD = $(PCSC_LIBS)

dist_check_SCRIPTS += tests/tool/lib-card.sh
TESTS += tests/tool/lib-card.sh
check_PROGRAMS += tests/tool/lib-card tests/tool/lib-sign
tests_tool_lib_card_LDADD = libinkan.la
tests_tool_lib_sign_LDADD = libinkan.la

dist_check_SCRIPTS += tests/tool/settings.sh
TESTS += tests/tool/settings.sh
# inkan setup
setup_tests = tests/tool/setup.sh tests/tool/setup-nss.sh tests/tool/setup-web-eid.sh tests/tool/setup-pam.sh
dist_check_SCRIPTS += $(setup_tests)
EXTRA_DIST += tests/tool/setup-common.sh
TESTS += $(setup_tests)

dist_check_SCRIPTS += tests/tool/pages.sh tests/tool/completion.sh tests/tool/descriptions.sh
TESTS += tests/tool/pages.sh tests/tool/completion.sh tests/tool/descriptions.sh

# The verbs in one process with the virtual card, which every look for readers finds.
if TESTS_WANTED
check_PROGRAMS += tests/tool/test_faults
TESTS += tests/tool/test_faults
tests_tool_test_faults_SOURCES = tests/tool/test_faults.c tests/no_memory.h tests/no_memory.c tests/no_files.c \
  src/tool/sign.c src/tool/check.c $(verb_sources)
tests_tool_test_faults_CFLAGS = $(inkan_CFLAGS) $(CHECK_CFLAGS)
tests_tool_test_faults_CPPFLAGS = $(inkan_CPPFLAGS)
tests_tool_test_faults_LDADD = tests/module/librig.la libverbs.la libsigner.la libapi.la libdecide.la libfetch.la $(MODULE_CORE) \
  libtestreader.la libvcard.la libbase.la $(XMLSEC_LIBS) $(XML_LIBS) $(JANSSON_LIBS) $(CHECK_LIBS) $(CRYPTO_LIBS)
no_files_ldflags = -Wl,--wrap=open,--wrap=open64,--wrap=openat,--wrap=openat64,--wrap=mkostemp,--wrap=mkostemp64 \
  -Wl,--wrap=read,--wrap=write,--wrap=close,--wrap=rename,--wrap=fsync,--wrap=fchmod,--wrap=mkdir,--wrap=fopen,--wrap=fopen64
tests_tool_test_faults_LDFLAGS = $(no_memory_ldflags) $(no_files_ldflags) \
  -Wl,--wrap=vreader_transmit,--wrap=apdu_now_ms,--wrap=time,--wrap=__time64,--defsym=pcsc_reader_ops=vcard_reader_ops
endif
