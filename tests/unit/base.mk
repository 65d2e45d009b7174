# SPDX-License-Identifier: BSD-2-Clause
base_tests = tests/unit/test_tlv tests/unit/test_mem tests/unit/test_log tests/unit/test_conf \
  tests/unit/test_text tests/unit/test_file tests/unit/test_os
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

base_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
base_test_ldadd = libbase.la libcards.la $(CHECK_LIBS)

tests_unit_test_tlv_CFLAGS = $(base_test_cflags)
tests_unit_test_tlv_LDADD = $(base_test_ldadd)
tests_unit_test_mem_CFLAGS = $(base_test_cflags)
tests_unit_test_mem_LDADD = $(base_test_ldadd)
tests_unit_test_log_CFLAGS = $(base_test_cflags)
tests_unit_test_log_LDADD = $(base_test_ldadd)
tests_unit_test_conf_CFLAGS = $(base_test_cflags)
tests_unit_test_conf_LDADD = $(base_test_ldadd)
tests_unit_test_text_CFLAGS = $(base_test_cflags)
tests_unit_test_text_LDADD = $(base_test_ldadd)
tests_unit_test_file_CFLAGS = $(base_test_cflags)
tests_unit_test_file_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fsync,--wrap=rename
tests_unit_test_file_LDADD = $(base_test_ldadd)
tests_unit_test_os_CFLAGS = $(base_test_cflags)
tests_unit_test_os_LDADD = $(base_test_ldadd) -lpthread
