#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What show-problems says of signed documents, beside what is right.

    compare_problems.py list SHOW-PROBLEMS FOLDER          each document of FOLDER/documents.txt
    compare_problems.py flips SHOW-PROBLEMS FILE           every byte of FILE in turn

The rule of the flips: a changed document may be without a problem only if everything that its signatures cover is the
same, octet for octet, as lxml canonicalises it: what the references lead to, SignedInfo, and the signature's value as
bytes. All else of a document must be said not to be covered: "everything outside", "except for this signature". A
document of files beside it is nothing but its signature.
"""
import base64
import subprocess
import sys
from lxml import etree

DS = '{http://www.w3.org/2000/09/xmldsig#}'
EXC = 'http://www.w3.org/2001/10/xml-exc-c14n#'


def show(program, *args):
    done = subprocess.run([program, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode or done.stderr:
        sys.exit('%s: exit %d: %s%s' % (args, done.returncode, done.stdout.decode()[:2000], done.stderr.decode()[:4000]))
    return [line.split('\t') for line in done.stdout.decode().splitlines()]


def compare(program, folder):
    wanted, bad = {}, 0
    with open(folder + '/documents.txt') as f:
        for line in f:
            name, kind, words, covered, *told = line.rstrip('\n').split('\t')
            wanted.setdefault(name, []).append((kind, sorted(words.split()), covered.split(), told))
    for name, wants in wanted.items():
        lines = show(program, folder + '/' + name)
        right = len(lines) == len(wants)
        for got, (kind, words, covered, told) in zip(lines, wants):
            right = right and got[0] == kind and sorted(got[1].split()) == words
            if words == ['valid']:
                right = right and all(any(part.startswith(c) for part in got[2].split('; ')) for c in covered)
            right = right and all(text in got[2].split('; ') + got[3].split('; ') for text in told)
        if not right:
            bad += 1
            print('FAILED: %s: %s, not %s' % (name, lines, wants))
    print('%d documents, %d wrong' % (len(wanted), bad))
    return bad


def canonical(node, exclusive):
    if isinstance(node, etree._Element):  # lxml loses default namespaces where a subtree is written
        node = etree.fromstring(etree.tostring(node, with_tail=False))
    return etree.tostring(node, method='c14n', exclusive=exclusive, with_comments=False)


def covered(data):
    """The octets that the signatures of a document cover."""
    tree = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    octets = []
    for s in list(tree.iter(DS + 'Signature')):
        octets.append(base64.b64decode(s.findtext(DS + 'SignatureValue')))
        octets.append(canonical(s.find(DS + 'SignedInfo'), True))
        for r in s.find(DS + 'SignedInfo').iter(DS + 'Reference'):
            uri = r.get('URI')
            exclusive = any(t.get('Algorithm') == EXC for t in r.iter(DS + 'Transform'))
            if uri.startswith('#'):
                octets += [canonical(t, exclusive) for t in tree.xpath('//*[@Id=$i or @id=$i]', i=uri[1:])]
            elif uri == '':
                copy = etree.fromstring(data, etree.XMLParser(resolve_entities=False))
                own = next(copy.iter(DS + 'Signature'))
                if own.tail and own.getprevious() is not None:
                    own.getprevious().tail = (own.getprevious().tail or '') + own.tail
                own.getparent().remove(own)
                octets.append(canonical(copy.getroottree(), exclusive))
    return octets


def flips(program, name):
    with open(name, 'rb') as f:
        data = f.read()
    (lines,) = [show(program, name)]
    if any(line[1] != 'valid' or (line[0] != 'file' and 'outside' not in line[3] and
                                  'except for this signature' not in line[2]) for line in lines):
        print('FAILED: %s: %s' % (name, lines))
        return 1
    want, bad = covered(data), 0
    found = [line[0].split() for line in show(program, '--flip', name)]
    for place, mask in found[:-1]:
        changed = bytearray(data)
        changed[int(place)] ^= int(mask)
        if covered(bytes(changed)) != want:
            bad += 1
            print('FAILED: %s: byte %s with %s is covered, and nothing was said: %s' % (
                name, place, mask, bytes(changed[int(place) - 20:int(place) + 20])))
    print('%s: %s flips, %d without a problem, %d of them in what is covered' % (
        name, found[-1][0], len(found) - 1, bad))
    return bad


if __name__ == '__main__':
    if len(sys.argv) != 4 or sys.argv[1] not in ('list', 'flips'):
        sys.exit(__doc__)
    sys.exit(1 if (compare if sys.argv[1] == 'list' else flips)(*sys.argv[2:]) else 0)
