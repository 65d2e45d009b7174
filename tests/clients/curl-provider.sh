#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock curl with pkcs11-provider: the guide's commands on TLS 1.3 and 1.2, a PIN that
# is typed and one from a file; a wrong one; a file for the key; TLS 1.2 without RSASSA-PSS.
. "${srcdir:-.}/tests/clients/lib.sh"
need openssl openssl
need curl curl
need nginx nginx
need p11tool gnutls-bin
need_provider
curl --version | grep -q OpenSSL || skip "this curl is built without OpenSSL"
on_cards hpki jpki "hpki after other-kind" "hpki before other-person" "jpki before foreign"

here() { # the guide's addresses, for this card and server
	echo "$address; s|https://portal.example.jp|https://127.0.0.1:$port|; s|curl |curl -sS |"
}

CURL_CA_BUNDLE=$server_ca
export CURL_CA_BUNDLE
cd "$work" || exit
guide_run openssl config
guide_run openssl certificate "$address"
guide_run openssl pin-file "s|read -r pin|pin=$auth_pin|"
guide_run openssl key-file "$address; s|/etc/inkan/pin|$HOME/.config/inkan/pin|"

for version in 3 2; do
	start_nginx TLSv1.$version
	guide_answer openssl curl "$auth_pin" "$(here)"
	said "TLS 1.$version" "^TLSv1.$version SUCCESS"
	[ "$(grep -o 'Enter pass phrase' said | wc -l)" = 1 ] || fail "not one prompt: $(cat said)"
	card_did "a login on TLS 1.$version" 2 1
	guide_run openssl unattended "$(here)"
	said "TLS 1.$version, unattended" "^TLSv1.$version SUCCESS"
	card_did "a login on TLS 1.$version, unattended" 2 1
	cell 'curl (provider)' "TLS 1.$version"
	guide_run openssl curl-key-file "$(here)"
	said "TLS 1.$version, a key file" "^TLSv1.$version SUCCESS"
	card_did "a login on TLS 1.$version, a key file" 2 1
	cell 'curl (provider, key file)' "TLS 1.$version"
	stop_nginx
done

# A wrong PIN goes to the card once; one with a line break not at all.
start_nginx TLSv1.2
printf %s "999${auth_pin#???}" >"$HOME/.config/inkan/pin"
! (guide_run openssl unattended "$(here)") >refusal 2>&1 || fail "a wrong PIN logs in"
lost_one_try "curl with a wrong PIN"
guide_answer openssl curl "$auth_pin" "$(here)"
card_did "the right PIN" 2 1

# Without RSASSA-PSS
printf %s "$auth_pin" >"$HOME/.config/inkan/pin"
echo 'pss = off' >"$HOME/.config/inkan/inkan.conf"
! (guide_run openssl curl-key-file "$(here)") >refusal 2>&1 || fail "PSS without PSS"
guide_run openssl config-pkcs1
guide_run openssl curl-key-file "$(here); s|openssl.cnf|openssl-pkcs1.cnf|"
said "TLS 1.2 without PSS" '^TLSv1.2 SUCCESS'
stop_nginx
