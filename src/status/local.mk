# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libstatus.la
libstatus_la_SOURCES = src/status/crl.h src/status/crl.c \
  src/status/store.h src/status/store.c src/status/status.h src/status/status.c

# Getting lists: for the tool and libinkan, never for a module.
noinst_LTLIBRARIES += libfetch.la
libfetch_la_SOURCES = src/status/fetch.h src/status/fetch.c
libfetch_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
