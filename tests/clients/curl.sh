#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock curl with libp11's engine: the guide's commands on TLS 1.3 and 1.2, a PIN
# that is typed and one from a file; a wrong one; TLS 1.2 without RSASSA-PSS.
. "${srcdir:-.}/tests/clients/lib.sh"
need openssl openssl
need curl curl
need nginx nginx
curl --version | grep -q OpenSSL || skip "this curl is built without OpenSSL"
engine_path >/dev/null || skip "the OpenSSL engine pkcs11 is missing (package libengine-pkcs11-openssl)"
on_cards hpki jpki "hpki after other-kind" "hpki after other-person" "jpki before foreign"

here() { # the guide's addresses, for this card and server
	echo "$address; s|https://portal.example.jp|https://127.0.0.1:$port|; s|curl |curl -sS |"
}

CURL_CA_BUNDLE=$server_ca
export CURL_CA_BUNDLE
guide_run openssl config-engine
guide_run openssl pin-file "s|read -r pin|pin=$auth_pin|"
[ "$(stat -c %a "$HOME/.config/inkan/pin")" = 600 ] || fail "others can read the PIN"

for version in 3 2; do
	start_nginx TLSv1.$version
	guide_answer openssl curl-engine "$auth_pin" "$(here)"
	said "TLS 1.$version" "^TLSv1.$version SUCCESS"
	[ "$(grep -c 'Enter PKCS#11 token PIN' "$work/said")" = 1 ] || fail "not one prompt: $(cat "$work/said")"
	card_did "a login on TLS 1.$version" 2 1
	guide_run openssl unattended-engine "$(here)"
	said "TLS 1.$version, unattended" "^TLSv1.$version SUCCESS"
	card_did "a login on TLS 1.$version, unattended" 2 1
	cell 'curl (engine)' "TLS 1.$version"

	# Two pages over one connection: one signature.
	guide_run openssl unattended-engine "$(here); s|\(https://[0-9.:]*\)/|\1/ \1/again|"
	[ "$(grep -c SUCCESS "$work/said")" = 2 ] || fail "not two pages: $(cat "$work/said")"
	card_did "two pages" 2 1
	stop_nginx
done

# A wrong PIN goes to the card once; one with a line break not at all.
start_nginx TLSv1.2
printf %s "999${auth_pin#???}" >"$HOME/.config/inkan/pin"
! (guide_run openssl unattended-engine "$(here)") >"$work/refusal" 2>&1 || fail "a wrong PIN logs in"
lost_one_try "curl with a wrong PIN"
guide_answer openssl curl-engine "$auth_pin" "$(here)"
card_did "the right PIN" 2 1
echo "$auth_pin" >"$HOME/.config/inkan/pin"
! (guide_run openssl unattended-engine "$(here)") >"$work/refusal" 2>&1 || fail "a PIN with a line break logs in"
card_did "a PIN with a line break" 0 0

# Without RSASSA-PSS
echo 'pss = off' >"$HOME/.config/inkan/inkan.conf"
! (guide_answer openssl curl-engine "$auth_pin" "$(here)") >"$work/refusal" 2>&1 || fail "PSS without PSS"
grep -q 'Mechanism invalid' "$work/refusal" || fail "no clear error: $(cat "$work/refusal")"
guide_run openssl config-pkcs1-engine
guide_answer openssl curl-engine "$auth_pin" "$(here); s|openssl.cnf|openssl-pkcs1.cnf|"
said "TLS 1.2 without PSS" '^TLSv1.2 SUCCESS'
stop_nginx
