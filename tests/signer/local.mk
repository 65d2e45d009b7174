# SPDX-License-Identifier: BSD-2-Clause
# Signed documents: the forms of the field and what is wrong with them.
EXTRA_DIST += tests/signer/common.sh tests/signer/make_documents.py
if TESTS_WANTED
check_PROGRAMS += tests/signer/documents
tests_signer_documents_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_signer_documents_LDADD = libsigner.la libcert.la libinkancrypto.la libbase.la libcards.la $(CRYPTO_LIBS)
endif
