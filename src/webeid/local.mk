# SPDX-License-Identifier: BSD-2-Clause
# The native messaging host of the Web eID extension: the tool's dialogs and words, its own program.
if TOOL
pkglibexec_PROGRAMS += inkan-web-eid
inkan_web_eid_SOURCES = src/webeid/main.c src/webeid/request.h src/webeid/request.c src/webeid/consent.c
inkan_web_eid_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
inkan_web_eid_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
inkan_web_eid_LDADD = libverbs.la libapi.la libdecide.la libfetch.la libstatus.la libcert.la libcard.la libcards.la \
  libinkancrypto.la libbase.la $(JANSSON_LIBS) $(CRYPTO_LIBS)
endif
