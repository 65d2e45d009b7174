#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A portal's application that signs people in by the Web eID extension: web-eid.py [PORT [SOCKET [LIBRARY]]].

inkan-authd gives challenges, verifies tokens and says who somebody is; the session is kept here: a random cookie, and the
certificate that this browser has shown to be its own. inkan-authd is asked about that certificate at each request, so
that a card that is revoked is out at once. Listens on loopback alone. LIBRARY is web-eid.js, of the Web eID project.
"""
import http.client
import json
import os
import re
import secrets
import socket
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = sys.argv[1] if len(sys.argv) > 1 else 8081
AUTHD = sys.argv[2] if len(sys.argv) > 2 else "/run/inkan-authd/http.sock"
LIBRARY = sys.argv[3] if len(sys.argv) > 3 else "/etc/inkan/portal/web-eid.js"
FOLDER = os.path.dirname(os.path.abspath(__file__))
FILES = {
    "/web-eid/": (FOLDER + "/web-eid.html", "text/html; charset=utf-8"),
    "/web-eid/page.js": (FOLDER + "/web-eid-page.js", "text/javascript; charset=utf-8"),
    "/web-eid/web-eid.js": (LIBRARY, "text/javascript; charset=utf-8"),
}
RULES = "doctors|pharmacists|patients"  # of authd.conf
COOKIE, SECONDS, MOST = "__Host-portal", 3600, 10000
sessions, lock = {}, threading.Lock()  # cookie: (rule, certificate, until)


class Authd(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(AUTHD)


class Portal(BaseHTTPRequestHandler):
    def cookies(self):
        return "; ".join(self.headers.get_all("Cookie", []))

    def session(self):
        found = re.findall(rf"(?:^|; ?){COOKIE}=([A-Za-z0-9_-]+)", self.cookies())
        return found[0] if len(found) == 1 else ""

    def ask(self, method, path, body=None, **headers):
        names = {"Accept-Language", "Origin", "X-Real-IP"}
        sent = {n: ", ".join(self.headers.get_all(n)) for n in names if n in self.headers}
        authd = Authd("authd")
        authd.request(method, path, body, {**sent, **headers, "X-Original-URI": self.path})
        answer = authd.getresponse()
        return answer.status, answer.headers, answer.read()

    def answer(self, status, body=b"", kind="text/html; charset=utf-8", **headers):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": len(body), "Cache-Control": "no-store",
                            "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
                            "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'", **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/web-eid/me":
            self.who()
        elif self.path in FILES and os.path.exists(FILES[self.path][0]):
            name, kind = FILES[self.path]
            with open(name, "rb") as file:
                self.answer(200, file.read(), kind)
        else:
            self.answer(404)

    def do_POST(self):
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,5}", length) or int(length) > 10000 or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self.answer(413)
            return
        body = self.rfile.read(int(length))
        verify = re.fullmatch(f"/web-eid/verify/({RULES})", self.path)
        if self.path == "/web-eid/challenge":
            status, headers, data = self.ask("POST", self.path, body)
            cookie = {"Set_Cookie": headers["Set-Cookie"]} if headers["Set-Cookie"] else {}
            self.answer(status, data, headers.get("Content-Type", "text/html"), **cookie)
        elif verify:
            self.sign_in(verify[1], body)
        elif self.path == "/web-eid/leave":
            with lock:
                sessions.pop(self.session(), None)
            self.answer(204, Set_Cookie=f"{COOKIE}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict")
        else:
            self.answer(404)

    def sign_in(self, rule, body):
        status, headers, page = self.ask("POST", f"/web-eid/verify/{rule}", body, Cookie=self.cookies())
        if status != 200:
            self.answer(status, page, Inkan_Reason=headers.get("Inkan-Reason", ""))
            return
        key, now = secrets.token_urlsafe(32), time.monotonic()
        with lock:
            sessions.pop(self.session(), None)
            for old in [k for k, s in sessions.items() if s[2] < now]:
                del sessions[old]
            if len(sessions) >= MOST:
                del sessions[next(iter(sessions))]  # the oldest
            sessions[key] = rule, json.loads(body)["unverifiedCertificate"], now + SECONDS
        self.answer(204, Set_Cookie=f"{COOKIE}={key}; Max-Age={SECONDS}; Path=/; Secure; HttpOnly; SameSite=Strict")

    def who(self):
        with lock:
            rule, certificate, until = sessions.get(self.session(), ("", "", 0))
        if until < time.monotonic():
            self.answer(401)
            return
        status, headers, page = self.ask("GET", f"/rule/{rule}", **{"X-Client-Cert": certificate})
        if status != 200:
            with lock:
                sessions.pop(self.session(), None)
            self.answer(status, page, Inkan_Reason=headers.get("Inkan-Reason", ""))
            return
        said = {n: urllib.parse.unquote(headers.get("Remote-" + n, "").strip()) for n in ("User", "Name")}
        groups = [urllib.parse.unquote(g) for g in headers.get("Remote-Groups", "").strip().split(",")]
        self.answer(200, json.dumps({**said, "Groups": groups}).encode(), "application/json")


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(PORT)), Portal).serve_forever()
