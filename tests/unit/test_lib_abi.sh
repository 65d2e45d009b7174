#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Programs that are linked with the released libinkan go on working: its binary interface is that of
# tests/unit/libinkan.abi. `test_lib_abi.sh --write` writes that file anew, for a change that is meant.
set -u
library=.libs/libinkan.so
baseline=${srcdir:-.}/tests/unit/libinkan.abi
headers=${srcdir:-.}/include
options="--exported-interfaces-only --drop-private-types"
skip() { echo "skipped: $*"; exit 77; }
command -v abidw >/dev/null && command -v abidiff >/dev/null || skip "abidw and abidiff are missing (abigail-tools)"
[ -e $library ] || skip "$library is not built"
[ "$(uname -m)" = x86_64 ] || skip "the interface was written down on x86_64"
readelf -S $library | grep -q '\.debug_info' || skip "$library has no debugging information"
nm -D $library | grep -qE '__[at]san_init' && skip "built with sanitizers"

if [ "${1-}" = --write ]; then
	# shellcheck disable=SC2086 # words
	exec abidw $options --headers-dir "$headers" --no-show-locs --no-corpus-path --no-comp-dir-path $library >"$baseline"
fi
# shellcheck disable=SC2086
abidiff $options --headers-dir2 "$headers" "$baseline" $library ||
	{ echo "the interface has changed; if that is meant: $0 --write"; exit 1; }
