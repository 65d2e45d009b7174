# SPDX-License-Identifier: BSD-2-Clause
# Signed documents. Nothing but libinkan-sign and the program inkan-signer is linked with libxml2 and xmlsec.
if SIGNER
noinst_LTLIBRARIES += libsigner.la
libsigner_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
libsigner_la_CFLAGS = $(AM_CFLAGS) $(XMLSEC_CFLAGS)
libsigner_la_SOURCES = src/signer/document.h src/signer/document.c src/signer/cms.h src/signer/cms.c \
  src/signer/stamp.h src/signer/stamp.c src/signer/xml.h src/signer/signer.h
endif
