# SPDX-License-Identifier: BSD-2-Clause
# A card is a report in this folder; the tests take whatever is there.
check_PROGRAMS += tests/cards/test_cards
TESTS += tests/cards/test_cards
tests_cards_test_cards_CFLAGS = $(module_test_cflags)
tests_cards_test_cards_LDADD = $(module_test_ldadd)

dist-hook:
	$(MKDIR_P) $(distdir)/tests/cards && cp $(srcdir)/tests/cards/*.report $(distdir)/tests/cards
