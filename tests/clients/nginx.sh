#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock nginx as the TLS client, configured as the guide says, with the provider or, where
# there is none, the engine: TLS 1.3 and 1.2 from a worker process, a card that goes and
# comes, a wrong PIN.
. "${srcdir:-.}/tests/clients/lib.sh"
need nginx nginx
need curl curl
need p11tool gnutls-bin
need openssl openssl
need_provider_or_engine
on_cards hpki jpki "hpki after other-kind" "hpki before other-person" "jpki before foreign"

start_proxy() {
	local_port=$(free_port)
	guide_write proxy nginx-engine "$address; s|/etc/inkan/pin|$HOME/.config/inkan/pin|"
	mv "$work/block" "$work/engine"
	with_engine='' # or: the other key, and the engine's name
	has_provider || with_engine="1i ssl_engine pkcs11;
		/proxy_ssl_certificate_key/r $work/engine
		/proxy_ssl_certificate_key/d"
	guide_write proxy nginx "s|127.0.0.1:8080|127.0.0.1:$local_port|
		s|https://portal.example.jp|https://127.0.0.1:$port|; s|/etc/inkan/card|$work/card|
		s|/etc/ssl/certs/ca-certificates.crt|$server_ca|
		s|proxy_ssl_server_name|proxy_ssl_session_reuse off; proxy_ssl_name localhost; &|
		$with_engine"
	mkdir -p "$work/proxy"
	cat >"$work/proxy/folders" <<-END
		access_log off;
		client_body_temp_path $work/proxy/body;
		proxy_temp_path $work/proxy/proxy;
		fastcgi_temp_path $work/proxy/fastcgi;
		uwsgi_temp_path $work/proxy/uwsgi;
		scgi_temp_path $work/proxy/scgi;
	END
	sed "s|^http {|& include $work/proxy/folders;|" "$work/block" >"$work/proxy/nginx.conf"
	OPENSSL_CONF=$HOME/.config/inkan/openssl.cnf nginx -p "$work/proxy" -e "$work/proxy/log" -c "$work/proxy/nginx.conf" \
		-g "worker_processes 1; pid $work/proxy/pid; error_log $work/proxy/log info;" >"$work/start" 2>&1 9>&-
}

stop_proxy() {
	kill "$(cat "$work/proxy/pid")" && while [ -e "$work/proxy/pid" ]; do sleep 0.05; done
}

page() { # VERSION
	try "a page through nginx" curl -sS --noproxy '*' "http://127.0.0.1:$local_port/"
	said "TLS $1" "^TLSv$1 SUCCESS"
}

# The new worker is there when the old one has gone.
reload() {
	old=$(pgrep -P "$(cat "$work/proxy/pid")")
	kill -HUP "$(cat "$work/proxy/pid")"
	while kill -0 "$old" 2>/dev/null; do sleep 0.05; done
}

servers=$work/proxy/pid
guide_run proxy pin-file "s|read -r pin|pin=$auth_pin|"
files_for_proxy
for version in 1.3 1.2; do
	start_nginx TLSv$version
	start_proxy || fail "nginx does not start: $(cat "$work/start")"
	card_did "the start" 1 0
	page $version
	card_did "the worker's first connection on TLS $version" 2 1
	page $version
	card_did "its second" 1 1
	[ $version = 1.3 ] || break
	stop_proxy
	stop_nginx
	cell 'nginx (client side)' "TLS $version"
done
cell 'nginx (client side)' "TLS $version"

# The card goes and comes: a reload helps.
remove_card
try "a page without a card" curl -sS --noproxy '*' "http://127.0.0.1:$local_port/"
said "a page without a card" '502 Bad Gateway'
insert_card
reload
card_did "a reload" 1 0
page 1.2
card_did "the new worker's first connection" 2 1
stop_proxy

# A wrong PIN goes to the card once, and nginx does not start.
printf %s "999${auth_pin#???}" >"$HOME/.config/inkan/pin"
! start_proxy || fail "nginx starts with a wrong PIN"
grep -q -e 'Login failed' -e 'cannot load certificate key' "$work/start" || fail "no clear error: $(cat "$work/start")"
lost_one_try "nginx with a wrong PIN"
printf %s "$auth_pin" >"$HOME/.config/inkan/pin"
start_proxy
page 1.2
