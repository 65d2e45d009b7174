#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The card through p11-kit: registered for a person, by the proxy module, from a server process
# as sandboxed programs get it, and from a process of its own (remote).
. "${srcdir:-.}/tests/clients/lib.sh"
need p11-kit p11-kit
need gnutls-cli gnutls-bin
need pkcs11-tool opensc
need openssl openssl
need nginx nginx
need_provider_or_engine
module_of_p11_kit() { find /usr/lib /usr/lib64 -name "$1" 2>/dev/null | head -n 1; }
proxy=$(module_of_p11_kit p11-kit-proxy.so)
client=$(module_of_p11_kit p11-kit-client.so)
[ -n "${proxy:+$client}" ] || skip "p11-kit-proxy.so or p11-kit-client.so is missing (package p11-kit-modules)"
on_cards hpki jpki "jpki after other-kind" "hpki after other-person" "hpki before foreign"

XDG_RUNTIME_DIR=$work/run
export XDG_RUNTIME_DIR
mkdir -p "$XDG_RUNTIME_DIR" "$HOME/.config/pkcs11"
echo 'user-config: only' >"$HOME/.config/pkcs11/pkcs11.conf" # nothing of the system's
modules=$HOME/.config/pkcs11/modules
here="s|/usr/local/share/|${inkan%/bin/inkan}/share/|; s|/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so|$client|"

get_page() { # OPTION...: by gnutls-cli
	{ printf 'GET / HTTP/1.0\r\n\r\n'; sleep 1; } |
		GNUTLS_PIN=$auth_pin timeout 60 gnutls-cli "$@" --x509cafile "$server_ca" \
			--x509certfile "$auth_uri;type=cert" --x509keyfile "$auth_uri;type=private" \
			--port "$port" --sni-hostname localhost --verify-hostname localhost 127.0.0.1 >"$work/said" 2>&1
}

log_in() { # CELL OPTION...
	name=$1
	shift
	for version in 1.3 1.2; do
		start_nginx TLSv$version
		get_page "$@"
		said "$name" "^TLSv$version SUCCESS"
		stop_nginx
		say "$name: TLS $version"
		cell "$name" "TLS $version"
	done
}

# ---- Registered: GnuTLS needs no more than that

registered() {
	guide_run p11-kit register "$here"
	sed -i "s|$module_home/|$module_dir/|" "$modules"/*.module
	guide_run p11-kit look
	said "p11-kit list-modules" "token: $auth_token"
	log_in 'p11-kit, registered (gnutls-cli)'
}

# ---- The proxy: what OpenSSL's provider and libp11's engine load unless told otherwise

by_proxy() {
	try "the proxy" pkcs11-tool --module "$proxy" --token-label "$auth_token" --login --pin "$auth_pin" \
		--read-object --type cert --id "$auth_id" --output-file "$work/der"
	openssl x509 -inform DER -in "$work/der" -out "$work/auth.pem" || fail "no certificate"
	openssl_config "$work/openssl.cnf" "$proxy" "$auth_pin"
	for version in 3 2; do
		start_nginx TLSv1.$version
		# shellcheck disable=SC2086 # words
		printf 'GET / HTTP/1.0\r\n\r\n' | OPENSSL_CONF=$work/openssl.cnf timeout 60 openssl s_client -quiet \
			-connect "127.0.0.1:$port" -servername localhost -verify_return_error -CAfile "$server_ca" \
			$engine -key "$auth_uri;type=private" -cert "$work/auth.pem" >"$work/said" 2>&1
		said "by the proxy" "^TLSv1.$version SUCCESS"
		stop_nginx
		cell 'p11-kit proxy (openssl)' "TLS 1.$version"
	done
	say "p11-kit-proxy.so: pkcs11-tool, openssl"
}

# ---- The server: the program loads p11-kit's client, and the card is in another process

by_server() {
	rm -r "$modules"
	servers="$servers $work/p11-kit.pid"
	guide_run p11-kit server "$here
		/^eval/a echo \"\$P11_KIT_SERVER_PID\" >$work/p11-kit.pid; echo \"\$P11_KIT_SERVER_ADDRESS\" >$work/address" 9>&-
	said "p11tool" "$auth_token"
	P11_KIT_SERVER_ADDRESS=$(cat "$work/address")
	export P11_KIT_SERVER_ADDRESS
	log_in 'p11-kit server (gnutls-cli)' --provider "$client"
	remove_card
	start_nginx TLSv1.3
	get_page --provider "$client"
	! grep -q SUCCESS "$work/said" || fail "a login without a card"
	insert_card
	get_page --provider "$client"
	said "the server, the card in again" "^TLSv1.3 SUCCESS"
	stop_nginx
	say "p11-kit server: the card out and in again"
}

by_remote() {
	mkdir -p "$modules"
	guide_block p11-kit remote | sed "s|/usr/local/lib/pkcs11/|$module_dir/|; s|ssh desk ||" >"$modules/desk.module"
	log_in 'p11-kit remote (gnutls-cli)'
}

only_this_card pkcs11-tool
registered
by_proxy
by_server
by_remote
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
