# SPDX-License-Identifier: BSD-2-Clause
# The network: for libinkan and the tool, never for a module.
noinst_LTLIBRARIES += libfetch.la
libfetch_la_SOURCES = src/status/fetch.h src/status/fetch.c src/status/fetch_near.h src/status/fetch_near.c \
  src/status/fetch_turn.h src/status/fetch_turn.c src/status/fetch_plan.h src/status/fetch_plan.c \
  src/status/fetch_list.h src/status/fetch_list.c
libfetch_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
libfetch_la_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
libfetch_la_LIBADD = $(CURL_LIBS) $(CRYPTO_LIBS)
