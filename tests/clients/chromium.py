#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Works a Chromium: pages through its debugging port, dialogs with xdotool.
Usage: chromium.py PORT SCREEN certificates   what the certificate manager counts as one's own
       chromium.py PORT SCREEN open URL [PIN...]
SCREEN is the file of Xvfb's -fbdir. Both say how often the PIN was asked for."""
import base64
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time
import urllib.request

PATIENCE = 55

# The text of a page that is made of custom elements.
TEXT = """
(function text(node) {
	const inner = node.shadowRoot ? text(node.shadowRoot) : "";
	return node.nodeType == 3 ? node.data : inner + [...node.childNodes].map(text).join(" ");
})(document.body)
"""


class Page:
    """A new tab."""
    def __init__(self, port, url):
        self.port, self.url = port, url
        made = json.loads(self.ask("new?" + url, "PUT"))
        self.id, self.socket_url = made["id"], made["webSocketDebuggerUrl"]

    def ask(self, path, method="GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/{path}", method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read()

    def title(self):
        """Its own one, when it has come; before, there is none or the address."""
        title = next(p["title"] for p in json.loads(self.ask("list")) if p["id"] == self.id)
        return title if title.rstrip("/") != self.url.removeprefix("https://").rstrip("/") else ""

    def text(self):
        """One question over a WebSocket of its own (RFC 6455)."""
        _, _, host, path = self.socket_url.split("/", 3)
        with socket.create_connection(host.split(":"), PATIENCE) as link, link.makefile("rwb") as file:
            key = base64.b64encode(os.urandom(16)).decode()
            file.write(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
            file.flush()
            while file.readline().strip():
                continue
            question = json.dumps({"id": 1, "method": "Runtime.evaluate", "params": {"expression": TEXT}}).encode()
            file.write(struct.pack(">BBH", 0x81, 0xFE, len(question)) + bytes(4) + question)
            file.flush()
            _, size = file.read(2)
            if size > 125:
                size = int.from_bytes(file.read(2 if size == 126 else 8), "big")
            return json.loads(file.read(size))["result"]["result"].get("value", "")


def xdotool(*words):
    done = subprocess.run(["xdotool", *words], capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.stdout.split()


class Dialogs:
    """Answers the PIN's window with the next PIN, or Escape when there is none left."""
    def __init__(self, screen, pins):
        self.screen, self.pins = screen, pins
        self.pin = self.certificate = 0
        self.answered = {}  # window: when
        self.chosen = 0.0

    def look(self):
        now = time.monotonic()
        for window in xdotool("search", "--onlyvisible", "--name", "^Unlock Security Device$"):
            if window not in self.answered:
                self.pin += 1
                keys = ["type", "--delay", "1", self.pins.pop(0) + "\n"] if self.pins else ["key", "Escape"]
            elif now - self.answered[window] > 1:  # it came too early: a window takes no Return at first
                keys = ["key", "Return"]
            else:
                continue
            xdotool("windowfocus", window, *keys)
            self.answered[window] = now
        if self.choosing() and now - self.chosen > 0.3:
            browser = xdotool("search", "--onlyvisible", "--name", "Chromium$")
            xdotool("windowfocus", browser[-1], "key", "Return")
            self.chosen = now

    def choosing(self):
        """The dialog for the certificate is no window of its own: it darkens the page."""
        with open(self.screen, "rb") as file:
            head = struct.unpack(">25I", file.read(100))
            header, height, line, colours = head[0], head[5], head[12], head[19]
            file.seek(header + 12 * colours + (height - 20) * line + 4 * 20)
            return max(file.read(3)) < 0xA0

    def say(self):
        print("pin", self.pin)


def until(dialogs, page, ready):
    begun = time.monotonic()
    while not (found := ready(page)):
        if time.monotonic() - begun > PATIENCE:
            sys.exit(f"Chromium's page does not come; windows: {xdotool('search', '--onlyvisible', '--name', '.')}")
        dialogs.look()
        time.sleep(0.02)
    print("ms", round(1000 * (time.monotonic() - begun)))
    dialogs.say()
    return found


def main():
    port, screen, verb, *words = sys.argv[1:]
    dialogs = Dialogs(screen, words[1:])
    if verb == "open":
        print("title", until(dialogs, Page(port, words[0]), Page.title))
    elif verb == "certificates":
        page = Page(port, "chrome://certificate-manager/clientcerts")
        print(until(dialogs, page, lambda p: re.search(r"[1-9]\d* certificates?", p.text()))[0])


main()
