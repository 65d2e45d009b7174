#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock wpa_supplicant at one end of a cable and hostapd with its own EAP server at the other: 802.1X by EAP-TLS with
# the card's certificate, TLS 1.2 and 1.3; the PIN comes over the control socket.
# shellcheck disable=SC2086 # $here and $there are words
. "${srcdir:-.}/tests/clients/lib.sh"
need wpa_supplicant wpasupplicant
need hostapd hostapd
need openssl openssl
need p11-kit p11-kit
[ -n "$(find /usr/lib* -name p11-kit-proxy.so 2>/dev/null)" ] || skip "p11-kit-proxy.so is missing (package p11-kit-modules)"
engine_path >/dev/null || skip "libp11's engine is missing (package libengine-pkcs11-openssl)"
on_cards hpki jpki "hpki --name REVOKED --revoked" "jpki after other-kind" "hpki after other-person" "hpki before foreign"

XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache
export XDG_DATA_HOME XDG_CACHE_HOME
at_server="s|/etc/hostapd|$work|; s|^inkan |$inkan |"

# ---- The server

start_hostapd() {
	guide_block dot1x server | sed "$at_server; s|eth1|far|" >"$work/hostapd.conf"
	cp "$pki/server.pem" "$work/radius.pem"
	cp "$pki/server.key" "$work/radius.key"
	cp "$work/auth-cas.pem" "$work/cards.pem"
	printf '"doctor@hospital.example.jp"\tTLS\n' >"$work/users"
	[ "$card" = jpki ] || lists
	$there hostapd -d -f "$work/hostapd.log" "$work/hostapd.conf" >/dev/null 2>&1 9>&- &
	echo $! >"$work/hostapd.pid"
	servers="$servers $work/hostapd.pid"
	await_line "hostapd" "$work/hostapd.log" 'far: AP-ENABLED'
}

lists() {
	mkdir -p "$XDG_DATA_HOME/inkan/anchors"
	cp "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$XDG_DATA_HOME/inkan/anchors"
	try "import" "$inkan" status import "$pki/sarl.crl" "$pki/rarl.crl" "$pki/hpki-auth.crl"
	guide_run dot1x lists "$at_server; s|/etc/hostapd|$work|g"
	guide_block dot1x strict >>"$work/hostapd.conf"
}

# ---- The client, and the person at its control socket

start_supplicant() { # TLS-VERSION
	guide_block dot1x client | sed "$address; s|/run/wpa_supplicant|$work/control|; s|radius.example.jp|localhost|
		s|/etc/wpa_supplicant/radius-ca.pem|$server_ca|" >"$work/hospital.conf"
	if [ "$1" = 1.3 ]; then
		guide_block dot1x tls13 >"$work/tls13"
		sed -i "/eap=TLS/r $work/tls13" "$work/hospital.conf"
	fi
	guide_block dot1x engine >"$work/openssl.cnf"
	configured=
	! grep -q '^VERSION_ID="24.04"' /etc/os-release || configured="env OPENSSL_CONF=$work/openssl.cnf"
	guide_run dot1x start "s|^|$here $configured |; s|/etc/wpa_supplicant|$work|; s|eth0|near|; s|-B|-B -P $work/wpa.pid -f $work/wpa.log|" 9>&-
}

servers=$work/wpa.pid
stop_supplicant() {
	kill "$(cat "$work/wpa.pid")"
	while [ -e "$work/wpa.pid" ]; do sleep 0.05; done
	rm "$work/wpa.log"
}

pin() { # PIN
	guide_run dot1x pin "s|wpa_cli|& -p $work/control|; s|eth0|near|; s|123456|$1|"
}

asked() { # NAME TIMES
	await_line "$1" "$work/wpa.log" 'CTRL-REQ-PIN-0' "$2"
	[ "$(grep -c 'CTRL-REQ-PIN-0' "$work/wpa.log")" = "$2" ] || fail "$1: not $2 questions: $(cat "$work/wpa.log")"
}

status() { try "wpa_cli status" wpa_cli -p "$work/control" -i near status; }

let_in() { # TLS-VERSION
	asked "TLS $1" 1
	pin "$auth_pin"
	await_line "TLS $1" "$work/wpa.log" 'CTRL-EVENT-EAP-SUCCESS'
	asked "TLS $1, in the end" 1
	status
	said "TLS $1" 'suppPortStatus=Authorized'
	said "TLS $1" "eap_tls_version=TLSv$1"
	said "TLS $1" 'selectedMethod=13 (EAP-TLS)'
	say "wpa_supplicant: TLS $1"
}

start_networks
register_here
start_hostapd
case $INKAN_TEST_OPTIONS in
*--revoked*)
	start_supplicant 1.2
	asked "revoked" 1
	pin "$auth_pin"
	await_line "revoked" "$work/wpa.log" 'CTRL-EVENT-EAP-FAILURE'
	await_line "revoked" "$work/hostapd.log" 'Certificate verification failed, error 23'
	exit 0
	;;
esac
for version in 1.3 1.2; do
	start_supplicant $version
	let_in $version
	card_did "a login on TLS $version" 2 1
	cell 'wpa_supplicant (802.1X)' "TLS $version"
	[ $version = 1.2 ] || stop_supplicant
done
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
[ -z "$neighbour" ] || exit 0

# Again without a question; a wrong PIN, and the right one after it; no card.
try "again" wpa_cli -p "$work/control" -i near reassociate
await_line "again" "$work/wpa.log" 'CTRL-EVENT-EAP-SUCCESS' 2
asked "again" 1
card_did "again" 1 1
stop_supplicant
start_supplicant 1.2
asked "wrong PIN" 1
pin "9${auth_pin#?}"
asked "wrong PIN" 2
lost_one_try "wrong PIN"
pin "$auth_pin"
await_line "the right PIN" "$work/wpa.log" 'CTRL-EVENT-EAP-SUCCESS'
card_did "the right PIN" 2 1
stop_supplicant
remove_card
start_supplicant 1.2
await_line "no card" "$work/wpa.log" 'CTRL-EVENT-EAP-FAILURE\|Failed to initialize EAP method'
stop_supplicant
insert_card
start_supplicant 1.2
let_in 1.2
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
