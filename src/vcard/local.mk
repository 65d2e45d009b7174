# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libvcard.la
libvcard_la_SOURCES = src/vcard/vcard.h src/vcard/iso7816.h \
  src/vcard/card.c src/vcard/command.c src/vcard/files.c src/vcard/security.c \
  src/vcard/hpki.c src/vcard/jpki.c \
  src/vcard/der.h src/vcard/der.c src/vcard/cia.h src/vcard/cia.c \
  src/vcard/pki.h src/vcard/authority.c src/vcard/crl.c src/vcard/person.c src/vcard/issue.c \
  src/vcard/store.h src/vcard/store.c src/vcard/x509w.h src/vcard/x509w.c \
  src/vcard/vreader.c
libvcard_la_LIBADD = $(CRYPTO_LIBS) -lpthread
