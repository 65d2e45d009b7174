# SPDX-License-Identifier: BSD-2-Clause
# make bench: figures side by side with a peer, printed and never asserted.
EXTRA_DIST += tests/bench/sign-in
.PHONY: bench
bench: all
	INKAN_TEST_PKI='$(abs_builddir)/tests/pki' srcdir='$(srcdir)' $(srcdir)/tests/bench/sign-in
