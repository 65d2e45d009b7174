#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Documents whose answer depends on times: stamped by authorities that have expired since, before and after the signer's
certificate expired.

    make_judged.py FOLDER LATER GOOD.pem GOOD.key EXPIRED.pem EXPIRED.key CA.pem ROOT.pem

LATER is tests/signer/later.so. FOLDER/pki/tsa-root.pem is the authorities' root.
"""
import os
import re
import sys
import make_documents as m
from make_documents import VENDOR, b64

DAY = 86400
NOW, MIDDLE, EARLY = 0, -50, -100


def ahead(days, do, *args, **how):
    """With the clock of the programs that are run so many days ahead."""
    os.environ.update(LD_PRELOAD=later, LATER=str(days * DAY))
    done = do(*args, **how)
    del os.environ['LD_PRELOAD']
    return done


def stamped(text, value, stamps):
    """stamps: (days from now, authority, whether it is an archive time stamp), in their order."""
    for days, tsa, archive in stamps:
        tree, s = m.found(text.replace('@NEXT@', ''), value)
        octets = m.archive_octets(tree, s) if archive else m.canonical(s.find('{%s}SignatureValue' % m.DS))
        token = ahead(days, m.token, pki, octets, tsa, ess='sha256')
        name = 'xa141:ArchiveTimeStamp' if archive else 'xa:SignatureTimeStamp'
        text = text.replace('@NEXT@', '<{0}><xa:EncapsulatedTimeStamp>{1}</xa:EncapsulatedTimeStamp></{0}>@NEXT@'.format(
            name, b64(token)))
    if not stamps:
        return m.evolve_real(text, value, VENDOR, pki, 'B')
    return text.replace('@NEXT@', '')


def prescription(signer, *stamps):
    pki.signer = signer
    m.evolve = lambda text, value, *_: stamped(text, value, stamps)
    return m.prescription(pki)


def dispensing(inside, *stamps):
    m.evolve = lambda text, value, *_: stamped(text, value, stamps)
    return m.dispensing(pki, inside)


def main(folder, later_so, good_pem, good_key, expired_pem, expired_key, ca, root):
    global pki, later
    m.folder, later, m.evolve_real = folder, later_so, m.evolve
    pki = ahead(-1000, m.make_pki, [good_pem, good_key, good_pem, good_key, ca])
    good = pki.signer
    m.run('openssl', 'x509', '-in', expired_pem, '-out', m.path('pki/expired.pem'))
    expired = m.entity('expired', expired_key)
    m.run('openssl', 'genpkey', '-quiet', '-algorithm', 'RSA', '-out', m.path('pki/old.key'))
    m.run('openssl', 'req', '-new', '-key', m.path('pki/old.key'), '-subj', '/CN=Old', '-out', m.path('pki/old.csr'))
    m.write('pki/old.ext', m.TSA)
    ahead(-200, m.run, 'openssl', 'x509', '-req', '-in', m.path('pki/old.csr'), '-extfile', m.path('pki/old.ext'), '-days',
              '195', '-CA', pki.tsa_root.pem, '-CAkey', pki.tsa_root.key, '-set_serial', '7', '-out', m.path('pki/old.pem'))
    old = m.entity('old')
    early, late = (EARLY, pki.tsa, False), (NOW, pki.tsa, False)
    forgotten = (EARLY, old, False)  # by an authority that has expired 5 days ago
    m.write('unstamped.xml', prescription(expired)[0])
    m.write('before.xml', prescription(expired, early)[0])
    m.write('no-stamp.xml', re.sub('(EncapsulatedTimeStamp>)[^<]+', r'\g<1>MAMCAQE=', prescription(expired, early)[0]))
    m.write('after.xml', prescription(expired, late)[0])
    m.write('too-early.xml', prescription(expired, (-1001, pki.tsa, False))[0])
    m.write('old.xml', prescription(expired, forgotten)[0])
    m.write('old-archive.xml', prescription(expired, forgotten, (MIDDLE, pki.tsa, True))[0])
    m.write('old-beside.xml', prescription(expired, forgotten, (MIDDLE, pki.tsa, False))[0])
    m.write('old-behind.xml', prescription(expired, (MIDDLE, pki.tsa, True), forgotten)[0])
    pki.second = expired
    dispensed = dispensing(prescription(expired)[1], early)
    m.write('dispensing.xml', dispensed)
    m.write('dispensing-changed.xml', dispensed.replace(b64(m.DISPENSED.encode()), b64(b'CJ1\n')))
    pki.signer = expired
    beside = '<Prescription><PrescriptionDocument id="beside">%s</PrescriptionDocument><PrescriptionSign>%s' \
        '</PrescriptionSign></Prescription><DispensingManagement>' % (
            b64(b'SJ1\n'), m.signature(VENDOR, 'beside-sign', expired, [('#beside', '', None)]))
    text, value = m.sign(dispensed.replace('<DispensingManagement>', beside, 1), expired, VENDOR)
    m.write('dispensing-beside.xml', m.evolve_real(text, value, VENDOR, pki, 'B'))
    pki.signer = good
    m.evolve, real = m.evolve_real, m.signature
    for year in '1999', '2099':
        m.signature = lambda *args, **how: re.sub('(SigningTime>)20..', r'\g<1>' + year, real(*args, **how))
        m.write('claims-%s.xml' % year, m.prescription(pki)[0])
    m.signature = real
    m.write('claims-now.xml', m.prescription(pki)[0])
    form = dict(VENDOR, order='DS', reference_ids=False)
    text, value = m.sign(m.HEAD + '<a><b Id="b">1</b><c>%s</c></a>' % m.signature(form, 'beside', good, [('#b', '', [m.EXC])]),
                         good, form)
    m.write('elsewhere.xml', m.evolve_real(text, value, form, pki, 'B'))
    inside = ''.join('<xa:EncapsulatedX509Certificate>%s</xa:EncapsulatedX509Certificate>' % b64(
        m.run('openssl', 'x509', '-in', f, '-outform', 'DER')) for f in (ca, root))
    m.evolve = lambda text, value, *_: text.replace('@NEXT@', '<xa:CertificateValues>%s</xa:CertificateValues>' % inside)
    m.write('root-inside.xml', m.prescription(pki)[0])


if __name__ == '__main__':
    if len(sys.argv) != 9:
        sys.exit(__doc__)
    main(*sys.argv[1:])
