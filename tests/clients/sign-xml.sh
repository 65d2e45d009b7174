#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# libxmlsec1 with NSS: 50 XML documents in one process; the xmlsec1 command, which is
# built with openssl, verifies them.
. "${srcdir:-.}/tests/clients/lib.sh"
need xmlsec1 xmlsec1
need_nss
[ -x "$builddir/tests/clients/nss-xml" ] || skip "built without libxmlsec1 (package libxmlsec1-dev)"
on_cards hpki jpki "hpki after other-kind" "hpki before other-person" "jpki before foreign"
. "$srcdir/tests/clients/signing.sh"
cd "$work" || exit 1
documents=50
[ -z "$neighbour" ] || documents=2 # the figures are those of a card alone

xml() { # PIN FILE...
	pin=$1
	shift
	timeout 60 "$builddir/tests/clients/nss-xml" sql:nss "$sign_token:$sign_label" "$pin" "$@" >said 2>&1 </dev/null
}

names="s|ca.pem|$pki/$card-sign-ca.pem|; s|root.pem|$anchor|"
verify() { guide_run xml verify "$names; s|letter.xml.signed|$1|"; }

guide_run xml prepare
for i in $(seq $documents); do
	echo "<letter><to>Clinic $i</to></letter>" >"$i.xml"
done

mark
! xml "$(wrong_pin)" 1.xml || fail "signed with a wrong PIN"
lost_one "a wrong PIN"
[ ! -e 1.xml.signed ] || fail "a wrong PIN leaves a document"

mark
# shellcheck disable=SC2046 # numbers
xml "$sign_pin" $(seq -f %g.xml $documents) || fail "not every document was signed: $(cat said)"
asked=$(grep -c '^asked .*: answered' said)
made "libxmlsec1, $documents documents" $documents
given libxmlsec1 "$asked"
for i in $(seq $documents); do
	verify "$i.xml.signed"
	grep -q "Clinic $i<" "$i.xml.signed" || fail "$i.xml.signed is another document"
done
sed 's/Clinic/Hospital/' 1.xml.signed >forged.xml
! xmlsec1 --verify --enabled-key-data x509 --trusted-pem "$anchor" --untrusted-pem "$pki/$card-sign-ca.pem" forged.xml \
	>said 2>&1 || fail "a document that was changed verifies"
cell 'libxmlsec1 with NSS' signature
batch 'libxmlsec1 with NSS' $documents "$asked"
