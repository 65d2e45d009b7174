# SPDX-License-Identifier: BSD-2-Clause
# trust, chains and libinkan
chain_tests = tests/unit/test_chain
check_PROGRAMS += $(chain_tests)
TESTS += $(chain_tests)

tests_unit_test_chain_SOURCES = tests/unit/test_chain.c tests/unit/make_chain.h tests/unit/make_chain.c
tests_unit_test_chain_CFLAGS = $(cert_test_cflags)
tests_unit_test_chain_LDADD = $(cert_test_ldadd)

lib_tests = tests/unit/test_lib tests/unit/test_web_eid tests/unit/test_policy tests/unit/test_policy_paths
check_PROGRAMS += $(lib_tests)
TESTS += $(lib_tests) tests/unit/test_lib_symbols.sh tests/unit/test_lib_abi.sh
dist_check_SCRIPTS += tests/unit/test_lib_symbols.sh tests/unit/test_lib_abi.sh
EXTRA_DIST += tests/unit/libinkan.abi

# by the header and the shared library, as any program
tests_unit_test_lib_SOURCES = tests/unit/test_lib.c tests/unit/make_chain.h tests/unit/make_chain.c
tests_unit_test_lib_CFLAGS = $(cert_test_cflags)
tests_unit_test_lib_LDADD = libinkan.la $(CHECK_LIBS) $(CRYPTO_LIBS)

tests_unit_test_web_eid_SOURCES = tests/unit/test_web_eid.c tests/unit/make_chain.h tests/unit/make_chain.c
tests_unit_test_web_eid_CFLAGS = $(cert_test_cflags)
tests_unit_test_web_eid_LDADD = libinkan.la $(CHECK_LIBS) $(CRYPTO_LIBS)

tests_unit_test_policy_SOURCES = tests/unit/test_policy.c tests/unit/make_pki.h tests/unit/make_pki.c
tests_unit_test_policy_CFLAGS = $(cert_test_cflags)
tests_unit_test_policy_LDADD = libinkan.la $(CHECK_LIBS) $(CRYPTO_LIBS)
tests_unit_test_policy_paths_SOURCES = tests/unit/test_policy_paths.c tests/unit/make_pki.h tests/unit/make_pki.c
tests_unit_test_policy_paths_CFLAGS = $(cert_test_cflags)
tests_unit_test_policy_paths_LDADD = libinkan.la $(CHECK_LIBS) $(CRYPTO_LIBS)

# its allocations fail, so it has libinkan inside
check_PROGRAMS += tests/unit/test_lib_no_memory
TESTS += tests/unit/test_lib_no_memory
tests_unit_test_lib_no_memory_SOURCES = tests/unit/test_lib_no_memory.c tests/unit/make_pki.h tests/unit/make_pki.c \
  tests/no_memory.h tests/no_memory.c
tests_unit_test_lib_no_memory_CFLAGS = $(cert_test_cflags)
tests_unit_test_lib_no_memory_LDFLAGS = $(no_memory_ldflags)
tests_unit_test_lib_no_memory_LDADD = libapi.la libdecide.la libfetch.la libstatus.la libcert.la libcard.la libcards.la \
  libinkancrypto.la libbase.la $(CHECK_LIBS) $(CRYPTO_LIBS)
