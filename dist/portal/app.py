#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The portal's application: who has come, from the headers that inkan-authd sets and the web server passes on.

It believes them, so it listens on loopback alone. Doctors who have come are listed for patients: in memory, the last 100.
"""
import html
import sys
import threading
import urllib.parse
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

seen, lock = {}, threading.Lock()  # Remote-User: (name, licences, status, as of when, when they came)


def page(title, *lines):
    body = "".join(f"<p>{line}</p>\n" for line in lines)
    return (f'<!DOCTYPE html>\n<html lang="ja"><head><meta charset="utf-8"><title>{title}</title>'
            f"</head>\n<body><h1>{title}</h1>\n{body}</body></html>\n")


class Portal(BaseHTTPRequestHandler):
    def field(self, name):  # what authd percent-encodes, as text that is safe in HTML
        return html.escape(urllib.parse.unquote(self.headers.get(name, "").strip()))

    def roles(self):  # a comma within a licence is encoded
        roles = self.headers.get("Remote-Groups", "").split(",")
        return "、".join(html.escape(urllib.parse.unquote(r.strip())) for r in roles)

    def do_GET(self):
        user, name, roles = self.field("Remote-User"), self.field("Remote-Name"), self.roles()
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        if not user:
            text = page("ポータル / Portal", '<a href="/doctors/">医師 / Doctors</a>',
                        '<a href="/pharmacists/">薬剤師 / Pharmacists</a>')
        elif self.field("Inkan-Profile").startswith("jpki"):
            with lock:
                rows = [f"{n} — {r} — {s} ({a}) — {t}" for n, r, s, a, t in seen.values()]
            text = page("あなたの医師 / Your doctors", f"{user}", *(rows or ["まだいません / None yet"]),
                        "名前 — 資格 — 失効の確認（失効リストの日時） — 来た日時 / name — licence — status (date of the list) — seen")
        else:
            if self.path.startswith("/doctors/"):
                with lock:
                    seen.pop(user, None)
                    seen[user] = name or user, roles, self.field("Inkan-Status"), self.field("Inkan-Status-As-Of"), now
                    if len(seen) > 100:
                        del seen[next(iter(seen))]
            text = page(f"ようこそ / Welcome, {name or user}", roles, user)
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8080), Portal).serve_forever()
