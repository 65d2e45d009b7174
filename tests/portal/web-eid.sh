#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The portal's page for the Web eID extension behind nginx: its script in node, with node's own crypto as the card and a
# library that has the calls of web-eid.js.
. "${srcdir:-.}/tests/portal/common.sh"
need nginx
need node
start_kit
web=$(free_ports 1)
origin=https://web.portal.example:$https
# the guide's page
guide_block portal-web-eid conf | sed "s|/etc/inkan/authd.conf|$work/authd.conf|; s|inkan-authd -|$PWD/inkan-authd -|; s|--check|& --config $work/authd.conf|
	/^systemctl/d" >"$work/block"
run 0 sh -eu "$work/block"
wrote ok
grep -qx 'web-eid-origin = https://web.portal.example' "$work/authd.conf" || bad "the guide's block does not switch it on"
sed -i "s|^web-eid-origin.*|web-eid-origin = $origin|" "$work/authd.conf"
kill -HUP "$daemon"
told 'read again'
python3 "$kit/web-eid.py" "$web" "$socket" "$work/library.js" 2>"$work/web.log" &
second=$!
kill "$application"
application=$second
start_nginx web-eid.conf
host=web.portal.example
for _ in $(seq 100); do
	page /web-eid/
	[ "$status" != 200 ] || break
	sleep 0.1
done

# ---- The page itself
cat >"$work/page.mjs" <<'END'
import { createHash, createSign, createVerify, webcrypto, X509Certificate } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
const [script, origin, work, language, auth, authKey, sign, signKey] = process.argv.slice(2);
const der = (file) => new X509Certificate(readFileSync(file)).raw.toString("base64");
const sha = (data) => createHash("sha256").update(data).digest();
let cancelled = false, asked = [];
const webeid = { // the card is node's
	async authenticate(nonce, options) {
		asked.push(options.lang);
		if (cancelled) throw Object.assign(new Error(), { code: "ERR_WEBEID_USER_CANCELLED" });
		const signature = createSign("sha256").update(Buffer.concat([sha(origin), sha(nonce)])).sign(readFileSync(authKey), "base64");
		return { unverifiedCertificate: der(auth), algorithm: "RS256", signature, format: "web-eid:1.0", appVersion: "x" };
	},
	async getSigningCertificate(options) { asked.push(options.lang); return { certificate: der(sign), supportedSignatureAlgorithms: [] }; },
	async sign(certificate, hash, hashFunction) {
		assert.equal(certificate, der(sign));
		assert.equal(hashFunction, "SHA-256");
		assert.equal(hash, sha("a document").toString("base64"));
		return { signature: createSign("sha256").update("a document").sign(readFileSync(signKey), "base64"), signatureAlgorithm: {} };
	},
};
class Element {
	constructor() { Object.assign(this, { hidden: true, textContent: "", dataset: {}, children: [] }); }
	addEventListener(what, action) { assert.equal(what, "click"); this.click = action; }
	append(...more) { this.children.push(...more.filter((m) => m !== " ")); }
	replaceChildren() { this.children = []; }
	remove() {}
}
const html = readFileSync(script.replace("-page.js", ".html"), "utf8");
const byId = Object.fromEntries([...html.matchAll(/ id="(\w+)"/g)].map((m) => [m[1], new Element()]));
const rules = [...html.matchAll(/ data-rule="(\w+)"/g)].map((m) => Object.assign(new Element(), { dataset: { rule: m[1] } }));
const document = { getElementById: (id) => byId[id], documentElement: new Element(), createElement: () => new Element(),
	querySelectorAll: (what) => what === "[data-rule]" ? rules : [] };
class DOMParser { parseFromString(text) { return { querySelector: () => ({ textContent: (text.match(/<p>([^<]*)/) || ["", ""])[1] }) }; } }
const fetch = async (path, { method = "GET", body } = {}) => { // curl is the browser
	const out = execFileSync("curl", ["-s", "--noproxy", "*", "--cacert", work + "/server.pem", "--resolve", "*:" + origin.split(":")[2] + ":127.0.0.1",
		"-b", work + "/jar", "-c", work + "/jar", "-X", method, "-H", "Accept-Language: " + language, "-D", "-",
		...(method === "POST" ? ["-H", "Origin: " + origin, "-d", body || ""] : []), new URL(path, origin + "/web-eid/").href]).toString();
	const [, status] = out.match(/^HTTP\/1.1 (\d+)/), at = out.indexOf("\r\n\r\n");
	const text = out.slice(at + 4), headers = new Headers(out.slice(0, at).split("\r\n").slice(1).map((l) => l.split(/: (.*)/s).slice(0, 2)));
	return { ok: status[0] === "2", status: +status, headers, text: async () => text, json: async () => JSON.parse(text) };
};
const links = [], URL2 = Object.assign(function () {}, { createObjectURL: (blob) => (links.push(blob), "blob:") });
const source = readFileSync(script, "utf8");
assert.ok(source.includes('import("/web-eid/web-eid.js")'));
await new (Object.getPrototypeOf(async () => {}).constructor)("navigator", "document", "DOMParser", "fetch", "crypto", "URL", "take",
	source.replace(/import\("/, 'take("'))({ language }, document, DOMParser, fetch, webcrypto, URL2, async () => webeid);
const settled = async (condition) => {
	for (let i = 0; i < 200 && !condition(); i++) await new Promise((done) => setTimeout(done, 50));
	assert.ok(condition(), byId.message.textContent + " " + byId.who.textContent);
};
const button = (rule) => rules.find((r) => r.dataset.rule === rule);
const ja = language === "ja";
await settled(() => !byId.out.hidden && byId.in.hidden);
cancelled = true;
await button("doctors").click();
assert.equal(byId.message.textContent, ja ? "取り消されました。" : "Cancelled.");
cancelled = false;
await button("pharmacists").click();
assert.match(byId.message.textContent, ja ? /資格の方には開かれていません/ : /other health professions/);
assert.ok(byId.in.hidden);
await button("doctors").click();
assert.equal(byId.who.textContent, "桜花子 — Medical Doctor");
assert.ok(!byId.in.hidden && byId.out.hidden && byId.message.textContent === "");
await byId.sign.click.call(Object.assign(byId.file, { files: [] }));
assert.match(byId.message.textContent, ja ? /選んで/ : /Choose/);
byId.file.files = [{ name: "letter.txt", arrayBuffer: async () => new TextEncoder().encode("a document").buffer }];
await byId.sign.click();
assert.deepEqual(byId.files.children.map((c) => c.download), ["letter.txt.sig", "letter.txt.cer"]);
const [signature, certificate] = await Promise.all(links.map(async (b) => Buffer.from(await b.arrayBuffer())));
assert.ok(createVerify("sha256").update("a document").verify(new X509Certificate(certificate).publicKey, signature));
await byId.leave.click();
assert.ok(byId.in.hidden && !byId.out.hidden);
assert.deepEqual([...new Set(asked)], [language]);
END
pages() { # LANGUAGE
	rm -f "$work/jar"
	node "$work/page.mjs" "$kit/web-eid-page.js" "$origin" "$work" "$1" "$doctor" "$pki/hpki-auth-authd-doctor.key" \
		"$(of hpki-sign doctor)" "$pki/hpki-sign-authd-doctor.key" >"$work/node" 2>&1 || { bad "the page in $1"; head -n 12 "$work/node"; }
}
pages en
pages ja

# ---- The page in Chromium: its cookies, its Origin and its Content-Security-Policy are the browser's own
in_chromium() {
	{
		pkcs8() { openssl pkcs8 -topk8 -nocrypt -in "$pki/$1-authd-doctor.key" -outform der | base64 -w 0; }
		der() { openssl x509 -in "$(of "$1" doctor)" -outform der | base64 -w 0; }
		echo "const card = { auth: [\"$(pkcs8 hpki-auth)\", \"$(der hpki-auth)\"], sign: [\"$(pkcs8 hpki-sign)\", \"$(der hpki-sign)\"] };"
		cat <<'END'
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const sha = async (text) => new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
async function made(which, data) {
	const name = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
	const key = await crypto.subtle.importKey("pkcs8", bytes(card[which][0]), name, false, ["sign"]);
	return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.sign(name, key, data))));
}
export async function authenticate(nonce) {
	const signature = await made("auth", new Uint8Array([...await sha(location.origin), ...await sha(nonce)]));
	return { unverifiedCertificate: card.auth[1], algorithm: "RS256", signature, format: "web-eid:1.0", appVersion: "x" };
}
export const getSigningCertificate = async () => ({ certificate: card.sign[1], supportedSignatureAlgorithms: [] });
export async function sign(certificate, hash) {
	if (hash !== btoa(String.fromCharCode(...await sha("a document")))) throw new Error("another hash");
	return { signature: await made("sign", new TextEncoder().encode("a document")), signatureAlgorithm: {} };
}
END
	} >"$work/library.js"
	HOME=$work timeout 150 chromium --headless=new --no-sandbox --disable-gpu --no-first-run --user-data-dir="$work/chromium" --ignore-certificate-errors \
		--host-resolver-rules='MAP *.portal.example 127.0.0.1' --remote-debugging-port=0 about:blank >"$work/chromium.log" 2>&1 &
	chromium=$!
	cat >"$work/drive.py" <<'END'
import os, sys, time
folder, source, origin = sys.argv[1:]
sys.path.insert(0, source + "/tests/clients")
import chromium
for i in range(300):
    if os.path.exists(folder + "/chromium/DevToolsActivePort"):
        break
    time.sleep(0.1)
port = open(folder + "/chromium/DevToolsActivePort").readline().strip()
page = chromium.Page(port, origin + "/web-eid/")
def do(script):
    chromium.TEXT = script + " ".ljust(150)
    return page.text()
def until(script, wanted):
    for i in range(300):
        got = do(script)
        if got == wanted:
            return
        time.sleep(0.1)
    sys.exit(f"{script}: {got!r}, not {wanted!r}; {do('document.body.innerText')!r}")
until('String(document.getElementById("out")?.hidden)', "false")
do('document.querySelector("[data-rule=pharmacists]").click(); ""')
until('String(/health professions|資格の方/.test(document.getElementById("message").textContent))', "true")
do('document.querySelector("[data-rule=doctors]").click(); ""')
until('document.getElementById("who").textContent', "桜花子 — Medical Doctor")
until('document.cookie', "")
do('location.reload(); ""')
until('document.getElementById("who")?.textContent', "桜花子 — Medical Doctor")
do('const d = new DataTransfer(); d.items.add(new File(["a document"], "letter.txt")); document.getElementById("file").files = d.files; document.getElementById("sign").click(); ""')
until('[...document.querySelectorAll("#files a")].map((a) => a.download).join()', "letter.txt.sig,letter.txt.cer")
do('document.getElementById("leave").click(); ""')
until('String(document.getElementById("in").hidden)', "true")
END
	timeout 120 python3 "$work/drive.py" "$work" "${srcdir:-.}" "$origin" >"$work/out" 2>&1 || { bad "the page in Chromium"; tail -n 5 "$work/out"; }
	kill "$chromium"
	wait "$chromium"
}
if command -v chromium >/dev/null; then
	in_chromium
else
	echo "skipped in part: chromium is missing"
fi

# ---- The application
shows 200 '<script type="module" src="page.js">' /web-eid/
grep -qi "^content-security-policy: default-src 'self'" "$work/headers" || bad "no Content-Security-Policy"
echo '// the calls of web-eid.js' >"$work/library.js"
shows 200 'the calls of web-eid.js' /web-eid/web-eid.js
for where in /web-eid/../etc/passwd /web-eid/web-eid.py /web-eid/me/ /rule/doctors /metrics /web-eid/verify/doctors; do
	page "$where" --path-as-is
	[ "$status" = 404 ] || bad "$where: $status"
done
out() { page "$@" && [ "$status" = 401 ] || bad "$status, not 401: $(echo "$*" | cut -c 1-100)"; } # [CURL OPTIONS]: not signed in
token() { # NAME RULE [CURL OPTIONS]: a login by hand
	name=$1 rule=$2
	shift 2
	page /web-eid/challenge -X POST -H "Origin: $origin" -H 'Content-Length: 0'
	nonce=$(sed -n 's/^{"nonce":"\(.*\)"}$/\1/p' "$work/body")
	challenge=$(tr -d '\r' <"$work/headers" | sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\).*/\1/p')
	certificate=$(of hpki-auth "$name")
	{ printf %s "$origin" | openssl dgst -sha256 -binary; printf %s "$nonce" | openssl dgst -sha256 -binary; } >"$work/hashes"
	signature=$(openssl dgst -sha256 -sign "$pki/hpki-auth-authd-$name.key" "$work/hashes" | base64 -w 0)
	printf '{"unverifiedCertificate":"%s","algorithm":"RS256","signature":"%s","format":"web-eid:1.0"}' \
		"$(openssl x509 -in "$certificate" -outform der | base64 -w 0)" "$signature" >"$work/token"
	page "/web-eid/verify/$rule" -H "Origin: $origin" -H "Cookie: $challenge" --data-binary "@$work/token" "$@"
	session=$(tr -d '\r' <"$work/headers" | sed -n 's/^[Ss]et-[Cc]ookie: \(__Host-portal=[^;]*\).*/\1/p')
}
token lost doctors -H 'Remote-User: made-up' -H "X-Client-Cert: $(pem_url "$doctor")"
[ "$status" = 204 ] || bad "a login: $status"
tr -d '\r' <"$work/headers" | grep -q '^Set-Cookie: __Host-portal=[A-Za-z0-9_-]\{43\}; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Strict$' ||
	{ bad "the session's cookie"; cat "$work/headers"; }
shows 200 '"Medical Doctor"' /web-eid/me -H "Cookie: $session"
lost_session=$session
out /web-eid/me -H "Cookie: ${session%?}"
out /web-eid/me -H 'Remote-User: made-up' -H "X-Client-Cert: $(pem_url "$doctor")"
out /web-eid/me -H "Cookie: $session; $session"
token doctor patients
[ "$status" = 403 ] && [ -z "$session" ] || bad "a doctor as patient: $status"
token doctor 'doctors/x'
[ "$status" = 404 ] || bad "another path: $status"
page /web-eid/verify/doctors -H "Origin: $origin" -d "$(head -c 10001 /dev/zero | tr '\0' x)"
[ "$status" = 413 ] || bad "10,001 bytes: $status"
token doctor doctors
good_session=$session
page /web-eid/leave -X POST -H 'Content-Length: 0' -H "Cookie: $good_session"
out /web-eid/me -H "Cookie: $good_session"

# a card that is revoked is out at the next request, and stays out
take_lists "$pki"
reloads=$(grep -c 'read again' "$work/stderr")
kill -HUP "$daemon"
for _ in $(seq 100); do
	[ "$(grep -c 'read again' "$work/stderr")" -gt "$reloads" ] && break
	sleep 0.1
done
shows 403 'has been revoked' /web-eid/me -H "Cookie: $lost_session" -H 'Accept-Language: en'
out /web-eid/me -H "Cookie: $lost_session"
token lost doctors
[ "$status" = 403 ] || bad "a login with a revoked card: $status"
kill "$daemon"
wait "$daemon"
daemon=
page /web-eid/challenge -X POST -H "Origin: $origin" -H 'Content-Length: 0'
case $status in 50?) ;; *) bad "without the daemon: $status" ;; esac
grep -n -e '\[warn\]' -e '\[emerg\]' "$work/nginx.log" && bad "nginx complains"
finish
