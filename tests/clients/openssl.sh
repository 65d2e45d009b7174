#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock OpenSSL with libp11's engine: the guide's commands on TLS 1.3 and 1.2,
# signatures and CMS; the module loaded at first use, and loaded while libcrypto
# itself is still reading its configuration; what happens without RSASSA-PSS.
. "${srcdir:-.}/tests/clients/lib.sh"
need openssl openssl
need nginx nginx
need p11tool gnutls-bin
need pkcs11-tool opensc
engine_path >/dev/null || skip "the OpenSSL engine pkcs11 is missing (package libengine-pkcs11-openssl)"
on_cards hpki jpki "jpki after other-kind" "hpki before other-person" "hpki after foreign"

this_card=$address
pss='^    0f 00 01 04 08 04 ' pkcs1='^    0f 00 01 04 04 01 ' # CertificateVerify, RFC 8446 4.2.3

server_saw_card() { # WHAT: what the page holds is the card's certificate
	said "$1" 'SUCCESS$'
	openssl x509 -in "$work/said" -outform DER | cmp -s - "$work/auth.der" || fail "$1: the server saw another certificate"
}

s_client() { # OPTIONS
	guide_run openssl s-client-engine "$this_card; s|portal.example.jp:443|127.0.0.1:$port|; s|card.pem|auth.pem|
		s|type=private|&;pin-source=$work/pin|; s|s_client|& -msg -verify_return_error $*|"
}

sign_letter() { # CMS with the signature key, which asks for its PIN anew
	printf '%s\n' "$sign_pin" "$sign_pin" | OPENSSL_CONF=$work/sign.cnf timeout 60 setsid -w openssl cms -sign -binary \
		-in "$work/letter" -outform DER -out "$work/letter.p7s" -md sha256 \
		-engine pkcs11 -keyform engine -inkey "$sign_uri;type=private" -signer "$work/sign.pem" >"$work/said" 2>&1 ||
		fail "cms -sign: $(cat "$work/said")"
	try "cms -verify" openssl cms -verify -binary -inform DER -in "$work/letter.p7s" -content "$work/letter" \
		-CAfile "$work/sign-cas.pem" -purpose any -out "$work/letter.out"
}

SSL_CERT_FILE=$server_ca
export SSL_CERT_FILE
cd "$work" || exit
date >letter
printf %s "$auth_pin" >pin
guide_run openssl config-engine
guide_run openssl certificate "$this_card"
mv card.pem auth.pem
openssl x509 -in auth.pem -outform DER -out auth.der
card_did "reading the certificate" 0 0

# One VERIFY for the login and one for the signature.
for version in 3 2; do
	start_nginx TLSv1.$version
	s_client
	server_saw_card "TLS 1.$version"
	said "TLS 1.$version: RSASSA-PSS" "$pss"
	card_did "a login on TLS 1.$version" 2 1
	stop_nginx
	cell 'openssl s_client (engine)' "TLS 1.$version"
done

# Signing
cp auth.pem card.pem
guide_answer openssl dgst-engine "$(printf '%s\n%s' "$auth_pin" "$auth_pin")" "$this_card"
[ "$(grep -c '^Verified OK' said)" = 2 ] || fail "dgst: $(cat said)"
[ "$(grep -c 'Enter PKCS#11 token PIN' said)" = 2 ] || fail "not two prompts: $(cat said)"
card_did "two signatures" 4 2
cell 'openssl dgst (engine)' signature

# A wrong PIN goes to the card once.
! printf '999%s\n' "${auth_pin#???}" | OPENSSL_CONF=$HOME/.config/inkan/openssl.cnf timeout 60 setsid -w openssl dgst -sha256 \
	-engine pkcs11 -keyform engine -sign "$auth_uri;type=private" -out none letter >said 2>&1 || fail "a wrong PIN signs"
lost_one_try "dgst with a wrong PIN"

# The signature token; the module loaded with the configuration.
try "the certificate of $sign_token" pkcs11-tool --module "$sign_module" --token-label "$sign_token" --login --pin "$sign_pin" \
	--read-object --type cert --id "$sign_id" --output-file sign.der
openssl x509 -inform DER -in sign.der -out sign.pem || fail "no certificate in $sign_token"
for init in 'init = 0' ''; do
	engine_config sign.cnf "$sign_module" "$sign_pin" "$init"
	sign_letter
	say "$sign_token: CMS (${init:-loaded with the configuration})"
done
engine_config "$HOME/.config/inkan/openssl.cnf" "$auth_module" "$auth_pin" ''
start_nginx TLSv1.3
s_client
server_saw_card "loaded with the configuration"
stop_nginx
# A program that never touches the engine must not notice the module.
OPENSSL_CONF=$HOME/.config/inkan/openssl.cnf
export OPENSSL_CONF
try "sha256 with the module loaded" openssl dgst -sha256 letter
try "a TLS key with the module loaded" openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
unset OPENSSL_CONF

# Without RSASSA-PSS: a clear error, and TLS 1.2 by PKCS#1 v1.5.
echo 'pss = off' >"$HOME/.config/inkan/inkan.conf"
guide_run openssl config-engine
for version in 3 2; do
	start_nginx TLSv1.$version
	! (s_client) >refusal 2>&1 || fail "PSS without PSS"
	grep -q 'Mechanism invalid' refusal || fail "no clear error: $(cat refusal)"
	[ $version = 3 ] || s_client -sigalgs RSA+SHA256
	[ $version = 3 ] || said 'TLS 1.2 without PSS' "$pkcs1"
	stop_nginx
done
