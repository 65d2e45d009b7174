# SPDX-License-Identifier: BSD-2-Clause
dist_check_SCRIPTS += tests/house tests/house-selftest tests/symbols tests/unit/test_pkcs11_h.sh tests/lint
TESTS += tests/house tests/house-selftest tests/symbols tests/unit/test_pkcs11_h.sh

if TESTS_WANTED
include tests/unit/base.mk
include tests/unit/card.mk
include tests/unit/cert.mk
include tests/unit/vcard.mk
include tests/unit/status.mk
include tests/unit/fetch.mk
include tests/unit/lib.mk
include tests/module/local.mk
include tests/cards/local.mk
endif
include tests/tool/local.mk
include tests/family/local.mk
include tests/clients/local.mk
include tests/bench/local.mk

lint:
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' LINT_FLAGS="$(DEFS) $(AM_CPPFLAGS)" '$(srcdir)/tests/lint'
.PHONY: lint
