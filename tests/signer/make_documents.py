#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Signed documents in the forms of the field, with a throw-away PKI: names, contents and keys are invented.

    make_documents.py FOLDER [SIGNER.pem SIGNER.key SECOND.pem SECOND.key ISSUER.pem [ROOT.pem]]

FOLDER/pki gets the PKI, FOLDER/documents.txt a line for each signature, fields apart by tabs: file, kind of the
signature ("document": of the whole file), words of the problems ("valid": none), what is covered, and, if anything, whole
texts of what is covered or not. lxml canonicalises, hashlib hashes, openssl signs and stamps; what is right, xmlsec1 and
`openssl ts` verify before it is listed.
"""
import base64
import datetime
import hashlib
import os
import re
import subprocess
import sys
from types import SimpleNamespace
from lxml import etree

DS = 'http://www.w3.org/2000/09/xmldsig#'
XA = 'http://uri.etsi.org/01903/v1.3.2#'
XA141 = 'http://uri.etsi.org/01903/v1.4.1#'
C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
EXC = 'http://www.w3.org/2001/10/xml-exc-c14n#'
ENVELOPED = DS + 'enveloped-signature'
MORE, ENC = 'http://www.w3.org/2001/04/xmldsig-more#', 'http://www.w3.org/2001/04/xmlenc#'
DIGEST = {'sha1': DS + 'sha1', 'sha256': ENC + 'sha256', 'sha384': MORE + 'sha384', 'sha512': ENC + 'sha512'}
RSA = {'sha1': DS + 'rsa-sha1', 'sha256': MORE + 'rsa-sha256', 'sha384': MORE + 'rsa-sha384',
       'sha512': MORE + 'rsa-sha512'}
ids = iter(range(0x1a2b3c00, 0x7fffffff))
folder = None


def run(*args, stdin=None):
    done = subprocess.run(args, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        sys.exit('%s: %s%s' % (' '.join(args), done.stdout.decode(), done.stderr.decode()))
    return done.stdout


def path(name):
    return os.path.join(folder, name)


def write(name, data):
    with open(path(name), 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def read(name):
    with open(path(name), 'rb') as f:
        return f.read()


def b64(data, columns=0):
    text = base64.b64encode(data).decode()
    return re.sub('(.{1,%d})' % columns, '\\1\n', text) if columns else text


# ---- The PKI

CONF = '''
[ca]
default_ca = c
[c]
database = {dir}/index.txt
crlnumber = {dir}/crlnumber
default_md = sha256
default_crl_days = 30
[tsa]
default_tsa = t
[t]
serial = {dir}/serial
crypto_device = builtin
signer_digest = sha512
default_policy = 0.2.440.200185.1.1.1.1
other_policies = 1.2.3.4
digests = sha256, sha384, sha512
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
'''
LEAF = 'basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'
AUTHORITY = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n'
SIGN = LEAF + 'keyUsage=critical,nonRepudiation\n'
TSA = LEAF + 'keyUsage=critical,digitalSignature,nonRepudiation\nextendedKeyUsage=critical,timeStamping\n'


def entity(name, key=None):
    cert = run('openssl', 'x509', '-in', path('pki/%s.pem' % name), '-outform', 'DER')
    return SimpleNamespace(name=name, cert=cert, pem=path('pki/%s.pem' % name), key=key or path('pki/%s.key' % name))


def issue(name, subject, extensions, issuer=None, days='3650'):
    """A key, a certificate and, of an authority, its (empty) list."""
    p = path('pki/' + name)
    run('openssl', 'genpkey', '-quiet', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', p + '.key')
    run('openssl', 'req', '-new', '-utf8', '-key', p + '.key', '-subj', subject, '-out', p + '.csr')
    write('pki/%s.ext' % name, extensions)
    by = ['-CA', issuer.pem, '-CAkey', issuer.key] if issuer else ['-signkey', p + '.key']
    run('openssl', 'x509', '-req', '-in', p + '.csr', '-extfile', p + '.ext', '-days', days, '-sha256', '-set_serial',
        '0x5a' + os.urandom(7).hex(), '-out', p + '.pem', *by)
    one = entity(name)
    if 'CA:TRUE' in extensions:
        os.mkdir(p)
        for ess in ('sha1', 'sha256'):
            write('pki/%s/%s.cnf' % (name, ess), CONF.format(dir=p, ess=ess))
        write('pki/%s/index.txt' % name, '')
        write('pki/%s/crlnumber' % name, '01\n')
        run('openssl', 'ca', '-config', p + '/sha1.cnf', '-gencrl', '-keyfile', one.key, '-cert', one.pem, '-out',
            p + '.crl.pem')
        one.crl = run('openssl', 'crl', '-in', p + '.crl.pem', '-outform', 'DER')
    return one


def make_pki(given):
    os.makedirs(path('pki'))
    pki = SimpleNamespace()
    pki.root = issue('root', '/C=JP/O=Example/CN=Example Root CA', AUTHORITY)
    pki.ca = issue('ca', '/C=JP/O=Example/OU=Example Department/CN=Example Signature CA', AUTHORITY, pki.root)
    pki.tsa_root = issue('tsa-root', '/C=JP/O=Example Time/CN=Example Time Root', AUTHORITY)
    pki.tsa = issue('tsa', '/C=JP/O=Example Time/CN=Example Time Stamps', TSA, pki.tsa_root)
    write('pki/tsa-root/serial', '01\n')
    for i, (name, subject) in enumerate((('signer', '/C=JP/CN=佐倉 花子'), ('second', '/C=JP/CN=藤井 梢'))):
        if given:
            run('openssl', 'x509', '-in', given[2 * i], '-out', path('pki/%s.pem' % name))
            setattr(pki, name, entity(name, given[2 * i + 1]))
        else:
            setattr(pki, name, issue(name, subject, SIGN, pki.ca))
    return pki


def token(pki, octets, tsa=None, nonce=False, ess='sha1', policy=None, chain=True):
    """A time stamp token (RFC 3161) in DER over SHA-256 of the octets."""
    tsa = tsa or pki.tsa
    write('pki/octets', octets)
    run('openssl', 'ts', '-query', '-data', path('pki/octets'), '-sha256', '-cert', '-out', path('pki/query'),
        *([] if nonce else ['-no_nonce']), *(['-tspolicy', policy] if policy else []))
    run('openssl', 'ts', '-reply', '-config', path('pki/tsa-root/%s.cnf' % ess), '-queryfile', path('pki/query'),
        '-signer', tsa.pem, '-inkey', tsa.key, *(['-chain', pki.tsa_root.pem] if chain else []), '-token_out', '-out',
        path('pki/token'))
    return read('pki/token')


# ---- Signatures

VENDOR = dict(ds='xs', xa='xa', c14n=EXC, hash='sha256', document=[], order='DKS', columns=76, v1=False, serial=None,
              zone=0, time=True, key_value=False, reference_ids=True)
HSGN = dict(VENDOR, ds='ds', xa='xades', document=[EXC], order='DSK', columns=0, serial='malformed', zone=9,
            reference_ids=False)
SCAN = dict(VENDOR, ds='', c14n=C14N, order='DS', v1=True, serial='text', time=False, key_value=True,
            reference_ids=False)


def der(tag, *parts):
    body = b''.join(parts)
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else bytes([0x82, n >> 8, n & 255])
    return bytes([tag]) + size + body


def elements(data):
    """The DER elements of a constructed one."""
    def header(at):
        n, at = data[at + 1], at + 2
        if n > 128:
            return at + n - 128, int.from_bytes(data[at:at + n - 128], 'big')
        return at, n
    at, n = header(0)
    end, found = at + n, []
    while at < end:
        start, n = header(at)
        found.append(data[at:start + n])
        at = start + n
    return found


def issuer_serial(cert, kind, ds, xa):
    fields = elements(elements(cert)[0])
    serial, issuer = fields[1], fields[3]
    if kind == 'text':
        name = run('openssl', 'x509', '-noout', '-issuer', '-nameopt', 'RFC2253,sep_comma_plus_space,utf8', '-inform',
                   'DER', stdin=cert).decode().strip().split('=', 1)[1].strip()
        number = int.from_bytes(serial[2:], 'big')
        return '<{1}IssuerSerial><{0}X509IssuerName>{2}</{0}X509IssuerName><{0}X509SerialNumber>{3}' \
            '</{0}X509SerialNumber></{1}IssuerSerial>'.format(ds, xa, name, number)
    if kind == 'other':
        serial = der(2, b'\x01' + serial[2:])
    name = der(0xa4, issuer) if kind != 'malformed' else der(4, issuer)
    return '<{0}IssuerSerialV2>{1}</{0}IssuerSerialV2>'.format(xa, b64(der(0x30, der(0x30, name), serial)))


def key_value(cert, ds):
    text = run('openssl', 'x509', '-noout', '-modulus', '-inform', 'DER', stdin=cert).decode()
    modulus = bytes.fromhex(text.strip().split('=')[1])
    return '<{0}KeyValue><{0}RSAKeyValue><{0}Modulus>{1}</{0}Modulus><{0}Exponent>AQAB</{0}Exponent></{0}RSAKeyValue>' \
        '</{0}KeyValue>'.format(ds, b64(modulus))


def signature(form, name, signer, documents, objects='', more=''):
    """An unfinished ds:Signature: references ("URI", attributes, transforms), digests and the value to be filled in."""
    f = SimpleNamespace(**form)
    ds, xa = f.ds and f.ds + ':', f.xa + ':'
    root = 'id%08x-' % next(ids)
    c = dict(ds=ds, xa=xa)

    def reference(uri, attributes, transforms, n):
        listed = ''.join('<{0}Transform Algorithm="{1}"></{0}Transform>'.format(ds, t) for t in transforms)
        return '<{ds}Reference{id}{a} URI="{u}">{t}<{ds}DigestMethod Algorithm="{m}"></{ds}DigestMethod>' \
            '<{ds}DigestValue>@DIGEST@</{ds}DigestValue></{ds}Reference>'.format(
                id=' Id="%sReference%s"' % (root, n) if f.reference_ids else '', a=attributes, u=uri, m=DIGEST[f.hash],
                t='<{0}Transforms>{1}</{0}Transforms>'.format(ds, listed) if transforms else '', **c)
    parts = {
        'D': ''.join(reference(u, a, f.document if t is None else t, '%d-Detached' % (i + 1))
                     for i, (u, a, t) in enumerate(documents)),
        'K': reference('#%sKeyInfo' % root, '', [f.c14n], '2-KeyInfo'),
        'S': reference('#%sSignedProperties' % root, ' Type="http://uri.etsi.org/01903#SignedProperties"', [f.c14n],
                       '3-SignedProperties')}
    now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)
    now = now.astimezone(datetime.timezone(datetime.timedelta(hours=f.zone)))
    v = '' if f.v1 else 'V2'
    digest = b64(hashlib.new(f.hash if f.hash != 'sha1' else 'sha256', signer.cert).digest())
    return ('<{ds}Signature xmlns{colon}="{DS}" Id="{name}"><{ds}SignedInfo Id="{root}SignedInfo">'
            '<{ds}CanonicalizationMethod Algorithm="{c14n}"></{ds}CanonicalizationMethod>'
            '<{ds}SignatureMethod Algorithm="{rsa}"></{ds}SignatureMethod>{references}</{ds}SignedInfo>'
            '<{ds}SignatureValue Id="{root}SignatureValue">@VALUE@</{ds}SignatureValue>'
            '<{ds}KeyInfo Id="{root}KeyInfo">{key}<{ds}X509Data><{ds}X509Certificate>{cert}</{ds}X509Certificate>'
            '</{ds}X509Data></{ds}KeyInfo>{objects}<{ds}Object Id="{root}Object"><{xa}QualifyingProperties xmlns:{x}="{XA}" '
            'xmlns:xa141="{XA141}" Target="#{name}"><{xa}SignedProperties Id="{root}SignedProperties">'
            '<{xa}SignedSignatureProperties>{time}<{xa}SigningCertificate{v}><{xa}Cert><{xa}CertDigest>'
            '<{ds}DigestMethod Algorithm="{m}"></{ds}DigestMethod><{ds}DigestValue>{digest}</{ds}DigestValue>'
            '</{xa}CertDigest>{serial}</{xa}Cert></{xa}SigningCertificate{v}></{xa}SignedSignatureProperties>{more}'
            '</{xa}SignedProperties>@UNSIGNED@</{xa}QualifyingProperties></{ds}Object></{ds}Signature>').format(
                colon=f.ds and ':' + f.ds, DS=DS, XA=XA, XA141=XA141, name=name, root=root, c14n=f.c14n, rsa=RSA[f.hash],
                references=''.join(parts[p] for p in f.order), key=key_value(signer.cert, ds) if f.key_value else '',
                cert=b64(signer.cert, f.columns), objects=objects, x=f.xa, v=v, digest=digest, more=more,
                m=DIGEST[f.hash if f.hash != 'sha1' else 'sha256'],
                time='<{0}SigningTime>{1}</{0}SigningTime>'.format(xa, now.isoformat('T', 'seconds')) if f.time else '',
                serial=issuer_serial(signer.cert, f.serial, ds, xa) if f.serial else '', **c)


def canonical(node, method=C14N):
    """An element in the context of its document; a document of its own first, for lxml loses default name spaces."""
    if isinstance(node, etree._Element):
        above = list(node.iterancestors())[::-1]
        node = etree.fromstring(etree.tostring(node, with_tail=False))
        for a in above if method == C14N else []:  # xml:lang and its like
            for name, value in a.attrib.items():
                if name.startswith('{http://www.w3.org/XML/1998/namespace}') and name not in node.attrib:
                    node.set(name, value)
    return etree.tostring(node, method='c14n', exclusive=method == EXC, with_comments=False)


def found(text, value):
    """The signature with that text in its first digest or in its value, in the tree of the whole document."""
    tree = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    for s in tree.iter('{%s}Signature' % DS):
        if s.findtext('{%s}SignatureValue' % DS) == value:
            return tree, s
    sys.exit('no signature with the value ' + value)


def referenced(tree, s, reference):
    """The octets that a reference's digest is of."""
    uri = reference.get('URI')
    transforms = [t.get('Algorithm') for t in reference.iter('{%s}Transform' % DS)]
    method = EXC if EXC in transforms else C14N
    if uri == '':
        copy = etree.fromstring(etree.tostring(tree.getroottree()))
        for other in copy.iter('{%s}Signature' % DS):
            if other.get('Id') == s.get('Id'):
                before, tail = other.getprevious(), other.tail or ''
                if before is not None:
                    before.tail = (before.tail or '') + tail
                other.getparent().remove(other)
                break
        return canonical(copy.getroottree(), method)
    if uri.startswith('#'):
        targets = tree.xpath('//*[@Id=$i or @id=$i or @ID=$i]', i=uri[1:])
        return canonical(targets[0], method)
    data = read(uri)
    return canonical(etree.fromstring(data), method) if transforms else data


def sign(text, signer, form):
    """Fills in the digests, Manifest's first, and the value of the one unfinished signature."""
    while '@DIGEST@' in text:
        tree, s = found(text, '@VALUE@')
        todo = [r for r in s.iter('{%s}Reference' % DS) if r.findtext('{%s}DigestValue' % DS).strip() == '@DIGEST@']
        inner = [r for r in todo if r.getparent().tag == '{%s}Manifest' % DS]
        first = todo.index(inner[0] if inner else todo[0])
        name = {u: h for h, u in DIGEST.items()}[todo[first].find('{%s}DigestMethod' % DS).get('Algorithm')]
        digest = b64(hashlib.new(name, referenced(tree, s, todo[first])).digest())
        at = [m.start() for m in re.finditer('@DIGEST@', text)][first]
        text = text[:at] + digest + text[at + 8:]
    tree, s = found(text, '@VALUE@')
    write('pki/octets', canonical(s.find('{%s}SignedInfo' % DS), form['c14n']))
    value = run('openssl', 'dgst', '-' + form['hash'], '-sign', signer.key, path('pki/octets'))
    return text.replace('@VALUE@', b64(value, form['columns'])).replace('@UNSIGNED@', '<%s:UnsignedProperties>'
           '<%s:UnsignedSignatureProperties>@NEXT@</%s:UnsignedSignatureProperties></%s:UnsignedProperties>' % (
               (form['xa'],) * 4)), b64(value, form['columns'])


def archive_octets(tree, s):
    octets = b''.join(referenced(tree, s, r) for r in s.find('{%s}SignedInfo' % DS).iter('{%s}Reference' % DS))
    for name in ('SignedInfo', 'SignatureValue', 'KeyInfo'):
        octets += canonical(s.find('{%s}%s' % (DS, name)))
    for p in s.find('.//{%s}UnsignedSignatureProperties' % XA):
        octets += canonical(p)
    for o in s.findall('{%s}Object' % DS):
        if o.find('{%s}QualifyingProperties' % XA) is None:
            octets += canonical(o)
    return octets


def evolve(text, value, form, pki, level, encoding='', archive_over=None, **how):
    """Adds the properties that make level T, XL, A of the signature with that value; "" ends B."""
    xa = form['xa']
    if level == 'B':
        return re.sub(r'<%s:UnsignedProperties><%s:Unsigned\w+>@NEXT@</\w+:\w+></\w+:\w+>' % (xa, xa), '', text)

    def add(part):
        nonlocal text
        text = text.replace('@NEXT@', part + '@NEXT@')

    def stamp(name, id, octets):
        add('<{0} Id="{1}"><{2}:EncapsulatedTimeStamp{3}>{4}</{2}:EncapsulatedTimeStamp></{0}>'.format(
            name, id, xa, encoding, b64(token(pki, octets, **how))))

    def values(tag, name, parts, columns=0):
        return '<{0}:{1}>{2}</{0}:{1}>'.format(xa, tag, ''.join('<{0}:{1}>{2}</{0}:{1}>'.format(
            xa, name, b64(p, columns)) for p in parts))

    def validation(id, crls):
        add('<xa141:TimeStampValidationData URI="#%s">%s%s</xa141:TimeStampValidationData>' % (
            id, values('CertificateValues', 'EncapsulatedX509Certificate', [pki.tsa.cert, pki.tsa_root.cert]),
            values('RevocationValues><%s:CRLValues' % xa, 'EncapsulatedCRLValue', crls).replace(
                '</%s:RevocationValues><%s:CRLValues>' % (xa, xa),
                '</%s:CRLValues></%s:RevocationValues>' % (xa, xa)) if crls else ''))
    clean = lambda: text.replace('@NEXT@', '')
    id = 'id%08x-SignatureTimeStamp' % next(ids)
    if level != 'A-only':
        tree, s = found(text, value)
        stamp(xa + ':SignatureTimeStamp', id, canonical(s.find('{%s}SignatureValue' % DS)))
    if level in ('XL', 'A'):
        validation(id, [pki.tsa_root.crl])
        add(values('CertificateValues', 'EncapsulatedX509Certificate', [pki.ca.cert, pki.root.cert], form['columns']))
        add(values('RevocationValues><%s:CRLValues' % xa, 'EncapsulatedCRLValue', [pki.ca.crl, pki.root.crl]).replace(
            '</%s:RevocationValues><%s:CRLValues>' % (xa, xa), '</%s:CRLValues></%s:RevocationValues>' % (xa, xa)))
    if level in ('A', 'A-only'):
        tree, s = found(clean(), value)
        id = 'id%08x-ArchiveTimeStamp' % next(ids)
        stamp('xa141:ArchiveTimeStamp', id, archive_over or archive_octets(tree, s))
        validation(id, [])
    return clean()


# ---- Documents

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
ROOT = '<Document id="Document" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' \
    'xsi:noNamespaceSchemaLocation="%s.xsd">'
CSV = 'SJ1\n1,1,1310000,東京,13,見本診療所\n11,佐倉 花子,サクラ ハナコ\n101,1,1,,1\n201,1,1,7,2149001F1ZZZ,見本錠,3,1,錠'
DISPENSED = 'CJ1\n1,4,1310001,東京,13,見本薬局\n201,1,1,7,2149001F1ZZZ,見本錠,3,1,錠'


def prescription(pki, form=VENDOR, level='B', extra=True, csv=CSV, uri='#PrescriptionDocument', more='', **how):
    """The whole of a prescription, and what is inside its element Prescription."""
    inside = '<PrescriptionManagement id="PrescriptionManagement"><Version Value="EPS1.0"></Version>%s' \
        '</PrescriptionManagement><PrescriptionDocument id="PrescriptionDocument">%s</PrescriptionDocument>%s' \
        '<PrescriptionSign>%s</PrescriptionSign>' % (
            '<PrescriptionId Value="0c7f1f60-6a0e-4f5d-9f4e-2b1f6f0a77d1"></PrescriptionId>' if extra else '',
            b64(csv.encode()),
            '<AdditionalPrescriptionInformation id="AdditionalPrescriptionInformation"><Rp Number="1"><Code Value='
            '"2149001F1ZZZ"></Code></Rp></AdditionalPrescriptionInformation>' if extra else '',
            signature(form, 'PrescriptionSign', pki.signer, [(uri, '', None)]))
    head, tail = HEAD + (ROOT % 'EP').replace(' xmlns', more + ' xmlns') + '<Prescription>', '</Prescription></Document>'
    text, value = sign(head + inside + tail, pki.signer, form)
    text = evolve(text, value, form, pki, level, **how)
    return text, text[len(head):-len(tail)]


def dispensing(pki, inside, form=VENDOR, level='B', extra=True, **how):
    """White space between the elements, which is signed."""
    text = HEAD + '\n' + ROOT % 'ED' + '''
	<DispensingManagement>
		<Version Value="EPD1.0"/>%s
	</DispensingManagement>
	<Dispensing id="Dispensing">
		<ReferencePrescription>%s</ReferencePrescription>
		<DispensingDocument>%s</DispensingDocument>
	</Dispensing>%s
	<DispensingSign>%s</DispensingSign>
</Document>
''' % ('\n\t\t<DispensingId Value="5b1f5a0e-94a5-4e0f-8d0b-7f9a1c1e0d42"/>' if extra else '', inside,
       b64(DISPENSED.encode()),
       '\n\t<AdditionalDispensedInformation id="AdditionalDispensedInformation"><Note Value="a"/>'
       '</AdditionalDispensedInformation>' if extra else '',
       signature(form, 'DispensingSign', pki.second, [('#Dispensing', '', None)]))
    text, value = sign(text, pki.second, form)
    return evolve(text, value, form, pki, level, **how)


def scan(pki, level='B', form=SCAN, missing=None, empty=False, **how):
    """Root Signature with a Manifest of the files that main has written; one name more, without a file, if asked."""
    def reference(uri, transform, data):
        return '<Reference URI="%s">%s<DigestMethod Algorithm="%s"></DigestMethod><DigestValue>%s</DigestValue>' \
            '</Reference>' % (uri, transform, DIGEST['sha256'], data)
    c14n = '<Transforms><Transform Algorithm="%s"></Transform></Transforms>' % C14N
    manifest = '<Object><Manifest Id="Manifest">%s</Manifest></Object>' % ''.join(
        [reference('scan/letter.xml', c14n, '@DIGEST@'), reference('scan/page-1.jpg', '', '@DIGEST@'),
         reference('scan/note.txt', '', '@DIGEST@')] +
        ([reference(missing, '', b64(hashlib.sha256(b'gone').digest()))] if missing else []))
    if empty:
        manifest = '<Object><Manifest Id="Manifest"></Manifest></Object>'
    text = signature(form, 'Id', pki.signer, [('#Manifest', ' Type="%sManifest"' % DS, None)], manifest)
    text, value = sign(HEAD + text, pki.signer, form)
    return evolve(text, value, form, pki, level, encoding=' Encoding="http://uri.etsi.org/01903/v1.2.2#DER"', **how)


def letter(pki, form=VENDOR, level='B', **how):
    body = HEAD + '''
<?xml-stylesheet type="text/xsl" href="cda.xsl"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <title>診療情報提供書</title>
  <component><!-- a comment --><nonXMLBody><text xsi:type="ST">見本 &amp; 見本</text></nonXMLBody></component>
%s</ClinicalDocument>
'''
    text, value = sign(body % signature(form, 'id-letter', pki.signer, [('', '', [ENVELOPED, EXC])]), pki.signer, form)
    return evolve(text, value, form, pki, level, **how)


def detached(pki, form=VENDOR, level='B', names=('scan/page-1.jpg', 'scan/note.txt'), **how):
    text = signature(form, 'id-files', pki.signer, [(n, '', []) for n in names])
    text, value = sign(HEAD + text, pki.signer, form)
    return evolve(text, value, form, pki, level, **how)


# ---- What is right, by other programs

def xmlsec1(pki, name, signer, where=None):
    args = ['xmlsec1', '--verify', '--pubkey-cert-pem', os.path.abspath(signer.pem)]
    for attribute, element in (('id', 'PrescriptionDocument'), ('Id', 'PrescriptionDocument'),
                               ('ID', 'PrescriptionDocument'), ('id', 'PrescriptionManagement'), ('id', 'Dispensing'),
                               ('Id', 'KeyInfo'), ('Id', 'Manifest'), ('Id', 'SignedProperties')):
        args += ['--id-attr:' + attribute, element]
    if where:
        args += ['--node-xpath', where]
    done = subprocess.run(args + [name], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit('%s: %s' % (' '.join(args + [name]), done.stdout.decode()))


def stamps(pki, name):
    """Every time stamp of the document by openssl ts; how many signatures' own there were."""
    tree = etree.fromstring(read(name), etree.XMLParser(resolve_entities=False))
    for e in tree.iter('{%s}SignatureTimeStamp' % XA):
        s = next(a for a in e.iterancestors('{%s}Signature' % DS))
        method = e.find('{%s}CanonicalizationMethod' % DS)
        write('pki/octets', canonical(s.find('{%s}SignatureValue' % DS), C14N if method is None else method.get('Algorithm')))
        write('pki/token', base64.b64decode(e.findtext('{%s}EncapsulatedTimeStamp' % XA)))
        run('openssl', 'ts', '-verify', '-token_in', '-in', path('pki/token'), '-data', path('pki/octets'), '-CAfile',
            pki.tsa_root.pem)


def main(folder_name, given):
    global folder
    folder = folder_name
    pki = make_pki(given)
    if given:
        for name, file in zip(('ca', 'root'), given[4:]):
            getattr(pki, name).cert = run('openssl', 'x509', '-in', file, '-outform', 'DER')
    os.mkdir(path('scan'))
    write('scan/letter.xml', HEAD + '\n<letter b="2" a=\'1\'>見本<br/></letter>\n')
    write('scan/page-1.jpg', b'\xff\xd8\xff\xe0' + bytes(range(256)))
    write('scan/note.txt', 'おぼえ\n')
    lines = []

    def put(name, text, *signatures, right=True):
        write(name, text)
        for what, words, covered in signatures:
            lines.append('\t'.join((name, what, words, covered)))
        if right:
            for what, words, covered in signatures:
                xmlsec1(pki, name, pki.second if what == 'dispensing' else pki.signer, {
                    'prescription': "//*[local-name()='PrescriptionSign']/*", 'dispensing': '/Document/DispensingSign/*',
                }.get(what, "//*[local-name()='Signature']"))
            stamps(pki, name)
    rx = lambda words='valid': ('prescription', words, 'PrescriptionDocument')
    dx = lambda words='valid': ('dispensing', words, 'Dispensing')
    files = lambda words='valid': ('file', words, 'scan/page-1.jpg scan/note.txt')
    scans = lambda words='valid': ('scan', words, 'scan/letter.xml scan/page-1.jpg scan/note.txt')
    cda = lambda words='valid': ('xml', words, 'ClinicalDocument')

    # Forms of a prescription.
    for level in ('B', 'T', 'XL', 'A'):
        put('vendor-%s.xml' % level.lower(), prescription(pki, level=level)[0], rx())
    put('more-xmlns.xml', prescription(pki, level='T', more=' xmlns:other="urn:other"')[0], rx())
    put('vendor-bare.xml', prescription(pki, extra=False)[0], rx())
    put('vendor-default-xmlns.xml', prescription(pki, dict(VENDOR, ds=''), 'A')[0], rx())
    put('vendor-stamp-v2.xml', prescription(pki, level='XL', ess='sha256', nonce=True, policy='1.2.3.4')[0], rx())
    put('hsgn.xml', prescription(pki, HSGN, extra=False)[0], rx('issuer-serial'))
    put('hsgn-t.xml', prescription(pki, HSGN, 'T', extra=False)[0], rx('issuer-serial'))
    put('hsgn-serial.xml', prescription(pki, dict(HSGN, serial='right'))[0], rx())
    put('hsgn-serial-other.xml', prescription(pki, dict(HSGN, serial='other'))[0], rx('signing-certificate'))
    put('certificate-v1.xml', prescription(pki, dict(VENDOR, v1=True, serial='text'))[0], rx())
    for name in ('sha384', 'sha512'):
        put(name + '.xml', prescription(pki, dict(VENDOR, hash=name))[0], rx())
    for order in ('KDS', 'KSD', 'SDK', 'SKD'):
        put('order-%s.xml' % order.lower(), prescription(pki, dict(VENDOR, order=order))[0], rx())
    put('csv-empty-lines.xml', prescription(pki, csv='SJ1\n\n')[0], rx())

    # Dispensings, and the doctor's signature in them.
    inside = {level: prescription(pki, level=level)[1] for level in ('T', 'XL', 'A')}
    for level in ('B', 'T', 'XL', 'A'):
        put('dispensing-%s.xml' % level.lower(), dispensing(pki, inside['XL'], level=level), rx(), dx())
    put('dispensing-bare.xml', dispensing(pki, prescription(pki, extra=False)[1], extra=False), rx(), dx())
    put('dispensing-hsgn.xml', dispensing(pki, prescription(pki, HSGN)[1], dict(HSGN, serial=None), 'T'),
        rx('issuer-serial'), dx())
    put('dispensing-t-in-a.xml', dispensing(pki, inside['T'], level='A'), rx(), dx())

    # Scans, letters, files.
    put('scan.xml', scan(pki), scans())
    put('scan-a.xml', scan(pki, 'A', nonce=True), scans())
    put('scan-a-unknown-order.xml', scan(pki, 'A', archive_over=b'nobody knows'), scans('not-recomputed'))
    put('letter.xml', letter(pki), cda())
    put('letter-hsgn-t.xml', letter(pki, dict(HSGN, serial=None), 'T'), cda())
    put('letter-xl.xml', letter(pki, level='XL'), cda())
    put('files.xml', detached(pki), files())
    put('files-t.xml', detached(pki, level='T'), files())

    # What is wrong, by a change that needs no second look.
    wrong = lambda name, text, *s: put(name, text, *s, right=False)
    good = prescription(pki, level='XL')[0]
    wrong('sha1.xml', prescription(pki, dict(VENDOR, hash='sha1'))[0], rx('algorithm'))
    csv = good.replace(b64(CSV.encode()), b64(CSV.replace('見本錠', '他の錠').encode()))
    wrong('changed-csv.xml', csv, rx('digest'))
    wrong('changed-xmlns.xml', good.replace(' xsi:no', ' xmlns:other="urn:other" xsi:no'), rx('digest time-stamp'))
    wrong('changed-time.xml', re.sub('(<xa:SigningTime>20)..', r'\g<1>19', good), rx('digest'))
    wrong('changed-not-covered.xml', good.replace('2149001F1ZZZ', '2149001F1ZZY'), rx())
    at = good.index('-SignatureValue">') + 30
    wrong('changed-value.xml', good[:at] + ('A' if good[at] != 'A' else 'B') + good[at + 1:],
          rx('signature time-stamp'))
    wrong('other-stamp.xml', re.sub('(<xa:EncapsulatedTimeStamp>)[^<]*', r'\g<1>' + b64(token(pki, b'another')), good,
                                    count=1), rx('time-stamp'))
    wrong('doctype.xml', good.replace(HEAD, HEAD + '<!DOCTYPE Document [<!ENTITY e "x">]>'), ('document', 'doctype', ''))
    wrong('id-twice.xml', good.replace('"PrescriptionManagement"', '"PrescriptionDocument"'), ('document', 'id-twice', ''))
    wrong('not-signed.xml', re.sub('<PrescriptionSign>.*</PrescriptionSign>', '', good, flags=re.S),
          ('document', 'not-signed', ''))
    wrong('cut.xml', good[:-20], ('document', 'form', ''))
    wrong('trailing.xml', good + 'x', ('document', 'form', ''))
    wrong('behind-nul.xml', good + '\0<more/>', ('document', 'form', ''))
    wrong('other-place.xml', prescription(pki, uri='#PrescriptionManagement')[0], rx('reference'))
    wrong('external.xml', prescription(pki, dict(VENDOR, document=[]), uri='scan/note.txt')[0], rx('external-reference'))
    wrong('dispensing-changed-inside.xml', dispensing(pki, inside['XL'].replace(b64(CSV.encode()), b64(b'SJ1\n'))),
          rx('digest'), dx())
    space = dispensing(pki, inside['XL'])
    wrong('dispensing-other-space.xml', space.replace('\t<DispensingDocument', ' <DispensingDocument'), rx(), dx('digest'))
    wrong('dispensing-not-covered.xml', space.replace('5b1f5a0e', '5b1f5a0f'), rx(), dx())
    wrong('scan-missing-file.xml', scan(pki, missing='scan/gone.txt'), scans('no-file'))
    wrong('scan-outside.xml', scan(pki, missing='../gone.txt'), scans('manifest'))
    write('scan/changed.txt', 'a\n')
    changed = detached(pki, names=('scan/changed.txt',))
    write('scan/changed.txt', 'b\n')
    wrong('files-changed.xml', changed, ('file', 'digest', 'scan/changed.txt'))
    wrong('letter-changed.xml', letter(pki).replace('見本 &amp;', '見本 &lt;'), cda('digest'))
    write('documents.txt', '\n'.join(lines) + '\n')
    print('%d documents, %d signatures' % (len({line.split('\t')[0] for line in lines}), len(lines)))


if __name__ == '__main__':
    if len(sys.argv) not in (2, 7, 8):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
