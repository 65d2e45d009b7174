#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock GnuTLS: p11tool's signing test with both tokens, and gnutls-cli's TLS
# 1.3 and 1.2 with certificate and key named by pkcs11: URIs.
. "${srcdir:-.}/tests/clients/lib.sh"
need p11tool gnutls-bin
need gnutls-cli gnutls-bin
need nginx nginx
on_cards hpki jpki

test_sign() { # MODULE URI PIN
	GNUTLS_PIN=$3 try "p11tool --test-sign $2" p11tool --provider "$1" --batch --login --test-sign "$2;type=private"
	said "p11tool --test-sign $2" 'ok$'
	say "p11tool --test-sign $2"
}

login() { # VERSION
	# The input stays open until the page has come.
	{ printf 'GET / HTTP/1.0\r\n\r\n'; sleep 1; } |
		GNUTLS_PIN=$auth_pin timeout 60 gnutls-cli --provider "$auth_module" --x509cafile "$server_ca" \
			--x509certfile "$auth_uri;type=cert" --x509keyfile "$auth_uri;type=private" \
			--priority "NORMAL:-VERS-ALL:+VERS-TLS$1" \
			--port "$port" --sni-hostname localhost --verify-hostname localhost 127.0.0.1 >"$work/said" 2>&1
	said "gnutls-cli TLS $1" "^TLSv$1 SUCCESS"
	say "gnutls-cli: TLS $1"
}

test_sign "$auth_module" "$auth_uri" "$auth_pin"
test_sign "$sign_module" "$sign_uri" "$sign_pin"
for version in 1.3 1.2; do
	start_nginx TLSv$version
	login $version
	stop_nginx
done
