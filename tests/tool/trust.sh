#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan trust: what is added, listed and removed, by whom, and what is passed over.
# shellcheck disable=SC2317 # parts are called by name
. "${srcdir:-.}/tests/tool/common.sh"
need openssl
anchors=$XDG_DATA_HOME/inkan/anchors

printf '[req]\ndistinguished_name = dn\n[dn]\n' >"$work/plain.cnf"
# make NAME EXTENSION...: $work/NAME.pem, self-signed
make() {
	name=$1
	shift
	for e; do shift; set -- "$@" -addext "$e"; done
	openssl req -config "$work/plain.cnf" -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" \
		-out "$work/$name.pem" -subj "/O=Test/CN=$name" "$@" 2>"$work/err" || { cat "$work/err"; exit 99; }
}
print_of() { openssl x509 -in "$work/$1.pem" -noout -fingerprint -sha256 | sed 's/.*=//'; }
hex_of() { print_of "$1" | tr -d : | tr A-F a-f; }

# ---- from a card: inside inkan-vcard, which runs this script once more
pki=${INKAN_TEST_PKI:-$work/pki}
# card_has STEM...: these CAs of the PKI are shown, and none is trusted for being there; then by --yes
card_has() {
	# the card shows the root of its own chain: that makes nobody an anchor
	run 4 "$inkan" verify --status off card
	wrote "its chain ends at no installed anchor"
	run 0 ./tests/unit/test_policy card "$anchors"
	wrote "4 no-anchor"
	for stem; do # nor does it when the same came along
		run 0 ./tests/unit/test_policy card "$anchors" "$pki/$stem.pem"
		wrote "4 no-anchor"
	done
	run 77 "$inkan" trust add card
	said "Nothing was changed"
	[ ! -e "$anchors" ] || bad "a card's CA is trusted unasked"
	for stem; do cp "$pki/$stem.pem" "$work/$stem.pem"; wrote "$(print_of "$stem")"; done
	[ "$(grep -c SHA-256 "$work/out")" = $# ] || bad "$(grep -c SHA-256 "$work/out") certificates, not $#"
	run 0 "$inkan" trust add --yes card
	for stem; do
		cmp -s "$pki/$stem.pem" "$anchors/$(hex_of "$stem").pem" ||
			[ "$(openssl x509 -in "$anchors/$(hex_of "$stem").pem" -outform der | openssl sha256 -r | cut -c 1-64)" = \
				"$(hex_of "$stem")" ] || bad "$stem was not added"
	done
	[ "$(find "$anchors" -type f | wc -l)" = $# ] || bad "$(find "$anchors" -type f | wc -l) files, not $#"
	run 0 "$inkan" verify --status off card
	[ "$(head -n 1 "$work/out")" = accepted ] || bad "not accepted"
	run 0 ./tests/unit/test_policy card "$anchors"
	wrote "0 "
	[ "$(./inkan-vcard --send 'verifies 1 auth' | sed 's/^ok *//')" = 0 ] || bad "a PIN was sent"
}
hpki() {
	card_has root hpki-auth-ca hpki-sign-ca
	run 0 ./tests/unit/test_policy card "$anchors" "$pki/root.pem" "$pki/sarl.crl" "$pki/hpki-auth.crl"
	wrote "0 "
	run 0 ./tests/unit/test_policy card "$anchors" "$pki/root.pem" "$pki/sarl.crl"
	wrote "3 status-unknown"
}
# the CA's certificate is on the card alone, its list came along
jma() {
	run 0 "$inkan" trust add --yes "$pki/root.pem"
	run 0 ./tests/unit/test_policy card "$anchors"
	wrote "0 "
	run 0 ./tests/unit/test_policy card "$anchors" "$pki/root.pem" "$pki/sarl.crl" "$pki/hpki-auth.crl"
	wrote "0 "
}
jpki() {
	card_has jpki-auth-ca jpki-sign-ca
	if command -v script >/dev/null; then
		rm -rf "$anchors"
		printf 'no\nyes\n' | script -qec "$inkan trust add card" /dev/null >"$work/out" 2>&1
		[ -e "$anchors/$(hex_of jpki-auth-ca).pem" ] && bad "added against a no"
		[ -e "$anchors/$(hex_of jpki-sign-ca).pem" ] || bad "not added with a yes"
	fi
}
child() { card_has jpki-auth-ca; }
two() {
	run 64 "$inkan" trust add --yes card
	said "--reader"
	run 0 "$inkan" trust add --yes --reader 'Reader 2' card
	[ "$(find "$anchors" -type f | wc -l)" = 2 ] || bad "$(find "$anchors" -type f | wc -l) files, not 2"
	run 69 "$inkan" trust add --yes --reader 'Reader 9' card
	run 64 "$inkan" trust add --yes --reader 'Reader 2' "$work/one.pem"
}
none() {
	run 69 "$inkan" trust add --yes card
	advised
}
if [ -n "${INKAN_TEST_PART-}" ]; then
	$INKAN_TEST_PART
	finish
fi
if command -v pcscd >/dev/null && [ -x ./inkan-vcard ] && [ "${INKAN_SANITIZERS-no}" = no ]; then
	with() {
		INKAN_TEST_PART=$1
		shift
		INKAN_TEST_PART=$INKAN_TEST_PART INKAN_TEST_PKI=$pki timeout 120 ./inkan-vcard --pki "$pki" "$@" -- "$0" ||
			bad "$INKAN_TEST_PART: $*"
	}
	with hpki --card hpki --layout annex-b
	with jma --card hpki --layout jma
	with jpki --card jpki
	with child --card jpki --no-sign
	with two --card hpki --card jpki
	with none --card foreign
	with none --card none
else
	echo "skipped in part: pcscd or inkan-vcard is missing"
fi

make one 'basicConstraints=critical,CA:TRUE'
make two 'basicConstraints=critical,CA:TRUE'
make person 'basicConstraints=critical,CA:FALSE'

# ---- nothing yet
run 0 "$inkan" trust list
wrote "No CA certificate is installed"
run 0 "$inkan" trust list --json
wrote '"certificates": []'

# ---- nobody can be asked
run 77 "$inkan" trust add "$work/one.pem"
wrote "$(print_of one)"
said "Nothing was changed"
advised
[ ! -e "$anchors" ] || bad "something was written"

# ---- yes, and not twice
run 0 "$inkan" trust add --yes "$work/one.pem"
wrote "$(print_of one)"
wrote "nothing that Inkan knows"
file=$anchors/$(hex_of one).pem
[ "$(openssl x509 -in "$file" -outform der | openssl sha256 -r | cut -c 1-64)" = "$(hex_of one)" ] ||
	bad "another certificate is in $file"
[ "$(stat -c %a "$file")" = 644 ] || bad "mode $(stat -c %a "$file") of $file"
[ "$(find "$anchors" -type f | wc -l)" = 1 ] || bad "something was left over"
run 0 "$inkan" trust add --yes "$work/one.pem"
wrote "There already"
openssl x509 -in "$work/two.pem" -outform der | (umask 002; "$inkan" trust add --yes - >"$work/out") || bad "from standard input"

# ---- asked on a terminal
# asked ANSWER STATUS: about adding the third
asked() {
	printf '%s\n' "$1" | script -qec "$inkan trust add $work/third.pem" /dev/null >"$work/out" 2>&1
	got=$?
	[ "$got" -eq "$2" ] || { bad "exit $got, not $2, when the answer is \"$1\""; cat "$work/out"; }
	wrote "Trust it?"
	wrote "$(print_of third)"
}
make third 'basicConstraints=critical,CA:TRUE'
if command -v script >/dev/null; then
	asked no 77
	asked '' 77
	asked yesterday 77
	[ ! -e "$anchors/$(hex_of third).pem" ] || bad "added without a yes"
	asked yes 0
	run 0 "$inkan" trust remove --yes "$(hex_of third)"
else
	echo "skipped in part: the program script is missing"
fi

# ---- what is no CA's certificate
run 7 "$inkan" trust add --yes "$work/person.pem"
said "not the certificate of a CA"
advised
run 7 "$inkan" trust add --yes "$work/key.pem"
# a key of a CA for revocation lists alone has no basicConstraints (RFC 5280 6.3.3 (f))
make signer 'basicConstraints=critical,CA:TRUE'
cp "$work/key.pem" "$work/signer.key"
issued() { # NAME EXTENSION...: below signer
	name=$1
	shift
	printf '%s\n' "$@" >"$work/$name.ext"
	openssl req -config "$work/plain.cnf" -new -newkey rsa:2048 -nodes -keyout "$work/key.pem" -subj "/O=Test/CN=signer" 2>/dev/null |
		openssl x509 -req -CA "$work/signer.pem" -CAkey "$work/signer.key" -extfile "$work/$name.ext" \
			-out "$work/$name.pem" 2>"$work/err" || { cat "$work/err"; exit 99; }
}
issued lists 'keyUsage=critical,cRLSign'
run 0 "$inkan" trust add --yes "$work/signer.pem" "$work/lists.pem"
[ "$(grep -c '^CN=signer' "$work/out")" = 2 ] || bad "the key for lists has no name: $(cat "$work/out")"
wrote "key for revocation lists"
run 0 "$inkan" trust list
wrote "key for revocation lists"
silent "NOT USABLE"
for name in lists signer; do run 0 "$inkan" trust remove --yes "$(hex_of $name)"; done
issued bare 'subjectKeyIdentifier=hash'
issued holder 'keyUsage=critical,digitalSignature'
for name in bare holder; do
	run 7 "$inkan" trust add --yes "$work/$name.pem"
	said "not the certificate of a CA"
done
run 66 "$inkan" trust add --yes "$work/nothing"
run 64 "$inkan" trust add
run 64 "$inkan" trust
run 64 "$inkan" trust dance
run 64 "$inkan" trust list "$work/one.pem"

# ---- the list
run 0 "$inkan" trust list
wrote "$(print_of one)"
wrote "$(print_of two)"
run 0 "$inkan" trust list --json
wrote "\"sha256\": \"$(hex_of one)\""
wrote '"anchor": true'
wrote '"sound": true'
if command -v python3 >/dev/null; then
	python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["certificates"]) == 2' "$work/out" || bad "JSON"
fi

# ---- passed over: writable by others, no certificate, another ending
listed() { "$inkan" trust list --json | grep -c '"known_as"'; }
for mode in 664 646; do
	chmod $mode "$file"
	[ "$(listed)" = 1 ] || bad "a file of mode $mode counts"
done
chmod 644 "$file"
for mode in 775 757; do
	chmod $mode "$anchors"
	[ "$(listed)" = 0 ] || bad "what is in a folder of mode $mode counts"
done
chmod 755 "$anchors"
if [ "$(id -u)" = 0 ]; then
	chown 12345 "$file"
	[ "$(listed)" = 1 ] || bad "another user's file counts"
	chown 0 "$file"
	chown 12345 "$anchors"
	[ "$(listed)" = 0 ] || bad "what is in another user's folder counts"
	chown 0 "$anchors"
fi
cp "$file" "$anchors/copy.pem"
[ "$(listed)" = 2 ] || bad "a certificate that is there twice is listed twice"
rm "$anchors/copy.pem"
head -c 1000 /dev/urandom >"$anchors/noise.der"
cp "$work/person.pem" "$anchors/person.crt"
cp "$work/third.pem" "$anchors/third.txt"
: >"$anchors/empty.pem"
mkdir "$anchors/folder.pem"
[ "$(listed)" = 2 ] || bad "$(listed) certificates count, not 2"
INKAN_DEBUG=error "$inkan" trust list 2>"$work/err" >/dev/null
said "person.crt: passed over"
said "noise.der: passed over"
chmod 666 "$file"
run 0 "$inkan" trust list
for name in person.crt noise.der empty.pem folder.pem "${file##*/}"; do wrote "$anchors/$name"; done
[ "$(grep -c "Passed over" "$work/out")" = 5 ] || bad "$(grep -c "Passed over" "$work/out") are said to be passed over"
wrote "chmod go-w"
silent "third.txt"
run 0 "$inkan" trust list --json
wrote '"why": "not-a-ca"'
wrote '"why": "writable-by-others"'
wrote '"why": "no-certificate"'
wrote '"why": "unreadable"'
chmod 644 "$file"
chmod 777 "$anchors"
run 0 "$inkan" trust list
wrote "$anchors"
wrote "chmod go-w"
# what would not count is not said to be added
run 77 "$inkan" trust add --yes "$work/third.pem"
said "chmod go-w"
[ ! -e "$anchors/$(hex_of third).pem" ] || bad "written where it does not count"
chmod 755 "$anchors"

# ---- removed: by the beginning of the fingerprint, by the file; not two at once
run 66 "$inkan" trust remove --yes 0000000000
run 66 "$inkan" trust remove --yes "$(hex_of one | cut -c 1-7)"
run 77 "$inkan" trust remove "$(hex_of one | cut -c 1-8)"
run 77 "$inkan" trust remove --yes --system "$(hex_of one | cut -c 1-8)"
said "not in the system's folder"
cat "$work/two.pem" "$work/third.pem" >"$anchors/bundle.pem"
run 77 "$inkan" trust remove --yes "$(hex_of third)"
said "holds other certificates too"
rm "$anchors/bundle.pem"
run 0 "$inkan" trust remove --yes "$(print_of one)"
[ ! -e "$file" ] || bad "it is still there"
run 0 "$inkan" trust remove --yes "$anchors/$(hex_of two).pem"
run 0 "$inkan" trust list
wrote "No CA certificate is installed"

# ---- several files, and all that is in each; one that is none takes nothing away
rm -rf "$anchors"
cat "$work/person.pem" "$work/one.pem" "$work/two.pem" >"$work/bundle.pem"
run 7 "$inkan" trust add --yes "$work/key.pem" "$work/bundle.pem" "$work/third.pem"
said "not the certificate of a CA"
for name in one two third; do
	[ -e "$anchors/$(hex_of $name).pem" ] || bad "$name was not added"
done
[ "$(find "$anchors" -type f | wc -l)" = 3 ] || bad "$(find "$anchors" -type f | wc -l) files, not 3"
run 0 "$inkan" trust add --yes "$work/two.pem" "$work/two.pem"
run 66 "$inkan" trust add --yes "$work/one.pem" "$work/nothing"
run 64 "$inkan" trust remove --yes "$(hex_of one)" "$(hex_of two)"

# ---- the well-known ones are named
data=${INKAN_TEST_DATA:-${srcdir:-.}/../shared/data}/hpki-ca
if [ -r "$data/mhlw_hpki_root_ca_v2.cer" ]; then
	for f in "$data"/*.cer; do run 0 "$inkan" trust add --yes "$f"; done
	run 0 "$inkan" trust list
	wrote "the root of HPKI: MHLW HPKI Root CA V2"
	wrote "HPKI, signature CA of MEDIS"
	wrote "HPKI, authentication CA of MEDIS"
	silent "NOT USABLE"
else
	echo "skipped in part: $data is not there"
fi
finish
