#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# list, show and pin with virtual cards behind the real pcscd: every answer, and
# the number of PINs that the card saw.
# shellcheck disable=SC2317,SC2059 # parts are called by name; formats are ours
. "${srcdir:-.}/tests/tool/common.sh"
need pcscd
[ -x ./inkan-vcard ] || skip "inkan-vcard is not built"
terminal=tests/tool/terminal
pki=${INKAN_TEST_PKI:-$work/pki}

# with PART OPTIONS...: the function PART of this script, on that card
with() {
	part=$1
	shift
	echo "== $part: $*"
	INKAN_TEST_PART=$part INKAN_TEST_PKI=$pki timeout 120 ./inkan-vcard --pki "$pki" "$@" -- "$0" ||
		bad "$part: $*"
}

# verifies KIND N, left KIND N: PINs that the card saw, tries that it has left
verifies() { [ "$(tell "verifies 1 $1")" = "$2" ] || bad "the card saw $(tell "verifies 1 $1") PINs ($1), not $2"; }
left() { [ "$(tell "tries 1 $1")" = "$2" ] || bad "the card has $(tell "tries 1 $1") tries left ($1), not $2"; }

# typed STATUS LINE... -- COMMAND...: on a terminal
typed() {
	want=$1
	shift
	"$terminal" "$@" >"$work/screen" 2>&1
	got=$?
	tr -d '\r' <"$work/screen" >"$work/out"
	cp "$work/out" "$work/err"
	[ "$got" -eq "$want" ] || { bad "exit $got, not $want: $*"; cat "$work/out"; }
}

# piped STATUS LINES COMMAND...: PINs on standard input
piped() {
	want=$1 lines=$2
	shift 2
	printf "$lines" | "$@" >"$work/out" 2>"$work/err"
	got=$?
	[ "$got" -eq "$want" ] || { bad "exit $got, not $want: $*"; cat "$work/out" "$work/err"; }
}

hpki() {
	run 0 "$inkan" list
	wrote "HPKI Authentication"
	wrote "HPKI Signature"
	wrote "Holder:        HANAKO YAMADA"
	wrote "Role:          Medical Doctor"
	wrote "Role:          Director of Hospital"
	wrote "PIN:           15 tries left"
	run 0 "$inkan" list --json
	wrote '"tries_left": 15'
	wrote '"kind": "hpki-auth-person"'
	silent HANAKO
	run 0 "$inkan" show
	wrote "Holder:          HANAKO YAMADA"
	wrote "Role:            Medical Doctor"
	grep "HANAKO" "$work/out" | grep -q "Medical Doctor" && bad "name and role on one line"
	wrote "Organisation:    Sample Hospital"
	wrote "HPKI, signature"
	run 0 "$inkan" show --token auth card
	silent "HPKI, signature"
	run 0 "$inkan" show --json --token sign --identity
	wrote '"kind": "hpki-sign"'
	wrote '"name": "HANAKO YAMADA"'
	wrote '"label": "HPKI Signature"'
	run 77 "$inkan" show --login
	said "not a terminal"
	advised
	verifies auth 0
	piped 0 '123456\n' "$inkan" pin verify --token sign
	wrote "The PIN of HPKI Signature is right"
	verifies auth 0
	verifies sign 1
	run 69 "$inkan" pin change
	said "cannot be changed"
	said "the organisation that issued the card"
	verifies auth 0
	tell 'tries 1 auth 0' >/dev/null
	run 77 "$inkan" pin verify
	said "The PIN of HPKI Authentication is locked."
	said "the organisation that issued the card"
	run 0 "$inkan" list
	wrote "PIN:           locked"
}

# serials MODULE TOKEN: what the module's tokens are told apart by is what the tool says
serials() {
	command -v pkcs11-tool >/dev/null || { echo "skipped in part: the program pkcs11-tool is missing"; return; }
	[ "${INKAN_SANITIZERS-}" != yes ] || { echo "skipped in part: pkcs11-tool cannot load a module built so"; return; }
	module=$(pkcs11-tool --module "./.libs/$1" -L 2>/dev/null | sed -n 's/^ *serial num *: *//p')
	[ -n "$module" ] || bad "$1 shows no serial number"
	run 0 "$inkan" list
	[ "$(sed -n "/^  $2\$/,/Serial/s/^ *Serial: *//p" "$work/out")" = "$module" ] ||
		bad "$2 has another serial number than $module"
	run 0 "$inkan" list --json
	wrote "\"serial\": \"$module\""
}

told_apart() {
	serials inkan-pkcs11.so "$INKAN_TEST_FAMILY Authentication"
	serials inkan-sign-pkcs11.so "$INKAN_TEST_FAMILY Signature"
}

jpki_shown() {
	run 0 "$inkan" list
	wrote "PIN:           3 tries left"
	wrote "PIN:           5 tries left"
	wrote "behind the PIN"
	run 0 "$inkan" show
	silent 見本
	silent CN=2
	run 0 "$inkan" list --json
	silent sha256
	run 77 "$inkan" show --json --token sign
	said "--login"
	run 77 "$inkan" show --login
	said "not a terminal"
	advised
	verifies sign 0
	typed 0 ABC123 -- "$inkan" show --login
	wrote 見本　太郎
	wrote "5 tries left"
	silent ABC123
	verifies sign 1
	typed 0 abc123 -- "$inkan" show --login --json --identity --token sign
	wrote '"birth_date"'
	verifies sign 2
	typed 77 WRONG1 -- "$inkan" show --login
	said "The PIN is wrong: 4 tries left."
	silent 見本
	verifies sign 3
	verifies auth 0
}

# A child's card, and many after moving house: nothing to ask a PIN for.
no_signature() {
	run 0 "$inkan" list
	wrote "none on this card"
	silent "5 tries left"
	run 0 "$inkan" list --json
	wrote without_certificate
	verifies auth 0
	verifies sign 0
}

jpki_pin() {
	typed 0 1234 -- "$inkan" pin verify
	wrote "PIN of JPKI Authentication (4 digits; 3 tries left): "
	silent 1234
	verifies auth 1
	for wrong in 123 12345 12a4 '123456789012345678901234567890123456789012345678901234567890123456789'; do
		piped 77 "$wrong\n" "$inkan" pin verify
		said "no try was used"
		silent "$wrong"
	done
	typed 77 ^D -- "$inkan" pin verify
	said "No PIN was given."
	run 77 "$inkan" pin verify
	said "No PIN was given."
	typed 130 ^C -- "$inkan" pin verify
	verifies auth 1
	left auth 3
	typed 0 ^Z 1234 -- "$inkan" pin verify
	verifies auth 2
	piped 77 '0000\n' "$inkan" pin verify
	said "The PIN is wrong: 2 tries left."
	advised
	verifies auth 3
	left auth 2
	piped 77 '0000\n' "$inkan" pin verify
	said "The PIN is wrong: 1 try left."
	left auth 1
	piped 77 '1234\n' "$inkan" pin verify
	said "Only one try is left"
	said "--token auth --last-try"
	verifies auth 4
	left auth 1
	piped 77 '0000\n' "$inkan" pin verify --last-try
	said "The PIN of JPKI Authentication is locked."
	said "municipal office"
	left auth 0
	piped 77 '1234\n' "$inkan" pin verify --last-try
	said "is locked"
	verifies auth 5
	run 0 "$inkan" list
	wrote "PIN:           locked"
}

jpki_change() {
	typed 0 1234 9876 9876 -- "$inkan" pin change
	wrote "experimental"
	wrote "The PIN of JPKI Authentication is changed."
	silent 9876
	verifies auth 1
	piped 0 '9876\n' "$inkan" pin verify
	typed 77 9876 1111 2222 -- "$inkan" pin change
	said "differ"
	typed 77 9876 9876 -- "$inkan" pin change
	said "nothing was changed"
	typed 77 9876 12 -- "$inkan" pin change
	said "exactly 4 characters"
	verifies auth 2
	piped 77 '0000\n1111\n' "$inkan" pin change
	said "The PIN is wrong: 2 tries left."
	piped 0 '9876\n1234\n' "$inkan" pin change
	piped 0 '1234\n' "$inkan" pin verify
	piped 0 'ABC123\nNEW45678\n' "$inkan" pin change --token sign
	piped 0 'new45678\n' "$inkan" pin verify --token sign
}

phone() {
	run 0 "$inkan" list
	wrote "behind the PIN"
	typed 0 1234 -- "$inkan" show --login --token auth
	wrote "user authentication"
	verifies auth 1
}

two_cards() {
	run 0 "$inkan" list
	wrote "HPKI Authentication"
	wrote "JPKI Authentication"
	run 64 "$inkan" show
	said "Inkan Virtual Reader 1"
	said "Inkan Virtual Reader 2"
	said "--reader"
	run 64 "$inkan" pin verify
	piped 0 '1234\n' "$inkan" pin verify --reader 'Reader 1'
	run 0 "$inkan" show --reader 'Reader 2' --json
	wrote '"kind": "jpki-auth"'
	run 69 "$inkan" show --reader 'Reader 9'
	said 'There is no card reader "Reader 9".'
	advised
	mkdir -p "$XDG_CONFIG_HOME/inkan"
	echo 'reader = *Reader 2*' >"$XDG_CONFIG_HOME/inkan/inkan.conf"
	run 0 "$inkan" show
	silent "HPKI"
	echo 'reader = Reader of my neighbour' >"$XDG_CONFIG_HOME/inkan/inkan.conf"
	run 69 "$inkan" list
	said 'There is no card reader "Reader of my neighbour".'
}

one_application() {
	run 69 "$inkan" pin verify --token auth
	said "no such PIN"
	advised
	run 69 "$inkan" show --token auth
	said "no such token"
	piped 0 '123456\n' "$inkan" pin verify
	wrote "HPKI Signature"
}

nothing_of_ours() {
	for verb in 'list' 'show' 'pin verify'; do
		# shellcheck disable=SC2086
		run 69 "$inkan" $verb
		said "$INKAN_TEST_SAYS"
		advised
	done
	run 69 "$inkan" list --json
	wrote '"tokens": []'
	wrote "\"state\": \"$INKAN_TEST_STATE\""
}

pulled() {
	tell 'remove 1' >/dev/null
	run 69 "$inkan" pin verify
	said "There is no card in Inkan Virtual Reader 1"
	tell 'insert 1' >/dev/null
	run 0 "$inkan" list
	tell 'service stop' >/dev/null
	run 69 "$inkan" list
	said "The smartcard service (pcscd) is not running."
	tell 'service start' >/dev/null
	run 0 "$inkan" list
}

# Each command of a run goes wrong in turn: an answer in words, no crash, and
# never a second PIN, which is the right one, so that no try is lost for good.
troubled() {
	before=$(tell 'apdus 1')
	piped 0 '1234\n' "$inkan" pin verify
	commands=$(($(tell 'apdus 1') - before))
	[ "$commands" -gt 5 ] || bad "$commands commands make no PIN check"
	for INKAN_TEST_FAULT in 'status 6F00' 'status 6982' cut noise pull pull-before reset; do
		each_goes_wrong
	done
}

each_goes_wrong() {
	n=1
	seen=$(tell 'verifies 1 auth')
	while [ "$n" -le $((commands + 1)) ]; do
		tell "fault 1 $n $INKAN_TEST_FAULT" >/dev/null
		echo 1234 | "$inkan" pin verify >"$work/out" 2>"$work/err"
		code=$?
		case $code in
		0) wrote "is right" ;;
		7 | 69 | 75 | 77) said "inkan: " && advised ;;
		*) bad "exit $code when command $n fails ($INKAN_TEST_FAULT)" ;;
		esac
		case $INKAN_TEST_FAULT in pull*) tell 'insert 1' >/dev/null ;; esac
		before=$seen
		seen=$(tell 'verifies 1 auth')
		[ $((seen - before)) -le 1 ] || bad "two PINs when command $n fails ($INKAN_TEST_FAULT)"
		left auth 3
		tell 'fault 1 1 none' >/dev/null
		n=$((n + 1))
	done
	# pcscd may see late that the card was put in last, or that it was pulled before; nothing is sent then
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		echo 1234 | "$inkan" pin verify >"$work/out" 2>"$work/err"
		code=$?
		[ "$code" -eq 69 ] || break
		sleep 0.2
	done
	[ "$code" -eq 0 ] || { bad "exit $code after $INKAN_TEST_FAULT"; cat "$work/err"; }
}

busy() {
	mkfifo "$work/held" "$work/go"
	echo 1234 >"$work/pin"
	tests/tool/hold "$(./inkan list | head -n 1)" <"$work/go" >"$work/held" &
	exec 9>"$work/go"
	read -r state <"$work/held" || bad "the card cannot be held"
	[ "${state-}" = held ] || bad "the card is not held"
	run 75 "$inkan" show
	said "Another program is using the card in Inkan Virtual Reader 1"
	advised
	run 75 "$inkan" pin verify
	said "Another program"
	silent "Waiting"
	exec 9>&-
	wait
	run 0 "$inkan" show
	# another program's transaction: told after two seconds, and waited for
	tests/tool/hold "$(./inkan list | head -n 1)" transaction <"$work/go" >"$work/held" &
	exec 9>"$work/go"
	read -r state <"$work/held" || bad "no transaction is held"
	"$inkan" pin verify >"$work/out" 2>"$work/err" <"$work/pin" 9>&- &
	sleep 1
	silent "Waiting"
	for _ in $(seq 50); do
		! grep -q "Another program" "$work/err" || break
		sleep 0.1
	done
	said "Another program is using the card in Inkan Virtual Reader 1"
	advised
	verifies auth 0
	exec 9>&-
	wait
	wrote "is right"
	[ "$(grep -c "Waiting" "$work/err")" = 1 ] || bad "said $(grep -c "Waiting" "$work/err") times that it waits"
	verifies auth 1
}

if [ -n "${INKAN_TEST_PART-}" ]; then
	$INKAN_TEST_PART
	finish
fi

for verb in 'list' 'show' 'pin verify' 'pin change'; do
	# shellcheck disable=SC2086
	run 69 env PCSCLITE_CSOCK_NAME="$work/nowhere" "$inkan" $verb
	said "The smartcard service (pcscd) is not running."
	said "sudo systemctl start pcscd.socket"
	said "package pcscd"
done
run 69 env PCSCLITE_CSOCK_NAME="$work/nowhere" "$inkan" list --json
wrote '"readers": []'

with hpki --card hpki --name 'HANAKO YAMADA' --organisation 'Sample Hospital' \
	--role 'Medical Doctor' --role 'Director of Hospital' --pin-auth 1234 --pin-sign 123456
with hpki --card hpki --layout annex-b --name 'HANAKO YAMADA' --organisation 'Sample Hospital' \
	--role 'Medical Doctor' --role 'Director of Hospital' --pin-auth 1234 --pin-sign 123456
INKAN_TEST_FAMILY=HPKI
export INKAN_TEST_FAMILY
with told_apart --card hpki
INKAN_TEST_FAMILY=JPKI
with told_apart --card jpki
with told_apart --card jpki --phone
with jpki_shown --card jpki
with jpki_pin --card jpki
with jpki_change --card jpki
with no_signature --card jpki --no-sign-certificate
with phone --card jpki --phone
with two_cards --card hpki --card jpki
with one_application --card hpki --no-auth
INKAN_TEST_SAYS='not one that Inkan knows (HPKI card, My Number Card)' INKAN_TEST_STATE=foreign
export INKAN_TEST_SAYS INKAN_TEST_STATE
with nothing_of_ours --card foreign
INKAN_TEST_SAYS='There is no card in Inkan Virtual Reader 1' INKAN_TEST_STATE=empty
with nothing_of_ours --card none
with pulled --card jpki
with busy --card jpki
with troubled --card jpki
finish
