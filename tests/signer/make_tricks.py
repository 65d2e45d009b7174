#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Signed documents with which somebody tries something, each with the words that refuse it.

    make_tricks.py FOLDER

FOLDER/documents.txt as make_documents.py writes it. A trick that needs the signer's help is signed by openssl over what
lxml canonicalises; one that does not is made of a good document.
"""
import os
import re
import sys
from lxml import etree
import make_documents as m
from make_documents import DS, EXC, ENVELOPED, HEAD, ROOT, VENDOR, XA, b64

lines = []
real = m.referenced


def referenced(*args):
    """What leads nowhere has a digest, too: nobody may come so far as to compute it."""
    if args[2].get('URI') == '#whole':  # the root of a document without anything beside it
        args[2].set('URI', '')
    try:
        return real(*args)
    except (AttributeError, IndexError, OSError, ValueError, etree.LxmlError):
        return b'nothing'


m.referenced = referenced
NESTED = '<xs:Signature xmlns:xs="%s"><xs:SignedInfo/></xs:Signature>' % DS
FORGED = b64('SJ1\nforged'.encode())


def put(name, text, *expected):
    """expected: (kind, words[, covered[, a text of what is covered or not…]]) of each signature."""
    m.write(name + '.xml', text)
    for what, words, *covered in expected:
        lines.append('\t'.join((name + '.xml', what, words, *(covered or ['']))))


def once(text, old, new):
    """Replaces the one place; a trick that changes nothing would prove nothing."""
    if text.count(old) != 1:
        sys.exit('%d times: %s' % (text.count(old), old))
    return text.replace(old, new)


def template(documents, change, form=VENDOR, objects=''):
    """A prescription whose unfinished signature `change` edits before it is signed."""
    inside = '<PrescriptionManagement id="PrescriptionManagement"></PrescriptionManagement><PrescriptionDocument ' \
        'id="PrescriptionDocument">%s</PrescriptionDocument><PrescriptionSign>%s</PrescriptionSign>' % (
            b64(m.CSV.encode()), change(m.signature(form, 'PrescriptionSign', pki.signer, documents, objects)))
    text = HEAD + ROOT % 'EP' + '<Prescription>' + inside + '</Prescription></Document>'
    text, value = m.sign(text, pki.signer, form)
    return m.evolve(text, value, form, pki, 'B')


def signed(name, words, old=None, new=None, form=VENDOR, uri='#PrescriptionDocument'):
    put(name, template([(uri, '', None)], lambda s: once(s, old, new) if old else s, form), ('prescription', words))


def method(uri, inside=''):
    return '<xs:Transforms><xs:Transform Algorithm="%s">%s</xs:Transform></xs:Transforms>' % (uri, inside)


def wrapping(good):
    """The signed element is elsewhere, and another one where it should be."""
    element = re.search('<PrescriptionDocument .*?</PrescriptionDocument>', good).group()
    sign = re.search('<PrescriptionSign>.*</PrescriptionSign>', good, re.S).group()
    forged = '<PrescriptionDocument id="other">%s</PrescriptionDocument>' % FORGED
    moved = once(good, element, forged)
    rx = lambda words: ('prescription', words)
    put('moved-to-root', once(moved, '</Prescription>', '</Prescription><Extra>%s</Extra>' % element), rx('structure reference'))
    put('moved-before', once(moved, '<Prescription>', '<Extra>%s</Extra><Prescription>' % element), rx('structure reference'))
    put('moved-into-sibling', once(moved, '</PrescriptionManagement>', element + '</PrescriptionManagement>'),
        rx('structure reference'))
    put('moved-into-object', once(moved, '</xs:Signature>', '<xs:Object>%s</xs:Object></xs:Signature>' % element),
        rx('structure reference'))
    put('moved-into-forged', once(moved, FORGED, FORGED + element), rx('structure reference'))
    put('forged-without-id', once(once(good, element, forged.replace(' id="other"', '')), '</Document>',
                                  element + '</Document>'), rx('structure reference'))
    put('forged-beside', once(good, element, forged + element), rx('structure reference'))
    put('forged-first', once(good, '<Prescription>', '<Prescription>%s</Prescription><Prescription>' % forged),
        rx('structure reference'))
    put('signature-moved', once(once(good, sign, ''), '</Document>', sign + '</Document>'), rx('structure reference'))
    put('signature-twice', once(good, sign, sign + '<PrescriptionSign></PrescriptionSign>'), rx('structure'))
    whole = re.search('<Prescription>.*</Prescription>', good, re.S).group()
    put('all-wrapped', once(good, whole, '<Prescription>%s</Prescription><Old>%s</Old>' % (forged, whole)),
        rx('structure reference'))
    put('other-root', once(once(good, '<Document ', '<Envelope '), '</Document>', '</Envelope>'), rx('structure'))
    put('other-namespace', once(good, '<Document ', '<Document xmlns="urn:other" '), ('xml', 'digest elsewhere'))
    name = re.search('Id="(id[0-9a-f]*-KeyInfo)"', good).group(1)
    put('key-info-twice', once(good, '</Document>', '<xs:KeyInfo xmlns:xs="%s" Id="%s"/></Document>' % (DS, name)),
        ('document', 'id-twice'))
    put('xml-id-twice', once(good, '</Document>', '<a xml:id="PrescriptionDocument"/></Document>'),
        ('document', 'id-twice'))
    put('foreign-id-twice', once(good, '</Document>', '<a xmlns:o="urn:o" o:ID="PrescriptionDocument"/></Document>'),
        ('document', 'id-twice'))
    properties = re.search('<xa:QualifyingProperties.*</xa:QualifyingProperties>', good, re.S).group()
    fresh = re.sub(' Id="[^"]*"', '', properties)
    put('properties-twice', once(good, properties, properties + fresh), rx('structure reference signing-certificate'))
    put('properties-moved', once(good, properties, fresh + '<moved>%s</moved>' % properties), rx('reference signing-certificate'))
    put('properties-of-another', once(good, 'Target="#PrescriptionSign"', 'Target="#another"'), rx('structure'))
    put('signature-in-object', once(good, '</xs:Signature>', '<xs:Object>%s</xs:Object></xs:Signature>' % NESTED),
        rx('valid'), ('xml', 'structure no-certificate'))
    put('signature-in-signed-info', once(good, '</xs:SignedInfo>', NESTED + '</xs:SignedInfo>'),
        rx('structure'), ('xml', 'structure no-certificate'))
    put('object-before', once(good, r'<xs:SignatureValue', '<xs:Object/><xs:SignatureValue'),
        rx('structure no-certificate'))
    at = good.index('</xs:SignatureValue>')
    at = len(good[:at].rstrip().rstrip('='))
    put('value-other-bits', good[:at - 1] + chr(ord(good[at - 1]) + 1) + good[at:], rx('signature'))
    put('value-longer', once(good, '</xs:SignatureValue>', 'AAAA</xs:SignatureValue>'), rx('signature'))
    put('comment-inside', once(good, b64(m.CSV.encode()), b64(m.CSV.encode())[:20] + '<!-- SJ2 -->' +
                               b64(m.CSV.encode())[20:]), rx('valid'))
    put('entity', once(good, HEAD, HEAD + '<!DOCTYPE Document SYSTEM "http://127.0.0.1:1/x.dtd">'),
        ('document', 'doctype'))
    put('prefix-of-nothing', once(good, 'xmlns:xsi=', 'xmlns:ysi='), ('document', 'form'))
    put('encoding', once(good, 'encoding="UTF-8"', 'encoding="UTF-7"'), ('document', 'encoding'))
    attributes = lambda n, what: '<a%s/></Document>' % ''.join(' %s%d="urn:a"' % (what, i) for i in range(n))
    put('attributes-256', once(good, '</Document>', attributes(256, 'b')), rx('valid'))
    put('attributes-257', once(good, '</Document>', attributes(257, 'b')), ('document', 'too-long'))
    put('attributes-many', once(good, '</Document>', attributes(80000, 'b')), ('document', 'too-long'))
    many = attributes(200, 'xmlns:b').replace('/></Document>', '>')
    put('namespaces', once(good, '</Document>', many + many.replace('xmlns:b', 'xmlns:c') + '</a></a></Document>'),
        ('document', 'too-long'))
    put('quotes', once(good, '</Document>', '<a><![CDATA[%s]]></a></Document>' % ('"a":"b",' * 1000)), rx('valid'))
    put('levels-256', once(good, '</Document>', '<a>' * 255 + '</a>' * 255 + '</Document>'), rx('valid'))
    put('ids-100001', once(good, '</Document>', ''.join('<a xml:id="a%d"/>' % i for i in range(100001)) + '</Document>'),
        ('document', 'too-long'))
    put('levels-257', once(good, '</Document>', '<a>' * 256 + '</a>' * 256 + '</Document>'), ('document', 'too-long'))
    pad = '<a>%s</a></Document>'
    rest = (64 << 20) - len(once(good, '</Document>', pad % '').encode())
    put('mib-64', once(good, '</Document>', pad % ('x' * rest)), rx('valid'))
    put('mib-64-and-1', once(good, '</Document>', pad % ('x' * (rest + 1))), ('document', 'too-long'))


def twins(good):
    """Beside the signed element, which is in its place, an unsigned one that a program may read instead."""
    forged = '<PrescriptionDocument>%s</PrescriptionDocument>' % FORGED
    rx, dx = (lambda words='structure': ('prescription', words)), (lambda words='structure': ('dispensing', words))
    def put_at(name, mark, what, whole=good, expected=None):
        put('twin-' + name, once(whole, mark, what + mark), *(expected or [rx()]))
    put_at('in-additional', '</AdditionalPrescriptionInformation>', forged)
    put_at('in-management', '</PrescriptionManagement>', '<Prescription>%s</Prescription>' % forged)
    put_at('in-sign', '<xs:Signature ', forged)
    put_at('in-object', '</xs:Signature>', '<xs:Object>%s</xs:Object>' % forged)
    put_at('at-root', '<Prescription>', forged)
    put_at('namespace', '<PrescriptionDocument ', forged.replace('<P', '<t:P').replace('</P', '</t:P').replace(
        '>', ' xmlns:t="urn:t">', 1))
    put_at('namespace-around', '<Prescription>', '<t:Prescription xmlns:t="urn:t">%s</t:Prescription>' % forged)
    put_at('dispensing', '</Document>', '<Dispensing><DispensingDocument>%s</DispensingDocument></Dispensing>' % FORGED)
    put_at('dispensing-document', '</Document>', '<DispensingDocument>%s</DispensingDocument>' % FORGED)
    put_at('empty-dispensing', '</Document>', '<Dispensing/>')
    both = m.dispensing(pki, m.prescription(pki)[1])
    put('dispensing', both, rx('valid'), dx('valid'))
    none = re.sub('<PrescriptionSign>.*</PrescriptionSign>', '', m.prescription(pki)[1], flags=re.S)
    for name, inside in (('none', none), ('empty', none + '<PrescriptionSign></PrescriptionSign>')):
        put('dispensing-signed-alone-' + name, m.dispensing(pki, inside), (
            'dispensing', 'valid', 'Dispensing', 'PrescriptionSign: there is none, no doctor signed the prescription'))
    for name, what in (('reference', '<ReferencePrescription>%s</ReferencePrescription>' % forged),
                       ('prescription', '<Prescription>%s</Prescription>' % forged),
                       ('additional', '<DispensingDocument>%s</DispensingDocument>' % FORGED)):
        mark = '</AdditionalDispensedInformation>' if name == 'additional' else '<DispensingManagement>'
        put_at('dispensing-' + name, mark, what, both, [rx(), dx()])


def references():
    """References, types, transforms, algorithms and prefixes, all with a right signature on them."""
    u = 'URI="#PrescriptionDocument"'
    for name, uri in (('xpointer', "#xpointer(id('PrescriptionDocument'))"), ('xpointer-root', '#xpointer(/)'),
                      ('fragment-empty', '#'), ('fragment-encoded', '#Prescription%44ocument'),
                      ('fragment-injected', "#PrescriptionDocument') | id('PrescriptionManagement"),
                      ('fragment-unknown', '#nobody'), ('whole', ''), ('sibling', '#PrescriptionManagement'),
                      ('root', '#Document')):
        signed('reference-' + name, 'reference', u, 'URI="%s"' % uri)
    put('xpointer-as-id', once(template([('#PrescriptionDocument', '', None)], lambda s: once(s, u, 'URI="#xpointer(/)"')),
        'id="PrescriptionManagement"', 'id="xpointer(/)"'), ('prescription', 'reference'))
    for name, uri in (('http', 'http://127.0.0.1:1/a'), ('file', 'file:///etc/passwd'), ('path', '/etc/passwd'),
                      ('name', 'note.txt')):
        signed('external-' + name, 'external-reference', u, 'URI="%s"' % uri)
    signed('uri-missing', 'structure', u, '')
    signed('uri-foreign', 'structure', u, 'xmlns:o="urn:o" o:URI="#PrescriptionManagement" ' + u)
    signed('type-missing', 'structure', ' Type="http://uri.etsi.org/01903#SignedProperties"', '')
    signed('type-on-another', 'reference', u, 'Type="http://uri.etsi.org/01903#SignedProperties" ' + u)
    for order, words in (('KS', 'not-covered'), ('DS', 'structure'), ('DK', 'signing-certificate'),
                         ('DDKS', 'structure'), ('DKKS', 'structure')):
        form = dict(VENDOR, order=order, reference_ids=False)
        signed('order-' + order.lower(), words, form=form)
    key = template([('#PrescriptionDocument', '', None)], lambda s: s)
    name = re.search('Id="(id[0-9a-f]*-KeyInfo)"', key).group(1)
    put('key-info-of-another', once(once(key, 'Id="%s"' % name, 'Id="renamed"'), '</Prescription>',
        '<xs:KeyInfo xmlns:xs="%s" Id="%s"/></Prescription>' % (DS, name)), ('prescription', 'structure reference'))
    d = '<xs:DigestMethod Algorithm="%s"></xs:DigestMethod><xs:DigestValue>@DIGEST@</xs:DigestValue></xs:Reference>' \
        '<xs:Reference Id="[^"]*2-KeyInfo"' % re.escape(m.DIGEST['sha256'])
    d0 = '<xs:DigestMethod Algorithm="%s"></xs:DigestMethod><xs:DigestValue>@DIGEST@</xs:DigestValue></xs:Reference>' \
        '<xs:Reference Id="k"' % m.DIGEST['sha256']

    def transformed(name, words, transforms, form=VENDOR):
        put(name, template([('#PrescriptionDocument', '', None)], lambda s: re.sub(d, lambda _: transforms + d0, s),
                           form), ('prescription', words))
    stylesheet = '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"/>'
    transformed('transform-xslt', 'transform', method('http://www.w3.org/TR/1999/REC-xslt-19991116', stylesheet))
    transformed('transform-xpath', 'transform', method('http://www.w3.org/TR/1999/REC-xpath-19991116',
                                                       '<xs:XPath>not(self::text())</xs:XPath>'))
    transformed('transform-xpath2', 'transform', method('http://www.w3.org/2002/06/xmldsig-filter2'))
    transformed('transform-base64', 'transform', method(DS + 'base64'))
    transformed('transform-comments', 'transform', method(EXC + 'WithComments'))
    transformed('transform-enveloped', 'transform', method(ENVELOPED))
    transformed('transform-twice', 'transform', method(EXC).replace('</xs:Transforms>', '') +
                method(m.C14N).replace('<xs:Transforms>', ''))
    transformed('transform-unknown', 'transform', method('urn:unknown'))
    transformed('transform-none', 'transform', '<xs:Transforms><xs:Transform/></xs:Transforms>')
    prefixes = '<e:InclusiveNamespaces xmlns:e="%s"%%s/>' % EXC
    transformed('prefix-undeclared', 'prefix-list', method(EXC, prefixes % ' PrefixList="xsi evil"'))
    transformed('prefix-no-list', 'prefix-list', method(EXC, prefixes % ''))
    transformed('prefix-no-default', 'prefix-list', method(EXC, prefixes % ' PrefixList="#default"'))
    transformed('prefix-twice', 'prefix-list', method(EXC, 2 * (prefixes % ' PrefixList="xsi"')))
    transformed('prefix-inclusive', 'transform', method(m.C14N, prefixes % ' PrefixList="xsi"'))
    transformed('prefix-foreign', 'structure', method(EXC, prefixes % ' xmlns:o="urn:o" o:PrefixList="xsi" PrefixList=""'))
    c = '<xs:CanonicalizationMethod Algorithm="%s">' % EXC
    signed('prefix-signed-info', 'prefix-list', c, c + prefixes % ' PrefixList="evil"')
    signed('canonical-comments', 'transform', c, c.replace(EXC, EXC + 'WithComments'))
    signed('canonical-unknown', 'transform', c, c.replace(EXC, 'urn:unknown'))
    s = '<xs:SignatureMethod Algorithm="%s">' % m.RSA['sha256']
    signed('hmac', 'algorithm', s, s.replace('rsa-sha256', 'hmac-sha256'))
    signed('hmac-length', 'algorithm', s, s + '<xs:HMACOutputLength>1</xs:HMACOutputLength>')
    signed('rsa-sha1', 'algorithm', s, s.replace(m.RSA['sha256'], m.RSA['sha1']))
    signed('rsa-md5', 'algorithm', s, s.replace('rsa-sha256', 'rsa-md5'))
    signed('method-unknown', 'algorithm', s, s.replace(m.RSA['sha256'], 'urn:unknown'))
    for name, uri in (('sha1', m.DIGEST['sha1']), ('md5', m.MORE + 'md5')):
        put('digest-' + name, re.sub('(URI="#PrescriptionDocument"><xs:DigestMethod Algorithm=")[^"]*', r'\g<1>' + uri, key),
            ('prescription', 'algorithm'))
        put('certificate-' + name, re.sub('(<xa:CertDigest><xs:DigestMethod Algorithm=")[^"]*', r'\g<1>' + uri, key),
            ('prescription', 'algorithm signing-certificate'))


def doubles(good):
    """Properties that are there twice: of which the reader takes the other one."""
    time = '<xa:SigningTime>2020-01-01T00:00:00Z</xa:SigningTime>'
    signed('double-time', 'structure', '<xa:SigningTime>', time + '<xa:SigningTime>')
    cert = '<xa:SigningCertificateV2></xa:SigningCertificateV2>'
    signed('double-certificate', 'structure signing-certificate', '<xa:SigningCertificateV2>', cert + '<xa:SigningCertificateV2>')
    signed('double-certificate-beside', 'structure', '<xa:SigningCertificate>', 2 * cert + '<xa:SigningCertificate>',
           dict(VENDOR, v1=True))
    signed('double-signer', 'structure signing-certificate', '<xa:SignedSignatureProperties>',
           '<xa:SignedSignatureProperties></xa:SignedSignatureProperties><xa:SignedSignatureProperties>')
    end, inner = '</xa:SignedProperties>', '<xa:UnsignedSignatureProperties></xa:UnsignedSignatureProperties>'
    for name, what in (('unsigned', 2 * '<xa:UnsignedProperties></xa:UnsignedProperties>'),
                       ('evidence', '<xa:UnsignedProperties>%s</xa:UnsignedProperties>' % (2 * inner))):
        put('double-' + name, once(good, end, end + what), ('prescription', 'structure'))


def certificates():
    rx = lambda words: ('xml', words, 'ClinicalDocument' if words == 'valid' else '')
    form = dict(VENDOR, order='DS', key_value=True)
    letter = m.letter(pki, form)
    mine = re.search('<xs:X509Certificate>.*?</xs:X509Certificate>', letter, re.S).group()
    other = '<xs:X509Certificate>%s</xs:X509Certificate>' % b64(pki.second.cert)
    put('letter-with-value', letter, rx('valid'))
    put('certificate-other', once(letter, mine, other), rx('signing-certificate signature'))
    put('certificate-second', once(letter, mine, other + mine), rx('valid'))
    put('certificates-64', once(letter, mine, 63 * other + mine), rx('valid'))
    put('certificates-65', once(letter, mine, 64 * other + mine), rx('too-long'))
    cert = '<xa:Cert><xa:CertDigest>.*</xa:CertDigest></xa:Cert>'
    for n, words in ((64, 'valid'), (65, 'too-long')):
        put('certificate-references-%d' % n, template([('#PrescriptionDocument', '', None)], lambda s: re.sub(
            cert, lambda g: n * g.group(), s)), ('prescription', words))
    put('certificate-none', once(letter, '<xs:X509Data>' + mine + '</xs:X509Data>', ''), rx('no-certificate'))
    put('certificate-broken', once(letter, mine, mine.replace('>MI', '>AA')), rx('no-certificate'))
    put('certificate-and-octets', once(letter, mine, '<xs:X509Certificate>%s</xs:X509Certificate>' % b64(
        pki.signer.cert + b'\0')), rx('no-certificate'))
    put('key-info-none', re.sub('<xs:KeyInfo.*</xs:KeyInfo>', '', letter, flags=re.S), rx('no-certificate'))
    plain = lambda s: re.sub('<xs:Object Id="[^"]*Object">.*</xs:Object>', '', s, flags=re.S)
    body = HEAD + '<a xmlns:xsi="urn:x"><b Id="b">1</b><c Id="c"><d>2</d>%s</c></a>'

    def general(name, words, uri, transforms, change=lambda s: s, order='DS', what='xml', text=body, covered='', objects=''):
        f = dict(VENDOR, order=order, reference_ids=False)
        t = text % change(m.signature(f, 'id-general', pki.signer, [(uri, '', transforms)], objects))
        t, value = m.sign(t, pki.signer, f)
        put(name, m.evolve(t, value, f, pki, 'B') if '@UNSIGNED@' in t else t, (what, words, covered))
    general('plain-xmldsig', 'signing-certificate', '', [ENVELOPED, EXC], plain, 'D')
    general('sibling', 'elsewhere', '#b', [EXC])
    general('signed-object', 'valid', '#o', [EXC], objects='<xs:Object Id="o"><x>3</x></xs:Object>', covered='Object')
    general('object-of-properties', 'not-covered', '#o', [EXC],
            lambda s: s.replace('<xs:Object Id="%s' % re.search('Id="(id[0-9a-f]*-)Object"', s).group(1), '<xs:Object Id="o" '
                                'x="'))
    general('signature-alone', 'not-covered', '', [ENVELOPED, EXC], text=HEAD + '%s')
    form = dict(VENDOR, order='DS', reference_ids=False)
    t, value = m.sign('<a Id="whole">%s</a>' % m.signature(form, 'id-whole', pki.signer, [('#whole', '', [ENVELOPED, EXC])]),
                      pki.signer, form)
    put('style-sheet', HEAD + '<?xml-stylesheet type="text/xsl" href="a.xsl"?>' + m.evolve(t, value, form, pki, 'B'), (
        'xml', 'valid', 'a', 'a: the outermost element, except for this signature and comments',
        'everything outside the element a'))
    nested = HEAD + ''.join('<a Id="n%d">' % i for i in range(20)) + '%s' + 20 * '</a>'
    form = dict(VENDOR, order='DS', reference_ids=False)
    t, value = m.sign(nested % m.signature(form, 'id-nested', pki.signer, [
        ('#n%d' % i, '', [ENVELOPED, EXC]) for i in range(20)]), pki.signer, form)
    t = m.evolve(t, value, form, pki, 'B')
    put('nested', t, ('xml', 'digest'))  # looked at: lxml has no enveloped form of an element
    put('nested-60-mib', once(t, '<xs:Signature ', 'x' * (60 << 20) + '<xs:Signature '), ('xml', 'too-long'))
    general('not-enveloped', 'digest', '', [EXC])


def counters(good):
    """Counter-signatures (TS 101 903 7.2.4): of the value of the signature that they are in, and nothing else."""
    value = re.search('Id="(id[0-9a-f]*-SignatureValue)"', good).group(1)
    kind = ' Type="http://uri.etsi.org/01903#CountersignedSignature"'
    end = '</xa:SignedProperties>'

    def counter(name, uri, words, place=lambda t, s: once(
            t, end, end + '<xa:UnsignedProperties><xa:UnsignedSignatureProperties>%s</xa:UnsignedSignatureProperties>'
            '</xa:UnsignedProperties>' % s), order='DS', first='valid'):
        form = dict(VENDOR, order=order)
        s = m.signature(form, 'id-counter', pki.second, [(uri, kind, [EXC])])
        t, at = m.sign(place(good, '<xa:CounterSignature xmlns:xa="%s">%s</xa:CounterSignature>' % (XA, s)), pki.second, form)
        put(name, m.evolve(t, at, form, pki, 'B'), ('prescription', first, 'PrescriptionDocument' if first == 'valid' else ''),
            ('counter-signature', words, 'SignatureValue' if words == 'valid' else ''))
    counter('counter', '#' + value, 'valid')
    counter('counter-with-key', '#' + value, 'valid', order='DKS')
    counter('counter-of-document', '#PrescriptionDocument', 'reference')
    counter('counter-of-nothing', '#' + value, 'not-covered', order='KS')
    counter('counter-outside', '#' + value, 'structure reference',
            lambda t, s: once(t, '</Document>', '<a><b><c><d>%s</d></c></b></a></Document>' % s))
    put('utf-16', good.replace('UTF-8', 'UTF-16').encode('utf-16'), ('document', 'encoding'))
    put('utf-16-bare', good.replace('UTF-8', 'UTF-16').encode('utf-16-be'), ('document', 'encoding'))
    put('counter-alone', '<xa:CounterSignature xmlns:xa="%s">%s</xa:CounterSignature>' % (XA, NESTED),
        ('counter-signature', 'structure no-certificate'))


def issuers():
    """The issuer's name in SigningCertificate as people write it."""
    form, real = dict(VENDOR, v1=True, serial='text'), m.issuer_serial
    for name, words, text in (
            ('tight', 'valid', 'CN=Example Signature CA,OU=Example Department,O=Example,C=JP'),
            ('semicolon', 'valid', 'CN=Example Signature CA; OU=Example Department; O=Example; C=JP'),
            ('forward', 'valid', 'C=JP,O=Example,OU=Example Department,CN=Example Signature CA'),
            ('lower', 'valid', 'cn=example  signature ca , ou = Example Department , o=Example, c=JP'),
            ('quoted', 'valid', 'CN="Example Signature CA",OU="Example Department",O=Example,C=JP'),
            ('escaped', 'valid', 'CN=Ex\\61mple Signature\\20CA,OU=Example\\ Department,O=Example,C=JP'),
            ('oid', 'valid', 'OID.2.5.4.3=Example Signature CA,2.5.4.11=Example Department,O=Example,C=JP'),
            ('lines', 'valid', '\n  CN=Example Signature CA,\n  OU=Example Department, O=Example, C=JP\n'),
            ('other', 'signing-certificate', 'CN=Other CA,C=JP'), ('malformed', 'issuer-serial', 'Example Signature CA'),
            ('unknown', 'issuer-serial', 'XYZ=a,C=JP'), ('open', 'issuer-serial', 'CN="Example'),
            ('empty', 'issuer-serial', '')):
        m.issuer_serial = lambda *a: re.sub('(X509IssuerName>)[^<]*', lambda g: g.group(1) + text, real(*a), count=1)
        put('issuer-' + name, m.prescription(pki, form)[0], ('prescription', words))
    m.issuer_serial = real


def files():
    """Names of files: below the document's own folder, and no link on the way."""
    os.makedirs(m.path('scan/deep'))
    m.write('scan/a b.txt', 'a\n')
    m.write('scan/deep/b.txt', 'b\n')
    m.write('scan/doctype.xml', HEAD + '<!DOCTYPE a><a/>')
    m.write('scan/no.xml', 'no XML')
    os.symlink('deep', m.path('scan/link'))
    os.symlink('deep/b.txt', m.path('scan/link.txt'))
    os.mkfifo(m.path('scan/pipe'))
    gone = [('', 'scan/gone.txt', 'no-file'), ('-folder', 'scan/deep', 'no-file'), ('-pipe', 'scan/pipe', 'no-file'),
            ('-link', 'scan/link.txt', None), ('-linked', 'scan/link/b.txt', None), ('-up', '../a.txt', None),
            ('-up-inside', 'scan/../scan/deep/b.txt', None), ('-up-encoded', 'scan/%2e%2e/%2E%2E/a', None),
            ('-absolute', '/etc/passwd', None), ('-absolute-encoded', '%2fetc/passwd', None), ('-http', 'http://[::1]/a', None),
            ('-file', 'file:scan/deep/b.txt', None), ('-nul', 'scan/deep/b.txt%00.jpg', None),
            ('-query', 'scan/deep/b.txt?x', None), ('-fragment', 'scan/deep/b.txt#x', None),
            ('-backslash', 'scan\\deep\\b.txt', None)]
    for name, uri, words in gone:
        put('manifest' + name, m.scan(pki, missing=uri), ('scan', words or 'manifest'))
    digest = b64(m.hashlib.sha256(b'gone').digest())
    for name, uri, words in gone:
        form = dict(VENDOR, reference_ids=False, order='DS')
        s = m.signature(form, 'id-files', pki.signer, [('scan/deep/b.txt', '', [])])
        again = '<xs:Reference URI="%s"><xs:DigestMethod Algorithm="%s"></xs:DigestMethod><xs:DigestValue>%s' \
            '</xs:DigestValue></xs:Reference></xs:SignedInfo>' % (uri, m.DIGEST['sha256'], digest)
        t, value = m.sign(HEAD + once(s, '</xs:SignedInfo>', again), pki.signer, form)
        put('files' + name, m.evolve(t, value, form, pki, 'B'), ('file', words or 'external-reference'))
    put('manifest-target', m.scan(pki, missing='#Manifest'), ('scan', 'reference'))
    put('manifest-changed', re.sub('(note.txt".*?<DigestValue>)....', r'\g<1>AAAA', m.scan(pki), flags=re.S), ('scan', 'digest'))
    put('manifest-empty', m.scan(pki, empty=True), ('scan', 'not-covered'))
    other = '<Object><Manifest><Reference URI="a"/></Manifest></Object>'
    put('manifest-beside', m.scan(pki).replace('<Object>', other + '<Object>', 1), (
        'scan', 'valid', 'scan/letter.xml scan/note.txt', 'scan/letter.xml, without comments', 'scan/note.txt',
        'files of another Manifest in the signature'))
    for name, inside in (('element', '<a/>'), ('text', 'a')):
        put('object-' + name, once(m.letter(pki), '</xs:Signature>', '<xs:Object>%s</xs:Object></xs:Signature>' % inside),
            ('xml', 'valid', 'ClinicalDocument', 'what else is in an Object of the signature'))
    form = dict(VENDOR, order='DS')
    put('files-name', m.detached(pki, form, names=('scan/deep/b.txt',)), ('file', 'valid', 'scan/deep/b.txt'))


def main(folder):
    global pki
    m.folder = folder
    pki = m.make_pki([])
    os.mkdir(m.path('scan'))
    m.write('scan/letter.xml', HEAD + '\n<letter b="2" a=\'1\'>見本<br/></letter>\n')
    m.write('scan/page-1.jpg', bytes(range(256)))
    m.write('scan/note.txt', 'a note\n')
    good = m.prescription(pki)[0]
    put('good', good, ('prescription', 'valid', 'PrescriptionDocument'))
    wrapping(good)
    twins(good)
    counters(good)
    references()
    doubles(good)
    certificates()
    issuers()
    files()
    m.write('documents.txt', '\n'.join(lines) + '\n')
    print('%d documents' % len({line.split('\t')[0] for line in lines}))


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
