#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# XML signatures made by openssl over what lxml canonicalises: the forms of the field, each with its right answer, tricks,
# each refused by its name, and every byte of small documents changed in turn.
. "${srcdir:-.}/tests/tool/common.sh"
need openssl
need xmlsec1
/usr/bin/python3 -c 'import lxml' 2>/dev/null || skip "python3-lxml is missing"
here=$(cd "${srcdir:-.}/tests/signer" && pwd)
show=$(pwd)/tests/signer/show-problems
[ -x "$show" ] || skip "tests/signer/show-problems is not built"

compare() { /usr/bin/python3 "$here/compare_problems.py" "$1" "$show" "$2" || bad "$1 $2"; }

for kind in documents tricks; do
	mkdir "$work/$kind"
	/usr/bin/python3 "$here/make_$kind.py" "$work/$kind" || bad "make_$kind.py"
	compare list "$work/$kind"
done

# What a prescription's signature covers is read whole, whatever splits its text.
cd "$work" || exit 99
for name in good comment-inside; do
	"$show" --content "tricks/$name.xml" >"$name.csv"
done
head -n 1 good.csv | grep -qx SJ1 || bad "no CSV: $(cat good.csv)"
cmp -s good.csv comment-inside.csv || bad "a comment hides a part of the CSV"
"$show" --content tricks/moved-to-root.xml | cmp -s - /dev/null || bad "the CSV of a refused prescription was given out"

compare flips documents/letter.xml
[ "${INKAN_SANITIZERS-}" = yes ] || for name in documents/vendor-bare.xml documents/files.xml; do # slow
	compare flips "$name"
done
finish
