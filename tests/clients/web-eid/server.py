#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Serves a folder at https://localhost:PORT, and keeps what pages PUT there.
Usage: server.py PORT FOLDER CERTIFICATE KEY"""
import functools
import http.server
import os
import ssl
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_PUT(self):
        path = self.translate_path(self.path)
        with open(path + ".new", "wb") as file:
            file.write(self.rfile.read(int(self.headers["Content-Length"])))
        os.rename(path + ".new", path)
        self.send_response(204)
        self.end_headers()


port, folder, certificate, key = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), functools.partial(Handler, directory=folder))
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print("ready", flush=True)
server.serve_forever()
