#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock OpenSSL with libp11's engine: TLS 1.3 and 1.2 with the authentication
# token, CMS with the signature token; the module loaded at first use, and
# loaded while libcrypto itself is still reading its configuration.
. "${srcdir:-.}/tests/clients/lib.sh"
need openssl openssl
need nginx nginx
need pkcs11-tool opensc
engine_path >/dev/null || skip "the OpenSSL engine pkcs11 is missing (package libengine-pkcs11-openssl)"
on_cards hpki jpki

certificate_of() { # MODULE TOKEN PIN ID FILE
	try "the certificate of $2" pkcs11-tool --module "$1" --token-label "$2" --login --pin "$3" \
		--read-object --type cert --id "$4" --output-file "$work/der"
	openssl x509 -inform DER -in "$work/der" -out "$5" || fail "no certificate in $2"
}

login() { # TLS-OPTION
	printf 'GET / HTTP/1.0\r\n\r\n' | OPENSSL_CONF=$work/openssl.cnf timeout 60 openssl s_client -quiet \
		-connect "127.0.0.1:$port" -servername localhost -verify_return_error -CAfile "$server_ca" \
		-engine pkcs11 -keyform engine -key "$auth_uri;type=private" -cert "$work/auth.pem" "$1" \
		>"$work/said" 2>&1
	said "s_client $1" "SUCCESS"
	openssl x509 -in "$work/said" -outform DER | cmp -s - "$work/auth.der" || fail "$1: the server saw another certificate"
}

sign_letter() { # CMS with the signature key, which asks for its PIN anew
	printf '%s\n' "$sign_pin" "$sign_pin" | OPENSSL_CONF=$work/sign.cnf timeout 60 setsid -w openssl cms -sign -binary \
		-in "$work/letter" -outform DER -out "$work/letter.p7s" -md sha256 \
		-engine pkcs11 -keyform engine -inkey "$sign_uri;type=private" -signer "$work/sign.pem" >"$work/said" 2>&1 ||
		fail "cms -sign: $(cat "$work/said")"
	try "cms -verify" openssl cms -verify -binary -inform DER -in "$work/letter.p7s" -content "$work/letter" \
		-CAfile "$work/sign-cas.pem" -purpose any -out "$work/letter.out"
}

certificate_of "$auth_module" "$auth_token" "$auth_pin" "$auth_id" "$work/auth.pem"
mv "$work/der" "$work/auth.der"
certificate_of "$sign_module" "$sign_token" "$sign_pin" "$sign_id" "$work/sign.pem"
date >"$work/letter"

for init in 'init = 0' ''; do
	engine_config "$work/openssl.cnf" "$auth_module" "$auth_pin" "$init"
	engine_config "$work/sign.cnf" "$sign_module" "$sign_pin" "$init"
	for version in 3 2; do
		start_nginx TLSv1.$version
		login -tls1_$version
		stop_nginx
		say "$auth_token: TLS 1.$version (${init:-loaded with the configuration})"
	done
	sign_letter
	say "$sign_token: CMS (${init:-loaded with the configuration})"
done

# A program that never touches the engine must not notice the module.
try "sha256 with the module loaded" env OPENSSL_CONF="$work/openssl.cnf" openssl dgst -sha256 "$work/letter"
try "a TLS key with the module loaded" env OPENSSL_CONF="$work/openssl.cnf" openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
