#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Many at once, through the real pcscd: eight processes and OpenSC's tool, which holds the card and resets it; children of a
# program in every state; loading and unloading; two and four of our modules at work on two cards in one process. Every
# signature is right, no call hangs, and no try is lost.
. "${srcdir:-.}/tests/clients/lib.sh"
need opensc-tool opensc
on_cards hpki jpki "jpki --pin-auth 9513 --pin-sign OTHER9513 --card hpki"

crowd=$builddir/tests/clients/crowd
patience=200 # the machine may be busy
said_last() { sed -n "\$s/^/    $1: /p" "$work/said"; }

if [ "$("$vcard" --send list | tr ' ' '\n' | grep -c '^[0-9]*:')" = 2 ]; then
	other=$(ask_card tries 2)
	set -- "$auth_module" JPKI 9513 "$auth_module" HPKI "$auth_pin" "$sign_module" JPKI OTHER9513 "$sign_module" HPKI "$sign_pin"
	try "two modules" "$crowd" sign 6 "$@"
	said_last "two modules in one process, two cards"
	try "four modules" "$crowd" sign 6 "$@" "$module_dir/HpkiAuthP11_inkan.so" HPKI "$auth_pin" \
		"$module_dir/HpkiSigP11_inkan.so" HPKI "$sign_pin"
	said_last "four modules"
	[ "$(ask_card tries 2)" = "$other" ] || fail "a try of the second card is lost"
	exit 0
fi

disturb() { # until this file is gone
	while [ -e "$work/busy" ]; do
		timeout -k 5 60 opensc-tool --card-driver default --send-apdu 00A4000C023F00 --send-apdu 00A4000C023F00 || return 1
		timeout -k 5 60 opensc-tool --card-driver default --reset || return 1
		echo disturbed
	done
}
: >"$work/busy"
disturb >"$work/disturbed" 2>&1 9>&- &
disturber=$!
processes=
for i in 1 2 3 4 5 6 7 8; do
	set -- "$auth_module" "$family" "$auth_pin"
	[ $((i % 2)) = 0 ] || set -- "$sign_module" "$family" "$sign_pin"
	timeout -k 5 120 "$crowd" sign 5 "$@" >"$work/process.$i" 2>&1 9>&- &
	processes="$processes $!"
done
for process in $processes; do
	wait "$process" || bad_process=$?
done
rm "$work/busy"
wait $disturber || fail "OpenSC's tool: $(tail -n 3 "$work/disturbed")"
[ "$(grep -hc '^5 signatures$' "$work"/process.* | xargs)" = '1 1 1 1 1 1 1 1' ] ||
	fail "among eight processes (${bad_process-0}): $(cat "$work"/process.*)"
say "    eight processes: 40 signatures, while another program came $(grep -c disturbed "$work/disturbed") times"

try "children" "$crowd" fork 12 "$auth_module" "$family" "$auth_pin"
said_last "fork"
[ "$card" = hpki ] || exit 0
try "loading" "$crowd" reload 1000 "$auth_module" "$family" "$auth_pin"
said_last "dlopen and dlclose"
