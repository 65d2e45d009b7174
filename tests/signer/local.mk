# SPDX-License-Identifier: BSD-2-Clause
EXTRA_DIST += tests/signer/common.sh
if SIGNER
if TESTS_WANTED
check_PROGRAMS += tests/signer/documents
tests_signer_documents_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_signer_documents_LDADD = libsigner.la libcert.la libinkancrypto.la libbase.la libcards.la $(CRYPTO_LIBS)
endif
endif
