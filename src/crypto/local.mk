# SPDX-License-Identifier: BSD-2-Clause
# libcrypto.la would be taken for OpenSSL's.
noinst_LTLIBRARIES += libinkancrypto.la
libinkancrypto_la_SOURCES = src/crypto/crypto.h src/crypto/crypto.c \
  src/crypto/key.h src/crypto/key.c src/crypto/scheme.h src/crypto/scheme.c
libinkancrypto_la_LIBADD = $(CRYPTO_LIBS)
