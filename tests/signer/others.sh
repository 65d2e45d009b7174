#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# xmlsec1, python3-xmlsec, signxml and endesive, the last two where they are (Debian 13): what they sign, we take; what we
# sign, they verify; what was changed, neither.
# shellcheck disable=SC2154 # of common.sh
. "${srcdir:-.}/tests/signer/common.sh"
need xmlsec1
python=${INKAN_TEST_PYTHON:-/usr/bin/python3}
"$python" -c 'import lxml' 2>/dev/null || skip "python3-lxml is missing"
sign=$(pwd)/tests/signer/sign
show=$(pwd)/tests/signer/show-problems
there=
for module in xmlsec signxml endesive; do
	if "$python" -c "import $module" 2>/dev/null; then
		there="$there $module"
	else
		echo "not tried: python3-$module is missing"
	fi
done
cd "$work" || exit 99
others() { "$python" "$srcdir/tests/signer/others.py" "$@"; }
wrong() { ! others "$@" >"$work/quiet" 2>&1 || bad "accepted: $*"; }
printf 'SJ1\n1,1,0100001,13,1\n' >rx.csv
printf '<?xml version="1.0"?>\n<letter xmlns="urn:a" xmlns:b="urn:b"><to b:c="1">Clinic</to>\n</letter>\n' >letter.xml
signed_by_us() { # OUT PROFILE FILE
	out=$1
	shift
	run 0 "$sign" "$pki/doctor.key" "$pki/doctor.pem" "$out" - "$anchors" none "$@"
}
says() { # WANTED FILE
	"$show" "$2" >said
	[ "$(cut -f 1,2 said)" = "$1" ] || bad "$2: $(cat said), not $1"
}

for kind in vendor hsgn letter; do
	quiet others template $kind template.xml "$pki/doctor.pem"
	quiet xmlsec1 --sign --privkey-pem "$pki/doctor.key" --id-attr:id PrescriptionDocument --id-attr:Id KeyInfo \
		--id-attr:Id SignedProperties --output xmlsec1.xml template.xml
	cp xmlsec1.xml xmlsec.xml
	case $there in *xmlsec*) quiet others sign-xmlsec template.xml "$pki/doctor.key" xmlsec.xml ;; esac
	for file in xmlsec1 xmlsec; do
		case $kind in
		letter) sed 's/Clinic/clinic/' $file.xml >changed.xml && what=xml ;;
		*) sed 's/U0ox/U0oy/' $file.xml >changed.xml && what=prescription ;;
		esac
		says "$what	valid" $file.xml
		says "$what	digest" changed.xml
	done
done
case $there in
*signxml*)
	signed_by_us ours.xml enveloped letter.xml
	signed_by_us rx.xml prescription rx.csv
	quiet others verify-xades ours.xml "$pki/doctor.pem" letter
	quiet others verify-xades rx.xml "$pki/doctor.pem" PrescriptionDocument
	quiet others sign-xades letter.xml "$pki/doctor.pem" "$pki/doctor.key" theirs.xml
	says "xml	valid" theirs.xml
	for file in ours theirs; do
		sed 's/Clinic/clinic/' $file.xml >changed.xml
		wrong verify-xades changed.xml "$pki/doctor.pem" letter
		says "xml	digest" changed.xml
	done
	;;
esac
case $there in
*endesive*)
	quiet "$documents" sign "$pki/doctor.pem" "$pki/doctor.key" rx.csv ours.p7s detached
	quiet others verify-cms ours.p7s rx.csv "$pki/ca.pem"
	quiet others sign-cms rx.csv "$pki/doctor.pem" "$pki/doctor.key" theirs.p7s
	sed 's/SJ1/SJ2/' rx.csv >changed.csv
	for file in ours theirs; do
		run 0 "$documents" check $file.p7s rx.csv
		[ "$(sed -n '1,2p' out | xargs)" = "document CAdES" ] || bad "$file.p7s: $(cat out)"
		run 0 "$documents" check $file.p7s changed.csv
		wrote "CAdES digest"
		wrong verify-cms $file.p7s changed.csv "$pki/ca.pem"
	done
	;;
esac
finish
