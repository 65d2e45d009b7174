# SPDX-License-Identifier: BSD-2-Clause
# inkan-web-eid as a browser sees it, with a pinentry of the tests' own (tests/webeid/pinentry): host.py PART, inside
# inkan-vcard. openssl checks the signatures; the card counts the PINs.
import base64, hashlib, json, os, signal, struct, subprocess, sys, time

HOST, VCARD, OPENSSL = os.path.abspath("inkan-web-eid"), os.path.abspath("inkan-vcard"), "openssl"
work, source = os.environ["TEST_FOLDER"], os.environ["srcdir"]
NONCE = base64.b64encode(bytes(range(32))).decode()
ORIGIN = "https://portal.example.jp"
failures = 0


def bad(text):
    global failures
    failures += 1
    print("FAILED: " + text)


def same(what, got, wanted):
    if got != wanted:
        bad("%s: %r, not %r" % (what, got, wanted))


def card(command):
    out = subprocess.run([VCARD, "--send", command], stdout=subprocess.PIPE, text=True).stdout
    return out.strip().removeprefix("ok").strip()


class Host:
    """One process: answers= what the person does."""

    def __init__(self, *answers, pinentry=None, **environment):
        self.shown_path, answers_path = work + "/shown", work + "/answers"
        if answers and answers[0] != "as before":
            open(self.shown_path, "w").close()
            with open(answers_path, "w") as f:
                f.write("".join(a + "\n" for a in answers))
        elif not answers:
            open(self.shown_path, "w").close()
            open(answers_path, "w").close()
        os.makedirs(work + "/config/inkan", exist_ok=True)
        with open(work + "/config/inkan/inkan.conf", "w") as f:
            f.write("pinentry = %s\n" % (pinentry or source + "/tests/webeid/pinentry"))
        env = dict(os.environ, XDG_CONFIG_HOME=work + "/config", ANSWERS=answers_path, SHOWN=self.shown_path,
                   VCARD=VCARD, LC_ALL="C.UTF-8", **environment)
        self.process = subprocess.Popen([HOST, "chrome-extension://x/"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=env)
        self.version = self.read()["version"]

    def read(self):
        head = self.process.stdout.read(4)
        if len(head) < 4:
            return None
        return json.loads(self.process.stdout.read(struct.unpack("=I", head)[0]))

    def write(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def end(self):
        """Standard input is closed; what else was said on standard output, and the exit status."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        rest = self.process.stdout.read()
        code = self.process.wait(20)
        self.said = self.process.stderr.read().decode()
        return rest, code

    def ask(self, message, raw=None):
        self.write(raw if raw is not None else frame(message))
        answer = self.read()
        same("after the answer", self.end(), (b"", 0))
        return answer

    def shown(self):
        with open(self.shown_path) as f:
            return [json.loads(line) for line in f]

    def wait_for_dialog(self, n=1):
        for _ in range(300):
            if len(self.shown()) >= n:
                return
            time.sleep(0.05)
        bad("dialog %d did not come" % n)


def frame(message):
    text = json.dumps(message, ensure_ascii=False).encode()
    return struct.pack("=I", len(text)) + text


def command(name, **arguments):
    return {"command": name, "arguments": arguments}


def authenticate(**more):
    return command("authenticate", **{"origin": ORIGIN, "challengeNonce": NONCE, **more})


def get_certificate():
    return command("get-signing-certificate", origin=ORIGIN)


def code(answer):
    return answer.get("error", {}).get("code", "").removeprefix("ERR_WEBEID_") if answer else None


def verified(cert, data, signature, name="sha256"):
    """By openssl: the certificate's key has signed this hash."""
    for path, content in (("cert", cert), ("data", data), ("signature", base64.b64decode(signature))):
        with open(work + "/" + path, "wb") as f:
            f.write(base64.b64decode(content) if path == "cert" else content)
    subprocess.run([OPENSSL, "x509", "-inform", "DER", "-in", work + "/cert", "-pubkey", "-noout", "-out", work + "/key"],
                   check=True)
    how = ["pkeyutl", "-verify", "-pubin", "-inkey", work + "/key", "-in", work + "/data", "-sigfile", work + "/signature",
           "-pkeyopt", "digest:" + name]
    return subprocess.run([OPENSSL] + how, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def is_token(answer, origin=ORIGIN, nonce=NONCE):
    hashes = hashlib.sha256(origin.encode()).digest() + hashlib.sha256(nonce.encode()).digest()
    return (answer is not None and answer.get("format") == "web-eid:1.0" and answer.get("algorithm") == "RS256" and
            verified(answer["unverifiedCertificate"], hashlib.sha256(hashes).digest(), answer["signature"]))


def counted(kind, verifies, signatures):
    """A PIN is sent as it is typed, and again with the signature."""
    same("PINs that the card got (%s)" % kind, card("verifies 1 " + kind), str(verifies))
    same("signatures (%s)" % kind, card("signatures 1 " + kind), str(signatures))


# ---- Parts

def protocol():
    """Frames and arguments: no dialog comes, no PIN goes to the card."""
    h = Host()
    same("the version", h.version.split(".")[0], "2")
    if os.getuid() and os.stat("/proc/%d/mem" % h.process.pid).st_uid == os.getuid():
        bad("what is in memory can be dumped")
    same("quit", h.ask(command("quit")), {})
    # without pcscd, too
    same("quit", Host(PCSCLITE_CSOCK_NAME="/nowhere").ask(command("quit")), {})
    for n in (0, 1, 8193, 0x7FFFFFFF, 0xFFFFFFFF):
        same("a length of %d" % n, code(Host().ask(None, struct.pack("=I", n))), "NATIVE_FATAL")
    text = json.dumps(command("quit")).encode()
    same("8192 bytes", Host().ask(None, struct.pack("=I", 8192) + text.ljust(8192)), {})
    h = Host()
    for byte in frame(command("quit")):
        h.write(bytes([byte]))
    same("byte by byte", h.read(), {})
    h.end()
    whole = frame(authenticate())
    for n in range(0, len(whole), int(os.environ.get("INKAN_TEST_SAMPLE", 7))):
        h = Host()
        h.write(whole[:n])
        same("the end of input after %d bytes" % n, h.end(), (b"", 0))
        same("dialogs", h.shown(), [])
    long = {"lang": "ja"}
    wrong = [b"", b"[]", b"{}", b"nul", b'{"command":"quit"}', b'{"command":"quit","arguments":[]}',
             b'{"command":1,"arguments":{}}', b'{"command":"quit","arguments":{}} x', b"\xff\xfe{}",
             b'{"command":"quit","command":"quit","arguments":{}}', b'{"command":"quit","arguments":{},"more":1}',
             b'{"command":"quit","arguments":{"a\\u0000b":"x"}}', b"[" * 8000]
    messages = [command("quit", more="x"), command("QUIT"), command("Authenticate", **long), authenticate(more="x"),
                authenticate(lang=1), authenticate(lang=""), authenticate(challengeNonce="x" * 43),
                authenticate(challengeNonce="x" * 129), authenticate(challengeNonce=NONCE.encode().hex() * 2),
                authenticate(challengeNonce=5), authenticate(challengeNonce=""), authenticate(origin=None),
                command("authenticate", origin=ORIGIN), command("authenticate", challengeNonce=NONCE),
                command("get-signing-certificate"), command("get-signing-certificate", origin=ORIGIN, challengeNonce=NONCE)]
    hash256, cert = base64.b64encode(bytes(32)).decode(), base64.b64encode(b"0" * 99).decode()
    right = {"origin": ORIGIN, "hash": hash256, "hashFunction": "SHA-256", "certificate": cert}
    for change in ({"hash": hash256[:-4]}, {"hash": hash256 + "AAAA"}, {"hash": "A" * 43 + "B"}, {"hash": hash256[:-1]},
                   {"hash": "-" + hash256[1:]}, {"hash": hash256 + "\n"}, {"hash": hash256[:-1] + "=="},
                   {"hashFunction": "SHA-384"}, {"hashFunction": "SHA-224"}, {"hashFunction": "sha-256"},
                   {"hashFunction": "SHA-1"}, {"certificate": "x"}, {"certificate": cert + "\n"},
                   {"certificate": "-----BEGIN CERTIFICATE-----"}, {"origin": "http://portal.example.jp"}):
        messages.append(command("sign", **{**right, **change}))
    host = "portal.example.jp"
    for origin in ("http://" + host, "https://", "https://" + host + "/", "https://" + host + "/path", "https://" + host + "?q",
                   "https://" + host + "#f", "https://user@" + host, "https://user:pw@" + host, host, "//" + host,
                   "HTTPS://" + host, "https:/" + host, "https://" + host + ":", "https://" + host + ":0",
                   "https://" + host + ":65536", "https://" + host + ":443443", "https://" + host + ":-1",
                   "https://" + host + ":4 43", "https://" + host + " evil.example", "https://evil.example\n" + host,
                   "https://" + host + "\u202e", "https://\u202eportal.example.jp", "https://portal\u200b.example.jp",
                   "https://病院.example.jp", "https://portal.example.jp%00", "https://portal..example.jp", "https://.example.jp",
                   "https://<b>portal.example.jp</b>", "https://portal.example.jp%0Aok", "https://[::1", "https://::1",
                   "https://[]", "https://[::1]x", "https://[g::1]", "https://Portal.example.jp", "https://" + host + ":443", "https://portal.example.jp\\@x",
                   "ftp://" + host, "file://", "null", "https://" + "a" * 248, "javascript:alert(1)", "wss:/" + host,
                   "https://" + host + ":443:443", "https://*." + host, "https://" + host + ",https://x", "https://'" + host,
                   "https://\"" + host, "https://&amp;" + host, "https://\t" + host, "chrome-extension://x"):
        messages.append(authenticate(origin=origin))
    for text in wrong:
        messages.append(text)
    for m in messages:
        h = Host()
        a = h.ask(None, struct.pack("=I", len(m)) + m) if isinstance(m, bytes) else h.ask(m)
        same(str(m)[:70], code(a), "NATIVE_FATAL" if m == b"" else "NATIVE_INVALID_ARGUMENT")
        same("dialogs", h.shown(), [])
    counted("auth", 0, 0)
    print("%d malformed messages" % len(messages))


def hpki():
    h = Host("pin 123456")
    a = h.ask(authenticate())
    if not is_token(a):
        bad("no token: %r" % a)
    if is_token(a, nonce=NONCE[:-1]) or is_token(a, origin=ORIGIN + ":8443"):
        bad("the check of tokens checks nothing")
    shown = h.shown()
    same("dialogs", len(shown), 1)
    lines = shown[0]["SETDESC"].split("\n")
    same("the first line", lines[0], "portal.example.jp")
    for text in ("asks you to sign in.", "HANAKO YAMADA", "Medical Doctor", "HPKI Authentication", "15 tries left"):
        if text not in shown[0]["SETDESC"]:
            bad("not shown: " + text)
    same("the time limit of the dialog", shown[0].get("SETTIMEOUT"), "0")
    counted("auth", 2, 1)
    # a port, an IPv6 address, a socket, a long name: the site comes first and whole
    for origin in (ORIGIN + ":8443", "wss://portal.example.jp", "https://[2001:db8::1]:8443", "https://xn--4gq.example",
                   "https://" + ".".join(["a" * 60] * 4)):
        h = Host("cancel")
        same(origin, code(h.ask(authenticate(origin=origin))), "USER_CANCELLED")
        text = h.shown()[0]["SETDESC"].split("asks you to sign in.")[0].replace("\n", "")
        same("the site", text, origin.split("://")[1])
    # nothing typed, a wrong form, a wrong PIN, the same once more, the right one
    h = Host("pin ", "pin 12", "pin 999999", "pin 999999", "pin 12%34", "pin 123456")
    if not is_token(h.ask(authenticate(lang="en"))):
        bad("no token after wrong PINs")
    same("errors", ["SETERROR" in s for s in h.shown()], [False] + [True] * 5)
    if "14 tries left" not in h.shown()[3]["SETERROR"]:
        bad("the tries are not told: %s" % h.shown()[3]["SETERROR"])
    counted("auth", 6, 2)
    # the page's language
    h = Host("cancel")
    h.ask(authenticate(lang="ja"))
    # no signature and no PIN
    for answers, wanted in ((("cancel",), "USER_CANCELLED"), (("code 83886194",), "USER_CANCELLED"),
                            (("code 83886142",), "NATIVE_FATAL"), (("die",), "NATIVE_FATAL"), (("lie",), "NATIVE_FATAL"),
                            (("pin " + "1" * 400, "cancel"), "USER_CANCELLED")):
        same(str(answers)[:40], code(Host(*answers).ask(authenticate())), wanted)
    h = Host("long")
    same("a line that is too long", code(h.ask(authenticate())), "NATIVE_FATAL")
    same("dialogs", len(h.shown()), 1)
    same("no pinentry", code(Host(pinentry="/no/such").ask(authenticate())), "NATIVE_FATAL")
    counted("auth", 6, 2)
    # the browser goes: no answer, nothing sent, no pinentry left
    for how, stays in (("end", "stay"), (signal.SIGTERM, "stay"), (signal.SIGINT, "stay"), ("end", "flood")):
        h = Host(stays)
        h.write(frame(authenticate()))
        h.wait_for_dialog()
        if how != "end":
            h.process.send_signal(how)
        same("gone (%s)" % how, h.end(), (b"", 0))
    h = Host("late 123456")
    h.write(frame(authenticate()))
    h.wait_for_dialog()
    same("gone as the PIN came", h.end(), (b"", 0))
    # as the PIN came, another program had the card
    h = Host("held 123456")
    h.write(frame(authenticate()))
    h.wait_for_dialog()
    reader = subprocess.run(["./inkan", "list"], stdout=subprocess.PIPE, text=True).stdout.split("\n")[0]
    holder = subprocess.Popen(["tests/tool/hold", reader, "transaction"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdout.readline()
    open(work + "/answers.go", "w").close()
    if b"Another program" not in h.process.stderr.readline():
        bad("no other program has the card")
    h.process.stdin.close()
    holder.communicate()
    same("gone while the card was another program's", h.end(), (b"", 0))
    counted("auth", 6, 2)
    # two tabs at once: each has its dialog; the one that is cancelled costs nothing
    h = Host("stay")
    h.write(frame(authenticate()))
    h.wait_for_dialog()
    with open(work + "/answers", "w") as f:
        f.write("pin 123456\n")
    if not is_token(Host("as before").ask(authenticate())):
        bad("the second tab got no token")
    same("the first tab", h.end(), (b"", 0))
    counted("auth", 8, 3)
    # the card goes while the dialog stands, and comes again
    h = Host("stay remove 1", "stay insert 1 --card hpki --name 'HANAKO YAMADA' --pin-auth 123456 --pin-sign 876543", "pin 123456")
    if not is_token(h.ask(authenticate())):
        bad("no token after the card came again")
    if "no card" not in h.shown()[1]["SETDESC"]:
        bad("not told that there is no card: %s" % h.shown()[1]["SETDESC"])
    same("dialogs", [s["command"] for s in h.shown()], ["GETPIN", "CONFIRM", "GETPIN"])
    # the signature certificate, and a signature
    h = Host("ok")
    a = h.ask(get_certificate())
    same("algorithms", [x["hashFunction"] for x in a["supportedSignatureAlgorithms"]], ["SHA-256", "SHA-384", "SHA-512"])
    same("the dialog", h.shown()[0]["command"], "CONFIRM")
    same("cancelled", code(Host("cancel").ask(get_certificate())), "USER_CANCELLED")
    for n, name in ((256, "sha256"), (384, "sha384"), (512, "sha512")):
        digest = hashlib.new(name, b"a prescription").digest()
        request = {"origin": ORIGIN, "hash": base64.b64encode(digest).decode(), "hashFunction": "SHA-%d" % n,
                   "certificate": a["certificate"]}
        h = Host("pin 876543")
        s = h.ask(command("sign", **request))
        same("algorithm", s.get("signatureAlgorithm"), {"cryptoAlgorithm": "RSA", "hashFunction": "SHA-%d" % n,
                                                        "paddingScheme": "PKCS1.5"})
        if not verified(a["certificate"], digest, s["signature"], name):
            bad("the signature does not verify (%s)" % name)
        if digest.hex()[:64] not in h.shown()[0]["SETDESC"]:
            bad("the hash is not shown")
    before = card("verifies 1 sign")
    request["certificate"] = base64.b64encode(base64.b64decode(a["certificate"])[:-1] + b"x").decode()
    h = Host("cancel")
    same("another certificate", code(h.ask(command("sign", **request))), "USER_CANCELLED")
    same("without a PIN", h.shown()[0]["command"], "CONFIRM")
    same("verifies", card("verifies 1 sign"), before)


def jpki():
    h = Host("pin 1234")
    if not is_token(h.ask(authenticate())):
        bad("no token")
    if "no name, but a number" not in h.shown()[0]["SETDESC"]:
        bad("not told what the site gets: %s" % h.shown()[0]["SETDESC"])
    h = Host("pin sign12345")
    a = h.ask(get_certificate())
    if "your name, address, date of birth and sex" not in h.shown()[0]["SETDESC"]:
        bad("not told that name and address go to the site")
    digest = hashlib.sha256(b"a consent").digest()
    request = {"origin": ORIGIN, "hash": base64.b64encode(digest).decode(), "hashFunction": "SHA-256",
               "certificate": a["certificate"]}
    h = Host("pin SIGN12345")
    if not verified(a["certificate"], digest, h.ask(command("sign", **request))["signature"]):
        bad("the signature does not verify")
    if "your name, address, date of birth and sex" not in h.shown()[0]["SETDESC"]:
        bad("not told again that name and address go to the site")
    if "Sample" in str(h.shown()) or "東京" in str(h.shown()):
        bad("the person is shown before the PIN")
    counted("sign", 3, 1)
    request["certificate"] = base64.b64encode(base64.b64decode(a["certificate"])[:-1] + b"x").decode()
    same("another certificate", code(Host("pin SIGN12345", "cancel").ask(command("sign", **request))), "USER_CANCELLED")
    counted("sign", 4, 1)
    # the last try stays
    h = Host("pin 0000", "pin 1111", "cancel")
    same("the last try", code(h.ask(authenticate())), "USER_CANCELLED")
    same("dialogs", [s["command"] for s in h.shown()], ["GETPIN", "GETPIN", "CONFIRM"])
    same("tries", card("tries 1 auth"), "1")
    h = Host("cancel")
    same("one try", code(h.ask(authenticate())), "USER_CANCELLED")
    same("without a PIN", h.shown()[0]["command"], "CONFIRM")


def several():
    h = Host("other", "ok", "pin 1234")
    if not is_token(h.ask(authenticate())):
        bad("no token")
    same("dialogs", [s["command"] for s in h.shown()], ["CONFIRM", "CONFIRM", "GETPIN"])
    same("the buttons", h.shown()[0].get("SETNOTOK"), "Another one")
    if "take out" not in h.shown()[0]["SETDESC"]:
        bad("not told what to do where there is no third button: %s" % h.shown()[0]["SETDESC"])
    if "JPKI" not in h.shown()[2]["SETDESC"]:
        bad("another card than the chosen one")
    counted("auth", 0, 0)
    same("cancelled", code(Host("other", "cancel").ask(authenticate())), "USER_CANCELLED")


def unusable():
    for command_ in (authenticate(), get_certificate()):
        h = Host("cancel")
        same("expired", code(h.ask(command_)), "USER_CANCELLED")
        same("without a PIN", h.shown()[0]["command"], "CONFIRM")
        if "expired" not in h.shown()[0]["SETDESC"]:
            bad("not told that it has expired: %s" % h.shown()[0]["SETDESC"])
    # a name that would pass for something else
    card("remove 1")
    card("insert 1 --card hpki --name '<b>asks%0Ayou' --japanese-name '&lt;" + "長" * 200 + "'" + " --role 'Director of Hospital'" * 8)
    h = Host("cancel")
    h.ask(authenticate(origin="https://" + ".".join(["portal"] + ["a" * 60] * 3)))
    text = h.shown()[0]["SETDESC"]
    same("the first line", text.split("\n")[0], "portal." + "a" * 53)
    same("roles", text.count("Director of Hospital"), 3)
    if "valid until" not in text or "15 tries left" not in text:
        bad("a long name hides what follows: %s" % text)
    if "<" in text or "&" in text:
        bad("markup reaches the dialog: %s" % text)
    card("remove 1")
    card("service stop")
    h = Host("stay service start", "stay insert 1 --card hpki", "pin 1234")
    if not is_token(h.ask(authenticate())):
        bad("no token after pcscd and the card came")
    same("dialogs", [s["command"] for s in h.shown()], ["CONFIRM", "CONFIRM", "GETPIN"])


globals()[sys.argv[1]]()
sys.exit(1 if failures else 0)
