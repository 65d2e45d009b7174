#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Signed documents by other people's libraries: python3-xmlsec, and signxml (XAdES) and endesive (CMS), of which Debian 13
has packages.

    others.py template vendor|hsgn|letter OUT CERTIFICATE.pem    a document to be signed by xmlsec
    others.py sign-xmlsec FILE KEY.pem OUT
    others.py verify-xades FILE CERTIFICATE.pem ROOT        ROOT: the name of the element that must be covered
    others.py sign-xades FILE CERTIFICATE.pem KEY.pem OUT
    others.py verify-cms FILE.p7s FILE CA.pem
    others.py sign-cms FILE CERTIFICATE.pem KEY.pem OUT
"""
import sys


def read(name):
    with open(name, 'rb') as f:
        return f.read()


def write(name, data):
    with open(name, 'wb') as f:
        f.write(data)


def template(kind, out, cert):
    import make_documents as m
    from types import SimpleNamespace
    signer = SimpleNamespace(cert=m.run('openssl', 'x509', '-in', cert, '-outform', 'DER'))
    form = dict(m.HSGN if kind == 'hsgn' else m.VENDOR, serial=None)
    if kind == 'letter':
        text = m.HEAD + '<letter xmlns="urn:a"><to>Clinic</to>\n%s</letter>' % m.signature(
            form, 'id-letter', signer, [('', '', [m.ENVELOPED, m.EXC])])
    else:
        text = m.HEAD + m.ROOT % 'EP' + '<Prescription><PrescriptionManagement id="PrescriptionManagement"><Version Value=' \
            '"EPS1.0"/></PrescriptionManagement><PrescriptionDocument id="PrescriptionDocument">%s</PrescriptionDocument>' \
            '<PrescriptionSign>%s</PrescriptionSign></Prescription></Document>' % (
                m.b64(m.CSV.encode()), m.signature(form, 'PrescriptionSign', signer, [('#PrescriptionDocument', '', None)]))
    for unfinished in ('@DIGEST@', '@VALUE@', '@UNSIGNED@'):
        text = text.replace(unfinished, '')
    write(out, text.encode())


def sign_xmlsec(name, key, out):
    import xmlsec
    from lxml import etree
    tree = etree.parse(name)
    xmlsec.tree.add_ids(tree.getroot(), ['id', 'Id'])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_file(key, xmlsec.KeyFormat.PEM)
    context.sign(xmlsec.tree.find_node(tree, xmlsec.Node.SIGNATURE))
    tree.write(out, xml_declaration=True, encoding='UTF-8')


def verify_xades(name, cert, root):
    from lxml import etree
    from signxml.xades import XAdESVerifier
    found = XAdESVerifier().verify(read(name), x509_cert=read(cert).decode())
    covered = {etree.QName(r.signed_xml).localname for r in found}
    if covered != {root, 'KeyInfo', 'SignedProperties'}:
        sys.exit('signxml: covered are ' + ', '.join(sorted(covered)))


def sign_xades(name, cert, key, out):
    from lxml import etree
    from signxml.xades import XAdESSigner
    signed = XAdESSigner().sign(etree.fromstring(read(name)), key=read(key), cert=read(cert).decode())
    write(out, etree.tostring(signed, xml_declaration=True, encoding='UTF-8'))


def verify_cms(signature, name, ca):
    from endesive import plain
    whole, value, _ = plain.verify(read(signature), read(name), [read(ca)])  # its roots are Mozilla's, for TLS
    if not whole or not value:
        sys.exit('endesive: the digest is right: %s, the value: %s' % (whole, value))


def sign_cms(name, cert, key, out):
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from endesive import plain
    key = serialization.load_pem_private_key(read(key), None)
    write(out, plain.sign(read(name), key, x509.load_pem_x509_certificate(read(cert)), [], 'sha256'))


if __name__ == '__main__':
    globals()[sys.argv[1].replace('-', '_')](*sys.argv[2:])
