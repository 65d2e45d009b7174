#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Good documents as other makers may write them: prefixes, order, white space, encodings, certificates, times, evidence.

    make_variants.py FOLDER

FOLDER/documents.txt as make_documents.py writes it. What an edit before signing makes, xmlsec1 verifies as well; an edit
behind the signature (`after`) changes nothing that is signed.
"""
import os
import re
import sys
import make_documents as m
from make_documents import C14N, DS, ENVELOPED, EXC, HSGN, SCAN, VENDOR, XA, b64

C14N11 = 'http://www.w3.org/2006/12/xml-c14n11'
lines = []
real = m.signature


def put(name, text, *signatures, encoding='utf-8', signer=None):
    """signatures: (kind, words, covered) of each."""
    name += '.xml'
    m.write(name, text if isinstance(text, bytes) else text.encode(encoding))
    for kind, words, covered in signatures:
        lines.append('\t'.join((name, kind, words, covered)))
        m.xmlsec1(pki, name, pki.second if kind == 'dispensing' else pki.signer, {
            'prescription': "//*[local-name()='PrescriptionSign']/*", 'dispensing': '/Document/DispensingSign/*',
        }.get(kind, "//*[local-name()='Signature']"))
    m.stamps(pki, name)


def must(text, pattern, new, n=0):
    """A change that changes something."""
    changed, found = re.subn(pattern, new, text, count=n, flags=re.S)
    if not found:
        sys.exit('nothing to change: ' + pattern)
    return changed


def made(make, *edits, form=VENDOR, **how):
    """A document whose unfinished signature goes through the edits (pattern, replacement) before it is signed."""
    def signature(*args, **more):
        text = real(*args, **more)
        for pattern, new in edits:
            text = must(text, pattern, new)
        return text
    m.signature = signature
    try:
        return make(pki, form=form, **how)
    finally:
        m.signature = real


def prescription(name, *edits, words='valid', form=VENDOR, **how):
    text = made(m.prescription, *edits, form=form, **how)[0]
    put(name, text, ('prescription', words, 'PrescriptionDocument'))
    return text


def before(change, name):
    """A prescription of which anything was changed before it was signed."""
    sign = m.sign
    m.sign = lambda text, *rest: sign(change(text), *rest)
    try:
        prescription(name)
    finally:
        m.sign = sign


def names():
    """Prefixes and name spaces."""
    for ds, xa in (('ds', 'xades'), ('dsig', 'etsi'), ('xs', 'xs2'), ('a', 'b'), ('', 'xa')):
        for level in ('B', 'XL'):
            prescription('prefix-%s-%s-%s' % (ds, xa, level.lower()), form=dict(VENDOR, ds=ds, xa=xa), level=level)
    prescription('prefix-none', (' xmlns:xa="', ' xmlns="'), ('(</?)xa:', r'\1'))
    prescription('prefix-each', ('<xs:KeyInfo ', '<k:KeyInfo xmlns:k="%s" ' % DS), ('</xs:KeyInfo>', '</k:KeyInfo>'))
    prescription('ids', ('Id="id[0-9a-f]*-(SignedInfo|SignatureValue|Object)"', ''), form=dict(VENDOR, reference_ids=False))
    for spelling in ('Id', 'ID'):
        before(lambda t: must(t, '(<PrescriptionDocument) id=', r'\1 %s=' % spelling), 'id-' + spelling)


def references():
    """Both forms of the document's reference, every order, and other transforms and hashes."""
    for form, name in ((VENDOR, 'vendor'), (HSGN, 'hsgn')):
        for order in ('DKS', 'DSK', 'KDS', 'KSD', 'SDK', 'SKD'):
            prescription('%s-%s' % (name, order.lower()), form=dict(form, order=order, serial=None))
    for name, method in (('c14n', C14N), ('c14n11', C14N11), ('exc', EXC)):
        # libxml2's 1.1 and 1.0 of these elements are the same; lxml has no 1.1
        prescription('document-' + name, form=dict(VENDOR, document=[method]))
        if method != C14N11:
            prescription('all-' + name, form=dict(VENDOR, c14n=method, document=[method]))
    prescription('no-transforms', ('(<xs:Reference[^>]*>)<xs:Transforms>.*?</xs:Transforms>', r'\1'))
    prescription('transforms-empty', ('(<xs:Reference [^>]*#PrescriptionDocument">)', r'\1<xs:Transforms></xs:Transforms>'))
    prescription('types', ('URI="#(id[0-9a-f]*-KeyInfo)"', r'Type="%sObject" URI="#\1"' % DS))
    prescription('type-behind', (r'( Type="[^"]*SignedProperties")( URI="[^"]*")', r'\2\1'))
    for name, digest in (('sha384', m.DIGEST['sha384']), ('sha512', m.DIGEST['sha512'])):
        prescription('digest-' + name, ('(<xs:Reference.*?DigestMethod Algorithm=")[^"]*', r'\g<1>' + digest))
    prescription('prefix-list', ('(<xs:Transform Algorithm="%s">)' % EXC,
                                 r'\1<e:InclusiveNamespaces xmlns:e="%s" PrefixList=""/>' % EXC))


def white_space():
    """Where it means nothing, and where it is signed with the rest."""
    prescription('indented', ('(<xs:(Reference|Transform|Digest|Signature|Canonical|KeyInfo|X509Data|Object)[A-Za-z]*[ >])',
                              r'\n\t\1'), ('(<xa:[A-Z][A-Za-z0-9]*[ >])', r'\n    \1'))
    prescription('base64-cert', ('(<xs:X509Certificate>)([^<]*)', lambda g: g.group(1) + '\n\t ' + ' \n'.join(
        re.findall('.{1,64}', g.group(2).replace('\n', ''))) + '\n'))
    prescription('base64-digests', ('@DIGEST@', '\n  @DIGEST@\t'), ('(CertDigest>.*?DigestValue>)([^<]{9})', r'\1\n \2\n '))
    prescription('base64-64', form=dict(VENDOR, columns=64))
    prescription('base64-line', form=dict(VENDOR, columns=0))
    prescription('base64-comment', ('(<xs:X509Certificate>)(.{40})', r'\1<!-- a -->\2<?pi?>'))
    good = m.prescription(pki, level='T')[0]
    rx = ('prescription', 'valid', 'PrescriptionDocument')
    head, rest = good.split('?>', 1)
    crlf = m.prescription(pki)[0]
    for name, text, encoding in (
            ('crlf', crlf.replace('\n', '\r\n'), 'utf-8'), ('cr', crlf.replace('\n', '\r'), 'utf-8'),
            ('final-line', good + '\n', 'utf-8'), ('final-lines', good + '\r\n\r\n', 'utf-8'),
            ('mark', good, 'utf-8-sig'), ('no-declaration', rest, 'utf-8'), ('declaration-line', head + '?>\n\n' + rest, 'utf-8'),
            ('declaration-quotes', "<?xml version='1.0' encoding='utf-8'?>" + rest, 'utf-8'),
            ('declaration-standalone', '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + rest, 'utf-8'),
            ('declaration-standalone-no', '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n' + rest, 'utf-8'),
            ('declaration-bare', '<?xml version="1.0"?>' + rest, 'utf-8'),
            ('shift-jis', '<?xml version="1.0" encoding="Shift_JIS"?>' + rest, 'cp932'),
            ('windows-31j', '<?xml version="1.0" encoding="Windows-31J"?>' + rest, 'cp932'),
            ('euc-jp', '<?xml version="1.0" encoding="EUC-JP"?>' + rest, 'euc-jp'),
            ('comments', head + '?><!-- before -->' + rest + '<!-- after -->\n<?pi after?>', 'utf-8'),
            ('tags', must(good, '<Document id="Document"', "<Document\n  id = 'Document'\t"), 'utf-8'),
            ('tags-empty', must(good, '></Version>', ' />'), 'utf-8'),
            ('references', must(good, 'id="PrescriptionDocument">(.)', lambda g: 'id="PrescriptionDocument">&#x%x;' % ord(g.group(1))), 'utf-8'),
            ('cdata', must(good, '(id="PrescriptionDocument">)([^<]*)', r'\1<![CDATA[\2]]>'), 'utf-8'),
            ('indented-outside', must(good, '><(Prescription|PrescriptionManagement|PrescriptionSign|/Prescription|/Document)>', r'>\n  <\1>'), 'utf-8'),
            ('schema', must(good, 'EP.xsd', '../EP.xsd'), 'utf-8')):
        put('after-' + name, text, rx, encoding=encoding)
    before(lambda t: must(t, '(id="PrescriptionDocument">)([^<]*)', lambda g: g.group(1) + '\n' + must(g.group(2), '.{1,76}', r'\g<0>\n')),
           'csv-columns')


def properties():
    """Signed properties, KeyInfo and what may stand beside them."""
    for name, time in (('z', '2026-11-20T12:00:00Z'), ('fraction', '2026-11-20T12:00:00.123456Z'),
                       ('fraction-zone', '2026-11-20T21:00:00.1+09:00'), ('west', '2026-11-20T07:00:00-05:00'),
                       ('no-zone', '2026-11-20T12:00:00'), ('blanks', '\n  2026-11-20T12:00:00Z\n'),
                       ('east', '2026-11-20T12:00:00+14:00')):
        prescription('time-' + name, ('(SigningTime>)[^<]*', r'\g<1>' + time))
    prescription('time-none', ('<xa:SigningTime>[^<]*</xa:SigningTime>', ''))
    v1 = m.issuer_serial(pki.signer.cert, 'text', 'xs:', 'xa:')
    v2 = m.issuer_serial(pki.signer.cert, 'right', 'xs:', 'xa:')
    cert = '<xa:Cert><xa:CertDigest>.*?</xa:CertDigest>'
    prescription('certificate-both', ('<xa:SigningCertificateV2>(%s)(</xa:Cert>)</xa:SigningCertificateV2>' % cert,
        lambda g: '<xa:SigningCertificate>{0}{1}{3}</xa:SigningCertificate><xa:SigningCertificateV2>{0}{2}{3}'
        '</xa:SigningCertificateV2>'.format(g.group(1), v1, v2, g.group(2))))
    prescription('certificate-v1-bare', ('SigningCertificateV2', 'SigningCertificate'))
    ca = '<xa:Cert><xa:CertDigest><xs:DigestMethod Algorithm="%s"/><xs:DigestValue>%s</xs:DigestValue></xa:CertDigest></xa:Cert>' % (
        m.DIGEST['sha256'], b64(m.hashlib.sha256(pki.ca.cert).digest()))
    prescription('certificate-chain', ('(</xa:SigningCertificateV2>)', ca + r'\1'))
    for name in ('sha384', 'sha512'):
        digest = b64(m.hashlib.new(name, pki.signer.cert).digest())
        prescription('certificate-' + name, ('(CertDigest><xs:DigestMethod Algorithm=")[^"]*("></xs:DigestMethod><xs:DigestValue>)[^<]*',
                                             r'\g<1>%s\g<2>%s' % (m.DIGEST[name], digest)))
    policy = '<xa:SignaturePolicyIdentifier><xa:SignaturePolicyImplied/></xa:SignaturePolicyIdentifier>' \
        '<xa:SignatureProductionPlace><xa:CountryName>JP</xa:CountryName></xa:SignatureProductionPlace><xa:SignerRole>' \
        '<xa:ClaimedRoles><xa:ClaimedRole>医師</xa:ClaimedRole></xa:ClaimedRoles></xa:SignerRole>'
    prescription('more-properties', ('(</xa:SignedSignatureProperties>)', policy + r'\1'))
    prescription('data-object', ('Id="(id[0-9a-f]*-Reference1-Detached)"(.*)</xa:SignedSignatureProperties>',
        r'Id="\1"\2</xa:SignedSignatureProperties><xa:SignedDataObjectProperties><xa:DataObjectFormat ObjectReference="#\1">'
        '<xa:MimeType>text/csv</xa:MimeType></xa:DataObjectFormat></xa:SignedDataObjectProperties>'))
    other = '<xs:X509Certificate>%s</xs:X509Certificate>' % b64(pki.ca.cert)
    name = '<xs:X509SubjectName>CN=x</xs:X509SubjectName><xs:X509SKI>AAAA</xs:X509SKI>'
    prescription('key-value', form=dict(VENDOR, key_value=True))
    prescription('key-ca-behind', ('(</xs:X509Certificate>)', r'\1' + other))
    prescription('key-ca-before', ('(<xs:X509Data>)', r'\1' + other))
    prescription('key-ca-apart', ('(</xs:X509Data>)', r'\1<xs:X509Data>%s</xs:X509Data>' % other))
    prescription('key-names', ('(<xs:X509Data>)', r'<xs:KeyName>a</xs:KeyName>\1' + name))
    prescription('objects', ('(</xs:Signature>)$', r'<xs:Object>more</xs:Object>\1'))


def evidence():
    """Levels T, XL and A of prescriptions, dispensings and scans."""
    for form, name in ((VENDOR, 'vendor'), (dict(HSGN, serial=None), 'hsgn'), (dict(VENDOR, v1=True, serial='text'), 'v1')):
        for level in ('B', 'T', 'XL', 'A'):
            text, inside = made(m.prescription, form=form, level=level)
            put('%s-%s' % (name, level.lower()), text, ('prescription', 'valid', 'PrescriptionDocument'))
            put('%s-%s-dispensed' % (name, level.lower()), m.dispensing(pki, inside, form=form, level=level),
                ('prescription', 'valid', 'PrescriptionDocument'), ('dispensing', 'valid', 'Dispensing'))
    text, inside = m.prescription(pki, level='A')
    for n in (1, 2):  # two pharmacies, one prescription
        put('pharmacy-%d' % n, m.dispensing(pki, inside, level='A'), ('prescription', 'valid', 'PrescriptionDocument'),
            ('dispensing', 'valid', 'Dispensing'))
    for level in ('B', 'T', 'XL', 'A'):
        put('scan-' + level.lower(), m.scan(pki, level, nonce=True), ('scan', 'valid', 'scan/letter.xml scan/note.txt'))
    for name, form in (('exc', dict(SCAN, c14n=EXC)), ('v2', dict(SCAN, v1=False, serial=None)),
                       ('key-signed', dict(SCAN, order='DKS')), ('time', dict(SCAN, time=True))):
        put('scan-' + name, m.scan(pki, 'T', form), ('scan', 'valid', 'scan/letter.xml scan/note.txt'))


def stamped(text, value, parts):
    """The signature with that value gets, in this order: "S", "A", "O": a time stamp of its own, an archive time stamp, one
    of the older form, each with the canonical form that it names, or None; other text: that property."""
    for part, method in parts:
        tree, s = m.found(text.replace('@NEXT@', ''), value)
        if part in ('S', 'A', 'O'):
            form = method or C14N
            octets = archive(tree, s, form) if part != 'S' else m.canonical(s.find('{%s}SignatureValue' % DS), form)
            name = {'S': 'xa:SignatureTimeStamp', 'A': 'xa141:ArchiveTimeStamp', 'O': 'xa:ArchiveTimeStamp'}[part]
            part = '<{0} Id="stamp-{3}">{1}<xa:EncapsulatedTimeStamp>{2}</xa:EncapsulatedTimeStamp></{0}>'.format(
                name, '<m:CanonicalizationMethod xmlns:m="%s" Algorithm="%s"/>' % (DS, method) if method else '',
                b64(m.token(pki, octets)), next(m.ids))
        text = text.replace('@NEXT@', part + '@NEXT@')
    return text.replace('@NEXT@', '')


def archive(tree, s, method):
    octets = b''.join(m.canonical(tree.xpath('//*[@Id=$i or @id=$i]', i=r.get('URI')[1:])[0], EXC if r.find('{%s}Transforms' % DS)
                      is not None else method) for r in s.find('{%s}SignedInfo' % DS).iter('{%s}Reference' % DS))
    for name in ('SignedInfo', 'SignatureValue', 'KeyInfo'):
        octets += m.canonical(s.find('{%s}%s' % (DS, name)), method)
    return octets + b''.join(m.canonical(p, method) for p in s.find('.//{%s}UnsignedSignatureProperties' % XA)) + b''.join(
        m.canonical(o, method) for o in s.findall('{%s}Object' % DS) if o.find('{%s}QualifyingProperties' % XA) is None)


def stamps():
    """More than one, of other canonical forms, and with properties between them that nobody knows."""
    evolve, data = m.evolve, '<xa141:TimeStampValidationData>%s</xa141:TimeStampValidationData>' % (
        '<xa:CertificateValues><xa:EncapsulatedX509Certificate>%s</xa:EncapsulatedX509Certificate></xa:CertificateValues>' % b64(
            pki.tsa_root.cert))
    refs = '<xa:CompleteCertificateRefs/><xa:CompleteRevocationRefs Id="refs"/><o:other xmlns:o="urn:o">x</o:other>'
    for name, parts in (
            ('exc', [('S', EXC)]), ('inclusive', [('S', C14N)]), ('two', [('S', None), ('S', EXC)]), ('archive-only', [('A', None)]),
            ('archive-exc', [('S', None), ('A', EXC)]), ('archive-inclusive', [('S', None), (data, None), ('A', C14N)]),
            ('refs', [('S', None), (refs, None), (data, None), ('A', None), (data, None)]),
            ('older', [('S', None), (refs, None), ('O', None)]),
            ('archive-4', [('S', None)] + 4 * [(data, None), ('A', None)])):
        m.evolve = lambda text, value, *_, **__: stamped(text, value, parts)
        prescription('stamps-' + name)
    m.evolve = evolve


def main(folder):
    global pki
    m.folder = folder
    pki = m.make_pki([])
    os.mkdir(m.path('scan'))
    m.write('scan/letter.xml', m.HEAD + '\n<letter b="2" a=\'1\'>見本<br/></letter>\n')
    m.write('scan/page-1.jpg', bytes(range(256)))
    m.write('scan/note.txt', 'a note\n')
    names()
    references()
    white_space()
    properties()
    evidence()
    stamps()
    m.write('documents.txt', '\n'.join(lines) + '\n')
    print('%d documents' % len({line.split('\t')[0] for line in lines}))


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
