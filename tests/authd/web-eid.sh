#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan-authd and Web eID: curl is the browser, openssl the card.
. "${srcdir:-.}/tests/authd/common.sh"
make_pki
take_lists "$work/before"
origin=https://portal.example.jp
write_conf "listen = unix:$socket" "web-eid-origin = $origin" 'web-eid-origin = https://other.example.jp:8443' 'header = X-Client-Cert' \
	'chain-header = X-Client-Chain'

# ---- Settings
run 0 ./inkan-authd --check --config "$work/authd.conf"
wrong() { # LINE TEXT
	sed "s|^header = .*|$1|" "$work/authd.conf" >"$work/wrong.conf"
	run 78 ./inkan-authd --check --config "$work/wrong.conf"
	said "$2"
}
for value in http://a.example https://A.example https://a.example/ https://a.example:443 a.example https://; do
	wrong "web-eid-origin = $value" "web-eid-origin cannot be \"$value\""
done
sed '/^header/d' "$work/authd.conf" >"$work/wrong.conf"
run 0 ./inkan-authd --check --config "$work/wrong.conf"
sed "s|^listen.*|fastcgi = unix:$work/f.sock|" "$work/authd.conf" >"$work/wrong.conf"
run 71 ./inkan-authd --config "$work/wrong.conf"
said 'a FastCGI authorizer gets no body'
start "$work/authd.conf"

# ---- A login. challenge: $nonce, $cookie. sign CERTIFICATE KEY [ORIGIN [NONCE [HASH]]]: $work/token.
# verify [RULE [CURL OPTIONS]]: $status, $work/headers, $work/body
post() {
	path=$1
	shift
	status=$(curl -s --unix-socket "$socket" -D "$work/headers" -o "$work/body" -w '%{http_code}' -X POST "$@" "http://authd$path")
}
field() { tr -d '\r' <"$work/headers" | sed -n "s/^$1: *//p"; }
challenge() {
	post /web-eid/challenge -H "Origin: $origin"
	nonce=$(sed -n 's/^{"nonce":"\(.*\)"}$/\1/p' "$work/body")
	cookie=$(field Set-Cookie | cut -d ';' -f 1)
}
sign() {
	hash=${5:-sha256}
	{ printf %s "${3:-$origin}" | openssl dgst -"$hash" -binary; printf %s "${4:-$nonce}" | openssl dgst -"$hash" -binary; } >"$work/to-sign"
	openssl dgst -"$hash" -sign "$2" "$work/to-sign" >"$work/signature" || bad "openssl dgst"
	printf '{"unverifiedCertificate":"%s","algorithm":"RS%s","signature":"%s","format":"web-eid:1.0","appVersion":"test"}' \
		"$(openssl x509 -in "$1" -outform der | base64 -w 0)" "${hash#sha}" "$(base64 -w 0 <"$work/signature")" >"$work/token"
}
verify() {
	rule=${1:-doctors}
	[ $# = 0 ] || shift
	post "/web-eid/verify/$rule" -H "Origin: $origin" -H "Cookie: $cookie" --data-binary "@$work/token" "$@"
}
is() { # STATUS REASON WHAT
	[ "$status $(field Inkan-Reason)" = "$1 $2" ] || bad "$status $(field Inkan-Reason), not $1 $2: $3"
}
key() { echo "$pki/$1-authd-$2.key"; }
login() { # NAME [KIND [RULE]]: challenge and all
	challenge
	sign "$(of "${2:-hpki-auth}" "$1")" "$(key "${2:-hpki-auth}" "$1")"
	verify "${3:-doctors}"
}

challenge
[ "$status" = 200 ] || bad "challenge: $status"
[ "$(printf %s "$nonce" | wc -c)" = 44 ] && [ "$(printf %s "$nonce" | base64 -d | wc -c)" = 32 ] || bad "the nonce is $nonce"
[ "$(field Set-Cookie | cut -d ';' -f 2-)" = ' Max-Age=300; Path=/web-eid; Secure; HttpOnly; SameSite=Strict' ] || bad "cookie: $(field Set-Cookie)"
[ "$(field Cache-Control)" = no-store ] || bad "a challenge may be stored"
before=$nonce
sign "$doctor" "$(key hpki-auth doctor)"
"${srcdir:-.}/tests/authd/token.py" "$origin" "$nonce" <"$work/token" >/dev/null || bad "the test's own tokens"
"${srcdir:-.}/tests/authd/token.py" "$origin" "${nonce}x" <"$work/token" >/dev/null && bad "the test's own verifier"
verify doctors -H 'X-Request-ID: the-login-1' -H "X-Client-Cert: $(pem_url "$pharmacist")" \
	-H "X-Client-Chain: $(pem_url "$pharmacist")$(pem_url "$doctor")"
is 200 accepted 'a good one'
grep -v -e '^Date' -e '^Inkan-Request' "$work/headers" >"$work/by-token"
curl -s --unix-socket "$socket" -D "$work/headers" -o "$work/body" -H "X-Client-Cert: $(pem_url "$doctor")" http://authd/rule/doctors
grep -v -e '^Date' -e '^Inkan-Request' "$work/headers" | diff "$work/by-token" - || bad "another answer than to a certificate"
tail -n 2 "$work/access.log" | python3 -c 'import json, sys
a, b = [json.loads(line) for line in sys.stdin]
assert a.pop("request") == "the-login-1" and a.pop("time") and b.pop("request") and b.pop("time") and a == b, (a, b)' || bad "another line in the log"
grep -q "$nonce" "$work/access.log" "$work/stdout" "$work/stderr" && bad "the nonce in a log"

# ---- Once, and for this browser, this site, this rule
verify
is 403 no-challenge 'the same again'
challenge
[ "$nonce" != "$before" ] || bad "the same nonce"
mine=$cookie
sign "$doctor" "$(key hpki-auth doctor)"
cookie=${cookie%?}0
[ "$cookie" != "$mine" ] || cookie=${cookie%?}1
verify
is 403 no-challenge 'a cookie that was made up'
challenge
verify
is 403 bad-token "another session's cookie"
challenge
cookie=$mine
verify
is 200 accepted 'the first session, after all that'
challenge
sign "$doctor" "$(key hpki-auth doctor)"
post /web-eid/verify/doctors -H "Origin: $origin" --data-binary "@$work/token"
is 403 no-challenge 'no cookie'
grep -q 'took too long' "$work/body" && bad "the page is English without being asked"
grep -q '別のウィンドウ' "$work/body" || bad "no page in Japanese"
verify doctors -H "Cookie: $cookie"
is 403 twice 'two cookies'
verify doctors -H "Cookie: a=b; $cookie; c=d"
is 403 twice 'two cookies in two headers'
post /web-eid/verify/doctors -H "Origin: $origin" -H "Cookie: a=b; $cookie; c=d" --data-binary "@$work/token"
is 200 accepted 'among other cookies'
for made in "$nonce $origin.evil" "$nonce https://other.example.jp:8443" "$nonce http://portal.example.jp" "$before $origin"; do
	challenge
	sign "$doctor" "$(key hpki-auth doctor)" "${made#* }" "$([ "${made% *}" = "$before" ] && echo "$before" || echo "$nonce")"
	verify
	is 403 bad-token "signed for $made"
	verify
	is 403 no-challenge 'after a token that was not good'
done
for other in "Origin: $origin/" 'Origin: null' 'Origin: https://evil.example' 'Origin;' 'X: y'; do
	post /web-eid/challenge -H "$other"
	is 403 wrong-origin "challenge for $other"
	[ -z "$(field Set-Cookie)" ] || bad "a cookie for $other"
	challenge
	sign "$doctor" "$(key hpki-auth doctor)"
	post /web-eid/verify/doctors -H "$other" -H "Cookie: $cookie" --data-binary "@$work/token"
	is 403 wrong-origin "verify for $other"
done
verify doctors -H "Origin: $origin"
is 403 twice 'two origins'
origin=https://other.example.jp:8443
login doctor
is 200 accepted 'the second origin'
origin=https://portal.example.jp
for hash in sha384 sha512; do
	challenge
	sign "$doctor" "$(key hpki-auth doctor)" "$origin" "$nonce" $hash
	verify
	is 200 accepted $hash
done

# ---- Who
login pharmacist
is 403 role pharmacist
login late
is 403 expired late
login trial
is 403 test-certificate trial
login patient jpki-auth
is 403 wrong-profile patient
login patient jpki-auth patients
is 200 accepted patient
field Remote-User | grep -q '^jpki-' || bad "the patient is $(field Remote-User)"
login doctor hpki-sign
is 403 wrong-profile 'the signature certificate'
grep -q '"reasons":\["wrong-profile",[^]]*"usage"' "$work/access.log" || bad "its use is no reason"
login doctor hpki-auth nobody
is 403 no-rule nobody
login lost
is 200 accepted 'before the list'
take_lists "$pki"
kill -HUP "$daemon"
told 'read again'
login lost
is 403 revoked lost
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/foreign.key" -out "$work/foreign.pem" -days 2 -subj /CN=x 2>/dev/null
challenge
sign "$work/foreign.pem" "$work/foreign.key"
verify
is 403 wrong-profile 'a CA that nobody knows'
challenge
sign "$doctor" "$work/foreign.key"
verify
is 403 bad-token "the doctor's certificate with another key"

# ---- A reload in between
challenge
kill -HUP "$daemon"
for _ in $(seq 100); do
	[ "$(grep -c 'read again' "$work/stderr")" -ge 2 ] && break
	sleep 0.05
done
sign "$doctor" "$(key hpki-auth doctor)"
verify
is 200 accepted 'a reload between challenge and token'

# ---- What no page should send
cat >"$work/hostile.py" <<'END'
import base64, http.client, json, socket, sys
path, origin, token_file, failed = sys.argv[1], sys.argv[2], sys.argv[3], 0
good = json.load(open(token_file))
text = json.dumps(good)
def ask(target, body=b"", headers=(), method="POST", raw=None):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(path)
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n"
    lines = list(headers) if raw is not None else [*headers, f"Content-Length: {len(body)}"]
    try:
        s.sendall((head + "".join(l + "\r\n" for l in lines) + "\r\n").encode("latin-1") + (body if raw is None else raw))
    except BrokenPipeError:
        pass
    r = http.client.HTTPResponse(s)
    try:
        r.begin()
        return r.status, r.headers, r.read(), s
    except (http.client.BadStatusLine, ConnectionResetError):
        return 0, {}, b"", s
def begin():
    status, headers, body, _ = ask("/web-eid/challenge")
    assert status == 200, status
    return "Cookie: " + headers["Set-Cookie"].split(";")[0]
def change(**members):
    return json.dumps({**good, **members})
def without(name):
    return json.dumps({k: v for k, v in good.items() if k != name})
cert, sig = good["unverifiedCertificate"], good["signature"]
def pad(n):
    return text[:-1] + ',"x":"' + "a" * (n - len(text) - 7) + '"}'
bodies = [  # (body, reasons that are right)
    ("", "malformed"), ("{", "malformed"), ("null", "malformed"), ("[]", "malformed"), ("1", "malformed"), ('"x"', "malformed"),
    ("{}", "malformed"), ("[" * 9999, "malformed"), ('{"a":' * 2000, "malformed"), (text + "x", "malformed"), (text + text, "malformed"),
    (text[:-1], "malformed"), ("\ufeff" + text, "malformed"), (text.replace("web", "\x00web"), "malformed"), ("\xff\xfe", "malformed"),
    (text[:-1] + ',"format":"web-eid:1.0"}', "malformed"), (json.dumps([good]), "malformed"), (json.dumps({"authToken": good}), "malformed"),
    *[(without(k), "malformed") for k in ("unverifiedCertificate", "signature", "algorithm", "format")],
    *[(change(**{k: v}), "malformed") for k in ("unverifiedCertificate", "signature", "algorithm", "format") for v in (None, 1, [], {}, "", "\u0000")],
    (change(signature=sig[:-4]), "bad-token"), (change(signature=sig + "AAAA"), "malformed bad-token"), (change(signature=" " + sig), "malformed"),
    (change(signature=sig.rstrip("=")), "malformed"), (change(signature=sig.replace(sig[5], "-")), "malformed"), (change(signature="===="), "malformed"),
    (change(signature=sig[:40] + "\n" + sig[40:]), "malformed"), (change(signature="AAAA"), "bad-token"),
    (change(unverifiedCertificate=cert[:-8]), "malformed"), (change(unverifiedCertificate=cert + "," + cert), "malformed"),
    (change(unverifiedCertificate=base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()), "malformed"), (change(unverifiedCertificate=cert + "AAAA"), "malformed"),
    (change(unverifiedCertificate="-----BEGIN CERTIFICATE-----" + cert), "malformed"), (change(unverifiedCertificate=cert[:100] + " " + cert[100:]), "malformed"),
    *[(change(algorithm=a), "malformed bad-token") for a in ("none", "HS256", "ES256", "PS256", "RS384", "rs256", "RS256\u0000", "RS" + "2" * 3000)],
    *[(change(format=f), "malformed") for f in ("web-eid:2.0", "web-eid", "web-eid:10", "x" * 3000)],
    (change(nonce="x", origin="https://evil.example"), "bad-token"), (pad(10000), "bad-token"), (pad(10001), "too-long"), (pad(90000), "too-long"),
]
n = 0
for body, right in bodies:
    n += 1
    data = body.encode("latin-1" if body.startswith("\xff") else "utf-8")
    status, headers, page, s = ask("/web-eid/verify/doctors", data, [begin()])
    reason = (headers.get("Inkan-Reason") or "").strip()
    if status != 403 or reason not in right.split() or (headers.get("Remote-User") or "").strip():
        failed += 1
        print(repr(body[:70]), len(body), "->", status, reason, "not", right)
data = text.encode()
hidden = f"GET /health HTTP/1.1\r\nHost: x\r\n\r\n".encode()
chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)
for what, answer in {
    "a chunked body": ask("/web-eid/verify/doctors", raw=chunks, headers=[begin(), "Transfer-Encoding: chunked"]),
    "both": ask("/web-eid/verify/doctors", raw=chunks, headers=[begin(), "Transfer-Encoding: chunked", f"Content-Length: {len(data)}"]),
    "two lengths": ask("/web-eid/verify/doctors", raw=data, headers=[begin(), f"Content-Length: {len(data)}", f"Content-Length: {len(data)}"]),
    "no number": ask("/web-eid/verify/doctors", raw=data, headers=[begin(), "Content-Length: +5"]),
    "a long number": ask("/web-eid/verify/doctors", raw=data, headers=[begin(), "Content-Length: 99999999999"]),
    "GET": ask("/web-eid/verify/doctors", data, [begin()], "GET"), "PUT": ask("/web-eid/verify/doctors", data, [begin()], "PUT"),
    "no rule": ask("/web-eid/verify/", data, [begin()]), "a query": ask("/web-eid/verify/doctors?x", data, [begin()]),
    "an escape": ask("/web-eid/verify/%64octors", data, [begin()]), "a body to a rule": ask("/rule/doctors", data, [begin()]),
    "GET a challenge": ask("/web-eid/challenge", method="GET"), "a body to a challenge": ask("/web-eid/challenge", data),
    "a challenge's query": ask("/web-eid/challenge?x"), "below": ask("/web-eid/challenge/x"),
}.items():
    n += 1
    status, headers, page, s = answer
    if status not in (0, 400) or headers.get("Set-Cookie"):
        failed += 1
        print(what, "->", status)
# what follows a body that was not read is no request
for length in (10001, 90000):
    status, headers, page, s = ask("/web-eid/verify/doctors", raw=hidden * 5, headers=[begin(), f"Content-Length: {length}"])
    if status != 403 or s.recv(100) != b"":
        failed += 1
        print("the connection stays open")
# a connection goes on after a token
status, headers, page, s = ask("/web-eid/verify/doctors", data, [begin()])
s.sendall(hidden)
if b" 200 " not in s.recv(100):
    failed += 1
    print("the connection does not go on")
# a body that comes byte by byte; one that ends early
for end in (len(data), 100):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10 if end == len(data) else 1)
    s.connect(path)
    s.sendall(f"POST /web-eid/verify/doctors HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n{begin()}\r\nContent-Length: {len(data)}\r\n\r\n".encode())
    for i in range(end):
        s.sendall(data[i:i + 1])
    s.shutdown(socket.SHUT_WR)
    try:
        got = s.recv(200)
    except TimeoutError: # libmicrohttpd waits for the rest
        got = b""
    if (b" 403 " in got) != (end == len(data)) or b" 200 " in got:
        failed += 1
        print("byte by byte", end, got[:40])
print(n, "hostile inputs")
sys.exit(failed > 0 or n < 50)
END
challenge
sign "$doctor" "$(key hpki-auth doctor)"
python3 "$work/hostile.py" "$socket" "$origin" "$work/token" || bad "hostile requests"
verify
is 200 accepted 'the daemon after all that'

# ---- More challenges than are kept: the oldest goes
challenge
sign "$doctor" "$(key hpki-auth doctor)"
first=$cookie
python3 - "$socket" "$origin" <<'END' || bad "many challenges"
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
one = f"POST /web-eid/challenge HTTP/1.1\r\nHost: x\r\nOrigin: {sys.argv[2]}\r\nContent-Length: 0\r\n\r\n".encode()
done, rest = 0, b""
for i in range(1024):
    s.sendall(one * 64)
    while done < 64 * (i + 1):
        rest += s.recv(65536)
        done += rest.count(b'{"nonce"')
        rest = rest[rest.rfind(b'{"nonce"') + 8:] if b'{"nonce"' in rest else rest
END
cookie=$first
verify
is 403 no-challenge 'the oldest of too many'
login doctor
is 200 accepted 'after too many'

# ---- Off
kill "$daemon"
wait "$daemon"
sed -i '/^web-eid/d' "$work/authd.conf"
start "$work/authd.conf"
challenge
[ "$status" = 400 ] || bad "challenge where it is off: $status"
verify
is 400 bad-request 'verify where it is off'
finish
