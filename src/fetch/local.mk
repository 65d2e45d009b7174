# SPDX-License-Identifier: BSD-2-Clause
# The network. libcurl is linked into this program alone: it brings thirty libraries along.
pkglibexecdir = $(libexecdir)/inkan
if CURL
pkglibexec_PROGRAMS += inkan-fetch
endif
inkan_fetch_SOURCES = src/fetch/fetch.c
inkan_fetch_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
inkan_fetch_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
inkan_fetch_LDADD = libbase.la $(CURL_LIBS)
