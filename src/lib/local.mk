# SPDX-License-Identifier: BSD-2-Clause
# the decision, which the tool shares with the library
noinst_LTLIBRARIES += libdecide.la
libdecide_la_SOURCES = src/lib/decide.h src/lib/decide.c

# libinkan's functions: the tool has them inside, since a program that is run for one answer
# would find another shared library too slow
noinst_LTLIBRARIES += libapi.la
libapi_la_SOURCES = src/lib/object.h src/lib/names.h src/lib/names.c src/lib/inkan.c src/lib/inkan_cert.c \
  src/lib/inkan_person.c src/lib/inkan_card.c src/lib/inkan_evidence.c src/lib/inkan_decide.c src/lib/inkan_web_eid.c

lib_LTLIBRARIES += libinkan.la
include_HEADERS += include/inkan.h include/inkan-sign.h
libinkan_la_SOURCES =
# its own names alone, and bound to its own functions: a process may hold our modules too
libinkan_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined -Wl,-Bsymbolic \
  -Wl,--version-script=$(srcdir)/src/lib/libinkan.map
libinkan_la_LIBADD = libsigner.la libapi.la libdecide.la libfetch.la libstatus.la libcert.la libcard.la libcards.la \
  libinkancrypto.la libbase.la $(XMLSEC_LIBS) $(XML_LIBS) $(CRYPTO_LIBS)
libinkan_la_DEPENDENCIES = src/lib/libinkan.map libsigner.la libapi.la libdecide.la libfetch.la libstatus.la \
  libcard.la libcards.la libcert.la libinkancrypto.la libbase.la
EXTRA_DIST += src/lib/libinkan.map
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = src/lib/inkan.pc
