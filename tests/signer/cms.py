#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""SignedData taken apart and put together again. cms.py WORD FILE OUT [MORE]
signature, token, attributes: what lies in the first SignerInfo
many N: so many signers, all the first one; resign KEY CHANGE: the signed attributes changed, and signed anew by openssl;
CHANGE refer-to:CERT and refer-first:CERT: one reference more to a certificate in DER
first CERT: a certificate in DER before the others
unsigned OID VALUE: an unsigned attribute more, its value a file; list CRL; content-type: another eContentType
version, extension: of a TSTInfo, not of SignedData: another version, a critical extension
flips FLIPPED: whether each flip that documents flip left without a problem is of a byte that nothing covers"""
import hashlib, subprocess, sys


def head(data, at):
    """Tag, length of the header, end of the object that begins there."""
    n = data[at + 1]
    if n < 0x80:
        return data[at], 2, at + 2 + n
    n &= 0x7F
    return data[at], 2 + n, at + 2 + n + int.from_bytes(data[at + 2:at + 2 + n], "big")


def parts(der):
    """The objects inside one object."""
    _, n, end = head(der, 0)
    found = []
    while n < end:
        e = head(der, n)[2]
        found.append(der[n:e])
        n = e
    return found


def make(tag, *objects):
    body = b"".join(objects)
    n = len(body)
    length = bytes([n]) if n < 0x80 else bytes([0x80 | (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + body


def oid(text):
    a = [int(x) for x in text.split(".")]
    out = b""
    for v in [a[0] * 40 + a[1], *a[2:]]:
        digits = [v & 0x7F]
        while v := v >> 7:
            digits.insert(0, v & 0x7F | 0x80)
        out += bytes(digits)
    return make(6, out)


CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (oid("1.2.840.113549.1.9." + n) for n in "345")
REFERENCE = oid("1.2.840.113549.1.9.16.2.47")
STAMP = oid("1.2.840.113549.1.9.16.2.14")


def change(attributes, how):
    """The attributes in another way; each is SEQUENCE { type, SET of values }."""
    by_type = {parts(a)[0]: a for a in attributes}
    digest, when = by_type[MESSAGE_DIGEST], by_type[SIGNING_TIME]
    value = parts(parts(digest)[1])[0]
    if how == "none":
        return attributes
    if how == "digest-twice":
        return [*attributes, make(0x30, MESSAGE_DIGEST, make(0x31, make(4, bytes(32))))]
    if how == "digest-two-values":
        return [a for a in attributes if a != digest] + [make(0x30, MESSAGE_DIGEST, make(0x31, value, make(4, bytes(32))))]
    if how == "no-digest":
        return [a for a in attributes if a != digest]
    if how == "no-content-type":
        return [a for a in attributes if a != by_type[CONTENT_TYPE]]
    if how == "time-twice":
        return [*attributes, make(0x30, SIGNING_TIME, make(0x31, make(0x17, b"010101000000Z")))]
    if how == "time-2060":
        return [a for a in attributes if a != when] + [make(0x30, SIGNING_TIME, make(0x31, make(0x18, b"20600101000000Z")))]
    if how == "time-nonsense":
        return [a for a in attributes if a != when] + [make(0x30, SIGNING_TIME, make(0x31, make(0x17, b"991399000000Z")))]
    if how.startswith("refer-"):
        old = by_type[REFERENCE]
        ids = parts(parts(parts(parts(old)[1])[0])[0])
        more = make(0x30, make(4, hashlib.sha256(open(how.split(":")[1], "rb").read()).digest()))
        ids = [more, *ids] if how.startswith("refer-first") else [*ids, more]
        return [a for a in attributes if a != old] + [make(0x30, REFERENCE, make(0x31, make(0x30, make(0x30, *ids))))]
    raise SystemExit(how)


class Cms:
    def __init__(self, der):
        self.content = parts(parts(der)[1])[0]
        self.fields = parts(self.content)
        self.signers = parts(self.fields[-1])
        self.signer = parts(self.signers[0])
        self.at = next(i for i, p in enumerate(self.signer) if p[0] == 0xA0)  # signedAttrs

    def signature(self):
        return self.signer[self.at + 2]

    def unsigned(self):
        return parts(self.signer[self.at + 3]) if len(self.signer) > self.at + 3 else []

    def whole(self):
        signers = make(0x31, make(0x30, *self.signer), *self.signers[1:])
        return make(0x30, oid("1.2.840.113549.1.7.2"), make(0xA0, make(0x30, *self.fields[:-1], signers)))


def uncovered(der):
    """Places of a SignedData that no signature covers: its versions, its digestAlgorithms, which repeat the signers', and
    the tag of a NULL beside rsaEncryption; the types of unsigned attributes; where the bit 20 says nothing: tags of what
    is constructed in any case, and letters of the issuer's name that finds the certificate (RFC 5280 7.1: case is
    ignored), which the signed attributes name by its hash."""
    free, types, bit = set(), set(), set()

    def walk(at, end, path):
        i = 0
        while at < end:
            tag, n, e = head(der, at)
            here = (*path, i)
            if here[:3] == (0, 1, 0) and len(here) > 3:
                where(here[3:], at, e)
            if tag & 0x20:
                bit.add(at)
                walk(at + n, e, here)
            elif der[at:e] == b"\x05\x00":
                free.add(at)
            at, i = e, i + 1

    def where(path, at, e):
        last = len(parts(parts(parts(der)[1])[0])) - 1
        if path in ((0,), (1,)) or (path[0] == last and len(path) == 3 and path[2] == 0):
            free.update(range(at, e))
        if path[0] == last and len(path) == 5 and path[2] == 6 and path[4] == 0:
            types.update(range(at, e))
        if path[0] == last and len(path) == 4 and path[2:] == (1, 0):
            bit.update(range(at, e))

    walk(0, len(der), ())
    return free, types, bit


def flips(der, lines):
    free, types, bit = uncovered(der)
    token = der.find(STAMP)
    if token >= 0:  # it begins behind the type and the header of the SET
        token += len(STAMP) + head(der, token + len(STAMP))[1]
        inner = uncovered(der[token:head(der, token)[2]])
        free |= {token + i for i in inner[0]}
        bit |= {token + i for i in inner[2]}
    bad = 0
    stamps = int(lines[0].split()[2])
    for line in lines[1:]:
        at, mask, now = (int(x) for x in line.split())
        if not (at in free or (mask == 0x20 and at in bit) or (now < stamps and at in types)):
            print("covered, and not noticed:", line)
            bad = 1
    print(len(der), "bytes,", len({line.split()[0] for line in lines[1:]}), "of them uncovered")
    return bad


word, path, out, *more = sys.argv[1:]
source = open(path, "rb").read()
if word == "flips":
    sys.exit(flips(source, open(out).read().splitlines()))
if word == "version":
    made = make(0x30, make(2, b"\2"), *parts(source)[1:])
elif word == "extension":
    made = make(0x30, *parts(source), make(0xA1, make(0x30, oid("1.3.6.1.4.1.99999.2"), make(1, b"\xff"), make(4, b""))))
else:
    cms = Cms(source)
if word == "signature":
    made = cms.signature()[head(cms.signature(), 0)[1]:]
elif word == "token":
    made = next(parts(parts(a)[1])[0] for a in cms.unsigned() if parts(a)[0] == STAMP)
elif word == "attributes":
    made = make(0x31, *parts(cms.signer[cms.at]))
elif word == "resign":
    key, how = more
    attributes = sorted(change(parts(cms.signer[cms.at]), how))
    value = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=make(0x31, *attributes), check=True,
                           stdout=subprocess.PIPE).stdout
    cms.signer[cms.at] = make(0xA0, *attributes)
    cms.signer[cms.at + 2] = make(4, value)
    made = cms.whole()
elif word == "unsigned":
    cms.signer[cms.at + 3:] = [make(0xA1, *cms.unsigned(), make(0x30, oid(more[0]), make(0x31, open(more[1], "rb").read())))]
    made = cms.whole()
elif word == "first":
    cms.fields[3] = make(0xA0, open(more[0], "rb").read(), *parts(cms.fields[3]))
    made = cms.whole()
elif word == "list":
    cms.fields.insert(-1, make(0xA1, open(more[0], "rb").read()))
    made = cms.whole()
elif word == "many":
    cms.signers = cms.signers[:1] * int(more[0])
    made = cms.whole()
elif word == "content-type":
    cms.fields[2] = make(0x30, oid("1.2.840.113549.1.7.5"), *parts(cms.fields[2])[1:])
    made = cms.whole()
open(out, "wb").write(made)
