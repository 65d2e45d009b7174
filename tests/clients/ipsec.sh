#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Two stock strongSwans, each in a network of its own: IKEv2 with the card's certificate, as the guide's page
# sets it up. The tunnel itself is the kernel's, and is tried where it has ESP.
# shellcheck disable=SC2086 # $here and $there are words
. "${srcdir:-.}/tests/clients/lib.sh"
need charon-systemd charon-systemd
need swanctl strongswan-swanctl
need p11tool gnutls-bin
[ -n "$(find /usr/lib* -name libstrongswan-pkcs11.so 2>/dev/null)" ] ||
	skip "strongSwan has no PKCS#11 (package libstrongswan-extra-plugins)"
on_cards hpki jpki "hpki --name REVOKED --revoked" "hpki after other-kind" "hpki before other-person" "jpki after foreign"
. "$srcdir/tests/clients/ipsec-server.sh"

# A kernel without ESP makes no tunnel: who the client is has been decided before.
start_client() {
	folders client
	guide_block ipsec module | sed "s|/usr/local/lib/pkcs11|$module_dir|" >"$work/client/inkan.conf"
	guide_block ipsec client | sed "$names" >"$work/client/swanctl.conf"
	initiate=child
	has_esp || initiate=ike
	[ $initiate = child ] || sed -i 's/version = 2/&\nchildless = force/' "$work/client/swanctl.conf"
	start_charon client
}

# ---- What is shown

sign_in() { # NAME: the PIN is asked for once
	guide_answer ipsec connect "$auth_pin" "$(at client)"
	[ "$(grep -o 'PIN for' "$work/said" | wc -l)" = 1 ] || fail "$1: not one question for the PIN: $(cat "$work/said")"
	at_client --list-sas
	said "$1" ' ESTABLISHED, IKEv2'
	[ $initiate = ike ] || said "$1" 'INSTALLED, TUNNEL'
	at_server --list-sas
	said "$1" "doctors: .* ESTABLISHED, IKEv2"
	say "$1: strongSwan, IKEv2$([ $initiate = ike ] || echo ', ESP')"
}

sign_out() {
	at_client --terminate --ike hospital
}

start_networks
only_this_card charon-systemd
start_client
start_server
case $INKAN_TEST_OPTIONS in
*--revoked*)
	! (guide_answer ipsec connect "$auth_pin" "$(at client)") >"$work/refusal" 2>&1 || fail "a revoked card is let in"
	grep -q 'AUTHENTICATION_FAILED' "$work/refusal" || fail "no refusal: $(cat "$work/refusal")"
	grep -q 'certificate was revoked' "$work/server/log" || fail "another reason: $(tail "$work/server/log")"
	exit 0
	;;
esac
if [ -z "$neighbour" ]; then # charon keeps each PIN that it was given, and tries them all: the wrong one reaches the card once
	! (guide_answer ipsec connect "9${auth_pin#?}" "$(at client)") >"$work/refusal" 2>&1 || fail "a login with a wrong PIN"
	lost_one_try "a wrong PIN"
fi
sign_in "the first time"
card_did "a login" 2 1
sign_out
try "again" env SWANCTL_DIR="$work/client" $here swanctl --initiate --$initiate hospital --uri "unix://$work/client/vici"
card_did "a second login without a PIN" 1 1
sign_out
cell 'strongSwan (IKEv2)' login
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
[ -z "$neighbour" ] || exit 0

remove_card
! (at_client --initiate --$initiate hospital) >"$work/refusal" 2>&1 || fail "a login without a card"
insert_card
sign_in "the card again"
card_did "the card again" 2 1

sed -i 's/certs = doctor.pem/certs = server.pem/' "$work/server/swanctl.conf"
sign_out
at_server --load-conns
! (guide_answer ipsec connect "$auth_pin" "$(at client)") >"$work/refusal" 2>&1 || fail "the card of a stranger is let in"
grep -q 'AUTHENTICATION_FAILED' "$work/refusal" || fail "no refusal: $(cat "$work/refusal")"
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
