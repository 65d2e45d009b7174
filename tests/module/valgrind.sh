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
INKAN_TEST_SAMPLE=97 # one case in so many
CK_TIMEOUT_MULTIPLIER=10
CK_EXCLUDE_TAGS="leaves-memory times memory"
export INKAN_TEST_SAMPLE CK_TIMEOUT_MULTIPLIER CK_EXCLUDE_TAGS
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# By as many at a time as there are processors: this test is the last.
# shellcheck disable=SC2016 # the inner shell's $1 and $2
printf '%s\n' $INKAN_MODULE_TESTS | xargs -n 1 -P "$(nproc 2>/dev/null || echo 1)" sh -c '
	{
		echo "== $2"
		./libtool --mode=execute valgrind --quiet --fair-sched=try --leak-check=full \
			--show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
			--error-exitcode=9 "./$2"
		echo $? >"$1/${2##*/}.status"
	} >"$1/${2##*/}" 2>&1' sh "$work"
failed=0
for test in $INKAN_MODULE_TESTS; do
	cat "$work/${test##*/}"
	[ "$(cat "$work/${test##*/}.status")" = 0 ] || failed=1
done
exit $failed
