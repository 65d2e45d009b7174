#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The module tests under valgrind: no error, no leak. Run by make check in the
# build directory.
if ! command -v valgrind >/dev/null; then
	echo "skipped: valgrind is not installed"
	exit 77
fi
if [ "$INKAN_VALGRIND" = no ]; then
	echo "skipped: not wanted this time (INKAN_VALGRIND=no)"
	exit 77
fi
if [ "$INKAN_SANITIZERS" = yes ]; then
	echo "skipped: a build with AddressSanitizer does not run under valgrind"
	exit 77
fi
failed=0
INKAN_TEST_SAMPLE=${INKAN_TEST_SAMPLE:-97}
CK_TIMEOUT_MULTIPLIER=10
CK_EXCLUDE_TAGS="leaves-memory times memory"
export INKAN_TEST_SAMPLE CK_TIMEOUT_MULTIPLIER CK_EXCLUDE_TAGS
for test in $INKAN_MODULE_TESTS; do
	echo "== $test"
	./libtool --mode=execute valgrind --quiet --fair-sched=try --leak-check=full \
		--show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
		--error-exitcode=9 "./$test" || failed=1
done
exit $failed
