#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan check: what time stamps prove, of which signature, and what an anchor is.
# shellcheck disable=SC2154 # common.sh has them
. "${srcdir:-.}/tests/tool/common.sh"
grep -q "define WITH_XMLSEC 1" config.h || skip "built --without-xmlsec"
need openssl
/usr/bin/python3 -c 'import lxml' 2>/dev/null || skip "python3-lxml is missing"
[ -x ./inkan-vcard ] || skip "inkan-vcard is not built"
later=$(pwd)/tests/signer/.libs/later.so
[ -e "$later" ] || skip "tests/signer/later.so is not built"
pki=$work/pki
./inkan-vcard --pki "$pki" --card hpki --name good --card hpki --name expired --expired -- true >"$work/err" 2>&1 || {
	grep -q pcscd "$work/err" && skip "no pcscd for the virtual card"
	cat "$work/err"
	exit 99
}
mkdir "$work/d"
/usr/bin/python3 "${srcdir:-.}/tests/signer/make_judged.py" "$work/d" "$later" "$pki"/hpki-sign-good-*.pem "$pki/hpki-sign-good.key" \
	"$pki"/hpki-sign-expired-*.pem "$pki/hpki-sign-expired.key" "$pki/hpki-sign-ca.pem" "$pki/root.pem" || bad make_judged.py

# says EXIT RESULTS FILE: of the document and of each signature in it
says() {
	run "$1" "$inkan" check --status off --json "$work/d/$3.xml"
	got=$(/usr/bin/python3 -c 'import json, sys
f = json.load(sys.stdin)["files"][0]
print(f["result"], *(s["result"] + "".join("+" + p["problem"] for p in s["problems"] if p["problem"] != "claimed-time")
    for s in f["signatures"]))' <"$work/out")
	[ "$got" = "$2" ] || bad "$3: $got, not $2"
}

# the CAs are in the document, which makes nobody of them an anchor, and nothing worse
says 4 "undecided undecided+no-anchor" root-inside
run 0 "$inkan" trust add --yes "$pki/root.pem" "$pki/hpki-sign-ca.pem"
says 0 "valid valid" root-inside
says 5 "undecided undecided+expired-since+time-stamp-anchor" before
run 0 "$inkan" trust add --yes --tsa "$work/d/pki/tsa-root.pem"
says 5 "undecided undecided+expired-since" unstamped
says 0 "valid valid" before
says 5 "invalid invalid+validity" after
says 5 "undecided undecided+expired-since+time-stamp-validity" too-early # older than its authority
# an authority that has expired since: an archive time stamp over its stamp keeps it, another beside it does not
says 5 "undecided undecided+expired-since+time-stamp-validity" old
says 0 "valid valid" old-archive
says 0 "valid valid+time-stamp-validity" old-beside
says 0 "valid valid+time-stamp-validity" old-behind
# the stamp of a dispensing is one of the prescription that it covers, while it covers it
says 0 "valid valid valid" dispensing
says 7 "invalid undecided+expired-since invalid+digest" dispensing-changed
run 7 "$inkan" check --status off --json "$work/d/dispensing-beside.xml"
wrote '"problem": "structure"'
# what is no time stamp has no time
says 7 "invalid invalid+time-stamp+expired-since" no-stamp
wrote '"time": null'
run 7 "$inkan" check --status off "$work/d/no-stamp.xml"
wrote "Time stamp:      cannot be read"
# a claim that cannot be true is told without a stamp, too
for name in claims-1999 claims-2099 claims-now; do
	run 0 "$inkan" check --status off --json "$work/d/$name.xml"
	case $name in
	*-now) grep -q claimed-time "$work/out" && bad "a claimed time that may be true" ;;
	*) wrote '"problem": "claimed-time"' ;;
	esac
done
# of an element that the signature is not in it is said which one it is
says 3 "undecided undecided+elsewhere" elsewhere
run 3 "$inkan" check --status off "$work/d/elsewhere.xml"
wrote "Covers:          b (#b): this element alone"
wrote "Use only the element that it covers."
printf '\377\376<\000a\000/\000>\000' >"$work/d/utf-16.xml"
run 7 "$inkan" check "$work/d/utf-16.xml"
wrote "the document's encoding is not one of UTF-8, Shift_JIS and EUC-JP"
# more certificates than any document has; each would be compared with all of them
openssl genrsa -out "$work/many.key" 2048 2>/dev/null
for n in $(seq 129); do
	openssl req -x509 -key "$work/many.key" -subj "/CN=$n" -set_serial "$n" -days 9 2>/dev/null
	[ "$n" != 127 ] || cp "$work/many.pem" "$work/fewer.pem"
done >"$work/many.pem"
for certs in many fewer; do
	openssl cms -sign -binary -cades -nodetach -signer "$pki"/hpki-sign-good-*.pem -inkey "$pki/hpki-sign-good.key" \
		-certfile "$work/$certs.pem" -in "$work/many.key" -outform DER -out "$work/$certs.p7m" || bad "$certs.p7m"
done
run 7 "$inkan" check --status off "$work/many.p7m"
wrote "the document is too long, nested too deeply, or has too much of something"
run 0 "$inkan" check --status off "$work/fewer.p7m"

finish
