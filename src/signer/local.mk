# SPDX-License-Identifier: BSD-2-Clause
# Signed documents: inkan-sign.h's part of libinkan, and the program that inkan sign and inkan check run. Only these
# two are linked with libxml2 and xmlsec: they would cost every other command three milliseconds.
noinst_LTLIBRARIES += libsigner.la
libsigner_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
libsigner_la_CFLAGS = $(AM_CFLAGS) $(XMLSEC_CFLAGS)
if XMLSEC
xml_sources = src/signer/xml.h src/signer/xml.c src/signer/xades.h src/signer/xades_check.c src/signer/xades_cert.c \
  src/signer/xades_stamp.c src/signer/xades_sign.c
else
xml_sources = src/signer/xml_none.c
endif
libsigner_la_SOURCES = $(xml_sources) src/signer/document.h src/signer/document.c src/signer/cms.h src/signer/cms.c \
  src/signer/stamp.h src/signer/stamp.c src/signer/signer.h \
  src/signer/cms_check.c src/signer/cms_sign.c \
  src/signer/inkan_sign.c src/signer/inkan_check.c
