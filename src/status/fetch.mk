# SPDX-License-Identifier: BSD-2-Clause
# Getting lists: for the tool, never for a module. libcurl is linked into a program of its own alone: it brings
# thirty libraries along.
noinst_LTLIBRARIES += libfetch.la
libfetch_la_SOURCES = src/status/fetch.h src/status/fetch.c src/status/sources.c
libfetch_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE

pkglibexecdir = $(libexecdir)/inkan
pkglibexec_PROGRAMS += inkan-fetch
inkan_fetch_SOURCES = src/status/fetcher.c
inkan_fetch_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
inkan_fetch_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
inkan_fetch_LDADD = $(CURL_LIBS)
