#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock OpenVPN between two processes on 127.0.0.1 that have no network device: the client's
# certificate is the card's, and its PIN comes over the management socket.
. "${srcdir:-.}/tests/clients/lib.sh"
need openvpn openvpn
need pkcs11-tool opensc
need openssl openssl
need curl curl
need p11tool gnutls-bin
on_cards hpki jpki "hpki --name REVOKED --revoked" \
	"hpki after other-kind" "hpki before other-person" "jpki after foreign"

XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache
export XDG_DATA_HOME XDG_CACHE_HOME
here="s|/etc/openvpn/server|$work|; s|^inkan |$inkan |"

# ---- The server, with what the guide says about cards

lists() {
	mkdir -p "$XDG_DATA_HOME/inkan/anchors"
	cp "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$XDG_DATA_HOME/inkan/anchors"
	try "import" "$inkan" status import "$pki/sarl.crl" "$pki/rarl.crl" "$pki/hpki-auth.crl"
	guide_run openvpn lists "$here"
}

start_server() { # TLS-VERSION FINGERPRINT
	cat >"$work/server.conf" <<-END
		dev null
		proto udp4
		local 127.0.0.1
		port $port
		tls-server
		dh none
		cert $pki/server.pem
		key $pki/server.key
		tls-version-min $1
		tls-version-max $1
		writepid $work/server.pid
		verb 3
		$(guide_block openvpn server | sed "$here; s|^peer-fingerprint .*|peer-fingerprint $2|")
	END
	[ "$card" = hpki ] || sed -i /crl-verify/d "$work/server.conf"
	cp "$work/auth-cas.pem" "$work/cards.pem"
	servers="$servers $work/server.pid"
	openvpn --config "$work/server.conf" --daemon --log "$work/server.log" 9>&- || fail "no server: $(cat "$work/server.log")"
}

# ---- The client, and the person at its management socket

configure_client() { # TLS-VERSION
	guide_block openvpn client | sed -e 's/^client$/tls-client/; s/^dev tun/dev null/; s/^proto udp/proto udp4/' \
		-e "s|^remote .*|remote 127.0.0.1 $port|; s|/usr/local/lib/pkcs11/|$module_dir/|; s|vpn.example|localhost|" \
		-e "s|^ca .*|ca $server_ca|; s|^pkcs11-id .*|pkcs11-id '$id'|" >"$work/client.conf"
	printf '%s\n' "tls-version-min $1" "tls-version-max $1" "writepid $work/client.pid" "verb 3" >>"$work/client.conf"
	servers="$servers $work/client.pid"
}

run_client() {
	openvpn --config "$work/client.conf" --daemon --log "$work/client.log" 9>&- || fail "no client: $(cat "$work/client.log")"
}

start_client() { # TLS-VERSION
	configure_client "$1"
	guide_block openvpn management | sed "s|/run/user/1000|$work|" >>"$work/client.conf"
	run_client
	await "the client" client.log "Need hold release"
	rm -f "$work/answers"
	mkfifo "$work/answers"
	curl -sN --unix-socket "$work/vpn.sock" telnet://localhost <"$work/answers" >"$work/management" 9>&- &
	exec 8>"$work/answers"
	answer "hold off"
	answer "hold release"
}

exec 8>/dev/null
answer() { echo "$*" >&8; }
pin() { # PIN
	answer "password '$auth_token token' $1"
}

trap '' PIPE
await() { # NAME FILE PATTERN [TIMES]
	for _ in $(seq 150); do
		[ "$(grep -c -e "$3" "$work/$2" 2>/dev/null || :)" -lt "${4-1}" ] || return 0
		sleep 0.1
		echo >&8 # curl looks at the socket after each line that it has sent; openvpn ignores an empty one
	done
	sed "/CMD ''/d; s/^/    /" "$work/management" "$work/client.log" "$work/server.log"
	fail "$1: '$3' is not in $2 ${4-1} times"
}

asked() { # NAME TIMES: for the PIN, and not once more
	question="^>PASSWORD:Need '$auth_token token' password"
	await "$1" management "$question" "$2"
	[ "$(grep -c -e "$question" "$work/management")" = "$2" ] && return 0
	sed "/CMD ''/d; s/^/    /" "$work/management" "$work/client.log"
	fail "$1: asked for the PIN more than $2 times"
}

end() {
	answer "signal SIGTERM"
	exec 8>/dev/null
	for pidfile in "$work/client.pid" "$work/server.pid"; do # which openvpn removes in the end
		! is_alive "$pidfile" || kill "$pid" 2>/dev/null
		while [ -e "$pidfile" ]; do sleep 0.05; done
	done
	rm -f "$work"/*.log "$work/vpn.sock"
}

saw() { # NAME VERIFYS SIGNATURES TRIES-LOST
	seen=$(ask_card verifies),$(ask_card signatures),$((tries - $(ask_card tries)))
	[ "$seen" = "$2,$3,$4" ] || fail "$1: VERIFYs, signatures, tries lost: $seen"
}

know_id() {
	guide_run openvpn id
	id=$(sed -n 's/.*Serialized id: *//p' "$work/said" | grep -F "/$(serials "$reader" | cut -d ' ' -f 1)/")
	[ "$(echo "$id" | wc -l)" = 1 ] || fail "not one certificate is offered: $id"
	try "the card's certificate" pkcs11-tool --module "$auth_module" --token-label "$auth_token" --read-object --type cert --id "$auth_id" \
		--output-file "$work/own.der"
	fingerprint=$(openssl x509 -inform DER -in "$work/own.der" -noout -fingerprint -sha256 | sed 's/.*=//')
}

# ---- What is shown

connects() { # TLS-VERSION
	start_server "$1" "$fingerprint"
	start_client "$1"
	asked "a connection" 1
	pin "$auth_pin"
	await "a connection" client.log "Initialization Sequence Completed"
	await "a connection" server.log "Control Channel: TLSv$1"
	await "a connection" server.log "VERIFY OK: depth=0, C=JP, CN="
	cell OpenVPN "TLS $1"
	say "OpenVPN: TLS $1"
}

holds() { # a new connection of the same process needs no PIN; the card out and in again needs one
	answer "signal SIGUSR1"
	await "the connection again" client.log "Initialization Sequence Completed" 2
	asked "the connection again" 1
	saw "the connection again" 3 2 0
	remove_card
	answer "signal SIGUSR1"
	await "no card" management "NEED-OK:Need 'token-insertion-request'"
	insert_card
	answer "needok 'token-insertion-request' ok"
	asked "the card again" 2
	pin "$auth_pin"
	await "the card again" client.log "Initialization Sequence Completed" 3
	end
}

# A machine's client, by OpenSSL's provider, in the place of the lines pkcs11-….
by_key_file() { # TLS-VERSION
	start_server "$1" "$fingerprint"
	configure_client "$1"
	sed -i /^pkcs11-/d "$work/client.conf"
	guide_block openvpn key-file | sed "s|/etc/inkan|$work|" >>"$work/client.conf"
	OPENSSL_CONF=$HOME/.config/inkan/openssl.cnf run_client
	await "a key file" client.log "Initialization Sequence Completed"
	await "a key file" server.log "Control Channel: TLSv$1"
	cell 'OpenVPN (provider, key file)' "TLS $1"
	end
}

wrong_pin() {
	before=$(ask_card verifies)
	start_server 1.3 "$fingerprint"
	start_client 1.3
	asked "wrong PIN" 1
	pin "9${auth_pin#?}"
	asked "wrong PIN" 2
	saw "wrong PIN" $((before + 1)) "$(ask_card signatures)" 1
	pin "$auth_pin"
	await "the right PIN" client.log "Initialization Sequence Completed"
	end
}

refused() { # FINGERPRINT PATTERN
	start_server 1.3 "$1"
	start_client 1.3
	asked "refused" 1
	pin "$auth_pin"
	await "refused" server.log "$2"
	! grep -q "Initialization Sequence Completed" "$work/server.log" || fail "let in"
	end
}

port=$(free_port)
[ "$card" != hpki ] || lists
case $INKAN_TEST_OPTIONS in
*--revoked*)
	know_id
	refused "$fingerprint" "certificate revoked"
	say "OpenVPN refuses the revoked card"
	;;
*)
	know_id
	connects 1.3
	holds
	connects 1.2
	end
	wrong_pin
	refused "00$(echo "$fingerprint" | cut -c 3-)" "certificate hash verification failed"
	if has_provider; then
		guide_run proxy pin-file "s|read -r pin|pin=$auth_pin|"
		files_for_proxy
		by_key_file 1.3
		by_key_file 1.2
	fi
	;;
esac
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
