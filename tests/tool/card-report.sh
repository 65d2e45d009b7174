#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan doctor --card-report on virtual cards behind the real pcscd: a card that is made of
# a report gives the report again; no report has anything of a person; no PIN is asked for.
# shellcheck disable=SC2317,SC2059 # parts are called by name; formats are ours
. "${srcdir:-.}/tests/tool/common.sh"
need pcscd
need python3
need openssl
[ -x ./inkan-vcard ] || skip "inkan-vcard is not built"
pki=${INKAN_TEST_PKI:-$work/pki}
cards=${srcdir:-.}/tests/cards
out=${INKAN_TEST_OUT:-$work/reports} # of all cards, for one look at the end
mkdir -p "$out"

# on PART OPTIONS...: the function PART of this script, on that card
on() {
	part=$1
	shift
	echo "== $part: $*"
	INKAN_TEST_PART=$part INKAN_TEST_PKI=$pki INKAN_TEST_OUT=$out timeout 120 ./inkan-vcard --pki "$pki" \
		--trace "$work/trace" "$@" -- "$0" || bad "$part: $*"
}

# same WANT GOT: every line of the one report is in the other, in the same section, but for what the throw-away PKI
# cannot give (the CAs' certificates have lengths of their own) and for lines that reports had before. All pairs are compared in the end.
same() {
	pairs=$((pairs + 1))
	cp "$1" "$out/$$.$pairs.want"
	cp "$2" "$out/$$.$pairs.got"
}
pairs=0
all_same() {
	python3 - "$out" <<-'END' || bad "reports are not given again"
		import glob, re, sys
		def read(path):
		    sections, name = {}, ""
		    for line in open(path, encoding="utf-8").read().split("\n")[1:]:
		        if not line or line[0] in "# " or line.startswith(("mse ", "structure:")):
		            continue
		        if line[0] == "[":
		            name = line
		        else:
		            sections.setdefault(name, []).append(re.sub(r", \d+ ms$", "", line))
		    for lines in sections.values():
		        if "what: CA certificate" in lines or "what: root certificate" in lines:
		            lines[:] = [l for l in lines if not l.startswith(("certificate:", "padding:"))]
		    return sections
		missing, all = 0, glob.glob(sys.argv[1] + "/*.want")
		assert len(all) > 50, all
		for path in all:
		    want, got = read(path), read(path[:-4] + "got")
		    for name, lines in want.items():
		        if name.endswith(" signing]") and name not in got:
		            continue # read without a PIN
		        for line in lines:
		            if line not in got.get(name, []):
		                print("not given again:", open(path).read().split("\n")[3:5], name, line)
		                missing += 1
		sys.exit(missing > 0)
	END
}

# No report that was written has anything of a card's person: names, numbers, keys, dates
# and key identifiers of its certificates, or a PIN.
private() {
	python3 - "$out" "$pki" <<-'END' || bad "reports tell of a person"
		import glob, re, subprocess, sys
		texts = {path: open(path, encoding="utf-8").read() for path in glob.glob(sys.argv[1] + "/*") if path.endswith(("report", "signed"))}
		assert len(texts) > 20, texts.keys()
		words, tokens = set(), set()   # anywhere; not as a part of a longer number
		def both(text):
		    words.update((text, text.encode().hex().upper()))
		for word in ("TARO", "SAMPLE", "HANAKO", "ZAIMOKUZA", "Zaimokuza", "見本", "太郎", "材木座", "花子", "Mihon", "Medical"):
		    both(word)
		tokens.update(("1234", "123456", "ABC123", "19700101", "319700101", "31323334", "414243313233"))
		certificates = [p for p in glob.glob(sys.argv[2] + "/*.pem") if re.search(r"/(hpki|jpki)-(auth|sign)-.*-[0-9a-f]{8}\.pem", p)]
		assert len(certificates) > 4, certificates
		for path in certificates:
		    said = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-serial", "-modulus", "-subject", "-dates",
		                           "-ext", "subjectKeyIdentifier,authorityKeyIdentifier", "-nameopt", "RFC2253"],
		                          capture_output=True, text=True).stdout
		    if not said:
		        continue               # a key
		    serial = re.search(r"serial=([0-9A-F]+)", said).group(1)
		    tokens.update((serial, str(int(serial, 16))))
		    words.add("02%02X" % (len(serial) // 2) + serial)
		    modulus = re.search(r"Modulus=([0-9A-F]+)", said).group(1)
		    words.update(modulus[i:i + 16] for i in range(0, len(modulus) - 15, 2))
		    for value in re.findall(r"(?:CN|serialNumber|2\.5\.4\.5) ?= ?#?([^,/\n]+)", said):
		        both(value)
		    words.update(re.findall(r"not(?:Before|After)=(.*)", said))
		    words.update(k.replace(":", "") for k in re.findall(r"(?:[0-9A-F]{2}:){19}[0-9A-F]{2}", said))
		bad = 0
		for path, text in texts.items():
		    for word in words:
		        if word in text:
		            print(path, "tells", word)
		            bad += 1
		    for token in tokens:
		        if re.search(r"(?<![0-9A-F])" + token + r"(?![0-9A-F])", text):
		            print(path, "tells", token)
		            bad += 1
		sys.exit(bad > 0)
	END
}

# Only our own applications, and the one that JPKI's login is left with, are selected.
discreet() {
	grep -o ' 00A404[0-9A-F]*' "$work/trace" | grep -vE \
		'E828BD080FA00000039100000000000[12]|D392F000260100000001|A0000001510000' && bad "another application was selected"
	:
}

plain() {
	run 0 "$inkan" doctor --card-report "$work/report"
	[ "$(stat -c %a "$work/report")" = 600 ] || bad "the report is not mode 600"
	ls "$work"/report?* >/dev/null 2>&1 && bad "something was left beside the report"
	wrote "$work/report"
	for i in auth sign; do
		[ "$(tell "verifies 1 $i")" = 0 ] || bad "a PIN was sent"
		[ "$(tell "signatures 1 $i")" = 0 ] || bad "a signature was made"
	done
	cp "$work/report" "$out/$$.report"
	[ -z "${INKAN_TEST_LIKE-}" ] || same "$INKAN_TEST_LIKE" "$work/report"
}

signing() { # the card has an authentication token
	plain
	full=$(tell 'tries 1 auth')
	printf '1234\n' | "$inkan" doctor --card-report --sign >"$work/signed" 2>"$work/err" ||
		{ bad "--sign fails"; cat "$work/err"; }
	said "thrown away"
	[ "$(tell 'verifies 1 sign')" = 0 ] || bad "the signature PIN was sent"
	[ "$(tell 'tries 1 auth')" = "$full" ] || [ "$(tell 'tries 1 auth')" -gt "$full" ] || bad "a try was lost"
	cp "$work/signed" "$out/$$.signed"
	same "$work/report" "$work/signed"
	[ -z "${INKAN_TEST_LIKE-}" ] || same "$INKAN_TEST_LIKE" "$work/signed"
	grep -q '; right' "$work/signed" || { bad "no way of signing"; tail -n 12 "$work/signed"; }
}

careful() {
	before=$(tell 'tries 1 auth')
	printf '9999\n' | "$inkan" doctor --card-report --sign "$work/report" >"$work/out" 2>"$work/err" && bad "a wrong PIN is taken"
	said "The PIN is wrong"
	[ $((before - $(tell 'tries 1 auth'))) = 1 ] || bad "another number of tries than one was lost"
	[ -s "$work/report" ] || bad "the rest of the report is not there"
	grep -q signature "$work/report" && grep -q '; right' "$work/report" && bad "signatures after a wrong PIN"
	tell 'tries 1 auth 1' >/dev/null
	printf '1234\n' | "$inkan" doctor --card-report --sign >"$work/out" 2>"$work/err" && bad "the last try is taken"
	said "Only one try is left"
	[ "$(tell 'tries 1 auth')" = 1 ] || bad "the last try was used"
	run 74 "$inkan" doctor --card-report "$work/nowhere/report"
	said "could not be written"
	advised
}

two() {
	run 64 "$inkan" doctor --card-report
	said "Choose one with --reader"
	run 0 "$inkan" doctor --card-report --reader 'Reader 2'
	wrote "D392F000260100000001: 9000"
	run 0 "$inkan" doctor --card-report --reader 'Reader 3'
	wrote "D392F000260100000001: 6A82"
	said "none of our applications"
}

beside_foreign() {
	run 0 "$inkan" doctor --card-report
	wrote "E828BD080FA000000391000000000002: 9000"
}

if [ -n "${INKAN_TEST_PART-}" ]; then
	$INKAN_TEST_PART
	finish
fi

for wrong in '--sign' '--card-report --json' '--card-report --quiet' '--card-report --try-pss' '--card-report a b'; do
	# shellcheck disable=SC2086
	run 64 "$inkan" doctor $wrong
	advised
done
run 69 env PCSCLITE_CSOCK_NAME="$work/nowhere" "$inkan" doctor --card-report
advised
for report in "$cards"/*.report; do
	INKAN_TEST_LIKE=$report
	export INKAN_TEST_LIKE
	part=plain
	grep -q ' signing]' "$report" && part=signing
	on $part --like "$report"
done
unset INKAN_TEST_LIKE
on signing --card hpki --name 'HANAKO ZAIMOKUZA' --japanese-name 材木座花子 --organisation 'Zaimokuza Clinic'
on signing --card jpki --name 'HANAKO ZAIMOKUZA' --japanese-name 材木座花子
on careful --card hpki
on careful --card jpki
on two --card hpki --card jpki --card foreign
on beside_foreign --card foreign --card hpki
discreet
all_same
private

# What is no report is refused in a sentence.
: >"$work/empty"
printf 'Inkan card report 2\n' >"$work/newer"
printf 'Inkan card report 1\n[select]\nE828BD080FA000000391000000000002: 90\n' >"$work/short"
printf 'Inkan card report 1\n[hpki-auth file 16]\ncontent: 3G\n' >"$work/hex"
head -c 3000 /dev/urandom >"$work/noise"
for file in empty newer short hex noise nowhere; do
	run 64 ./inkan-vcard --pki "$pki" --like "$work/$file" -- true
	said "the card report $work/$file"
done
finish
