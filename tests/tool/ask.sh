#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What is a yes: y, yes, はい. Everything else changes nothing.
. "${srcdir:-.}/tests/tool/common.sh"
need openssl
need script

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -subj '/CN=Ask' -out "$work/ca.pem" 2>/dev/null ||
	skip "openssl makes no certificate"
anchors=$XDG_DATA_HOME/inkan/anchors

# answer STATUS TEXT: to the question of trust add
answer() {
	printf '%s\n' "$2" | script -qec "$inkan trust add $work/ca.pem" /dev/null >"$work/out" 2>&1
	got=$?
	[ "$got" -eq "$1" ] || { bad "exit $got, not $1, after the answer \"$2\""; sed 's/^/  | /' "$work/out"; }
	[ "$1" -eq 0 ] || wrote "Nothing was changed."
	[ "$(find "$anchors" -name '*.pem' 2>/dev/null | wc -l)" -eq "$([ "$1" -eq 0 ] && echo 1 || echo 0)" ] ||
		bad "other anchors than the answer \"$2\" wants"
	rm -rf "$anchors"
}

for no in no n いいえ '' yesterday はいいいえ は oui; do
	answer 77 "$no"
done
for yes in yes y Yes Y はい 'はい '; do
	answer 0 "$yes"
done
finish
