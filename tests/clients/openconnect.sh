#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock openconnect at ocserv, on a loopback port: card and password, TLS 1.2 and 1.3. ocserv wants to be root and to
# choose its group (a user namespace, uid_wrapper). There is no tunnel: the client ends with the cookie for one.
. "${srcdir:-.}/tests/clients/lib.sh"
need openconnect openconnect
need ocserv ocserv
need ocpasswd ocserv
need p11tool gnutls-bin
need openssl openssl
[ -z "$(LD_PRELOAD=libuid_wrapper.so true 2>&1)" ] || skip "libuid_wrapper is missing (package libuid-wrapper)"
on_cards hpki jpki "hpki --name REVOKED --revoked" "hpki before other-kind" "hpki after other-person" "jpki after foreign"

XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache
export XDG_DATA_HOME XDG_CACHE_HOME
unshare -r true 2>/dev/null || skip "this machine gives its users no user namespaces"
here="s|/etc/ocserv|$work|; s|^inkan |$inkan |"
mkdir -p "$HOME/.config/pkcs11/modules"
echo 'user-config: only' >"$HOME/.config/pkcs11/pkcs11.conf" # nothing of the system's
echo "module: $auth_module" >"$HOME/.config/pkcs11/modules/inkan.module"

know_user() { # from the certificate
	try "the certificate" p11tool --export "$auth_uri;type=cert" --outfile "$work/card.pem"
	[ "$card" = hpki ] && oid=2.5.4.5 field=serialNumber || oid=2.5.4.3 field=CN
	user=$(openssl x509 -in "$work/card.pem" -noout -subject -nameopt multiline,sname | sed -n "s/^ *$field *= //p")
	[ -n "$user" ] || fail "no name of the user"
}

start_ocserv() { # TLS-VERSION
	cp "$work/auth-cas.pem" "$work/cards.pem"
	[ "$card" = jpki ] || lists
	{
		guide_block openconnect server | sed "$here; s|2.5.4.5|$oid|"
		cat <<-END
			listen-host = 127.0.0.1
			tcp-port = $port
			socket-file = $work/socket
			use-occtl = false
			server-cert = $pki/server.pem
			server-key = $pki/server.key
			tls-priorities = "NORMAL:-VERS-ALL:+VERS-TLS$1"
			isolate-workers = false
			run-as-user = root
			run-as-group = root
			device = vpns
			ipv4-network = 192.0.2.0/24
		END
	} >"$work/ocserv.conf"
	[ "$card" = hpki ] || sed -i '/^crl/d' "$work/ocserv.conf"
	unshare -r env LD_PRELOAD=libuid_wrapper.so UID_WRAPPER=1 UID_WRAPPER_ROOT=1 \
		ocserv -f -d 3 -c "$work/ocserv.conf" >"$work/ocserv.log" 2>&1 </dev/null 9>&- &
	echo $! >"$work/ocserv.pid"
	servers="$servers $work/ocserv.pid"
	await_line "ocserv" "$work/ocserv.log" 'main: initialized '
}

stop_ocserv() {
	kill "$(cat "$work/ocserv.pid")"
	wait "$(cat "$work/ocserv.pid")"
	rm "$work/ocserv.pid"
}

lists() {
	mkdir -p "$XDG_DATA_HOME/inkan/anchors"
	cp "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$XDG_DATA_HOME/inkan/anchors"
	try "import" "$inkan" status import "$pki/sarl.crl" "$pki/rarl.crl" "$pki/hpki-auth.crl"
	guide_run openconnect lists "$here; s|occtl reload|true|"
}

# ---- What is shown

connect() { # USER PIN PASSWORD
	guide_answer openconnect client "$(printf '%s\n%s' "$2" "$3")" "$address; s|--user 123456|--user $1 --authenticate --cafile $server_ca|
		s|vpn.example.jp|https://localhost:$port/|"
}

sign_in() { # NAME TLS-VERSION
	connect "$user" "$auth_pin" secret
	[ "$(grep -o 'Enter PIN:' "$work/said" | wc -l)" = 1 ] || fail "$1: not one question for the PIN: $(cat "$work/said")"
	said "$1" "^COOKIE='.*webvpn="
	said "$1" "ciphersuite (TLS$2)"
	say "openconnect: $1, TLS $2"
}

refuse() { # NAME REASON USER PIN PASSWORD
	! (connect "$3" "$4" "$5") >"$work/refusal" 2>&1 || fail "$1: let in: $(cat "$work/refusal")"
	! grep -q COOKIE "$work/refusal" || fail "$1: a cookie"
	grep -q -e "$2" "$work/refusal" "$work/ocserv.log" || fail "$1: another reason: $(cat "$work/refusal" "$work/ocserv.log")"
	say "refused: $1"
}

know_user
port=$(free_port)
printf 'secret\nsecret\n' >"$work/passwords.typed"
for name in "$user" nurse; do
	guide_write openconnect password "$here; s|123456|$name|"
	sh -eu "$work/block" <"$work/passwords.typed" >"$work/said" 2>&1 || fail "no password: $(cat "$work/said")"
done
case $INKAN_TEST_OPTIONS in
*--revoked*)
	start_ocserv 1.3
	refuse "a revoked card" 'certificate verification failed\|revoked' "$user" "$auth_pin" secret
	exit 0
	;;
esac
for version in 1.3 1.2; do
	start_ocserv $version
	before=$(ask_card verifies)
	sign_in "card and password" $version
	[ $(($(ask_card verifies) - before - ($(ask_card signatures) - signed))) = 1 ] || fail "more than one PIN went to the card"
	signed=$(ask_card signatures)
	cell 'openconnect' "TLS $version"
	[ $version = 1.2 ] || stop_ocserv
done
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
[ -z "$neighbour" ] || exit 0

refuse "a wrong password" 'Login failed' "$user" "$auth_pin" guess
refuse "another person's password" . nurse "$auth_pin" secret
verified=$(ask_card verifies) signed=$(ask_card signatures)
refuse "a wrong PIN" 'Wrong PIN' "$user" "9${auth_pin#?}" ''
lost_one_try "a wrong PIN"
remove_card
refuse "no card" . "$user" "$auth_pin" secret
insert_card
sign_in "the card again" 1.2
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
