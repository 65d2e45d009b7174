#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# From end to end: inkan-authd's challenge, inkan-web-eid's token with a virtual card, inkan-authd's answer. Between them
# tests/authd/token.py, which knows nothing of either.
. "${srcdir:-.}/tests/authd/common.sh"
[ -x ./inkan-web-eid ] || skip "inkan-web-eid is not built"
srcdir=$(cd "${srcdir:-.}" && pwd)
origin=https://portal.example.jp:8443
issue doctor --card hpki --role 'Medical Doctor'
issue patient --card jpki
mkdir -p "$anchors" "$XDG_DATA_HOME/inkan" "$XDG_CONFIG_HOME/inkan"
cp "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$pki/jpki-auth-ca.pem" "$anchors"
chmod 755 "$anchors"
chmod 644 "$anchors"/*
cp -r "$anchors" "$XDG_DATA_HOME/inkan/anchors"
run 0 "$inkan" status import "$pki/sarl.crl" "$pki/hpki-auth.crl"
lists=$XDG_CACHE_HOME/inkan
write_conf "listen = unix:$socket" "web-eid-origin = $origin"
start "$work/authd.conf"
echo "pinentry = $srcdir/tests/webeid/pinentry" >"$XDG_CONFIG_HOME/inkan/inkan.conf"
cat >"$work/browser.py" <<'END'
import http.client, json, os, socket, struct, subprocess, sys
path, origin, verifier, rule, user = sys.argv[1:]
class Authd(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
def post(target, body="", **headers):
    c = Authd("authd")
    c.request("POST", target, body, {"Origin": origin, **headers})
    r = c.getresponse()
    return r.status, r.headers, r.read()
def host(message):
    p = subprocess.Popen(["./inkan-web-eid", "chrome-extension://x/"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    read = lambda: json.loads(p.stdout.read(struct.unpack("=I", p.stdout.read(4))[0]))
    read() # the version
    text = json.dumps(message).encode()
    p.stdin.write(struct.pack("=I", len(text)) + text)
    p.stdin.flush()
    return read()
status, headers, body = post("/web-eid/challenge")
assert status == 200, status
nonce, cookie = json.loads(body)["nonce"], headers["Set-Cookie"].split(";")[0]
token = host({"command": "authenticate", "arguments": {"challengeNonce": nonce, "origin": origin, "lang": "en"}})
assert "error" not in token, token
for wanted, *texts in (True, origin, nonce), (False, origin + "/", nonce), (False, origin, nonce[:-1]):
    good = subprocess.run([verifier, *texts], input=json.dumps(token), text=True, stdout=subprocess.DEVNULL).returncode == 0
    assert good == wanted, texts
for wanted in (200, "accepted"), (403, "no-challenge"):
    status, headers, body = post("/web-eid/verify/" + rule, json.dumps(token), Cookie=cookie)
    assert (status, headers["Inkan-Reason"]) == wanted, (status, headers["Inkan-Reason"])
    assert headers["Remote-User"].startswith(user if status == 200 else ""), headers["Remote-User"]
END
login() { # RULE USER PIN CARD-OPTIONS...
	rule=$1 user=$2
	printf 'pin %s\n' "$3" >"$work/answers"
	shift 3
	ANSWERS=$work/answers SHOWN=$work/shown VCARD=$PWD/inkan-vcard timeout 120 ./inkan-vcard --pki "$pki" "$@" -- \
		python3 "$work/browser.py" "$socket" "$origin" "$srcdir/tests/authd/token.py" "$rule" "$user" >"$work/out" 2>&1 ||
		{ bad "$rule"; tail -n 5 "$work/out"; }
}
login doctors hpki- 123456 --card hpki --pin-auth 123456 --role 'Medical Doctor' --name 'AUTHD doctor'
login patients jpki- 1234 --card jpki --name 'AUTHD patient'
finish
