#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Our PKCS#11 header against p11-kit's and NSS's, where those are installed: the constants, structs and
# function types that both have are the same. It stands alone, in C and in C++, and inkan-pkcs11.h goes with each.
set -u
LC_ALL=C
export LC_ALL
root=${srcdir:-.}
header=$root/src/pkcs11/pkcs11.h
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
result=0
bad() { echo "$*"; result=1; }

for compiler in "${CC:-cc} -xc -std=c11" "c++ -xc++ -std=c++11"; do
	command -v "${compiler%% *}" >/dev/null || { echo "not looked at: ${compiler%% *} is missing"; continue; }
	echo '#include "pkcs11/pkcs11.h"' >"$work/alone.c"
	$compiler -I"$root/src" -Wall -Wextra -Wpedantic -Werror -fsyntax-only "$work/alone.c" 2>"$work/err" ||
		bad "$compiler: $(head -n 3 "$work/err")"
done

# "CK_X member" for each member of a struct of ours, "CK_X" for each struct.
awk '/^typedef struct CK_.* \{$/ { name = $3; print name; next }
	/^\}/ { name = "" }
	name != "" { sub(/;.*/, ""); sub(/\[.*/, ""); sub(/.*[ *]/, ""); print name, $0 }' "$header" >"$work/structs"
# "C_X (parameters)" for each function of ours, and its place in the tables.
awk -v structs="$work/structs" '/^#define CK_FUNCTIONS_/ { since = $2; sub(/\(F\)/, "", since); sub(/.*FUNCTIONS_/, "", since) }
	/^\tF\(C_/ { on = 1; text = "" }
	on { line = $0; sub(/ \\$/, "", line); text = text line }
	on && text ~ /\)\)$/ {
		on = 0
		sub(/^\tF\(/, "", text); sub(/\)$/, "", text); sub(/, \(/, " (", text)
		print text
		name = text
		sub(/ .*/, "", name)
		if (since == "2_40") print "CK_FUNCTION_LIST", name >>structs
		print "CK_FUNCTION_LIST_3_0", name >>structs
	}' "$header" >"$work/functions"
[ "$(wc -l <"$work/structs")" -gt 200 ] && [ "$(wc -l <"$work/functions")" = 92 ] || bad "the header was not understood"

# Where NSS is not the standard: its own member LibraryParameters.
differs_in() { # LABEL NAME
	case $1,$2 in
	NSS,sizeof.CK_C_INITIALIZE_ARGS | NSS,CK_C_INITIALIZE_ARGS.pReserved) ;;
	*) return 1 ;;
	esac
}

# Prints the constants, offsets and sizes that are asked for; those that the header lacks are left out.
program() { # INCLUDE
	echo "$1"
	echo '#include <stddef.h>'
	echo '#include <stdio.h>'
	echo 'int main(void) {'
	awk '{ printf "#ifdef %s\nprintf(\"%s 0x%%lx\\n\", (unsigned long)(%s));\n#endif\n", $1, $1, $1 }' "$work/names"
	awk 'NF == 1 { printf "printf(\"sizeof.%s %%zu\\n\", sizeof(%s));\n", $1, $1 }
		NF == 2 { printf "printf(\"%s.%s %%zu\\n\", offsetof(%s, %s));\n", $1, $2, $1, $2 }' "$work/shared"
	awk '{ name = $1; sub(/[^ ]* /, ""); print "_Static_assert(__builtin_types_compatible_p(CK_" name \
		", CK_RV (*)" $0 "), \"" name "\");" }' "$work/calls"
	echo 'return 0; }'
}

compare() { # LABEL INCLUDE FLAGS
	label=$1
	include=$2
	shift 2
	echo "$include" >"$work/include.c"
	if ! ${CC:-cc} "$@" -E -P "$work/include.c" >"$work/text" 2>/dev/null; then
		echo "skipped: no header of $label"
		skipped=77
		return
	fi
	${CC:-cc} "$@" -E -dM "$work/include.c" | sed -n 's/^#define \(CK[A-Z]*_[A-Za-z0-9_]*\) .*/\1/p' | sort -u >"$work/theirs"
	grep -oE '\b(CK|C_)[A-Za-z0-9_]*\b|\b[a-z][A-Za-z0-9_]*\b' "$work/text" | sort -u >"$work/words"
	sed -n 's/^#define \(CK[A-Z]*_[A-Za-z0-9_]*\) .*/\1/p' "$header" | sort -u | comm -12 - "$work/theirs" >"$work/names"
	awk 'NR == FNR { has[$1] = 1; next } has[$1] && (NF == 1 || has[$2])' "$work/words" "$work/structs" >"$work/shared"
	awk 'NR == FNR { has[$1] = 1; next } has["CK_" $1]' "$work/words" "$work/functions" >"$work/calls"

	program "$include" >"$work/their.c"
	program '#include "pkcs11/pkcs11.h"' >"$work/our.c"
	${CC:-cc} "$@" -w -o "$work/their" "$work/their.c" 2>"$work/err" || { bad "$label: $(head -n 20 "$work/err")"; return; }
	${CC:-cc} -I"$root/src" -w -o "$work/our" "$work/our.c" 2>"$work/err" || { bad "ours: $(head -n 20 "$work/err")"; return; }
	"$work/their" >"$work/their.out"
	"$work/our" >"$work/our.out"
	for line in $(diff "$work/their.out" "$work/our.out" | sed -n 's/^> //p' | tr ' ' =); do
		differs_in "$label" "${line%%=*}" || bad "$label: ours is $line"
	done
	echo "$label: $(wc -l <"$work/names") constants, $(grep -c ' ' "$work/shared") members," \
		"$(wc -l <"$work/calls") function types compared"

	# An application has their header first.
	printf '%s\n#include "inkan-pkcs11.h"\nCK_ATTRIBUTE_TYPE role = CKA_INKAN_HCROLE;\n' "$include" >"$work/app.c"
	${CC:-cc} "$@" -I"$root/include" -fsyntax-only "$work/app.c" || bad "$label: inkan-pkcs11.h does not go with it"
}

skipped=0
# shellcheck disable=SC2046 # flags are words
compare p11-kit '#include <p11-kit/pkcs11.h>' $(pkg-config --cflags p11-kit-1 2>/dev/null)
# shellcheck disable=SC2046
compare NSS '#include <pkcs11.h>' $(pkg-config --cflags nss 2>/dev/null)
[ $result = 0 ] && result=$skipped
exit $result
