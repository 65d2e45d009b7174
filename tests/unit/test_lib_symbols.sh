#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# libinkan exports what inkan.h and inkan-sign.h promise and nothing else, needs few libraries, has
# nothing writable but the log's and the store's own; the headers are C and C++.
set -u
NM=${NM:-nm}
result=0
bad() { echo "libinkan: $*"; result=1; }
library=.libs/libinkan.so
headers="${srcdir:-.}/include/inkan.h ${srcdir:-.}/include/inkan-sign.h"
[ -e "$library" ] || { echo "skipped: $library is not built"; exit 77; }

# shellcheck disable=SC2086 # words
promised=$(grep -ho '\binkan_[a-z0-9_]*(' $headers | tr -d '(' | sort -u)
exported=$($NM -D --defined-only --format=posix $library | cut -d ' ' -f 1 | sed 's/@.*//' | grep -v '^INKAN_0$' | sort -u)
odd() { printf '%s\n%s\n' "$promised" "$1" | sort | uniq -u | xargs; }
[ "$promised" = "$exported" ] || bad "the header and the exports differ: $(odd "$exported")"
pages=$(grep -ho '\binkan_[a-z0-9_]*(' "${srcdir:-.}"/doc/*.3 2>/dev/null | tr -d '(' | sort -u)
[ "$promised" = "$pages" ] || bad "not in the manual, or there alone: $(odd "$pages")"

for compiler in "${CC:-cc} -xc -std=c99" "c++ -xc++ -std=c++11"; do
	command -v "${compiler%% *}" >/dev/null || { echo "skipped in part: ${compiler%% *} is missing"; continue; }
	for header in $headers; do
		# shellcheck disable=SC2086 # a command and its options
		$compiler -I"${srcdir:-.}/include" -Wall -Wextra -Werror -pedantic -fsyntax-only "$header" ||
			bad "$header does not compile: $compiler"
	done
done
sed -n '/^\.EX/,/^\.EE/p' "${srcdir:-.}/doc/libinkan.3" | sed '/^\.E/d; s/\\\\/\\/g' |
	${CC:-cc} -Wall -Wextra -Werror -I"${srcdir:-.}/include" -xc -fsyntax-only - ||
	bad "the example in libinkan(3) does not compile"

if $NM -D --format=posix $library | grep -q __asan_init; then
	echo "built with sanitizers: its imports and libraries are theirs"
	exit $result
fi
imported=$($NM -D --undefined-only --format=posix $library | cut -d ' ' -f 1 | sed 's/@.*//' |
	grep -Ex 'system|popen|exec[lv].*|fork|exit|abort|setenv|setlocale|signal|sigaction|OPENSSL_cleanup' | xargs)
[ -z "$imported" ] || bad "imports: $imported"
readelf -d $library | grep -q SYMBOLIC || bad "not linked with -Bsymbolic"
exit $result
