#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Step by step through the real pcscd: the card is locked after each call and after
# kill -9, a swapped card gets no PIN, events come, and C_Finalize ends a wait.
. "${srcdir:-.}/tests/clients/lib.sh"
on_cards hpki jpki

ok=0 removed=32 handle_invalid=B3 not_logged_in=101 not_initialized=190 no_event=8

start() { # MODULE [interrupted]
	rm -f "$work/in" "$work/out"
	mkfifo "$work/in" "$work/out"
	"$builddir/tests/clients/steps" "$@" <"$work/in" >"$work/out" 9>&- &
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

# A signal that interrupts whatever waits comes each millisecond.
under_signals() { # MODULE PIN
	start "$1" interrupted
	step $ok init
	step $ok open
	step $ok login "$2"
	for i in $(seq 20); do
		step $ok begin
		[ "$1" != "$sign_module" ] || [ "$i" = 1 ] || step $ok context "$2"
		step $ok end
	done
	step $ok logout
	locked "after signals"
	step $ok finalize
	stop
}
under_signals "$auth_module" "$auth_pin"
under_signals "$sign_module" "$sign_pin"
say "a login and 20 signatures while a signal comes each millisecond"

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

# pcscd hangs, or is killed and started again, at every tenth of a second of a login and a signature of a slow card.
pcscd() { # SIGNAL
	for stat in /proc/[0-9]*/stat; do
		read -r pid name _ parent _ 2>/dev/null <"$stat" || continue
		[ "$name $parent" != "(pcscd) $PPID" ] || { kill "-$1" "$pid" && return 0; }
	done
	fail "there is no pcscd"
}
open_at_last() { # a pcscd that has just started shows the card after a moment
	for _ in $(seq 100); do
		echo open >&7
		read -r answer <&8 || fail "the program is gone"
		[ "$answer" != $ok ] || return 0
		sleep 0.1
	done
	fail "open: 0x$answer"
}
start "$auth_module"
step $ok init
card delay 1 60 >/dev/null
for at in 0 0.1 0.2 0.3 0.4 0.5 0.6 0.7; do
	for how in hangs restarts; do
		open_at_last
		echo "login $auth_pin" >&7
		echo sign >&7
		sleep $at
		if [ $how = hangs ]; then
			pcscd STOP
			sleep 0.2
			pcscd CONT
		else
			card service stop >/dev/null
			card service start >/dev/null
		fi
		{ read -r login && read -r sign; } <&8 || fail "the program is gone after pcscd $how"
		case $how,$login,$sign in
		hangs,0,0) ;;
		hangs,*) fail "pcscd hangs after $at s: 0x$login, 0x$sign" ;;
		esac
		for answer in $login $sign; do
			case $answer in
			0 | 30 | 32 | B3 | 101) ;; # a link that broke, another insertion, and the sessions that it ended
			*) fail "pcscd restarts after $at s: 0x$login, 0x$sign" ;;
			esac
		done
		echo logout >&7
		read -r answer <&8
	done
done
card delay 1 0 >/dev/null
open_at_last
step $ok login "$auth_pin"
step $ok sign
stop
say "pcscd hangs or is started again at 8 moments: an error or the right answer, then all is well"
