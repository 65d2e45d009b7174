#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan sign and inkan check as the guide has them: prescriptions, letters, batches, time stamps, from a shell, Python and C.
# xmlsec1 and openssl judge what was signed; the card counts PINs and signatures.
. "${srcdir:-.}/tests/clients/lib.sh"
need openssl openssl
need xmlsec1 xmlsec1
need python3 python3
need setsid util-linux
[ -x "${inkan%/bin/inkan}/libexec/inkan/inkan-signer" ] || skip "built without inkan sign"
on_cards hpki "hpki --name YAKU --role Pharmacist" "hpki after other-kind" "hpki before other-person" "hpki after foreign"
. "$srcdir/tests/clients/signing.sh"
cd "$work" || exit 1
cp "$pki/root.pem" root.pem
cp "$pki/hpki-sign-ca.pem" ca.pem
received=$(dirname "$work")/received.xml # from the doctor's card to the pharmacist's
prefix=${inkan%/bin/inkan}
copy_signer
start_authority
cp tsa/tsa-ca.pem tsa-root.pem
# Of two HPKI cards one is named, as the message asks.
chosen=
[ "$neighbour" != other-person ] || chosen="s|^inkan sign|& --reader 'Virtual Reader $reader '|"
stamps="s|http://tsa.example.jp/|$tsa|"

# So many signatures since the last time; how often a PIN was given is left in $pins.
did() { # WHAT SIGNATURES
	made "$1" "$2"
	mark
}

rx() { printf 'SJ1\n1,1,0100001,13,%s\n5,SAKURA HANAKO' "$1"; }

is_valid() { # FILE WHAT
	try "inkan check $1" "$inkan" check "$1"
	said "inkan check $1" "^$1: valid"
	said "inkan check $1" ", $2): valid"
}

# Exit status and, in the answer, a word.
refuses() { # STATUS WORD FILE [OPTIONS]
	want=$1 word=$2
	shift 2
	"$inkan" check --json "$@" >said 2>&1
	got=$?
	if [ $got != "$want" ] || ! grep -q "\"$word\"" said; then
		fail "inkan check $*: $got, not $want and $word: $(cat said)"
	fi
}

# As the guide says: asked about, and from the network; here neither.
guide_run checking anchors "s|trust add |&--yes |; s|^inkan status refresh|inkan status import $pki/sarl.crl $pki/rarl.crl $pki/hpki-sign.crl|"
rx 1 >rx.csv
mark

case $INKAN_TEST_OPTIONS in
*Pharmacist*)
	[ -e "$received" ] || fail "there is no prescription"
	cp "$received" received.xml
	rx 1 | sed '1s/S/C/' >dispensed.csv
	guide_write prescription sign
	! sh -eu ./block >said 2>&1 </dev/null || fail "a pharmacist signed as a doctor"
	said "the other role" "Not signed"
	guide_answer prescription dispensing "$sign_pin"
	did "inkan sign, a dispensing" 1
	for at in DispensingSign PrescriptionSign; do
		try "xmlsec1, $at" xmlsec1 --verify --enabled-key-data x509 --trusted-pem root.pem --untrusted-pem ca.pem --id-attr:id \
			PrescriptionDocument --id-attr:id Dispensing --id-attr:Id KeyInfo --id-attr:Id SignedProperties \
			--node-xpath "//*[@Id='$at']" dispensed.xml
	done
	is_valid dispensed.xml dispensing
	said "the doctor is still in it" 'Medical Doctor'
	exit 0
	;;
esac

# ---- Prescriptions
guide_answer prescription sign "$sign_pin" "$chosen"
did "inkan sign, prescription, sign" 1
guide_run prescription verify
said xmlsec1 '(ok/all): 3/3'
is_valid rx.xml prescription
rm -f signed.csv out.csv # of another card
guide_run prescription extract
cmp -s signed.csv rx.csv || fail "what is taken out of rx.xml is not what was signed"
cp rx.xml "$received"
sed 's/U0oxC/U0oxD/' rx.xml >forged.xml
refuses 7 digest forged.xml
! xmlsec1 --verify --insecure --id-attr:id PrescriptionDocument --id-attr:Id KeyInfo --id-attr:Id SignedProperties forged.xml \
	>said 2>&1 || fail "xmlsec1 accepts what was changed"

documents=50
[ -z "$neighbour" ] || documents=2 # the figures are those of a card alone
mkdir outbox
for i in $(seq $documents); do rx "$i" >"outbox/$i.csv"; done
guide_answer prescription batch "$sign_pin" "$chosen; s/--batch 40/--batch $documents/"
did "inkan sign, $documents documents" $documents
[ "$pins" = 1 ] || fail "the PIN was given $pins times"
cell 'inkan sign' signature
batch 'inkan sign --batch' $documents "$pins"
python3 -c 'import json, sys; a = json.load(open("signed.json")); sys.exit(a["signed"] != a["of"])' || fail "signed.json: $(cat signed.json)"
for i in $(seq $documents); do
	try "xmlsec1, document $i" xmlsec1 --verify --enabled-key-data x509 --trusted-pem root.pem --untrusted-pem ca.pem \
		--id-attr:id PrescriptionDocument --id-attr:Id KeyInfo --id-attr:Id SignedProperties "outbox/$i.csv.signed.xml"
done
if [ -z "$neighbour" ]; then
	rm outbox/2.csv.signed.xml outbox/3.csv.signed.xml
	guide_write prescription batch
	! printf '%s\n' "$sign_pin" | setsid -w sh -eu ./block >said 2>&1 || fail "what is there already is not told"
	did "inkan sign, the same once more" 2
	for i in 2 3; do
		[ -e outbox/$i.csv.signed.xml ] || fail "the same line does not do the rest: $(cat said signed.json)"
	done
fi

# ---- Letters
echo letter >letter.pdf
echo '<letter xmlns="urn:example:letter"><to>Clinic</to></letter>' >letter.xml
mkdir disc
cp letter.xml disc
echo image >disc/image.dcm
guide_answer referral cades "$sign_pin" "$chosen"
did "inkan sign, referral, cades" 1
guide_run referral verify 's|ca.pem|sign-cas.pem|'
guide_answer referral enclosed "$sign_pin" "$chosen"
did "inkan sign, referral, enclosed" 1
cmp -s opened.pdf letter.pdf || fail "letter.pdf.p7m does not give back the letter"
guide_answer referral xades "$sign_pin" "$chosen"
did "inkan sign, referral, xades" 1
try "xmlsec1, letter" xmlsec1 --verify --enabled-key-data x509 --trusted-pem root.pem --untrusted-pem ca.pem \
	--id-attr:Id KeyInfo --id-attr:Id SignedProperties letter-signed.xml
is_valid letter-signed.xml xml
guide_answer referral disc "$sign_pin" "$chosen"
did "inkan sign, referral, disc" 1
said "the disc" '^disc/signature.xml: valid'
mv disc/image.dcm disc/renamed.dcm
refuses 3 no-file disc/signature.xml
guide_answer referral stamp "$sign_pin" "$chosen; $stamps"
did "inkan sign, referral, stamp" 1

# ---- Checking
guide_run checking check
said "the letter" '^letter.pdf.p7s: valid'
guide_run checking role
guide_run checking json
refuses 1 role letter.pdf.p7s --role Pharmacist
refuses 3 no-content stamped.p7s
echo other >other
refuses 7 digest letter.pdf.p7s --content other

# ---- Time stamps
guide_run timestamps trust 's|trust add |&--yes |'
said "its anchor" 'CN=Throw-away'
guide_answer timestamps stamp "$sign_pin" "$chosen; $stamps"
did "inkan sign, timestamps, stamp" 1
is_valid letter-stamped.xml xml
said "the stamp" 'Time stamp:.*CN=Stamps (verified)'
said "the stamp" '(proven)'
try "the stamped letter" "$inkan" check --content letter.pdf stamped.p7s
said "the stamped letter" 'Time stamp:.*CN=Stamps (verified)'
guide_run timestamps verify 's|letter.p7s|stamped.p7s|'
said "openssl ts" 'Verification: OK'
guide_run timestamps archive "s|^inkan status refresh.*|:|"
try "the archive" "$inkan" status list
said "the archive" 'archive'

# ---- From programs
[ -z "$neighbour" ] || exit 0
guide_block prescription python >sign.py
rx 2 >2.csv
printf '%s\n' "$sign_pin" | timeout 60 setsid -w python3 sign.py 2.csv rx.csv >said 2>&1 || fail "Python: $(cat said)"
did Python 2
try "Python" "$inkan" check --extract out.csv 2.xml
cmp -s out.csv 2.csv || fail "Python: another prescription"
wrong_pin | timeout 60 setsid -w python3 sign.py 2.csv >said 2>&1 && fail "Python: signed with a wrong PIN"
said Python 'the PIN is wrong'
lost_one Python
guide_answer referral enclosed "$sign_pin" 's/^inkan sign/& --force/; s/^inkan check/& --force/' # the try is back
did "inkan sign --force" 1

if command -v gcc >/dev/null; then
	guide_block prescription c >rx.c
	try gcc gcc -Wall -Wextra -Werror -I "$prefix/include" rx.c -o rx -L "$prefix/lib" -linkan
	printf '%s\n' "$sign_pin" | LD_LIBRARY_PATH=$prefix/lib timeout 60 setsid -w ./rx rx.csv >c.xml 2>said || fail "C: $(cat said)"
	rx 2 >long.csv
	truncate -s 2M long.csv
	for f in long.csv nowhere; do
		! LD_LIBRARY_PATH=$prefix/lib timeout 60 setsid -w ./rx $f >none.xml 2>said </dev/null || fail "C: signed a part of $f"
		said "C, $f" "cannot be read whole"
	done
	did C 1
	is_valid c.xml prescription
else
	say "not tried: gcc is missing (package gcc)"
fi

# ---- A signature inside a PDF, by another program than ours
if command -v pdfsig >/dev/null && command -v modutil >/dev/null && command -v certutil >/dev/null; then
	make_pdf letter.pdf 00
	guide_run pdf prepare "s|root.pem|$anchor|"
	PIN=$sign_pin
	export PIN
	guide_run pdf sign
	# as in sign-pdf.sh: 22.12 signs a trial first
	if [ $(($(ask_card signatures) - signatures_before)) = 1 ]; then mark; else did pdfsig 2; fi
	cp letter-signed.pdf signed.pdf
	guide_run checking pdf
	said "a signature inside a PDF" '^signed.p7s: valid'
	refused_pdf() { # WHAT SAID
		python3 pdfrange.py changed.pdf >"$work/said" 2>&1 && fail "$1: taken"
		said "$1" "$2"
	}
	{ cat signed.pdf && echo more; } >changed.pdf
	refused_pdf "a PDF with something behind" 'does not cover all'
	# into the gap, where poppler does not look: the signed parts and the signature's own range stay as they are
	python3 - <<-'END'
		import re
		pdf = open('signed.pdf', 'rb').read()
		at = pdf.index(b'>', re.search(rb'/Contents *<[0-9A-Fa-f]{1000}', pdf).end())
		open('changed.pdf', 'wb').write(pdf[:at - 40] + b'>' + b' ' * 39 + pdf[at:])
	END
	refused_pdf "a PDF with something in the gap" 'does not cover all'
else
	say "not tried: pdfsig or modutil is missing (packages poppler-utils, libnss3-tools)"
fi
