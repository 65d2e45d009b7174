#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan doctor --try-pss with virtual cards behind the real pcscd: what it asks, how many PINs
# and signatures the card saw, and that inkan.conf is left alone.
# shellcheck disable=SC2317,SC2059 # parts are called by name; formats are ours
. "${srcdir:-.}/tests/tool/common.sh"
need pcscd
[ -x ./inkan-vcard ] || skip "inkan-vcard is not built"
pki=${INKAN_TEST_PKI:-$work/pki}
settings=$XDG_CONFIG_HOME/inkan/inkan.conf

# with PART KIND OPTIONS...: the function PART of this script, on that card
with() {
	part=$1 kind=$2
	shift 2
	echo "== $part: $kind $*"
	INKAN_TEST_PART=$part INKAN_TEST_KIND=$kind INKAN_TEST_PKI=$pki timeout 120 ./inkan-vcard --pki "$pki" \
		--card "$kind" --pin-auth 1234 "$@" -- "$0" || bad "$part: $kind $*"
}

# saw VERIFIES SIGNATURES: of the authentication application, the other saw none
saw() {
	[ "$(tell 'verifies 1 auth') $(tell 'signatures 1 auth')" = "$1 $2" ] ||
		bad "$(tell 'verifies 1 auth') PINs and $(tell 'signatures 1 auth') signatures, not $1 and $2"
	[ "$(tell 'verifies 1 sign')" = 0 ] || bad "the signature PIN was sent"
}
lost() { [ $((full - $(tell 'tries 1 auth'))) = "$1" ] || bad "$(tell 'tries 1 auth') tries are left"; }

# tried STATUS PIN [OPTION...]
tried() {
	want=$1 pin=$2
	shift 2
	printf '%s\n' "$pin" | "$inkan" doctor --try-pss "$@" >"$work/out" 2>"$work/err"
	got=$?
	[ "$got" -eq "$want" ] || { bad "exit $got, not $want"; cat "$work/out" "$work/err"; }
	silent 1234
}

# A second program holds the card open all the while, and finds it locked.
watched() {
	mkfifo "$work/hold"
	tests/clients/witness "$INKAN_TEST_KIND" 1 <"$work/hold" >"$work/witness" 2>&1 &
	exec 9>"$work/hold"
	while ! grep -q watching "$work/witness"; do sleep 0.05; done
	"$@"
	exec 9>&-
	wait $! || { bad "the card was left unlocked"; cat "$work/witness"; }
}

able() {
	watched tried 0 1234
	said "thrown away"
	wrote "TLS 1.3 works"
	wrote "The settings fit the card."
	[ -e "$settings" ] && bad "settings were written"
	saw 2 1 # a login, and the signature
	lost 0
	mkdir -p "$XDG_CONFIG_HOME/inkan"
	echo 'pss = off' >"$settings"
	tried 1 1234
	wrote "pss = on"
	[ "$(cat "$settings")" = 'pss = off' ] || bad "the settings were changed"
	echo 'pss = on' >"$settings"
	tried 0 1234
	wrote "The settings fit the card."
	saw 6 3
}

unable() { # refuses|errs
	watched tried 1 1234
	wrote "TLS works up to version 1.2"
	wrote "pss = off"
	[ -e "$settings" ] && bad "settings were written"
	lost 0
	made=0
	[ "$1" = refuses ] || made=1
	saw 2 "$made"
	mkdir -p "$XDG_CONFIG_HOME/inkan"
	echo 'pss = off' >"$settings"
	tried 0 1234
	wrote "The settings fit the card."
	lost 0
	run 1 "$inkan" doctor
	wrote "pss = off"
}

careful() {
	tried 77 12
	said "no try was used"
	saw 0 0
	tried 77 ''
	saw 0 0
	tried 77 9999
	said "The PIN is wrong"
	advised
	saw 1 0
	lost 1
	tell 'tries 1 auth 1' >/dev/null
	tried 77 1234
	said "Only one try is left"
	saw 1 0
	tell 'tries 1 auth 0' >/dev/null
	tried 77 1234
	said "is locked"
	saw 1 0
}

if [ -n "${INKAN_TEST_PART-}" ]; then
	full=$(tell 'tries 1 auth')
	$INKAN_TEST_PART
	finish
fi

for wrong in '--try-pss --json' '--try-pss --quiet' '--try-pss --root /' '--try-pss --yes' 'x' '--pss'; do
	# shellcheck disable=SC2086
	run 64 "$inkan" doctor $wrong
	advised
done
run 69 env PCSCLITE_CSOCK_NAME="$work/nowhere" "$inkan" doctor --try-pss
advised
for kind in hpki jpki; do
	with able "$kind"
	with 'unable refuses' "$kind" --no-pss
	with careful "$kind"
done
with 'unable errs' hpki --wrong-pss
finish
