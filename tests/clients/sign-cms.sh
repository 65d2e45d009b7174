#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# openssl cms through libp11's engine, 50 documents; a time stamp over a signature, from
# a throw-away authority; PyKCS11 in one process.
. "${srcdir:-.}/tests/clients/lib.sh"
need openssl openssl
need pkcs11-tool opensc
need setsid util-linux
engine_path >/dev/null || skip "the OpenSSL engine pkcs11 is missing (package libengine-pkcs11-openssl)"
on_cards hpki jpki "jpki after other-kind" "hpki after other-person" "hpki after foreign"
. "$srcdir/tests/clients/signing.sh"
cd "$work" || exit 1
documents=50
[ -z "$neighbour" ] || documents=2 # the figures are those of a card alone

# openssl asks for the token's PIN and for the key's; without a terminal it reads standard input.
names="s|pkcs11:token=HPKI%20Signature;id=%17|$sign_uri|; s|ca.pem|sign-cas.pem|"
answers() { printf '%s\n' "$names; s/^openssl cms -sign/printf '%s\\\\n' $1 $2 | setsid -w &/"; }

sign_wrongly() { # TOKEN-PIN KEY-PIN
	mark
	guide_block cms sign | sed -e "s|/usr/local/lib/pkcs11/|$module_dir/|; $(answers "$1" "$2")" >block
	! timeout 20 sh -eu block >said 2>&1 || fail "signed with a wrong PIN"
	lost_one "a wrong PIN"
	! openssl cms -verify -binary -inform DER -in letter.p7s -content letter.txt -CAfile sign-cas.pem \
		-purpose any -out content 2>said || fail "a wrong PIN leaves a signature"
}

sign_many() {
	mark
	for i in $(seq $documents); do
		echo "document $i" >letter.txt
		guide_run cms sign "$(answers "$sign_pin" "$sign_pin")"
		said "the first question" "^Enter PKCS#11 token PIN for $sign_token:"
		said "the second question" "Enter PKCS#11 key PIN for $sign_key:"
		verify_cms letter.p7s letter.txt
	done
	made "openssl cms, $documents documents" $documents
	cell 'OpenSSL cms' signature
	batch 'OpenSSL cms' $documents "$pins"
}

stamp() {
	guide_run cms query
	try "the stamp" openssl ts -reply -config tsa/tsa.cnf -section tsa -signer tsa/tsa.pem -inkey tsa/tsa.key \
		-queryfile letter.tsq -out letter.tsr
	guide_run cms stamp "s|tsa-ca.pem|tsa/tsa-ca.pem|"
	said "the stamp" 'Verification: OK'
	echo x >>letter.signature
	! openssl ts -verify -data letter.signature -in letter.tsr -CAfile tsa/tsa-ca.pem >said 2>&1 ||
		fail "the stamp is good for another signature"
	cell 'OpenSSL cms and ts' signature
}

# A Python that has PyKCS11; nothing when there is none.
find_python() {
	for python in python3 /usr/bin/python3; do
		! $python -c 'import PyKCS11' 2>/dev/null || return 0
	done
	python=
}

run_python() { # PIN FILE...: getpass without a terminal reads standard input
	pin=$1
	shift
	echo "$pin" | timeout 60 setsid -w $python sign.py "$@" >said 2>&1
}

sign_in_python() {
	guide_block cms python | sed "s|/usr/local/lib/pkcs11/|$module_dir/|" >sign.py
	for i in $(seq $documents); do
		echo "document $i" >"$i.txt"
	done
	mark
	! run_python "$(wrong_pin)" ./*.txt || fail "PyKCS11 signed with a wrong PIN"
	said "PyKCS11" CKR_PIN_INCORRECT
	lost_one "a wrong PIN"
	mark
	run_python "$sign_pin" ./*.txt || fail "PyKCS11: $(cat said)"
	asked=$(grep -c 'Signature PIN' said)
	[ "$asked" = 1 ] || fail "the program asked $asked times"
	openssl x509 -in signer.pem -noout -pubkey >signer.pub
	for i in $(seq $documents); do
		try "PyKCS11, document $i" openssl dgst -sha256 -verify signer.pub -signature "$i.sig" "$i.txt"
	done
}

only_this_card pkcs11-tool python3
case $card in
hpki) guide_run cms certificate ;;
jpki) guide_run cms certificate "s|--id 17|--login --pin '$sign_pin' --id 1a|" ;;
esac
echo letter >letter.txt
sign_wrongly "$(wrong_pin)" "$sign_pin"
sign_wrongly "$sign_pin" "$(wrong_pin)"
sign_many
guide_run cms verify "$names"
make_authority "$work/tsa"
stamp
find_python
if [ -n "$python" ]; then
	rm letter.txt
	sign_in_python
	made "PyKCS11, $documents documents" $documents
	cell PyKCS11 signature
	batch PyKCS11 $documents "$asked"
else
	say "not tried: PyKCS11 is missing (package python3-pykcs11)"
fi
