#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A time stamp authority on http, honest and otherwise. authority.py PKI LATER: its port on standard output. The
path says what it does; openssl ts -reply makes the tokens, with the certificate and key PKI/NAME for a path /as/NAME.
LATER is tests/signer/later.so."""
import http.server, subprocess, sys, tempfile, threading, time

pki, later = sys.argv[1:]
lock = threading.Lock()


def reply(query, name="tsa", *more):
    """What openssl answers to a query."""
    with lock, tempfile.NamedTemporaryFile() as q, tempfile.NamedTemporaryFile() as out:
        q.write(query)
        q.flush()
        subprocess.run([*more, "openssl", "ts", "-reply", "-queryfile", q.name, "-config", f"{pki}/tsa.cnf", "-section", "tsa",
                        "-signer", f"{pki}/{name}.pem", "-inkey", f"{pki}/{name}.key", "-out", out.name], check=True,
                       stderr=subprocess.DEVNULL)
        return out.read()


def query(digest, nonce, cert=True):
    """Another query than the client's."""
    options = ["-cert"] if cert else []
    der = subprocess.run(["openssl", "ts", "-query", "-digest", digest.hex(), "-sha256", "-no_nonce", *options],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    if not nonce:
        return der
    der = der[:56] + nonce + der[56:]  # behind version and messageImprint
    return bytes([0x30, len(der) - 2]) + der[2:]


class Authority(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, kind="application/timestamp-reply", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(b"what a redirect led to")

    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        what, _, name = self.path.strip("/").partition("/")
        digest, nonce = asked[24:56], asked[56:-3]
        if self.headers["Content-Type"] != "application/timestamp-query":
            self.answer(b"", 415)
        elif what == "as":
            self.answer(reply(asked, name))
        elif what == "parameters":
            self.answer(reply(asked), kind="Application/Timestamp-Reply; version=1")
        elif what == "nonce":
            self.answer(reply(query(digest, bytes.fromhex("02080102030405060708"))))
        elif what == "no-nonce":
            self.answer(reply(query(digest, b"")))
        elif what == "imprint":
            self.answer(reply(query(bytes(32), nonce)))
        elif what == "no-certificate":
            self.answer(reply(query(digest, nonce, cert=False)))
        elif what == "month-ahead":
            self.answer(reply(asked, "tsa", "env", f"LD_PRELOAD={later}", "LATER=2592000"))
        elif what == "month-ago":
            self.answer(reply(asked, "tsa", "env", f"LD_PRELOAD={later}", "LATER=-2592000"))
        elif what == "rejected":
            self.answer(reply(asked[:19] + b"\x7f" + asked[20:]))  # a hash that nobody knows
        elif what == "trailing":
            self.answer(reply(asked) + b"\0")
        elif what == "empty":
            self.answer(b"")
        elif what == "html":
            self.answer(b"<html>", kind="text/html")
        elif what == "nonsense":
            self.answer(b"\x30\x80" * 100)
        elif what == "error":
            self.answer(b"no", 500)
        elif what == "redirect":
            self.answer(b"", 302, Location="/as/tsa")
        elif what == "hang":
            time.sleep(30)
        elif what == "drip":
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            for _ in range(60):
                self.wfile.write(b"0")
                self.wfile.flush()
                time.sleep(0.5)
        elif what == "gigabyte":
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            if name == "announced":
                self.send_header("Content-Length", str(1 << 30))
            self.end_headers()
            for _ in range(1 << 14):
                self.wfile.write(bytes(1 << 16))
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):  # who hangs up is right
        pass


server = Server(("127.0.0.1", 0), Authority)
print(server.server_port, flush=True)
server.serve_forever()
