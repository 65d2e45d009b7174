# SPDX-License-Identifier: BSD-2-Clause
# make bench: figures side by side with a peer, printed and never asserted.
EXTRA_DIST += tests/bench/sign-in tests/bench/verify tests/bench/authd-rate
EXTRA_DIST += tests/bench/first-page tests/bench/documents
EXTRA_PROGRAMS += tests/bench/decide tests/bench/attribute tests/bench/sign tests/bench/busy tests/bench/authd \
  tests/bench/peak
CLEANFILES += $(EXTRA_PROGRAMS)
tests_bench_decide_LDADD = libinkan.la libstatus.la libcert.la libinkancrypto.la libcards.la libbase.la $(CRYPTO_LIBS)

tests_bench_attribute_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_bench_attribute_LDADD = $(module_test_ldadd)

tests_bench_sign_LDADD = -ldl
tests_bench_authd_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_bench_authd_LDADD = -lpthread
tests_bench_busy_CFLAGS = $(AM_CFLAGS) $(PCSC_CFLAGS)
tests_bench_busy_LDADD = $(PCSC_LIBS) -lpthread -ldl

bench: all $(EXTRA_PROGRAMS)
	INKAN_TEST_PKI='$(abs_builddir)/tests/pki' srcdir='$(srcdir)' $(srcdir)/tests/bench/sign-in
	./inkan-vcard --pki tests/pki --card jpki --card hpki -- tests/bench/busy $(abs_builddir)/.libs/inkan-pkcs11.so
	$(MAKE) $(AM_MAKEFLAGS) tests/installed/paths tests/clients/witness
	INKAN_TEST_PKI='$(abs_builddir)/tests/bench-pki' srcdir='$(srcdir)' $(srcdir)/tests/bench/first-page || [ $$? = 77 ]
	$(srcdir)/tests/bench/verify
	$(srcdir)/tests/bench/authd-rate
	$(srcdir)/tests/bench/documents
	INKAN_TEST_PKI='$(abs_builddir)/tests/bench-pki' CK_VERBOSITY=silent tests/bench/attribute
