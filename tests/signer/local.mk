# SPDX-License-Identifier: BSD-2-Clause
# Signed documents: the forms of the field and what is wrong with them.
signer_tests = tests/signer/stamp.sh tests/signer/cades.sh tests/signer/xades-sign.sh tests/signer/xades-check.sh \
  tests/signer/xades-variants.sh tests/signer/others.sh
EXTRA_DIST += tests/signer/common.sh tests/signer/make_documents.py tests/signer/authority.py tests/signer/cms.py \
  tests/signer/verify_xades.py tests/signer/make_tricks.py tests/signer/make_variants.py tests/signer/others.py tests/signer/make_judged.py \
  tests/signer/compare_problems.py
dist_check_SCRIPTS += $(signer_tests)
if XMLSEC
TESTS += $(signer_tests)
if TESTS_WANTED
check_PROGRAMS += tests/signer/documents tests/signer/sign tests/signer/show-problems
signer_test_libs = libsigner.la libfetch.la libstatus.la libcert.la libinkancrypto.la libcards.la libbase.la \
  $(XMLSEC_LIBS) $(XML_LIBS) $(CRYPTO_LIBS)
tests_signer_documents_SOURCES = tests/signer/documents.c tests/signer/key_signer.h tests/signer/key_signer.c
tests_signer_documents_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_signer_documents_LDADD = $(signer_test_libs)
tests_signer_sign_SOURCES = tests/signer/sign.c tests/signer/key_signer.h tests/signer/key_signer.c
tests_signer_sign_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_signer_sign_LDADD = $(signer_test_libs)
tests_signer_show_problems_SOURCES = tests/signer/show-problems.c
tests_signer_show_problems_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_signer_show_problems_LDADD = $(signer_test_libs)
check_LTLIBRARIES += tests/signer/later.la
tests_signer_later_la_SOURCES = tests/signer/later.c
# with openssl's time_t, which has 32 bits on i386
tests_signer_later_la_CPPFLAGS = -D_GNU_SOURCE
tests_signer_later_la_CFLAGS = $(INKAN_PLAIN_CFLAGS) -fvisibility=default
tests_signer_later_la_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
endif
endif
