# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libcert.la
libcert_la_SOURCES = src/cert/x509.h src/cert/x509.c src/cert/policy.h src/cert/policy.c \
  src/cert/hcrole.h src/cert/hcrole.c src/cert/jpki_san.h src/cert/jpki_san.c \
  src/cert/trust.h src/cert/trust.c src/cert/anchors.h src/cert/anchors.c src/cert/file.h src/cert/file.c \
  src/cert/chain.h src/cert/chain.c
libcert_la_LIBADD = $(CRYPTO_LIBS)
