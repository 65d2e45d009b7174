#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan-authd as a proxy sees it: every status, every form, requests that no proxy should send, lists that come, settings
# that break, the log.
. "${srcdir:-.}/tests/authd/common.sh"
make_pki
take_lists "$work/before"
run 0 ./inkan-authd --make-key "$work/key"
[ "$(stat -c %a:%s "$work/key")" = 600:32 ] || bad "the key's mode and size"
run 73 ./inkan-authd --make-key "$work/key"
(trap '' XFSZ; ulimit -f 0; exec ./inkan-authd --make-key "$work/half" >/dev/null 2>&1) && bad "a key that could not be written is told as made"
[ -e "$work/half" ] && bad "half a key was left"
port=$(free_ports 1)
log=$work/access.log
cat >"$work/authd.conf" <<END
# a comment
[server]
listen = unix:$socket
listen = 127.0.0.1:$port
header = X-Client-Cert
chain-header = X-Client-Chain
address-header = X-Forwarded-For
access-log = $log
pseudonym-key = $work/key
anchors = $anchors
lists = $lists

[rule doctors]
profile = hpki
role = Medical Doctor
[rule health]
profile = hpki
role = Medical Doctor
role = Pharmacist
answer = user, groups
[rule trials]
profile = hpki
allow-test = yes
[rule patients]
profile = jpki
status = prefer
[rule all]
profile = hpki-auth-person, jpki-auth
status = off
END

# ---- Settings
run 0 ./inkan-authd --check --config "$work/authd.conf"
wrote ok
wrong() { # LINE TEXT: in place of the server's form
	sed "s|^header = .*|&\n$1|" "$work/authd.conf" >"$work/wrong.conf"
	run 78 ./inkan-authd --check --config "$work/wrong.conf"
	said "$2"
}
wrong 'colour = blue' 'wrong.conf:6: there is no setting "colour"'
wrong 'form = pem' 'wrong.conf:6: form cannot be "pem"'
wrong 'fastcgi-param =' 'fastcgi-param cannot be ""'
wrong 'header = X-Other' 'wrong.conf:6: header is set already'
sed 's/^chain-header.*/chain-header = x-client-cert/' "$work/authd.conf" >"$work/wrong.conf"
run 78 ./inkan-authd --check --config "$work/wrong.conf"
said 'are the same'
sed 's/^header.*/header = X_Cert/' "$work/authd.conf" >"$work/wrong.conf"
run 78 ./inkan-authd --check --config "$work/wrong.conf"
said 'header cannot be "X_Cert"'
wrong 'threads = -1' 'threads cannot be "-1"'
wrong 'listen = 0.0.0.0:80' 'only addresses of this machine'
wrong 'listen = [::]:80' 'only addresses of this machine'
wrong 'listen = localhost:80' 'is no address'
wrong 'listen = unix:relative' 'is no address'
wrong '[rule none]' 'rule none: profile is missing'
wrong '[rule doctors]\nprofile = hpki' 'there is a rule doctors already'
wrong '[rule a/b]' 'a rule cannot be called "a/b"'
wrong '[frobnicate]' 'is not a section'
wrong '[rule x]\nprofile = hpki hpkx' 'profile cannot be "hpki hpkx"'
wrong '[rule x]\nprofile = hpki\ngrace = 5m' 'grace cannot be "5m"'
wrong '[rule x]\nprofile = hpki\nstatus = maybe' 'status cannot be "maybe"'
wrong '[rule x]\nprofile = hpki\nrole =' 'role cannot be ""'
wrong 'nonsense' 'neither NAME = VALUE nor a section'
run 78 ./inkan-authd --check --config "$work/nothing.conf"
chmod 640 "$work/key"
run 78 ./inkan-authd --check --config "$work/authd.conf"
said 'can be read by others'
chmod 600 "$work/key"
sed '/^pseudonym-key/d' "$work/authd.conf" >"$work/wrong.conf"
run 78 ./inkan-authd --config "$work/wrong.conf"
said 'pseudonym-key must name a file'
run 64 ./inkan-authd --frobnicate
run 64 ./inkan-authd x
run 0 ./inkan-authd --help

# ---- Answers
# ask RULE [CURL OPTIONS]: status in $status, headers and body in files
start "$work/authd.conf"
ask() {
	path=$1
	shift
	: >"$work/headers"
	status=$(curl -s -D "$work/headers" -o "$work/body" -w '%{http_code}' --unix-socket "$socket" "$@" "http://authd/rule/$path")
}
# is STATUS REASON RULE [CURL OPTIONS]
is() {
	want="$1 $2"
	shift 2
	ask "$@"
	got="$status $(field Inkan-Reason)"
	[ "$got" = "$want" ] || bad "$got, not $want: $1 $(echo "$2 $3" | cut -c 1-60)"
}
field() { tr -d '\r' <"$work/headers" | sed -n "s/^$1: *//p"; }
cert() { printf 'X-Client-Cert: %s' "$(pem_url "$1")"; }
has() { [ "$(field "$1")" = "$2" ] || bad "$1 is $(field "$1"), not $2"; }

is 200 accepted doctors -H "$(cert "$doctor")"
id=$(openssl x509 -in "$doctor" -noout -subject -nameopt multiline | sed -n 's/ *serialNumber *= //p')
issuer=$(openssl x509 -in "$doctor" -noout -issuer -nameopt rfc2253,sep_comma_plus_space | sed 's/^issuer=//')
scope=$(printf %s "$issuer" | sha256sum | cut -c 1-8)
has Remote-User "hpki-$scope-$id"
has Remote-Name "$(python3 -c 'import urllib.parse; print(urllib.parse.quote("桜花子"))')"
has Remote-Groups 'Medical Doctor'
has Inkan-Roles 'Medical Doctor'
has Inkan-Profile hpki-auth-person
has Inkan-Status good
has Inkan-Certificate "$(openssl x509 -in "$doctor" -outform der | sha256sum | cut -d ' ' -f 1)"
has Inkan-Test ''
has Cache-Control no-store
as_of=$(openssl crl -inform der -in "$work/before/hpki-auth.crl" -noout -lastupdate | cut -d = -f 2)
has Inkan-Status-As-Of "$(date -u -d "$as_of" +%Y-%m-%dT%H:%M:%SZ)"
[ ! -s "$work/body" ] || bad "an admission with a body"
is 200 accepted health -H "$(cert "$pharmacist")"
has Remote-Groups Pharmacist
for name in Remote-Name Inkan-Profile Inkan-Status Inkan-Status-As-Of Inkan-Certificate Inkan-Test; do
	grep -qi "^$name:" "$work/headers" || bad "$name is not in the answer: a client's would pass"
	has $name ''
done
is 403 role doctors -H "$(cert "$pharmacist")"
for name in Remote-User Remote-Name Remote-Groups; do
	grep -qi "^$name:" "$work/headers" || bad "$name is not in a refusal"
	has $name ''
done
is 403 expired doctors -H "$(cert "$late")"
is 403 test-certificate doctors -H "$(cert "$trial")"
is 200 accepted trials -H "$(cert "$trial")"
has Inkan-Test yes
is 403 wrong-profile doctors -H "$(cert "$patient")"
is 403 wrong-profile patients -H "$(cert "$doctor")"
is 200 accepted patients -H "$(cert "$patient")"
openssl x509 -in "$patient" -outform der >"$work/patient.der"
has Remote-User "jpki-$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(od -An -tx1 -v "$work/key" | tr -d ' \n')" \
	"$work/patient.der" | sed 's/.*= *//' | cut -c 1-32)"
has Remote-Name ''
has Inkan-Certificate ''
has Inkan-Status unknown
is 403 no-rule nobody -H "$(cert "$doctor")"
is 403 wrong-profile all -H "$(cert "$(of hpki-sign doctor)")"
is 403 is-ca all -H "$(cert "$pki/hpki-auth-ca.pem")"
is 401 no-certificate doctors
is 401 no-certificate doctors -H 'X-Client-Cert: {http.request.tls.client.certificate_der_base64}'
is 401 no-certificate doctors -H 'X-Client-Cert;'
is 401 no-certificate doctors -H "Client-Cert: $(pem_url "$doctor")" -H "X-Forwarded-Client-Cert: Cert=$(pem_url "$doctor")"
is 403 malformed doctors -H 'X-Client-Cert: hello'
is 403 malformed doctors -H "$(cert "$doctor" | cut -c 1-900)"
is 403 malformed doctors -H "X-Client-Cert: $(printf '0\003\002\001\001' | base64)"
is 403 twice doctors -H "$(cert "$doctor")" -H "$(cert "$doctor")"
is 403 twice doctors -H 'X-Client-Cert;' -H "$(cert "$doctor")"
is 403 twice doctors -H "$(cert "$doctor")" -H 'X-Client-Chain: AAAA' -H 'x-client-chain: AAAA'
python3 -c 'print("X-Client-Cert: " + "A" * 70000)' >"$work/long"
is 403 too-long doctors -H "@$work/long"
# It answers before it has all of it: curl 8.14 cannot send the rest, and gives up.
status=$(python3 - "$socket" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(b"GET /rule/doctors HTTP/1.1\r\nHost: authd\r\nX-Client-Cert: " + b"A" * 300000 + b"\r\n\r\n")
except BrokenPipeError:
    pass
print(s.recv(100).split()[1].decode())
END
)
[ "$status" = 431 ] || bad "300 kB of a header: $status"

# the other forms, and a chain without which there is none
der=$(openssl x509 -in "$doctor" -outform der | base64 -w 0)
is 200 accepted doctors -H "X-Client-Cert: $der"
is 200 accepted doctors -H "X-Client-Cert: :$der:"
is 200 accepted doctors -H "X-Client-Cert: $(tr '\n' ' ' <"$doctor")"
is 200 accepted doctors -H "X-Client-Cert: $(tr '\n' '\t' <"$doctor")"
is 403 malformed doctors -H "X-Client-Cert: Cert=\"$(pem_url "$doctor")\""
curl -s -o /dev/null -w '%{http_code}' -H "$(cert "$doctor")" "http://127.0.0.1:$port/rule/doctors" >"$work/out"
[ "$(cat "$work/out")" = 200 ] || bad "by TCP: $(cat "$work/out")"
ask doctors -I -H "$(cert "$doctor")"
[ "$status" = 200 ] || bad "HEAD: $status"

# pages
for language in 'ja:ja,en;q=0.5:登録局' 'en:en-GB, ja;q=0.9:registration authority' 'en:fr, en;q=0.4:registration authority' \
	'ja:fr:登録局' 'ja::登録局' 'en:ja;q=0,en;q=0.1:registration authority'; do
	page=${language%%:*} accept=${language#*:} words=${language##*:}
	ask doctors -H "$(cert "$late")" -H "Accept-Language: ${accept%%:*}" -H 'X-Request-ID: 0123-abcd-4567'
	grep -qF "<html lang=\"$page\">" "$work/body" || bad "the page for \"${accept%%:*}\" is not $page"
	grep -qF "$words" "$work/body" || bad "no \"$words\" for ${accept%%:*}"
	grep -qF 0123-abcd-4567 "$work/body" || bad "the page without the request's number"
	has Inkan-Request 0123-abcd-4567
	[ "$(wc -c <"$work/body")" -le 2048 ] || bad "a long page"
done
ask doctors -H 'X-Request-ID: <script>'
grep -q '<script>' "$work/body" && bad "a request's number in the page as it came"

# ---- What no proxy should send: refused, the connection closed, nothing behind it answered
cat >"$work/raw.py" <<'END'
import socket, sys
path, value, failed = sys.argv[1], sys.argv[2], 0
good = f"X-Client-Cert: {value}\r\n"
def talk(data):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(path)
    s.sendall(data.encode("latin-1"))
    got = b""
    try:
        while chunk := s.recv(65536):
            got += chunk
        closed = True
    except TimeoutError:
        closed = False
    return got.decode("utf-8", "replace"), closed
hidden = f"GET /rule/doctors HTTP/1.1\r\nHost: x\r\n{good}\r\n"
body = [
    f"POST /rule/doctors HTTP/1.1\r\nHost: x\r\n{good}Content-Length: {len(hidden)}\r\n\r\n{hidden}",
    f"GET /rule/doctors HTTP/1.1\r\nHost: x\r\n{good}Content-Length: 5\r\n\r\nhello{hidden}",
    f"GET /rule/doctors HTTP/1.1\r\nHost: x\r\n{good}Content-Length: 0\r\nContent-Length: 0\r\n\r\n{hidden}",
    f"GET /rule/doctors HTTP/1.1\r\nHost: x\r\n{good}Content-Length: 0\r\nContent-Length: {len(hidden)}\r\n\r\n{hidden}",
    f"GET /rule/doctors HTTP/1.1\r\nHost: x\r\n{good}Content-Length: 00\r\n\r\n{hidden}",
    f"GET /rule/doctors HTTP/1.1\r\nHost: x\r\n{good}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
    f"GET /rule/doctors HTTP/1.1\r\nHost: x\r\n{good}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
    f"POST /rule/doctors HTTP/1.1\r\nHost: x\r\n{good}Transfer-Encoding: identity\r\n\r\n{hidden}",
    f"PUT /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello{hidden}",
]
paths = ["/rule%2Fdoctors", "/rule/doctors%00", "/rule/%64octors", "/rule/doctors/", "/rule//doctors", "//rule/doctors", "/rule/../rule/doctors",
         "/rule/doctors?", "/rule/doctors?x=1", "/rule/doctors#x", "/rule/doctors;x", "/rule/", "/rule", "/", "/rule/doctors%0d%0aX: y",
         "/RULE/doctors", "http://x/rule/doctors", "*", "/health?x", "/rule/" + "a" * 64, "/rule/doctors\x00", "/rule/doc\x00tors"]
for data in body + [f"GET {p} HTTP/1.1\r\nHost: x\r\n{good}\r\n{hidden}" for p in paths]:
    got, closed = talk(data)
    first = got.split("\r\n")[0]
    if " 200 " in got or not closed or got.count("HTTP/1.1 ") > 1:
        failed += 1
        print(repr(data[:60]), "->", got.count("HTTP/1.1 "), first, "" if closed else "and left open")
# two good ones on one connection, whatever their method
got, _ = talk(hidden + f"DELETE /rule/doctors HTTP/1.1\r\nHost: x\r\n{good}Content-Length: 0\r\nConnection: close\r\n\r\n")
if got.count("HTTP/1.1 200") != 2:
    failed += 1
    print("kept connection:", got[:200])
for junk in ["\r\n\r\n", "GET\r\n\r\n", "GET /rule/doctors\r\n\r\n", "\x00" * 100 + "\r\n\r\n", "GET /rule/doctors HTTP/1.1\r\n" + good + "\r\n",
             "GET /rule/doctors HTTP/9.9\r\nHost: x\r\n" + good + "\r\n", "GET /rule/doctors HTTP/1.1\r\nHost: x\r\n" + good[:20] + "\x00" + good[20:] + "\r\n",
             "GET /rule/doctors HTTP/1.1\r\nHost: x\r\n " + good + "\r\n", "GET /rule/doctors HTTP/1.1\r\nHost: x\r\nX-Client-Cert : " + value + "\r\n\r\n"]:
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(2)
    s.connect(path)
    s.sendall(junk.encode("latin-1"))
    s.shutdown(socket.SHUT_WR)
    try:
        got = s.recv(65536)
    except TimeoutError:
        got = b""
    if b" 200 " in got:
        failed += 1
        print(repr(junk[:40]), "is admitted")
sys.exit(failed > 0)
END
python3 "$work/raw.py" "$socket" "$(pem_url "$doctor")" || bad "raw requests"
is 200 accepted doctors -H "$(cert "$doctor")"

# ---- The log: one object per line, a patient by pseudonym alone
: >"$log"
ask doctors -H "$(cert "$doctor")" -H 'X-Request-ID: the-request-1' -H 'X-Original-URI: /karte/花?name=secret' -H 'X-Forwarded-For: 10.0.0.1, 192.0.2.7'
ask patients -H "$(cert "$patient")"
ask doctors -H "$(cert "$patient")"
ask doctors -H "$(cert "$late")"
ask doctors
ask nobody -H "$(cert "$doctor")"
cat >"$work/log.py" <<'END'
import datetime, json, sys
doctor, pharmacist_free, *secrets = sys.argv[2:]
text = open(sys.argv[1], encoding="utf-8").read()
lines = [json.loads(line) for line in text.splitlines()]
assert [(l["rule"], l["accepted"], l["reason"]) for l in lines] == [("doctors", True, "accepted"), ("patients", True, "accepted"),
    ("doctors", False, "wrong-profile"), ("doctors", False, "expired"), ("doctors", False, "no-certificate"), ("", False, "no-rule")], lines
first = lines[0]
assert first["request"] == "the-request-1" and first["address"] == "192.0.2.7" and first["uri"] == "/karte/花", first
assert first["user"] == doctor and first["name"] == "桜花子" and first["roles"] == ["Medical Doctor"] and first["verdict"] == 0, first
assert len(first["lists"]) == 2 and all(datetime.datetime.fromisoformat(l["this_update"][:-1]) < datetime.datetime.fromisoformat(l["next_update"][:-1]) for l in first["lists"])
assert abs((datetime.datetime.fromisoformat(first["time"][:-1]) - datetime.datetime.utcnow()).total_seconds()) < 60 and first["time"][-5] == "."
assert all(l["user"].startswith("jpki-") and "name" not in l and "certificate" not in l for l in lines[1:3]), lines[1:3]
assert "status-unknown" in lines[2]["reasons"]
for secret in secrets:
    assert secret.lower() not in text.lower(), secret
END
python3 "$work/log.py" "$log" "hpki-$scope-$id" - \
	"$(openssl x509 -in "$patient" -noout -serial | cut -d = -f 2)" "$(sha256sum <"$work/patient.der" | cut -d ' ' -f 1)" \
	"$(openssl x509 -in "$patient" -noout -subject -nameopt multiline | sed -n 's/ *commonName *= //p')" secret || bad "the log"
curl -s --unix-socket "$socket" http://authd/metrics >"$work/out"
grep -q '^inkan_authd_decisions_total{rule="patients",reason="accepted"} 2$' "$work/out" || bad "metrics: $(grep patients "$work/out")"
[ "$(curl -s --unix-socket "$socket" http://authd/health)" = ok ] || bad "health"

# ---- Lists that come: at once by SIGHUP, within 40 seconds without
reloaded=0
reload() {
	kill -HUP "$daemon"
	for _ in $(seq 100); do
		[ "$(grep -c 'read again' "$work/stderr")" -gt "$reloaded" ] && break
		sleep 0.05
	done
	reloaded=$(grep -c 'read again' "$work/stderr")
}
sed "s|^listen = unix:.*|listen = unix:$work/left.sock|; /^listen = 127/d; s|^access-log.*|access-log = $work/left.log|" \
	"$work/authd.conf" >"$work/left.conf"
./inkan-authd --config "$work/left.conf" 2>"$work/left.err" & # one that gets no SIGHUP
left=$!
stop_more() { kill $left 2>/dev/null; }
ask_left() { curl -s -o /dev/null -w '%{http_code}' --unix-socket "$work/left.sock" -H "$(cert "$lost")" http://authd/rule/doctors; }
for _ in $(seq 50); do
	[ "$(ask_left)" = 000 ] || break
	sleep 0.1
done
[ "$(ask_left)" = 200 ] || bad "the other daemon: $(ask_left)"
is 200 accepted doctors -H "$(cert "$lost")"
begun=$(date +%s)
take_lists "$pki"
is 200 accepted doctors -H "$(cert "$lost")" # it is remembered
reload
is 403 revoked doctors -H "$(cert "$lost")"
[ $(($(date +%s) - begun)) -lt 10 ] || echo "slow: whether it was remembered has not been seen"

# a file that moves: the next line goes to the new one; a broken file changes nothing
mv "$log" "$log.1"
sed -i 's|^\[rule health\]|[rule health]\nprofile = nobody|' "$work/authd.conf"
reload
told 'those from before stay in force'
is 200 accepted doctors -H "$(cert "$doctor")"
[ "$(wc -l <"$log")" = 1 ] || bad "the log after SIGHUP"
sed -i '/^profile = nobody/d; s/^role = Medical Doctor/role = Dentist/' "$work/authd.conf"
reload
is 403 role doctors -H "$(cert "$doctor")"
# a full disk
sed -i 's|^access-log = .*|access-log = /dev/full|; s/^role = Dentist/role = Medical Doctor/' "$work/authd.conf"
reload
is 200 accepted doctors -H "$(cert "$doctor")"
is 200 accepted doctors -H "$(cert "$doctor")"
told 'the access log cannot be written'
[ "$(grep -c 'cannot be written' "$work/stderr")" = 1 ] || bad "told each time"
curl -s --unix-socket "$socket" http://authd/metrics | grep -q '^inkan_authd_log_lines_lost_total 2$' || bad "lost lines are not counted"
# no lists, no anchors: nobody
sed -i "s|^access-log = .*|access-log = stdout|; s|^lists = .*|lists = $work/none|" "$work/authd.conf"
reload
is 403 status-unknown doctors -H "$(cert "$doctor")"
sed -i "s|^anchors = .*|anchors = $work/none|" "$work/authd.conf"
reload
is 403 no-issuer doctors -H "$(cert "$doctor")"
told 'nobody is admitted'
# the CA comes with the request
mkdir "$work/root"
cp "$pki/root.pem" "$work/root"
sed -i "s|^anchors = .*|anchors = $work/root|; s|^lists = .*|lists = $lists|" "$work/authd.conf"
reload
is 403 no-issuer doctors -H "$(cert "$doctor")"
is 200 accepted doctors -H "$(cert "$doctor")" -H "X-Client-Chain: $(pem_url "$pki/hpki-auth-ca.pem")"
is 403 malformed doctors -H "$(cert "$doctor")" -H 'X-Client-Chain: hello'
is 403 no-issuer doctors -H "$(cert "$doctor")" # not remembered with the other's chain
sed -i "s|^form.*||; s|^header = .*|&\nform = xfcc|; s|^chain-header.*||" "$work/authd.conf"
reload
is 403 malformed doctors -H "$(cert "$doctor")"
is 200 accepted doctors -H "X-Client-Cert: Hash=00;Cert=\"$(pem_url "$doctor")\";Chain=\"$(pem_url "$doctor")$(pem_url "$pki/hpki-auth-ca.pem")\""
is 403 malformed doctors -H "X-Client-Cert: Hash=00;Cert=\"$(pem_url "$doctor")\",Hash=01;Cert=\"$(pem_url "$doctor")\""

# the other one: its store looks each 30 seconds, and it remembers for 10
while [ "$(ask_left)" = 200 ] && [ $(($(date +%s) - begun)) -lt 60 ]; do sleep 1; done
[ "$(ask_left)" = 403 ] || bad "without SIGHUP the list has not revoked after $(($(date +%s) - begun)) seconds"
grep -q '"reason":"revoked"' "$work/left.log" || bad "revoked, without SIGHUP"
kill $left
wait $left || bad "exit status $? of the other daemon"

# ---- The end: what has been asked is answered, the socket's file goes
kill "$daemon"
wait "$daemon" || bad "exit status $?"
daemon=
[ ! -e "$socket" ] || bad "the socket's file stays"
grep -q '"accepted":true' "$work/stdout" || bad "no line on standard output"

# ---- systemd: its sockets, its notifications
if command -v systemd-socket-activate >/dev/null; then
	python3 - "$work/notify" >"$work/notified" <<'END' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(30)
while True:
    text = s.recv(4096).decode()
    print(text, flush=True)
    if "STOPPING" in text:
        break
END
	witness=$!
	while [ ! -e "$work/notify" ]; do sleep 0.05; done
	NOTIFY_SOCKET=$work/notify systemd-socket-activate -E NOTIFY_SOCKET -l "$work/passed.sock" --fdname=http \
		./inkan-authd --config "$work/authd.conf" >"$work/stdout" 2>"$work/stderr" &
	daemon=$!
	while [ ! -e "$work/passed.sock" ]; do sleep 0.05; done
	socket=$work/passed.sock
	[ "$(curl -s --unix-socket "$socket" http://authd/health)" = ok ] || bad "no answer on systemd's socket"
	reloaded=0
	reload
	kill "$daemon"
	wait "$daemon" || bad "exit status $?"
	daemon=
	wait $witness
	[ "$(grep -oE 'READY=1|RELOADING=1|STOPPING=1' "$work/notified" | xargs)" = 'READY=1 RELOADING=1 READY=1 STOPPING=1' ] ||
		bad "notified: $(cat "$work/notified")"
fi
finish
