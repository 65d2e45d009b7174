#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# nginx with the lists that inkan status exports: a good card logs in, a revoked one does not.
. "${srcdir:-.}/tests/clients/lib.sh"
need openssl openssl
need nginx nginx
need pkcs11-tool opensc
engine_path >/dev/null || skip "the OpenSSL engine pkcs11 is missing (package libengine-pkcs11-openssl)"
on_cards hpki "hpki --name REVOKED --revoked"

XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache
export XDG_DATA_HOME XDG_CACHE_HOME
anchors=$XDG_DATA_HOME/inkan/anchors
mkdir -p "$anchors"
cp "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$anchors"

try "the card's certificate" pkcs11-tool --module "$auth_module" --token-label "$auth_token" --login --pin "$auth_pin" \
	--read-object --type cert --id "$auth_id" --output-file "$work/der"
openssl x509 -inform DER -in "$work/der" -out "$work/auth.pem" || fail "no certificate"
try "import" "$inkan" status import "$pki/sarl.crl" "$pki/rarl.crl" "$pki/hpki-auth.crl"
try "export" "$inkan" status export --bundle nginx --output "$work/lists.pem"

log_in() {
	printf 'GET / HTTP/1.0\r\n\r\n' | OPENSSL_CONF=$work/openssl.cnf timeout 60 openssl s_client -quiet \
		-connect "127.0.0.1:$port" -servername localhost -verify_return_error -CAfile "$server_ca" \
		-engine pkcs11 -keyform engine -key "$auth_uri;type=private" -cert "$work/auth.pem" >"$work/said" 2>&1
}

engine_config "$work/openssl.cnf" "$auth_module" "$auth_pin" 'init = 0'
nginx_lines="ssl_crl $work/lists.pem;"
start_nginx TLSv1.3
log_in
case $INKAN_TEST_OPTIONS in
*--revoked*)
	said "a revoked card" "400 Bad Request"
	grep -q "certificate revoked" "$web/error.log" || fail "nginx refuses for another reason: $(cat "$web/error.log")"
	! grep -q SUCCESS "$work/said" || fail "nginx let a revoked card in"
	say "nginx refuses the revoked card"
	;;
*)
	said "a good card" SUCCESS
	say "nginx accepts the good card"
	stop_nginx

	# Without the lists about the CAs, every card is refused: they are needed, all three.
	rm -r "$XDG_CACHE_HOME"
	try "import" "$inkan" status import "$pki/hpki-auth.crl"
	"$inkan" status export --bundle nginx --output "$work/lists.pem" >"$work/said" 2>&1
	[ $? = 3 ] || fail "a bundle that lacks lists is not told"
	start_nginx TLSv1.3
	log_in
	said "a bundle that lacks lists" "400 Bad Request"
	;;
esac
stop_nginx
