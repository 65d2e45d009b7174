#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What we have signed, by lxml, hashlib and openssl alone: every digest, the value, the form of signing.md's table.

    verify_xades.py FILE CERTIFICATE.pem NAME-OF-THE-PARENT|- [AUTHORITY.pem]

With AUTHORITY.pem there must be one time stamp, which openssl ts verifies; without, none. The element that the Signature
is in is found by its name; "-": the Signature is the root, or its parent is.
"""
import base64
import datetime
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
from lxml import etree
from make_documents import C14N, DIGEST, DS, ENVELOPED, EXC, RSA, XA, canonical

name, certificate, parent, authority = (sys.argv + [''])[1:5]
with open(name, 'rb') as f:
    data = f.read()
parse = lambda octets: etree.fromstring(octets, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
tree = parse(data)
ns = {'s': DS, 'a': XA}


def need(condition, what):
    if not condition:
        sys.exit('%s: %s' % (name, what))


def openssl(*args):
    done = subprocess.run(('openssl',) + args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    need(done.returncode == 0, 'openssl %s: %s' % (args[0], done.stdout + done.stderr))
    return done.stdout


def text(node, path):
    found = node.xpath(path, namespaces=ns)
    need(len(found) == 1, '%d of %s' % (len(found), path))
    return found[0] if isinstance(found[0], str) else found[0].text


need(data.startswith(b'<') and b'<!DOCTYPE' not in data, 'begins with something else, or has a DOCTYPE')
ids = [str(v) for v in tree.xpath('//@Id | //@id | //@ID')]
need(len(ids) == len(set(ids)), 'an Id twice')
where = '/descendant-or-self::s:Signature' if parent == '-' else '//%s/s:Signature' % parent
signatures = tree.xpath(where, namespaces=ns)
need(len(signatures) == 1, '%d signatures' % len(signatures))
s = signatures[0]
if parent == 'DispensingSign':
    need(s.getparent().getparent() is tree, 'in another place')
need((s.prefix, s.nsmap.get('xs')) == ('xs', DS) and s.find('.//a:QualifyingProperties', ns).prefix == 'xa', 'prefixes')
need(text(s, 's:SignedInfo/s:CanonicalizationMethod/@Algorithm') == EXC, 'CanonicalizationMethod')
need(text(s, 's:SignedInfo/s:SignatureMethod/@Algorithm') == RSA['sha256'], 'SignatureMethod')

# References: documents, KeyInfo, SignedProperties.
references = s.findall('s:SignedInfo/s:Reference', ns)
for i, r in enumerate(references):
    uri = r.get('URI')
    transforms = [t.get('Algorithm') for t in r.findall('s:Transforms/s:Transform', ns)]
    if uri == '':
        need(transforms == [ENVELOPED, EXC], 'transforms of the document')
        copy = parse(data)
        other = copy.xpath(where, namespaces=ns)[0]
        before, above = other.getprevious(), other.getparent()
        if before is not None:
            before.tail = (before.tail or '') + (other.tail or '')
        else:
            above.text = (above.text or '') + (other.tail or '')
        above.remove(other)
        octets = canonical(copy.getroottree(), EXC)
    elif uri.startswith('#'):
        need(transforms == [EXC], 'transforms of ' + uri)
        targets = tree.xpath('//*[@Id=$i or @id=$i]', i=uri[1:])
        need(len(targets) == 1, uri)
        octets = canonical(targets[0], EXC)
        wanted = {'PrescriptionSign': 'PrescriptionDocument', 'DispensingSign': 'Dispensing'}.get(parent)
        wanted = {len(references) - 2: '{%s}KeyInfo' % DS, len(references) - 1: '{%s}SignedProperties' % XA}.get(i, wanted)
        need(targets[0].tag == wanted, 'reference %d leads to %s' % (i, targets[0].tag))
        need(i < len(references) - 2 or s in targets[0].iterancestors(), 'in another signature')
    else:
        need(transforms == [], 'transforms of ' + uri)
        with open(os.path.join(os.path.dirname(name), urllib.parse.unquote(uri)), 'rb') as f:
            octets = f.read()
    need(text(r, 's:DigestMethod/@Algorithm') == DIGEST['sha256'], 'DigestMethod')
    need(text(r, 's:DigestValue') == base64.b64encode(hashlib.sha256(octets).digest()).decode(), 'digest of "%s"' % uri)
need(references[-1].get('Type') == 'http://uri.etsi.org/01903#SignedProperties', 'Type')

# The value, by the certificate's key.
with tempfile.TemporaryDirectory() as work:
    def file(octets):
        with tempfile.NamedTemporaryFile(dir=work, delete=False) as f:
            f.write(octets)
        return f.name
    key = file(openssl('x509', '-in', certificate, '-noout', '-pubkey'))
    value = file(base64.b64decode(text(s, 's:SignatureValue')))
    openssl('dgst', '-sha256', '-verify', key, '-signature', value, file(canonical(s.find('s:SignedInfo', ns), EXC)))
    cert = openssl('x509', '-in', certificate, '-outform', 'DER')
    need(base64.b64decode(text(s, 's:KeyInfo/s:X509Data/s:X509Certificate')) == cert, 'certificate')
    need([e.tag for e in s.find('s:KeyInfo', ns).iter()] == ['{%s}%s' % (DS, t) for t in (
        'KeyInfo', 'X509Data', 'X509Certificate')], 'KeyInfo')

    # Properties.
    q = s.find('s:Object/a:QualifyingProperties', ns)
    need(q.get('Target') == '#' + s.get('Id'), 'Target')
    need(parent == '-' or s.get('Id') == parent, 'Id')
    p = 'a:SignedProperties/a:SignedSignatureProperties/'
    need(text(q, p + 'a:SigningCertificateV2/a:Cert/a:CertDigest/s:DigestValue') ==
         base64.b64encode(hashlib.sha256(cert).digest()).decode(), 'CertDigest')
    need(q.find('.//a:IssuerSerialV2', ns) is None, 'IssuerSerialV2')
    time = text(q, p + 'a:SigningTime')
    need(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00', time), 'SigningTime ' + time)
    now = datetime.datetime.now(datetime.timezone.utc)
    need(abs(now - datetime.datetime.fromisoformat(time)) < datetime.timedelta(hours=1), 'SigningTime ' + time)
    if parent == '-':  # EN 319 132-1, baseline: a format for each reference but that to the properties
        formats = [e.get('ObjectReference') for e in q.findall(
            'a:SignedProperties/a:SignedDataObjectProperties/a:DataObjectFormat[a:MimeType]', ns)]
        need(formats == ['#' + r.get('Id') for r in references[:-1]], 'DataObjectFormat')
    stamps = q.findall('a:UnsignedProperties/a:UnsignedSignatureProperties/a:SignatureTimeStamp', ns)
    need(len(stamps) == (1 if authority else 0) and len(q) == 1 + len(stamps), '%d time stamps' % len(stamps))
    for stamp in stamps:
        token = file(base64.b64decode(text(stamp, 'a:EncapsulatedTimeStamp')))
        octets = file(canonical(s.find('s:SignatureValue', ns), C14N))
        openssl('ts', '-verify', '-token_in', '-in', token, '-data', octets, '-CAfile', authority)
