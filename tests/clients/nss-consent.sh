#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# An NSS program with the signature token: a PIN for each signature signs each
# time; a PIN dialog that is cancelled makes no signature, though NSS itself
# ignores how its dialog ended.
. "${srcdir:-.}/tests/clients/lib.sh"
need_nss
on_cards hpki jpki

# Exit status: how many signatures failed.
sign() { # TIMES PIN...
	times=$1
	shift
	before=$(ask_card signatures)
	timeout 60 "$builddir/tests/clients/nss-card" sign "sql:$work/nss" "$sign_token:$label" \
		"$times" "$@" >"$work/said" 2>&1
	failed=$?
	made=$(($(ask_card signatures) - before))
	say "$made signatures, $failed of $times failed:"
	sed 's/^/    /' "$work/said"
}

case $card in
hpki) label='HPKI END ENTITY CERTIFICATE' ;;
jpki) label='Digital Signature Certificate' ;;
esac
nss_database "$work/nss" "$sign_module"

sign 2 "$sign_pin"
[ "$failed,$made" = 0,2 ] || fail "two signatures with their PINs"

# The login is answered, the consent is not.
sign 2 "$sign_pin" -
said 'the dialog' 'cancelled'
[ "$failed,$made" = 2,0 ] || fail "a cancelled dialog"

# The second consent is not given.
sign 2 "$sign_pin" "$sign_pin" -
[ "$failed,$made" = 1,1 ] || fail "the second dialog cancelled"

sign 1 -
[ "$failed,$made" = 1,0 ] || fail "the login cancelled"
