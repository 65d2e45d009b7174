#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock OpenSSL with pkcs11-provider, where a system has it: the guide's commands on
# TLS 1.3 and 1.2, signatures, a wrong PIN; what happens without RSASSA-PSS.
. "${srcdir:-.}/tests/clients/lib.sh"
need openssl openssl
need nginx nginx
need p11tool gnutls-bin
need_provider
on_cards hpki jpki "jpki before other-kind" "hpki after other-person" "hpki before foreign"

s_client() { # OPTIONS
	guide_run openssl s-client "$address; s|portal.example.jp:443|127.0.0.1:$port|
		s|type=private|&;pin-source=$work/pin|; s|s_client|& -verify_return_error $*|"
}

SSL_CERT_FILE=$server_ca
export SSL_CERT_FILE
cd "$work" || exit
date >letter
printf %s "$auth_pin" >pin
guide_run openssl config
guide_run openssl certificate "$address"
card_did "reading the certificate" 0 0

# One VERIFY for the login and one for the signature.
for version in 3 2; do
	start_nginx TLSv1.$version
	s_client
	said "TLS 1.$version" "^TLSv1.$version SUCCESS"
	card_did "a login on TLS 1.$version" 2 1
	stop_nginx
	cell 'openssl s_client (provider)' "TLS 1.$version"
done

guide_answer openssl dgst "$(printf '%s\n%s' "$auth_pin" "$auth_pin")" "$address"
[ "$(grep -c '^Verified OK' said)" = 2 ] || fail "dgst: $(cat said)"
[ "$(grep -o 'Enter pass phrase for PKCS#11 Token' said | wc -l)" = 2 ] || fail "not two prompts: $(cat said)"
card_did "two signatures" 4 2
cell 'openssl dgst (provider)' signature

# A wrong PIN goes to the card once.
! printf '999%s\n' "${auth_pin#???}" | OPENSSL_CONF=$HOME/.config/inkan/openssl.cnf timeout 60 setsid -w \
	openssl dgst -sha256 -sign "$auth_uri;type=private" -out none letter >said 2>&1 || fail "a wrong PIN signs"
said "a wrong PIN" 'Could not find private key'
lost_one_try "dgst with a wrong PIN"

# Without RSASSA-PSS: no login, but TLS 1.2 by PKCS#1 v1.5.
echo 'pss = off' >"$HOME/.config/inkan/inkan.conf"
for version in 3 2; do
	start_nginx TLSv1.$version
	! (s_client) >refusal 2>&1 || fail "PSS without PSS"
	[ $version = 3 ] || s_client -sigalgs RSA+SHA256
	[ $version = 3 ] || said 'TLS 1.2 without PSS' '^TLSv1.2 SUCCESS'
	stop_nginx
done
