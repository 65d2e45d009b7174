# SPDX-License-Identifier: BSD-2-Clause
# A card is a report in this folder; the tests take whatever is there.
check_PROGRAMS += tests/cards/test_cards
TESTS += tests/cards/test_cards
tests_cards_test_cards_CFLAGS = $(module_test_cflags)
tests_cards_test_cards_LDADD = $(module_test_ldadd)

# what a report may show
check_PROGRAMS += tests/unit/test_card_report
TESTS += tests/unit/test_card_report
tests_unit_test_card_report_SOURCES = tests/unit/test_card_report.c src/tool/card_report_text.c
tests_unit_test_card_report_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE -I$(srcdir)/src/tool
tests_unit_test_card_report_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_card_report_LDADD = libbase.la $(CHECK_LIBS) $(CRYPTO_LIBS)
