# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libbase.la
libbase_la_SOURCES = src/base/error.h src/base/error.c src/base/mem.h src/base/mem.c \
  src/base/log.h src/base/log.c src/base/tlv.h src/base/tlv.c \
  src/base/file.h src/base/file.c src/base/text.h src/base/text.c src/base/os.h src/base/os.c \
  src/base/conf.h src/base/conf.c src/base/i18n.h
libbase_la_CFLAGS = $(AM_CFLAGS) $(INIH_CFLAGS)
libbase_la_LIBADD = $(INIH_LIBS)
libbase_la_CPPFLAGS = $(AM_CPPFLAGS) -DBINDIR='"$(bindir)"' -DPKGLIBEXECDIR='"$(pkglibexecdir)"'
