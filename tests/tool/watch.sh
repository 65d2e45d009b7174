#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan watch with a virtual card that is put in, taken out, put in again and replaced.
. "${srcdir:-.}/tests/tool/common.sh"
need pcscd
need python3
[ -x ./inkan-vcard ] || skip "inkan-vcard is not built"

tell() { ./inkan-vcard --send "$*"; }

# lines N: until so many have been written, ten seconds at most
lines() {
	i=0
	while [ "$(wc -l <"$work/out")" -lt "$1" ] && [ $((i += 1)) -le 100 ]; do sleep 0.1; done
	[ "$(wc -l <"$work/out")" -eq "$1" ] || { bad "not $1 lines"; cat "$work/out" "$work/err"; }
}

watch() { # LINES-BEFORE-THE-FIRST-CARD OPTIONS...
	first=$(($1 + 1))
	shift
	: >"$work/out"
	"$inkan" watch "$@" >"$work/out" 2>"$work/err" &
	pid=$!
	lines "$first"
	tell remove 1 >/dev/null
	tell insert 1 >/dev/null
	lines $((first + 1))
	tell remove 1 >/dev/null
	tell "insert 1 --card jpki" >/dev/null
	lines $((first + 2))
	tell remove 1 >/dev/null
	tell "insert 1 --card hpki --name =SUM(A1)" >/dev/null
	lines $((first + 3))
	kill -INT $pid
	wait $pid
	got=$?
	[ $got -eq 0 ] || bad "exit $got"
	said "HPKI cards: 2; put in again: 1; other cards: 1."
	for kind in auth sign; do
		[ "$(tell "verifies 1 $kind" | sed 's/^ok *//')" = 0 ] || bad "a PIN was sent ($kind)"
	done
}

if [ "${INKAN_TEST_PART-}" = queue ]; then # ten people at one reader, whose cards take their time
	: >"$work/out"
	"$inkan" watch >"$work/out" 2>"$work/err" &
	pid=$!
	lines 1
	begun=$(date +%s)
	for person in 2 3 4 5 6 7 8 9 10; do
		tell remove 1 >/dev/null
		tell "insert 1 --card hpki --name 'PERSON $person'" >/dev/null
		lines $person
	done
	echo "ten cards through one reader: $(($(date +%s) - begun)) s; each of their commands takes 50 ms"
	kill -INT $pid
	wait $pid
	said "HPKI cards: 10; put in again: 0; other cards: 0."
	finish
fi
if [ -n "${INKAN_TEST_PART-}" ]; then
	run 0 "$inkan" trust add --yes "$INKAN_TEST_PKI/root.pem" "$INKAN_TEST_PKI/hpki-auth-ca.pem"
	run 0 "$inkan" status import "$INKAN_TEST_PKI/hpki-auth.crl" "$INKAN_TEST_PKI/sarl.crl" "$INKAN_TEST_PKI/rarl.crl"
	watch 0
	python3 - "$work/out" <<'END' || bad "the lines of JSON"
import json, sys
first, again, other, formula = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert first["card"] == "hpki" and first["again"] is False and again["again"] is True, (first, again)
assert first["name"] == "HANAKO SAKURA" and first["japanese_name"] == "佐倉 花子", first
assert first["roles"] == ["Medical Doctor", "Director of Hospital"] and first["id"], first
assert first["status"] == "good" and first["reasons"] == [], first
assert set(other) == {"time", "card"} and other["card"] == "not an HPKI card", other
assert formula["name"] == "=SUM(A1)" and formula["again"] is False, formula
END
	tell remove 1 >/dev/null
	tell "insert 1 --card hpki --name 'HANAKO SAKURA' --japanese-name '佐倉 花子' --role 'Medical Doctor' --role 'Director of Hospital'" >/dev/null
	watch 1 --csv
	python3 - "$work/out" <<'END' || bad "the lines of CSV"
import csv, sys
head, first, again, other, formula = list(csv.reader(open(sys.argv[1], encoding="utf-8", newline="")))
rows = [dict(zip(head, row, strict=True)) for row in (first, again, other, formula)]
assert rows[0]["name"] == "HANAKO SAKURA" and rows[0]["japanese_name"] == "佐倉 花子", rows
assert rows[0]["roles"] == "Medical Doctor; Director of Hospital" and rows[0]["again"] == "", rows
assert rows[1]["again"] == "yes" and rows[2]["card"] == "not an HPKI card" and not rows[2]["name"], rows
assert rows[3]["name"] == "'=SUM(A1)", rows
END
	if [ -e /dev/full ]; then
		"$inkan" watch >/dev/full 2>"$work/err"
		[ $? -eq 74 ] || bad "a full disk looks like success"
	fi
	finish
fi

run 64 "$inkan" watch --frob
run 64 "$inkan" watch more
INKAN_TEST_PART=cards INKAN_TEST_PKI=$work/pki timeout 120 ./inkan-vcard --pki "$work/pki" --card hpki --name 'HANAKO SAKURA' \
	--japanese-name '佐倉 花子' --role 'Medical Doctor' --role 'Director of Hospital' -- "$0" || bad "with a card"
INKAN_TEST_PART=queue timeout 120 ./inkan-vcard --pki "$work/pki" --apdu-delay 50 --card hpki --name 'PERSON 1' -- "$0" || bad "a queue"
finish
