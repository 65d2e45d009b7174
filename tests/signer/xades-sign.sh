#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Prescriptions, dispensings, letters and files that src/signer signs: verified by xmlsec1, by lxml with hashlib and
# openssl, and stamped by an authority. What is refused is refused by name, before the key is used.
# shellcheck disable=SC2154 # of common.sh
. "${srcdir:-.}/tests/signer/common.sh"
need xmlsec1
need xmllint
/usr/bin/python3 -c 'import lxml' 2>/dev/null || skip "python3-lxml is missing"
here=$(cd "${srcdir:-.}/tests/signer" && pwd)
sign=$(pwd)/tests/signer/sign
fetch=$(pwd)/inkan-fetch
url=- d=$work/documents
certificate pharmacist ca keyUsage=critical,nonRepudiation
mkdir "$d"
cd "$d" || exit 99
quiet /usr/bin/python3 "$here/make_documents.py" "$d" "$pki/doctor.pem" "$pki/doctor.key" "$pki/pharmacist.pem" \
	"$pki/pharmacist.key" "$pki/ca.pem"
printf 'SJ1\n1,1,東京,13\n201,1,見本錠,3,1,錠' >rx.csv
printf 'CJ1\r\n1,4,東京,13\r\n' >dispensed.csv

# xmlsec NAME SIGNER PLACE
xmlsec() {
	quiet xmlsec1 --verify --pubkey-cert-pem "$pki/$2.pem" --id-attr:id PrescriptionDocument --id-attr:id Dispensing \
		--id-attr:Id KeyInfo --id-attr:Id SignedProperties --node-xpath "$3" "$1"
}

# good SIGNER PARENT OUT KIND INPUT...: signs, and has it verified by the others
good() {
	signer=$1 parent=$2 out=$3
	shift 3
	run 0 "$sign" "$pki/$signer.key" "$pki/$signer.pem" "$out" "$url" "$anchors" "$fetch" "$@"
	[ "$(sed -n 1p "$work/out")" = 1 ] || bad "$out: the key was used $(sed -n 1p "$work/out") times"
	quiet xmllint --noout --nonet "$out"
	tsa=
	[ "$url" = - ] || tsa=$pki/tsa-ca.pem
	quiet /usr/bin/python3 "$here/verify_xades.py" "$out" "$pki/$signer.pem" "$parent" ${tsa:+"$tsa"}
	place="//*[local-name()='Signature']"
	[ "$parent" = - ] || place="//$parent/*"
	xmlsec "$out" "$signer" "$place"
}

# refused SENTENCE KIND INPUT...: and the key was not used, and nothing was written
refused() {
	sentence=$1
	shift
	run 1 "$sign" "$pki/doctor.key" "$pki/doctor.pem" none "$url" "$anchors" "$fetch" "$@"
	[ "$(cat "$work/out")" = "${times-0}
$sentence" ] || bad "\"$(cat "$work/out")\", not \"$sentence\": $*"
	[ ! -e none ] || bad "something was written: $*"
	rm -f none
}

# same IN OUT: without the signature, and the element that was made for it, OUT is IN
same() {
	/usr/bin/python3 - "$1" "$2" <<-'END' || bad "other bytes: $2"
		import re, sys
		before, after = (open(n, 'rb').read() for n in sys.argv[1:])
		rest, n = re.subn(b'<xs:Signature .*</xs:Signature>', b'', after, flags=re.S)
		made = rest.replace(b'<PrescriptionSign></PrescriptionSign>', b'')
		sys.exit(n != 1 or before not in (rest, made))
	END
}

# inside RECEIVED OUT: everything in Prescription is there byte for byte
inside() {
	/usr/bin/python3 - "$1" "$2" <<-'END' || bad "other bytes: $2"
		import re, sys
		received, out = (open(n, 'rb').read() for n in sys.argv[1:])
		part = re.search(b'<Prescription>(.*)</Prescription>', received, re.S).group(1)
		sys.exit(b'<ReferencePrescription>' + part + b'</ReferencePrescription>' not in out)
	END
}

# unsigned PYTHON OUT: a Document, changed by an expression of its text t
unsigned() {
	/usr/bin/python3 - vendor-b.xml "$1" "$2" <<-'END'
		import re, sys
		t = re.sub('<xs:Signature .*</xs:Signature>', '', open(sys.argv[1]).read(), flags=re.S)
		t = eval(sys.argv[2])
		open(sys.argv[3], 'wb').write(t if isinstance(t, bytes) else t.encode())
	END
}

letter() { # OUT
	cat >"$1" <<-'END'
		<?xml version="1.0"?>
		<?xml-stylesheet type="text/xsl" href="cda.xsl"?>
		<!-- before -->
		<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
		   xmlns:xs="http://www.w3.org/2001/XMLSchema" xml:lang="ja">
		  <title b='2' a="1">診療情報提供書 &#x8A3A;</title><!-- inside -->
		  <text xsi:type="xs:string"><![CDATA[<見本>]]> &amp;</text>
		  <xs:empty/>
		</ClinicalDocument>
		<!-- behind --><?pi?>
	END
}

all() { # NAME: everything, at this level
	good doctor PrescriptionSign "rx$1.xml" prescription rx.csv
	good doctor PrescriptionSign "rx-document$1.xml" prescription unsigned.xml
	same unsigned.xml "rx-document$1.xml"
	good pharmacist DispensingSign "dispensing$1.xml" dispensing "rx$1.xml" dispensed.csv
	inside "rx$1.xml" "dispensing$1.xml"
	xmlsec "dispensing$1.xml" doctor "//PrescriptionSign/*"
	good doctor - "letter$1.xml" enveloped letter
	same letter "letter$1.xml"
	good doctor - "files$1.xml" detached rx.csv "100% & 画像 #1?.jpg"
}

letter letter
unsigned 't' unsigned.xml
cp "$d/scan/page-1.jpg" "100% & 画像 #1?.jpg"
all ""

# ---- the CSV in it is the one that came
/usr/bin/python3 -c 'import base64, re, sys
t = open(sys.argv[1]).read()
m = re.search("<PrescriptionDocument id=\"PrescriptionDocument\">([A-Za-z0-9+/=]*)</PrescriptionDocument>", t)
sys.stdout.buffer.write(base64.b64decode(m.group(1)))' rx.xml | cmp - rx.csv || bad "another CSV"

# ---- Documents of other shapes, whose bytes stay
for change in 't.replace("<PrescriptionSign></PrescriptionSign>", "")' 't.replace("><", ">\n\t<") + "\n<!-- end -->\n"' \
	't.replace("</Version>", "</Version><!-- </Prescription> -->")' 't.replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "")'; do
	unsigned "$change" other.xml
	good doctor PrescriptionSign other-signed.xml prescription other.xml
	same other.xml other-signed.xml
done

# ---- what the service hands out, by all who sign: their signature is what it was
for name in vendor-b vendor-t vendor-xl vendor-a vendor-bare vendor-default-xmlns hsgn hsgn-t sha512 order-skd; do
	good pharmacist DispensingSign taken.xml dispensing "$name.xml" dispensed.csv
	inside "$name.xml" taken.xml
	xmlsec taken.xml doctor "//PrescriptionSign/*"
done

# ---- what is refused
: >empty
printf '\357\273\277SJ1\n1\n' >bom.csv
printf 'SJ1,1\n1\n' >comma.csv
printf 'SJ1' >alone.csv
{ echo SJ1 && head -c 67108861 /dev/zero; } >long.csv # 64 MiB and one byte
refused "the CSV does not begin with the line that it must begin with: SJ1" prescription empty
refused "the CSV begins with a byte order mark" prescription bom.csv
refused "the CSV does not begin with the line that it must begin with: SJ1" prescription comma.csv
refused "the CSV does not begin with the line that it must begin with: SJ1" prescription alone.csv
refused "the CSV does not begin with the line that it must begin with: SJ1" prescription dispensed.csv
refused "the CSV does not begin with the line that it must begin with: CJ1" dispensing rx.xml rx.csv
refused "the document is too long, nested too deeply, or has too much of something" prescription long.csv
rm long.csv
refuse_unsigned() { # SENTENCE PYTHON
	unsigned "$2" bad.xml
	refused "$1" prescription bad.xml
}
form="this is no unsigned Document with a PrescriptionDocument"
refuse_unsigned "the document has a document type declaration" 't.replace("<Document", "<!DOCTYPE Document><Document")'
refuse_unsigned "two elements have the same Id" 't.replace("\"PrescriptionManagement\"", "\"Document\"")'
refuse_unsigned "two elements have the same Id" \
	't.replace("<PrescriptionSign>", "<PrescriptionSign id=\"PrescriptionSign\">")'
refuse_unsigned "the document is malformed" 't[:-5]'
refuse_unsigned "the document is malformed" 't + "x"'
refuse_unsigned "the document is not in UTF-8" 't.replace("UTF-8", "Shift_JIS").encode("cp932")'
refuse_unsigned "Document must declare the name space xsi and no other" 't.replace(" xsi:", " xmlns:a=\"urn:a\" xsi:")'
refuse_unsigned "Document must declare the name space xsi and no other" \
	't.replace("<Prescription>", "<Prescription xmlns:a=\"urn:a\">")'
refuse_unsigned "the document has carriage returns" 't.replace("><", ">\r\n<")'
refuse_unsigned "$form" 't.replace("PrescriptionDocument", "Letter")'
refuse_unsigned "$form" 't.replace(" id=\"Document\"", "")'
refuse_unsigned "$form" 're.sub("(\"PrescriptionDocument\">)[^<]*", r"\1=SJ1", t)'
refuse_unsigned "the CSV does not begin with the line that it must begin with: SJ1" 're.sub("(\"PrescriptionDocument\">)[^<]*", r"\1Q0oxCg==", t)'
refuse_unsigned "the CSV does not begin with the line that it must begin with: SJ1" 're.sub("(\"PrescriptionDocument\">)[^<]*", r"\1", t)'
not="the signed document would not verify"
structure="the signature's structure is not the standard's"
refuse_unsigned "$not: $structure" 't.replace("<PrescriptionSign></PrescriptionSign>", "<PrescriptionSign/>")'
refuse_unsigned "a reference does not lead to the element in its place" 't + "<!-- </PrescriptionSign> -->"'
for name in vendor-b dispensing-a; do
	refused "the document is signed already" prescription "$name.xml"
	refused "the document is signed already" enveloped "$name.xml"
done
refused "the document is malformed" enveloped rx.csv
echo '<a/>' >bad.xml
refused "the root element is empty: the signature has no place in it" enveloped bad.xml
echo '<a>x</a><!-- </a> -->' >bad.xml
refused "a reference does not lead to the element in its place" enveloped bad.xml
refused "the received document is no signed prescription" dispensing dispensing-a.xml dispensed.csv
refused "the received prescription: the document is malformed" dispensing rx.csv dispensed.csv
refused "the received prescription: the document is malformed" dispensing cut.xml dispensed.csv
refused "the received prescription: the document has a document type declaration" dispensing doctype.xml dispensed.csv
refused "the received prescription: two elements have the same Id" dispensing id-twice.xml dispensed.csv
refused "the received prescription: there is no signature in the document" dispensing unsigned.xml dispensed.csv
refused "the received prescription: there is no signature in the document" dispensing not-signed.xml dispensed.csv
refused "the received document is no signed prescription" dispensing letter-xl.xml dispensed.csv
refused "the prescription's signature: what was signed has been changed" dispensing changed-csv.xml dispensed.csv
refused "the prescription's signature: an algorithm is too weak, or not known" dispensing sha1.xml dispensed.csv
# name spaces around what was signed that the dispensing document has not
refused "the prescription cannot be taken over as it was signed" dispensing more-xmlns.xml dispensed.csv
refused "not the name of a file: $d/rx.csv" detached unsigned.xml "$d/rx.csv"

# ---- stamped
start_authority
token tsa rx.csv "$work/token" # which writes the authority's settings
url=$url/as/tsa
all -t
good pharmacist DispensingSign a.xml dispensing vendor-a.xml dispensed.csv
url=${url%as/tsa}imprint times=1
refused "the time stamp authority's answer cannot be used: it is of something else, or what it is of has been changed" \
	prescription rx.csv
finish
