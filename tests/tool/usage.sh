#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Help, version, and what the command says when it is called wrongly.
. "${srcdir:-.}/tests/tool/common.sh"

for verb in '' list show verify pin status doctor; do
	# shellcheck disable=SC2086 # no verb is no argument
	run 0 "$inkan" $verb --help
	wrote "Usage: inkan"
done
run 0 "$inkan" --version
wrote "inkan "

for wrong in '' 'lsit' 'show --jsn' 'show -x' 'show --reader' 'show --json=1' 'show a b' 'show --token both' \
	'show --login x.pem' 'show --token sign -' \
	'verify' 'verify --list' 'verify --chain' 'verify --allow-test=1 x.pem' \
	'pin' 'pin unlock' 'pin verify x' 'pin verify --token all' 'list x' \
	'status' 'status list x' 'status add' 'status import' 'status export' 'status export --bundle nginx' \
	'status export --bundle iis --output x' 'status list --due' 'status purge --older-than x' 'status purge --older-than 36501' \
	'status purge --older-than 9223372036854775807' 'status frobnicate'; do
	# shellcheck disable=SC2086
	run 64 "$inkan" $wrong
	said "inkan: "
	advised
	[ -s "$work/out" ] && bad "usage errors belong on standard error: $wrong"
done

# Nothing that a person types, or a file holds, moves the terminal's cursor.
run 66 "$inkan" show "$(printf 'a\033[2Jb')"
said 'a\x1B[2Jb'
run 66 "$inkan" show "$(printf 'a\302\233b\342\200\256c\377d')"
said 'a\u009Bb\u202Ec\xFFd'

if [ -w /dev/full ]; then
	"$inkan" --version >/dev/full 2>"$work/err"
	[ $? -eq 74 ] || bad "a full disk is not noticed"
fi
finish
