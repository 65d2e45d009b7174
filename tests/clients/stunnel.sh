#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock stunnel as the TLS client, configured as the guide says, with the provider or, where
# there is none, the engine: TLS 1.3 and 1.2, a PIN file, a card that goes and comes, a wrong PIN.
. "${srcdir:-.}/tests/clients/lib.sh"
need stunnel stunnel4
need curl curl
need nginx nginx
need p11tool gnutls-bin
need openssl openssl
need_provider_or_engine
on_cards hpki jpki "jpki before other-kind" "hpki after other-person" "hpki after foreign"

start_stunnel() {
	local_port=$(free_port)
	set -- "$address; s|127.0.0.1:8080|127.0.0.1:$local_port|
		s|portal.example.jp:443|127.0.0.1:$port|; s|portal.example.jp|localhost|; s|/etc/inkan/card|$work/card|
		s|/etc/ssl/certs/ca-certificates.crt|$server_ca|; s|/etc/inkan/pin|$HOME/.config/inkan/pin|"
	if has_provider; then
		guide_write proxy stunnel "$1"
	else
		guide_write proxy stunnel-engine "$1"
	fi
	{ echo "pid = $work/stunnel.pid" && cat "$work/block"; } >"$work/stunnel.conf"
	OPENSSL_CONF=$HOME/.config/inkan/openssl.cnf stunnel "$work/stunnel.conf" >"$work/stunnel.log" 2>&1 </dev/null 9>&-
}

stop_stunnel() {
	kill "$(cat "$work/stunnel.pid")" && while [ -e "$work/stunnel.pid" ]; do sleep 0.05; done
}

page() { # VERSION
	try "a page through stunnel" curl -sS --noproxy '*' "http://127.0.0.1:$local_port/"
	said "TLS $1" "^TLSv$1 SUCCESS"
}

servers=$work/stunnel.pid
guide_run proxy pin-file "s|read -r pin|pin=$auth_pin|"
files_for_proxy
for version in 1.3 1.2; do
	start_nginx TLSv$version
	start_stunnel || fail "stunnel does not start: $(cat "$work/stunnel.log")"
	card_did "the start" 1 0
	# It has gone into the background since: a process of its own logs in anew.
	page $version
	page $version
	card_did "two connections on TLS $version" 3 2
	stop_stunnel
	[ $version = 1.2 ] || stop_nginx
	cell 'stunnel (client side)' "TLS $version"
done

# The card goes and comes: a restart helps.
start_stunnel
page 1.2
remove_card
! curl -sS --max-time 60 --noproxy '*' "http://127.0.0.1:$local_port/" >"$work/said" 2>&1 || fail "a login without a card"
insert_card
stop_stunnel
start_stunnel || fail "stunnel does not start again: $(cat "$work/stunnel.log")"
page 1.2
stop_stunnel
card_did "a card that goes and comes" 6 2

# A wrong PIN goes to the card once, and stunnel does not start.
printf %s "999${auth_pin#???}" >"$HOME/.config/inkan/pin"
! start_stunnel || fail "stunnel starts with a wrong PIN"
lost_one_try "stunnel with a wrong PIN"
printf %s "$auth_pin" >"$HOME/.config/inkan/pin"
start_stunnel
page 1.2
