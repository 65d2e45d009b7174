#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock OpenSSL with the provider of pkcs11-provider, where a system has it: TLS
# 1.3 and 1.2 and a signature, by the guide's configuration.
. "${srcdir:-.}/tests/clients/lib.sh"
need openssl openssl
need nginx nginx
[ -e "$(openssl version -m | sed 's/.*"\(.*\)"/\1/')/pkcs11.so" ] ||
	skip "the OpenSSL provider pkcs11 is missing (package pkcs11-provider, from Debian 13 on)"
on_cards hpki jpki "jpki before other-kind" "hpki after other-person" "hpki before foreign"

guide_run openssl config-provider
OPENSSL_CONF=$HOME/.config/inkan/openssl-provider.cnf
export OPENSSL_CONF
key="$auth_uri;type=private;pin-value=$auth_pin"

try "the certificate" openssl storeutl -certs -out "$work/auth.pem" "$auth_uri;type=cert"
for version in 3 2; do
	start_nginx TLSv1.$version
	printf 'GET / HTTP/1.0\r\n\r\n' >"$work/request"
	timeout 60 openssl s_client -quiet -connect "127.0.0.1:$port" -verify_return_error -CAfile "$server_ca" \
		-key "$key" -cert "$work/auth.pem" <"$work/request" >"$work/said" 2>&1
	said "TLS 1.$version" "^TLSv1.$version SUCCESS"
	stop_nginx
	cell 'openssl s_client (provider)' "TLS 1.$version"
done

date >"$work/letter"
try "dgst" openssl dgst -sha256 -sign "$key" -out "$work/letter.sig" "$work/letter"
unset OPENSSL_CONF
openssl x509 -in "$work/auth.pem" -noout -pubkey >"$work/auth.pub"
try "the signature" openssl dgst -sha256 -verify "$work/auth.pub" -signature "$work/letter.sig" "$work/letter"
cell 'openssl dgst (provider)' signature
