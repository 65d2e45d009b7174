# SPDX-License-Identifier: BSD-2-Clause
# What the tests of inkan-authd share: cards' certificates, lists from before and after one of them was revoked, and a
# daemon. Sourced with the test's name in $0.
# shellcheck shell=sh disable=SC2034,SC2154
. "${srcdir:-.}/tests/tool/common.sh"
. "${srcdir:-.}/tests/clients/guide-block.sh"
[ -x ./inkan-authd ] || skip "inkan-authd is not built (--without-authd)"
need pcscd
need openssl
need curl
need python3
pki=$work/pki
anchors=$work/anchors
lists=$work/lists
socket=$work/authd.sock
daemon=
https= # the port of the server in front

stop_all() {
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null
	command -v stop_more >/dev/null && stop_more
	rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 1' HUP INT TERM

# issue NAME OPTIONS...: a card's certificates; of KIND NAME: the file of one
issue() {
	name=$1
	shift
	run 0 ./inkan-vcard --pki "$pki" "$@" --name "AUTHD $name" -- true
}
of() { find "$pki" -name "$1-authd-$2-*.pem" | head -n 1; }

make_pki() {
	issue doctor --card hpki --role 'Medical Doctor' --japanese-name 桜花子
	issue pharmacist --card hpki --role Pharmacist
	issue late --card hpki --expired
	issue trial --card hpki --test-level
	issue patient --card jpki
	mkdir -p "$work/before" "$anchors"
	cp "$pki"/*.crl "$work/before"
	cp "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$pki/hpki-auth-test-ca.pem" "$pki/jpki-auth-ca.pem" "$anchors"
	chmod 755 "$anchors"
	chmod 644 "$anchors"/*
	mkdir -p "$XDG_DATA_HOME/inkan"
	cp -r "$anchors" "$XDG_DATA_HOME/inkan/anchors"
	sleep 1 # the next list is a later one
	issue lost --card hpki --revoked
	doctor=$(of hpki-auth doctor)
	pharmacist=$(of hpki-auth pharmacist)
	late=$(of hpki-auth late)
	trial=$(of hpki-auth trial)
	patient=$(of jpki-auth patient)
	lost=$(of hpki-auth lost)
}

# take_lists FOLDER: into the store of the daemon
take_lists() {
	run 0 "$inkan" status import "$1/sarl.crl" "$1/hpki-auth.crl" "$1/hpki-auth-test.crl"
	lists=$XDG_CACHE_HOME/inkan
}

# start CONF: and waits until it listens
start() {
	./inkan-authd --config "$1" >"$work/stdout" 2>"$work/stderr" &
	daemon=$!
	for _ in $(seq 100); do
		curl -s -o /dev/null --unix-socket "$socket" http://authd/health && return
		kill -0 "$daemon" 2>/dev/null || break
		sleep 0.1
	done
	bad "the daemon does not start"
	cat "$work/stderr"
	exit 1
}

told() {
	for _ in $(seq 100); do
		grep -qF -e "$1" "$work/stderr" && return
		sleep 0.1
	done
	bad "not told: $1"
	cat "$work/stderr"
}

pem_url() { python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(open(sys.argv[1]).read(), safe=""))' "$1"; }

# For a server in front: what authd.conf has, and a certificate for the server itself.
write_conf() { # LINE...: into [server]
	printf '[server]\n' >"$work/authd.conf"
	for line; do printf '%s\n' "$line"; done >>"$work/authd.conf"
	cat >>"$work/authd.conf" <<-END
		access-log = $work/access.log
		pseudonym-key = $work/key
		anchors = $anchors
		lists = $lists
		[rule doctors]
		profile = hpki
		role = Medical Doctor
		[rule patients]
		profile = jpki
		status = prefer
	END
	[ -e "$work/key" ] || run 0 ./inkan-authd --make-key "$work/key"
}
make_server_certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/server.key" -out "$work/server.pem" -days 2 \
		-subj /CN=localhost -addext "subjectAltName=DNS:localhost,DNS:*.portal.example" 2>/dev/null || bad "openssl req"
	cat "$anchors"/*.pem >"$work/cas.pem"
}
free_ports() { # N
	python3 -c 'import socket, sys
s = [socket.socket() for i in range(int(sys.argv[1]))]
for t in s: t.bind(("127.0.0.1", 0))
print(*[t.getsockname()[1] for t in s])' "$1"
}

# page PATH [CURL OPTIONS]: through the server at $https, by the name in $host; status in $status
host=localhost
page() {
	path=$1
	shift
	: >"$work/body"
	status=$(curl -s --noproxy '*' --resolve "*:$https:127.0.0.1" --cacert "$work/server.pem" -D "$work/headers" -o "$work/body" \
		-w '%{http_code}' "$@" "https://$host:$https$path")
}
shows() { # STATUS TEXT PATH [CURL OPTIONS]
	want=$1 text=$2
	shift 2
	page "$@"
	[ "$status" = "$want" ] || bad "$status, not $want: $(echo "$*" | cut -c 1-200)"
	grep -qF -e "$text" "$work/body" || { bad "no \"$text\": $(echo "$*" | cut -c 1-200)"; head -c 600 "$work/body"; }
}
# card NAME: curl's options for it; its files have no blanks
card() {
	kind=hpki
	[ "$1" = patient ] && kind=jpki
	echo "--cert $(of $kind-auth "$1") --key $pki/$kind-auth-authd-$1.key"
}

# revoked_while_open PATH: the card that is lost, on one TLS connection, when the list has arrived and SIGHUP is sent
revoked_while_open() {
	cat >"$work/kept.py" <<'END'
import http.client, os, signal, socket, ssl, subprocess, sys
host, port, path, cas, cert, key, daemon, *command = sys.argv[1:]
context = ssl.create_default_context(cafile=cas)
context.load_cert_chain(cert, key)
c = http.client.HTTPSConnection(host, int(port), context=context, timeout=30)
c._create_connection = lambda address, *more: socket.create_connection(("127.0.0.1", int(port)), *more)
def ask():
    c.request("GET", path, headers={"Accept-Language": "en"})
    r = c.getresponse()
    return r.status, r.read().decode(), c.sock
status, body, sock = ask()
assert status == 200, (status, body)
subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
os.kill(int(daemon), signal.SIGHUP)
for i in range(50):
    status, body, same = ask()
    if status != 200:
        break
assert status == 403 and "revoked" in body and same is sock, (status, body, same is sock)
END
	python3 "$work/kept.py" "$host" "$https" "$1" "$work/server.pem" "$lost" "$pki/hpki-auth-authd-lost.key" "$daemon" \
		"$inkan" status import "$pki/hpki-auth.crl"
}
