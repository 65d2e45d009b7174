#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whether a Web eID token is good for an origin and a nonce: token.py ORIGIN NONCE <TOKEN. Of its certificate it looks at
the key alone. RS256, PS256 and ES256 and their like, by the openssl command: nothing of Inkan has a hand in it."""
import base64
import hashlib
import json
import subprocess
import sys
import tempfile

origin, nonce = sys.argv[1:]
token = json.load(sys.stdin)
assert token["format"].startswith("web-eid:1"), token["format"]
kind, bits = token["algorithm"][:2], token["algorithm"][2:]
assert kind in ("RS", "PS", "ES") and bits in ("256", "384", "512"), token["algorithm"]


def digest(data):
    return hashlib.new("sha" + bits, data).digest()


def integer(number):  # DER
    data = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes([2, len(data)]) + data


signature = base64.b64decode(token["signature"], validate=True)
certificate = base64.b64decode(token["unverifiedCertificate"], validate=True)
if kind == "ES":
    half = len(signature) // 2
    numbers = integer(int.from_bytes(signature[:half], "big")) + integer(int.from_bytes(signature[half:], "big"))
    signature = (b"\x30" + (bytes([len(numbers)]) if len(numbers) < 128 else bytes([0x81, len(numbers)]))) + numbers
with tempfile.TemporaryDirectory() as folder:
    with open(folder + "/signature", "wb") as f:
        f.write(signature)
    key = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-pubkey"], input=certificate, check=True, capture_output=True)
    with open(folder + "/key", "wb") as f:
        f.write(key.stdout)
    pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] if kind == "PS" else []
    said = subprocess.run(["openssl", "dgst", "-sha" + bits, "-verify", folder + "/key", "-signature", folder + "/signature", *pss],
                          input=digest(origin.encode()) + digest(nonce.encode()), capture_output=True)
print(said.stdout.decode().strip())
sys.exit(said.returncode)
