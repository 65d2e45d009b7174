#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The guide: each page in two languages with the same commands, a block for each
# name that a test runs, no link to nowhere, and tables that say what the tests of
# this folder saw in this run.
set -u
LC_ALL=C.UTF-8
export LC_ALL
srcdir=${srcdir:-.}
guide=$srcdir/doc/guide
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
code=0
wrong() { echo "FAILED: $*"; code=1; }

# The blocks that tests run, with their names.
tested() { awk '/^<!-- test: .* -->$/ { show = 1 } show { print } show && /^```$/ { show = 0 }' "$1"; }

for page in "$guide"/*.md; do
	name=$(basename "$page")
	[ -e "$guide/ja/$name" ] || { wrong "ja/$name is missing"; continue; }
	tested "$page" >"$work/en"
	tested "$guide/ja/$name" >"$work/ja"
	cmp -s "$work/en" "$work/ja" || wrong "$name and ja/$name show different commands: $(diff "$work/en" "$work/ja")"
	grep -q "($name)" "$guide/README.md" || [ "$name" = README.md ] || wrong "README.md does not name $name"
	grep -q "($name)" "$guide/ja/README.md" || [ "$name" = README.md ] || wrong "ja/README.md does not name $name"
done
for page in "$guide"/ja/*.md; do
	[ -e "$guide/$(basename "$page")" ] || wrong "$(basename "$page") is in Japanese only"
done

# Links to other pages and to files of the tree.
for page in "$guide"/*.md "$guide"/ja/*.md; do
	grep -o '](\([^)#:]*\)[^)]*)' "$page" | sed 's/^](//; s/[)#].*//' | grep -v '^$' | grep -v ':' | while read -r link; do
		[ -e "$(dirname "$page")/$link" ] || echo "$link"
	done >"$work/links"
	[ ! -s "$work/links" ] || wrong "$page links to nowhere: $(xargs <"$work/links")"
done

# Every block has a test that runs it, and the other way round.
for page in "$guide"/*.md; do
	sed -n "s/^<!-- test: \(.*\) -->$/$(basename "$page" .md) \1/p" "$page"
done | sort >"$work/blocks"
uniq -d "$work/blocks" >"$work/twice"
[ ! -s "$work/twice" ] || wrong "blocks of one name: $(cat "$work/twice")"
cat "$srcdir"/tests/*/*.sh | sed -n -E 's/.*guide_(run|block|write|answer) ([a-z0-9_-]+ [a-z0-9_-]+).*/\2/p' | sort -u >"$work/run"
sort -u "$work/blocks" | comm -3 - "$work/run" >"$work/odd"
[ ! -s "$work/odd" ] || wrong "blocks that no test runs, or tests of no block: $(cat "$work/odd")"

# The tables are what tests/clients/seen has, and that is what this run saw, if it saw everything.
for language in en ja; do
	page=$guide/programs.md
	[ $language = en ] || page=$guide/ja/programs.md
	"$srcdir/tests/clients/table" $language >"$work/programs.md"
	cmp -s "$work/programs.md" "$page" || wrong "$page is not made from tests/clients/seen (make guide-tables)"
done
cells() { grep -v -e '^system	' -e '^version	'; }
"$srcdir/tests/clients/table" seen >"$work/now"
here=$(grep -lF "$(head -n 1 "$work/now")" "$srcdir"/tests/clients/seen/* 2>/dev/null)
# what no run on this system has ever shown is not missing now
never=-provider.trs
[ -z "$here" ] || grep -q '^libreswan ' "$here" || never="$never|-libreswan.trs"
unseen=$(grep -lE '^:test-result: (SKIP|FAIL|ERROR)' tests/clients/*.trs 2>/dev/null | grep -vE -e guide.trs -e "$never" | xargs)
if [ -z "$here" ]; then
	echo "no tables of this system: not compared"
elif [ -n "$unseen" ]; then
	echo "not everything ran, the tables are not compared: $unseen"
else
	cells <"$here" >"$work/said"
	cells <"$work/now" | cmp -s - "$work/said" ||
		wrong "$here is not what the tests saw (make guide-tables): $(cells <"$work/now" | diff "$work/said" -)"
fi
exit $code
