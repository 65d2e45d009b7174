# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libcard.la
libcard_la_SOURCES = src/card/reader.h src/card/card.h src/card/apdu.h src/card/apdu.c \
  src/card/cia.h src/card/cia.c src/card/op.h src/card/op.c \
  src/card/card.c src/card/gate.h src/card/gate.c \
  src/card/sign.c src/card/pcsc.c
libcard_la_CFLAGS = $(AM_CFLAGS) $(PCSC_CFLAGS)
libcard_la_LIBADD = $(PCSC_LIBS)
