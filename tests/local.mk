# SPDX-License-Identifier: BSD-2-Clause
dist_check_SCRIPTS += tests/house tests/house-selftest tests/symbols tests/unit/test_pkcs11_h.sh tests/lint tests/switches tests/release \
  tests/reproducible tests/packages/complete.sh
EXTRA_DIST += tests/packages/debian tests/packages/machine tests/packages/root.sh tests/packages/rpm
TESTS += tests/switches tests/house tests/house-selftest tests/symbols tests/unit/test_pkcs11_h.sh

dist_check_SCRIPTS += tests/fuzz/run
EXTRA_DIST += tests/check_case.h tests/clients/guide-block.sh
if TESTS_WANTED
include tests/unit/base.mk
include tests/unit/card.mk
include tests/unit/cert.mk
include tests/unit/vcard.mk
include tests/unit/status.mk
include tests/unit/fetch.mk
include tests/unit/lib.mk
include tests/unit/authd.mk
include tests/module/local.mk
include tests/fuzz/local.mk
include tests/cards/local.mk
endif
if TOOL
TESTS += tests/packages/complete.sh
include tests/tool/local.mk
include tests/signer/local.mk
include tests/authd/local.mk
include tests/webeid/local.mk
include tests/portal/local.mk
include tests/family/local.mk
include tests/clients/local.mk
include tests/bench/local.mk
endif

lint:
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' '$(srcdir)/tests/lint' $(DEFS) $(libbase_la_CPPFLAGS) $(inkan_CPPFLAGS)

# After make check in a tree with --enable-coverage: how many of the lines of each file have run.
coverage:
	@find src cards -name '*.gcda' ! -path '*vcard*' | xargs gcov -n 2>/dev/null | \
	  awk -F "'" '/^File / { file = $$2 } \
	    /^Lines executed/ && file ~ /(src|cards)\/[^\/]*\/?[^\/]*\.c$$/ { split($$0, a, /[:% ]+/); sub(/.*\/(src|cards)\//, "", file); \
	      run = a[3] * a[5]; if (run > best[file]) best[file] = run; n[file] = a[5] } \
	    END { for (f in n) { printf "%5.1f %% of %4d  %s\n", best[f] / n[f], n[f], f; all += n[f]; ran += best[f] } \
	      printf "%5.1f %% of %4d  together\n", ran / all, all }' | sort -k5
# Five trees, each without one part: some minutes.
check-switches:
	srcdir='$(srcdir)' $(srcdir)/tests/switches build curl xmlsec jansson authd vcard
check-reproducible:
	srcdir='$(srcdir)' $(srcdir)/tests/reproducible
# Packages and other machines, each in clean roots, which ROOTS keeps. As root; where no roots can be made, it says why.
ROOTS = roots
check-packages:
	@$(MKDIR_P) '$(ROOTS)' && for what in 'debian bookworm' 'debian trixie' 'rpm trixie' 'machine i386 bookworm' \
	  'machine arm64 bookworm'; do \
	  echo "== $$what"; $(srcdir)/tests/packages/$$what '$(ROOTS)' || [ $$? = 77 ] || exit 1; \
	done
release-check:
	srcdir='$(srcdir)' builddir='$(abs_builddir)' $(srcdir)/tests/release $(PACKAGE_VERSION)
	$(MAKE) check-reproducible
	$(MAKE) check-switches
	$(MAKE) check-packages
# FUZZ_TIME=SECONDS TARGET=NAME FUZZ_KEEP=1
fuzz fuzz-coverage:
	srcdir='$(srcdir)' builddir='$(abs_builddir)' INKAN_TEST_PKI='$(abs_builddir)/tests/pki' \
	  '$(srcdir)/tests/fuzz/run' $@ $(or $(TARGET),$(notdir $(fuzz_targets)))
.PHONY: check-packages check-reproducible check-switches release-check bench coverage fuzz fuzz-coverage guide-tables lint
