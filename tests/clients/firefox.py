#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Works a Firefox through Marionette and answers its dialogs.
Usage: firefox.py PORT modules          the security modules, a line each
       firefox.py PORT certificates     what the certificate manager shows as one's own
       firefox.py PORT open URL [PIN...]
       firefox.py PORT picture FILE    of the window, as PNG
       firefox.py PORT script FILE ARGUMENTS PIN...     runs it in Thunderbird; ARGUMENTS are JSON
       firefox.py PORT quit
The second and third also say how often the PIN was asked for since the last open."""
import base64
import json
import socket
import sys
import time

PATIENCE = 55

# Answers dialogs for as long as Firefox runs: with the next of the PINs, or Cancel
# when there is none left, and with the certificate that Firefox proposes.
WATCH = """
if (window.seen)
	return;
window.seen = {pins: [], pin: 0, certificate: 0, loaded: false};
const answer = {
	"common-dialog-loaded"(dialog) {
		const find = id => dialog.document.getElementById(id);
		seen.pin++;
		if (!seen.pins.length)
			return find("commonDialog").cancelDialog();
		find("password1Textbox").value = seen.pins.shift();
		find("commonDialog").acceptDialog();
	},
	"cert-dialog-loaded"(dialog) {
		seen.certificate++;
		dialog.acceptDialog();
	},
};
for (const topic in answer)
	Services.obs.addObserver(dialog => answer[topic](dialog), topic);
"""

# While a dialog for the PIN is up Firefox's network stands still, Marionette with it:
# this returns at once, and is asked later how it went.
OPEN = """
const [url, pins] = arguments;
const begun = Date.now();
Object.assign(seen, {pins, pin: 0, certificate: 0, loaded: false});
const browser = gBrowser.selectedBrowser;
const {STATE_STOP, STATE_IS_NETWORK} = Ci.nsIWebProgressListener;
const listener = {
	QueryInterface: ChromeUtils.generateQI(["nsIWebProgressListener", "nsISupportsWeakReference"]),
	onStateChange(progress, request, state) {
		if (!progress.isTopLevel || !(state & STATE_STOP) || !(state & STATE_IS_NETWORK))
			return;
		browser.removeProgressListener(listener);
		seen.ms = Date.now() - begun;
		seen.loaded = true;
	},
};
window.listener = listener; // the browser's own reference is a weak one
browser.addProgressListener(listener);
browser.fixupAndLoadURIString(url, {triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal()});
"""

MODULES = """
const done = arguments[0];
const db = Cc["@mozilla.org/security/pkcs11moduledb;1"].getService(Ci.nsIPKCS11ModuleDB);
(async () => done(Array.from(await db.listModules(), m => `${m.name}: ${m.libName}`)))();
"""

CERTIFICATES = """
const done = arguments[0];
const w = Services.ww.openWindow(null, "chrome://pippki/content/certManager.xhtml", "_blank", "chrome", null);
w.addEventListener("load", () => w.setTimeout(() => {
	const tree = w.document.getElementById("user-tree");
	const rows = [];
	for (let i = 0; i < tree.view.rowCount; i++)
		rows.push([0, 1].map(c => tree.view.getCellText(i, tree.columns[c])).join(" | "));
	w.close();
	done(rows);
}, 0));
"""


class Marionette:
    def __init__(self, port):
        self.file = self.connect(port).makefile("rwb")
        self.number = 0
        self.receive()
        self.call("WebDriver:NewSession", capabilities={"alwaysMatch": {"unhandledPromptBehavior": "ignore"}})
        self.call("WebDriver:SetTimeouts", script=1000 * PATIENCE)
        self.run(WATCH)

    @staticmethod
    def connect(port):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), PATIENCE)
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    sys.exit("Firefox does not start")
                time.sleep(0.02)

    def receive(self):
        length = b""
        while (c := self.file.read(1)) != b":":
            length += c
        return json.loads(self.file.read(int(length)))

    def call(self, command, **parameters):
        self.number += 1
        frame = json.dumps([0, self.number, command, parameters]).encode()
        self.file.write(b"%d:%s" % (len(frame), frame))
        self.file.flush()
        _, _, error, result = self.receive()
        if error:
            sys.exit(f"{command}: {error['error']}: {error['message']}")
        return result

    def run(self, script, *args, how="ExecuteScript"):
        self.call("Marionette:SetContext", value="chrome")
        return self.call(f"WebDriver:{how}", script=script, args=args, sandbox="system")["value"]

    def wait(self, script):
        return self.run(script, how="ExecuteAsyncScript")

    def title(self):
        self.call("Marionette:SetContext", value="content")
        return self.call("WebDriver:GetTitle")["value"]


def say(seen):
    for word in ("pin", "certificate", "ms"):
        print(word, seen.get(word, 0))


def open_page(firefox, url, pins):
    deadline = time.monotonic() + PATIENCE
    firefox.run(OPEN, url, pins)
    while not (seen := firefox.run("return seen"))["loaded"]:
        if time.monotonic() > deadline:
            sys.exit(f"{url} does not come: {seen}")
        time.sleep(0.02)
    print("title", firefox.title())
    say(seen)


def script(firefox, file, arguments, *pins):
    firefox.run("Object.assign(seen, {pins: arguments[0], pin: 0, certificate: 0})", pins)
    with open(file) as source:
        firefox.run(f"seen.answer = null; (function () {{ {source.read()} }})(arguments[0], text => seen.answer = text);",
                    json.loads(arguments))
    deadline = time.monotonic() + PATIENCE
    result = None
    while not result or result["answer"] is None:
        if time.monotonic() > deadline:
            sys.exit(f"no answer: {result}")
        time.sleep(0.05)
        try:
            result = firefox.run("return seen")
        except SystemExit as error:
            if "unexpected alert open" not in str(error):  # a dialog is up, and WATCH answers it
                raise
    print(result["answer"])
    say(result)


def picture(firefox, file):
    firefox.call("WebDriver:SetWindowRect", width=760, height=320)
    firefox.call("Marionette:SetContext", value="chrome")
    data = firefox.call("WebDriver:TakeScreenshot", full=False)["value"]
    with open(file, "wb") as out:
        out.write(base64.b64decode(data))


def main():
    port, verb, *words = sys.argv[1:]
    firefox = Marionette(int(port))
    if verb == "modules":
        print("\n".join(firefox.wait(MODULES)))
    elif verb == "certificates":
        print("\n".join(firefox.wait(CERTIFICATES)))
        say(firefox.run("return seen"))
    elif verb == "open":
        open_page(firefox, words[0], words[1:])
    elif verb == "picture":
        picture(firefox, words[0])
    elif verb == "script":
        script(firefox, *words)
    elif verb == "quit":
        firefox.call("Marionette:Quit", flags=["eForceQuit"])


main()
