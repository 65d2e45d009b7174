# SPDX-License-Identifier: BSD-2-Clause
if TOOL
bin_PROGRAMS += inkan
# what the two programs of the tool share
noinst_LTLIBRARIES += libverbs.la
libverbs_la_SOURCES = src/tool/tool.h src/tool/options.c src/tool/text.c src/tool/json.c src/tool/show.h \
  src/tool/find.c src/tool/find.h src/tool/input.c src/tool/input.h \
  src/tool/ask.c src/tool/ask.h src/tool/pinentry.c src/tool/pinentry.h src/tool/say.c src/tool/say.h
libverbs_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
libverbs_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE

pkglibexec_PROGRAMS += inkan-signer
inkan_signer_SOURCES = src/tool/signer.c src/tool/sign.c src/tool/check.c
inkan_signer_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
inkan_signer_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
inkan_signer_LDADD = libverbs.la libsigner.la libapi.la libdecide.la libfetch.la libstatus.la libcert.la libcard.la \
  libcards.la libinkancrypto.la libbase.la $(XMLSEC_LIBS) $(XML_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS)

# what tests/tool/test_faults runs, too
verb_sources = src/tool/list.c src/tool/show.c src/tool/pin.c src/tool/trust.c \
  src/tool/verify.c src/tool/watch.c src/tool/portal.c
verb_sources += src/tool/status.c src/tool/status_verb.h src/tool/status_list.c src/tool/status_refresh.c \
  src/tool/status_files.c
inkan_SOURCES = src/tool/main.c $(verb_sources)
inkan_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
inkan_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
inkan_CPPFLAGS += -DBINDIR='"$(bindir)"'
inkan_LDADD = libverbs.la libapi.la libdecide.la libfetch.la libstatus.la libcert.la libcard.la libcards.la libinkancrypto.la libbase.la \
  $(JANSSON_LIBS) $(CRYPTO_LIBS)
verb_sources += src/tool/setup.c src/tool/setup.h src/tool/setup_file.c src/tool/setup_places.c \
  src/tool/setup_clients.c src/tool/setup_pam.c
inkan_CPPFLAGS += -DMODULEDIR='"$(moduledir)"' -DPKGLIBEXECDIR='"$(pkglibexecdir)"'
verb_sources += src/tool/doctor.c src/tool/doctor.h src/tool/doctor_findings.c \
  src/tool/doctor_print.c src/tool/doctor_sign.c src/tool/card_report.c src/tool/card_report.h \
  src/tool/card_report_text.c
endif
