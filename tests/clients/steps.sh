#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Step by step through the real pcscd: the card is locked after each call and after
# kill -9, a swapped card gets no PIN, events come, and C_Finalize ends a wait.
. "${srcdir:-.}/tests/clients/lib.sh"
on_cards hpki jpki

ok=0 removed=32 handle_invalid=B3 not_logged_in=101 not_initialized=190 no_event=8

start() { # MODULE
	rm -f "$work/in" "$work/out"
	mkfifo "$work/in" "$work/out"
	"$builddir/tests/clients/steps" "$1" <"$work/in" >"$work/out" 9>&- &
	program=$!
	exec 7>"$work/in" 8<"$work/out"
}

stop() {
	exec 7>&-
	wait "$program" || fail "the program ended with $?"
	exec 8<&-
}

step() { # EXPECTED COMMAND...
	expected=$1
	shift
	echo "$*" >&7
	read -r answer <&8 || fail "$*: the program is gone"
	[ "$answer" = "$expected" ] || fail "$1: 0x$answer instead of 0x$expected"
}

drain() { # the events so far
	while echo event >&7 && read -r answer <&8 && [ "$answer" = $ok ]; do :; done
	[ "$answer" = $no_event ] || fail "event: 0x$answer"
}

# A third program, while the witness holds the card open.
locked() { # WHEN
	"$builddir/tests/clients/witness" "$card" "$reader" </dev/null >"$work/third" 2>&1 9>&- || fail "$1: $(cat "$work/third")"
}

card() { "$vcard" --send "$*"; }

verifies() { card verifies 1 "$1"; }

locked_at_every_step() { # MODULE PIN
	start "$1"
	step $ok init
	step $ok open
	step $ok login "$2"
	locked "after C_Login"
	step $ok sign
	locked "after C_Sign"
	step $ok logout
	locked "after C_Logout"
	step $ok login "$2"
	step $ok finalize
	locked "after C_Finalize"
	stop
}
locked_at_every_step "$auth_module" "$auth_pin"
locked_at_every_step "$sign_module" "$sign_pin"
say "locked after C_Login, C_Sign, C_Logout, C_Finalize"

for_kill() { # MODULE PIN
	start "$1"
	step $ok init
	step $ok open
	step $ok login "$2"
	step $ok sign
	kill -9 "$program"
	wait "$program" 2>/dev/null
	exec 7>&- 8<&-
	locked "after kill -9"
}
for_kill "$auth_module" "$auth_pin"
for_kill "$sign_module" "$sign_pin"
say "locked after kill -9 of a program that was logged in"

# The witness loses the card from here on.
ask_witness || fail "the card was left unlocked"

# Taken out, and another of the same kind put in: no PIN.
start "$auth_module"
step $ok init
step $ok open
step $ok login "$auth_pin"
step $ok sign
before=$(verifies auth)
card reset 1 >/dev/null
step $ok sign
[ "$(verifies auth)" != "$before" ] || fail "no VERIFY is counted"
drain
step $ok wait
card remove 1 >/dev/null
step $ok join
step $removed info
step $handle_invalid info
card insert 1 --card "$card" --pin-auth "$auth_pin" --pin-sign "$sign_pin" >/dev/null
before=$(verifies auth)
sleep 1
step $handle_invalid sign
step $ok open
step $not_logged_in sign
[ "$(verifies auth)" = "$before" ] || fail "the new card got a PIN"
step $ok login "$auth_pin"
step $ok sign
say "events come; an exchanged card gets no PIN; the next login works"

drain
step $ok wait
sleep 0.3
begun=$(date +%s%N)
step $ok finalize
took=$((($(date +%s%N) - begun) / 1000000))
step $not_initialized join
[ $took -lt 1000 ] || fail "C_Finalize took $took ms while a thread waited"
stop
say "C_Finalize ends a wait ($took ms)"
