#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan sign and inkan check with a virtual card: every form, verified by openssl and xmlsec1; PINs, tries and signatures
# counted on the card; what goes wrong in the middle loses nothing.
# shellcheck disable=SC2317,SC2059 # parts are called by name; formats are ours
. "${srcdir:-.}/tests/tool/common.sh"
grep -q "define WITH_XMLSEC 1" config.h || skip "built --without-xmlsec"
need pcscd
need openssl
need xmlsec1
need python3
[ -x ./inkan-vcard ] || skip "inkan-vcard is not built"
srcdir=${srcdir:-.}
pki=${INKAN_TEST_PKI:-$work/pki}

# with PART OPTIONS...: the function PART of this script, on that card
with() {
	part=$1
	shift
	echo "== $part: $*"
	INKAN_TEST_PART=$part INKAN_TEST_PKI=$pki timeout 240 ./inkan-vcard --pki "$pki" "$@" -- "$0" || bad "$part: $*"
}

verifies() { [ "$(tell "verifies 1 sign")" = "$1" ] || bad "the card saw $(tell "verifies 1 sign") PINs, not $1"; }
signatures() { [ "$(tell "signatures 1 sign")" = "$1" ] || bad "the card made $(tell "signatures 1 sign") signatures, not $1"; }
left() { [ "$(tell "tries 1 sign")" = "$1" ] || bad "the card has $(tell "tries 1 sign") tries left, not $1"; }

# piped STATUS LINES COMMAND...: PINs on standard input
piped() {
	want=$1 lines=$2
	shift 2
	printf "$lines" | "$@" >"$work/out" 2>"$work/err"
	got=$?
	[ "$got" -eq "$want" ] || { bad "exit $got, not $want: $*"; cat "$work/out" "$work/err"; }
}

install_anchors() {
	run 0 "$inkan" trust add --yes "$pki/root.pem" "$pki"/hpki-sign*ca.pem # the test CA is made when first asked for
	run 0 "$inkan" status import "$pki/sarl.crl" "$pki"/hpki-sign*.crl
}

# openssl_verifies FILE.p7s [FILE]: the signature, its ESS attribute and the chain
openssl_verifies() {
	cat "$pki/root.pem" "$pki/hpki-sign-ca.pem" >"$work/cas.pem"
	set -- "$1" ${2:+-content "$2"}
	openssl cms -verify -cades -binary -inform DER -in "$@" -CAfile "$work/cas.pem" -purpose any -out /dev/null \
		2>"$work/openssl" || { bad "openssl does not accept $1"; cat "$work/openssl"; }
}

# xmlsec_verifies FILE NODE: the core signature
xmlsec_verifies() {
	xmlsec1 --verify --enabled-key-data x509 --insecure --id-attr:id PrescriptionDocument --id-attr:id Dispensing --id-attr:Id KeyInfo \
		--id-attr:Id SignedProperties --node-xpath "$2" "$1" >"$work/xmlsec" 2>&1 ||
		{ bad "xmlsec1 does not accept $1"; cat "$work/xmlsec"; }
}

csv() { printf 'SJ1\n1,1,0100001,13,%s\n5,SAKURA HANAKO\n' "$1"; }

forms() {
	install_anchors
	cd "$work" || exit 99
	printf 'A letter.\n' >letter.txt
	csv 1 >rx.csv
	printf '<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3"><title>letter</title></ClinicalDocument>\n' >cda.xml
	piped 0 '123456\n' "$inkan" sign --profile cades letter.txt
	wrote "letter.txt: signed, in letter.txt.p7s"
	wrote "TARO SAMPLE"
	openssl_verifies letter.txt.p7s letter.txt
	run 0 "$inkan" check letter.txt.p7s
	wrote "letter.txt.p7s: valid"
	wrote "Role:            Medical Doctor"
	run 7 "$inkan" check --content /dev/null letter.txt.p7s
	# one PEM block, and nothing behind it
	openssl cms -cmsout -inform DER -in letter.txt.p7s -outform PEM -out pem
	run 0 "$inkan" check --content letter.txt pem
	cat pem pem >two.pem
	{ cat pem; echo and more; } >behind.pem
	{ echo 'Letter of the 30th'; cat pem; } >before.pem
	{ echo; cat pem; printf '\r\n\n'; } >blank.pem
	for f in two.pem behind.pem; do
		run 7 "$inkan" check --content letter.txt $f
		wrote "the document is malformed"
		silent "Signature 1"
	done
	for f in blank.pem before.pem; do run 0 "$inkan" check --content letter.txt $f; done
	mv letter.txt letter
	run 3 "$inkan" check letter.txt.p7s
	wrote "--content FILE"
	mv letter letter.txt
	piped 0 '123456\n' "$inkan" sign --profile cades --force --output - letter.txt
	openssl cms -verify -binary -inform DER -in "$work/out" -content letter.txt -noverify -out /dev/null 2>/dev/null ||
		bad "something else than the signature on standard output"
	piped 0 '123456\n' "$inkan" sign --profile cades --enclosed letter.txt
	openssl_verifies letter.txt.p7m
	run 0 "$inkan" check --extract out.txt letter.txt.p7m
	cmp -s out.txt letter.txt || bad "what was taken out is not what was signed"
	# nothing is overwritten unasked, and never what is checked
	cp letter.txt.p7m was.p7m
	ln -s letter.txt.p7m link.p7m
	ln letter.txt.p7m hard.p7m
	for f in letter.txt.p7m link.p7m hard.p7m; do
		run 74 "$inkan" check --force --extract $f letter.txt.p7m
		said "It is one of the files to check"
	done
	run 74 "$inkan" check --force --extract letter.txt --content letter.txt letter.txt.p7s
	"$inkan" check --force --extract letter.txt.p7m - <letter.txt.p7m >out 2>err && bad "standard input is overwritten"
	cmp -s letter.txt.p7m was.p7m || bad "the document that was checked is overwritten"
	echo mine >out.txt
	run 74 "$inkan" check --extract out.txt letter.txt.p7m
	said "out.txt is there already"
	[ "$(cat out.txt)" = mine ] || bad "a file was overwritten unasked"
	run 0 "$inkan" check --force --extract out.txt letter.txt.p7m
	cmp -s out.txt letter.txt || bad "--force does not replace"
	piped 0 '123456\n' "$inkan" sign --profile xades cda.xml
	xmlsec_verifies cda.xml.signed.xml "//*[local-name()='Signature']"
	run 0 "$inkan" check cda.xml.signed.xml
	piped 0 '123456\n' "$inkan" sign --profile xades --detached --output both.xml letter.txt cda.xml
	run 0 "$inkan" check both.xml
	piped 0 '123456\n' "$inkan" sign --profile prescription --show rx.csv
	wrote "  | SJ1"
	wrote "every byte"
	xmlsec_verifies rx.csv.signed.xml "//*[@Id='PrescriptionSign']"
	run 0 "$inkan" check --json rx.csv.signed.xml
	wrote '"what": "prescription"'
	# what is shown is what is signed: a NUL, Shift_JIS, the CSV in an unsigned Document
	printf 'SJ1\na\0b\0\n\033[2J\n' >nul.csv
	piped 77 '' "$inkan" sign --profile prescription --show nul.csv
	wrote '  | a\x00b\x00'
	wrote '  | \x1B[2J'
	printf 'SJ1\n5,\202\263\203\134\n' >sjis.csv
	printf '<Document id="Document" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Prescription><PrescriptionDocument id="PrescriptionDocument">%s</PrescriptionDocument></Prescription></Document>' \
		"$(base64 -w 0 sjis.csv)" >sjis.xml
	for f in sjis.csv sjis.xml; do
		piped 77 '' "$inkan" sign --profile prescription --show $f
		wrote '  | SJ1'
		wrote '  | 5,さソ'
		wrote 'Size:            11 bytes'
		wrote "SHA-256:         $(sha256sum <sjis.csv | cut -d ' ' -f 1)"
	done
	printf 'SJ1\n\202\263\377\n' >neither.csv
	piped 77 '' "$inkan" sign --profile prescription --show neither.csv
	wrote '  | \x82\xB3\xFF'
	csv 2 | sed '1s/SJ1/CJ1/' >disp.csv
	piped 0 '123456\n' "$inkan" sign --profile dispensing --prescription rx.csv.signed.xml --output disp.xml disp.csv
	run 0 "$inkan" check disp.xml
	wrote "Signature 2 of 2"
	# what is wrong is said of the right file
	for f in rx.csv cda.xml; do
		piped 7 '123456\n' "$inkan" sign --profile dispensing --prescription $f --output none.xml disp.csv
		said "the received prescription: "
	done
	said "there is no signature in the document"
	piped 7 '123456\n' "$inkan" sign --profile dispensing --prescription rx.csv.signed.xml --output none.xml rx.csv
	said "the CSV does not begin"
	openssl cms -digest_create -binary -outform DER -in letter.txt -out digest.p7m
	openssl cms -encrypt -binary -outform DER -in letter.txt -out encrypted.p7m "$pki/root.pem"
	openssl cms -cmsout -inform DER -in letter.txt.p7s -outform SMIME -out mail
	for f in digest.p7m encrypted.p7m mail; do
		run 7 "$inkan" check $f
		said "neither XML nor signed CMS"
		said "smime.p7m"
		silent PDF
	done
	printf '%%PDF-1.7\n' >a.pdf
	run 7 "$inkan" check a.pdf
	said "It is a PDF: pdfsig"
	verifies 14 # each: typed, and again with the signature
	signatures 7
	left 15
	# a byte of the content changed
	sed 's/A letter/B letter/' letter.txt >other.txt
	run 7 "$inkan" check --content other.txt letter.txt.p7s
	wrote "what was signed has been changed"
	# nothing is overwritten
	piped 74 '123456\n' "$inkan" sign --profile cades letter.txt
	said "letter.txt.p7s is there already"
	signatures 7
}

# What goes to standard output is that alone; JSON tells of each file; nothing is asked for what cannot be written.
json() { python3 -c 'import json, sys; print([f[sys.argv[1]] for f in json.load(sys.stdin)["files"]])' "$1" <"$work/out"; }
outputs() {
	install_anchors
	cd "$work" || exit 99
	printf 'A letter.\n' >letter.txt
	: >empty
	piped 0 '123456\n' "$inkan" sign --profile cades --output - letter.txt
	cp out alone.p7s
	openssl_verifies alone.p7s letter.txt
	piped 76 '123456\n' "$inkan" sign --profile cades --json --show nothing letter.txt
	[ "$(json code)" = "[66, 0]" ] || bad "JSON: $(json code)"
	said "SHA-256"
	piped 1 '' "$inkan" sign --profile cades --role Pharmacist --json letter.txt empty
	[ "$(json code)" = "[1, 1]" ] || bad "JSON: $(json code)"
	run 66 "$inkan" check --json nothing letter.txt letter.txt.p7s
	[ "$(json result)" = "[None, None, 'valid']" ] || bad "JSON: $(json result)"
	# the worst of several, whatever their order
	cp letter.txt.p7s other.p7s
	run 7 "$inkan" check other.p7s letter.txt letter.txt.p7s
	piped 0 '123456\n' "$inkan" sign --profile cades empty
	run 0 "$inkan" check empty.p7s
	run 74 "$inkan" check --extract none empty.p7s
	# signed with an escape sequence in its name
	cp letter.txt "$(printf 'a\033[31mb')"
	piped 0 '123456\n' "$inkan" sign --profile cades "$(printf 'a\033[31mb')"
	wrote 'a\x1B[31mb: signed'
	was=$(tell "verifies 1 sign")
	echo '<a/>' >a.xml
	piped 7 '123456\n' "$inkan" sign --profile xades a.xml
	said "the root element is empty"
	echo '<a xmlns="relative"><b/></a>' >a.xml # has no canonical form
	piped 7 '123456\n' "$inkan" sign --profile xades a.xml
	said "a.xml: the document is malformed."
	piped 74 '123456\n' "$inkan" sign --profile cades --force --output letter.txt letter.txt
	piped 74 '123456\n' "$inkan" sign --profile cades --output no/where letter.txt
	# what is no file stays; a link stays, and its target is meant
	mkfifo pipe
	ln -s pipe to-pipe
	ln -s letter.txt to-letter
	ln -s nowhere to-nowhere
	for f in pipe to-pipe . to-letter to-nowhere; do
		piped 74 '123456\n' "$inkan" sign --profile cades --force --output $f letter.txt
	done
	for f in pipe to-pipe to-letter to-nowhere letter.txt.p7s/x; do
		run 74 "$inkan" check --force --extract $f alone.p7s --content letter.txt
	done
	run 74 "$inkan" check --force --extract to-pipe alone.p7s --content letter.txt
	said "to-pipe is not a file."
	run 74 "$inkan" trust export --output to-pipe
	said "to-pipe is not a file."
	run 74 "$inkan" status export --bundle nginx --output to-pipe
	said "to-pipe is not a file."
	run 74 "$inkan" doctor --card-report to-pipe
	said "to-pipe is not a file."
	{ [ -p pipe ] && [ -L to-pipe ] && [ -L to-letter ] && [ -L to-nowhere ]; } || bad "a pipe or a link was replaced"
	[ "$(cat letter.txt)" = "A letter." ] || bad "the file to sign was overwritten by a link to it"
	piped 64 '123456\n' "$inkan" sign --profile cades --tsa nonsense letter.txt
	piped 64 '123456\n' "$inkan" sign --profile cades --json --output - letter.txt
	piped 76 '123456\n' "$inkan" sign --profile cades --tsa http://127.0.0.1:1/ --output tsa letter.txt
	said "inkan trust add --tsa"
	# longer than a checker takes: no PIN for it
	truncate -s 66060289 big
	piped 7 '123456\n' "$inkan" sign --profile cades --enclosed big
	said "too long"
	truncate -s 67108865 big
	piped 7 '123456\n' "$inkan" sign --profile cades big
	truncate -s 66060288 big
	mkdir folder
	echo x >folder/x
	piped 7 '123456\n' "$inkan" sign --profile xades --detached --output o.xml folder/x
	said "not beside the signed file"
	for f in letter.txt ./letter.txt; do
		piped 7 '123456\n' "$inkan" sign --profile xades --detached --output o.xml letter.txt a.xml $f
		said "the same file twice: letter.txt"
	done
	verifies "$was"
	run 77 "$inkan" sign --profile cades --pinentry /no/such --output o letter.txt
	said "/no/such"
	printf '#!/bin/sh\necho nonsense\nexec sleep 100\n' >stays
	chmod +x stays
	run 77 timeout 20 "$inkan" sign --profile cades --pinentry ./stays --output o letter.txt
	verifies "$was"
	piped 0 '123456\n' "$inkan" sign --profile cades --enclosed big
	run 0 "$inkan" check big.p7m
	rm big big.p7m
	# an authority that does not answer costs one PIN entry and one signature, not one of each file
	openssl req -x509 -newkey rsa:2048 -nodes -keyout tsa.key -subj /CN=TSA -days 2 -out tsa.pem 2>/dev/null
	run 0 "$inkan" trust add --yes --tsa tsa.pem
	signed=$(tell "signatures 1 sign")
	for i in 1 2 3; do echo $i >t$i; done
	piped 76 '123456\n123456\n123456\n' "$inkan" sign --profile cades --tsa http://127.0.0.1:1/ --json t1 t2 t3
	[ "$(json code)" = "[76, 76, 76]" ] || bad "JSON: $(json code)"
	said "The other files were not tried"
	signatures $((signed + 1))
	[ ! -e t1.p7s ] || bad "a file without its time stamp"
}

pins() {
	cd "$work" || exit 99
	printf 'A letter.\n' >letter.txt
	piped 77 'wrong1\n' "$inkan" sign --profile cades letter.txt letter.txt
	said "the PIN is wrong: 14 tries left"
	verifies 1 # the second file was not tried with it
	left 14
	[ ! -e letter.txt.p7s ] || bad "a file without a signature"
	piped 77 '12\n' "$inkan" sign --profile cades letter.txt
	said "the PIN has a wrong length"
	said "no try was used"
	for how in "" "--pin-fd 0"; do
		# shellcheck disable=SC2086 # none, or two words
		piped 77 "$(printf %05000d 1)\n" "$inkan" sign $how --json --profile cades letter.txt
		said "the PIN has a wrong length"
		said "no try was used"
	done
	piped 77 '' "$inkan" sign --profile cades letter.txt
	left 14
	verifies 1
	# one PIN entry for so many, and no more
	for i in 1 2 3; do echo $i >f$i; done
	piped 0 '123456\n123456\n' "$inkan" sign --batch 2 --profile cades f1 f2 f3
	said "3 of 3 signed"
	signatures 3
	rm f?.p7s
	piped 76 '123456\n' "$inkan" sign --batch 2 --profile cades f1 f2 f3
	said "2 of 3 signed"
	[ ! -e f3.p7s ] || bad "a signature without a consent"
	left 15
	# from a file descriptor, by a pinentry
	rm f?.p7s
	printf '123456\n' | "$inkan" sign --pin-fd 3 --profile cades f1 3<&0 </dev/null >/dev/null 2>&1 || bad "--pin-fd"
	cat >pinentry <<-'END'
		#!/bin/sh
		echo "OK pleased to meet you"
		while read -r line; do
			case $line in
			SETDESC*) echo "$line" >>asked; echo OK ;;
			GETPIN) echo "D 123456"; echo OK ;;
			*) echo OK ;;
			esac
		done
	END
	chmod +x pinentry
	run 0 "$inkan" sign --pinentry ./pinentry --profile cades f2
	grep -q 'f2' asked || bad "the pinentry was not told for what"
	# what is changed while the PIN is typed is not what was read
	sed -i 's|^GETPIN) |&echo changed >f1; |' pinentry
	rm f1.p7s
	run 66 "$inkan" sign --pinentry ./pinentry --profile cades f1
	said "f1 was changed while it was being signed"
	[ ! -e f1.p7s ] || bad "another file than the one that was read is signed"
	tell "tries 1 sign 1" >/dev/null
	piped 77 '123456\n' "$inkan" sign --profile cades f3
	said "only one try is left"
	left 1
}

middle() {
	cd "$work" || exit 99
	for i in 1 2 3 4; do echo $i >f$i; done
	# pulled at the second file's signature: the first is there, nothing else
	tell "fault 1 60 pull" >/dev/null
	printf '123456\n' | "$inkan" sign --batch 4 --profile cades f1 f2 f3 f4 >out 2>err
	got=$?
	[ "$got" -eq 76 ] || [ "$got" -eq 75 ] || { bad "exit $got after the card was pulled"; cat out err; }
	for f in f?.p7s; do [ ! -e "$f" ] || openssl asn1parse -inform DER -in "$f" >/dev/null || bad "half a file: $f"; done
	[ -z "$(find . -name '.f*' -o -name '*.new')" ] || bad "something is left"
	tell "insert 1" >/dev/null
	left 15
}

full() {
	cd "$work" || exit 99
	echo 1 >f1
	(trap '' XFSZ; ulimit -f 1; printf '123456\n' | "$inkan" sign --profile cades --enclosed --output o "$inkan") >out 2>err
	got=$?
	[ "$got" -eq 74 ] || { bad "exit $got on a full disk"; cat out err; }
	[ ! -e o ] || bad "half a file"
	# without a parent that ignores the signal of the limit
	python3 - "$inkan" >out 2>err <<-'END'
		import resource, signal, subprocess, sys
		def limited():
		    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
		    resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
		run = subprocess.run([sys.argv[1], "sign", "--profile", "cades", "--enclosed", "--output", "o", sys.argv[1]],
		    input=b"123456\n", stderr=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=limited)
		print(run.stderr.decode())
		sys.exit(run.returncode % 256)
	END
	got=$?
	[ "$got" -eq 74 ] || { bad "exit $got over a limit of the file size"; cat out err; }
	set -- o o.*
	[ "$*" = "o o.*" ] || bad "something is left: $*"
}

refused() {
	install_anchors
	cd "$work" || exit 99
	echo 1 >f1
	piped "$1" '123456\n' "$inkan" sign --profile cades f1
	said "Not signed"
	verifies 0
}
lost() { refused 2; }
late() { refused 5; }
trial() {
	refused 6
	said "This is a test card"
	piped 0 '123456\n' "$inkan" sign --allow-test --profile cades f1
	run 6 "$inkan" check f1.p7s
	run 64 "$inkan" sign f1
	advised
	run 64 "$inkan" sign --profile cades
	run 64 "$inkan" sign --profile cades --json --output - f1
	run 64 "$inkan" sign --profile dispensing f1
	run 66 "$inkan" check nothing
	run 7 "$inkan" check f1
}
role() {
	install_anchors
	cd "$work" || exit 99
	echo 1 >f1
	piped 1 '123456\n' "$inkan" sign --role Pharmacist --profile cades f1
	verifies 0
}

other() { # a My Number Card alone
	cd "$work" || exit 99
	echo 1 >f1
	piped 69 '123456\n' "$inkan" sign --profile cades f1
	said "has no such token"
	verifies 0
}

if [ "${INKAN_TEST_PART-}" ]; then
	case $inkan in /*) ;; *) inkan=$PWD/${inkan#./} ;; esac
	vcard=$PWD/inkan-vcard
	tell() {
		answer=$("$vcard" --send "$*")
		answer=${answer#ok}
		echo "${answer# }"
	}
	"$INKAN_TEST_PART"
	finish
fi

with forms --card hpki
with outputs --card hpki
with pins --card hpki
with middle --card hpki
with full --card hpki
with lost --card hpki --revoked
with late --card hpki --expired
with trial --card hpki --test-level
with role --card hpki
with other --card jpki
run 69 "$inkan" sign --profile cades "$0"
finish
