#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan verify: every exit status, in the order that design.md 5 gives them, with
# certificates of the virtual cards' PKI.
# shellcheck disable=SC2317 # parts are called by name
. "${srcdir:-.}/tests/tool/common.sh"
need pcscd
need openssl
[ -x ./inkan-vcard ] || skip "inkan-vcard is not built"
pki=${INKAN_TEST_PKI:-$work/pki}

# issue NAME OPTIONS...: makes the certificates of a card; $pki/hpki-KIND-NAME-*.pem
issue() {
	name=$1
	shift
	run 0 ./inkan-vcard --pki "$pki" "$@" --name "VERIFY $name" -- true
}
# of KIND NAME: the certificate's file
of() { find "$pki" -name "$1-verify-$2-*.pem" | head -n 1; }

# issuer FILE, url FILE: as openssl reads them
issuer() { openssl x509 -in "$1" -noout -issuer -nameopt rfc2253,sep_comma_plus_space | sed 's/^issuer=//'; }
url() { openssl x509 -in "$1" -noout -ext crlDistributionPoints | sed -n 's/.*URI://p' | head -n 1; }

# with PART OPTIONS...: the function PART of this script, on that card
with() {
	part=$1
	shift
	INKAN_TEST_PART=$part INKAN_TEST_PKI=$pki INKAN_TEST_DATA_HOME=$XDG_DATA_HOME \
		INKAN_TEST_CACHE_HOME=$XDG_CACHE_HOME timeout 120 ./inkan-vcard --pki "$pki" "$@" -- "$0" || bad "$part: $*"
}

trust() { for f; do run 0 "$inkan" trust add --yes "$f"; done; }

on_card() {
	run 0 "$inkan" verify card
	wrote "accepted"
	run 0 "$inkan" verify --purpose sign card
	run 0 "$inkan" verify --token auth --purpose login --role Pharmacist card
	run 1 "$inkan" verify --role Dentist card
	# one machine, one card, one answer
	run 0 "$inkan" show --json card
	wrote '"anchor": true'
	wrote '"result": "good"'
	run 64 "$inkan" verify --token neither card
	run 69 "$inkan" verify --reader nothing card
}

on_patient() {
	run 3 "$inkan" verify --purpose login card
	wrote "registered verifiers"
	run 0 "$inkan" verify --purpose login --status prefer card
	silent 見本
	run 77 "$inkan" verify --purpose sign --json card
	[ ! -s "$work/out" ] || bad "output about a certificate that was not read"
}

if [ "${INKAN_TEST_PART-}" ]; then
	XDG_DATA_HOME=$INKAN_TEST_DATA_HOME XDG_CACHE_HOME=$INKAN_TEST_CACHE_HOME
	"$INKAN_TEST_PART"
	finish
fi

issue doctor --card hpki
issue late --card hpki --expired
issue lost --card hpki --revoked
issue late-and-lost --card hpki --expired --revoked
issue trial --card hpki --test-level
doctor=$(of hpki-auth doctor)
signer=$(of hpki-sign doctor)

# ---- 64, 66, 7, 4: nothing is installed yet
run 64 "$inkan" verify
advised
run 64 "$inkan" verify --purpose dance "$doctor"
run 64 "$inkan" verify --at yesterday "$doctor"
run 64 "$inkan" verify --at 2026-02-31 "$doctor"
run 64 "$inkan" verify --at 2026-02-31T00:00:00Z "$doctor"
run 64 "$inkan" verify --grace 5 "$doctor"
run 64 "$inkan" verify --role '' "$doctor"
run 64 "$inkan" verify "$doctor" "$signer"
run 64 "$inkan" verify --reader X "$doctor"
run 66 "$inkan" verify "$work/nothing"
: >"$work/empty"
run 7 "$inkan" verify "$work/empty"
run 7 "$inkan" verify --json "$work/empty"
wrote '"malformed"'
run 4 "$inkan" verify --status off "$doctor"
wrote "no CA certificate of its issuer is installed"
# which one, and what to do
advice="What to do:      Install the certificate of $(issuer "$doctor"): inkan trust add FILE"
wrote "$advice"
run 4 "$inkan" verify --status off --json "$doctor"
wrote "\"missing_issuer\": \"$(issuer "$doctor")\""
wrote '"advice": "Install the certificate of '

# ---- 4: the CA without its root
trust "$pki/hpki-auth-ca.pem" "$pki/hpki-sign-ca.pem"
run 4 "$inkan" verify --status off "$doctor"
wrote "no installed anchor"
wrote "What to do:      Install the certificate of $(issuer "$pki/hpki-auth-ca.pem"): inkan trust add FILE"

# ---- 0 and 3
trust "$pki/root.pem" "$pki/hpki-auth-test-ca.pem"
run 0 "$inkan" verify --status off "$doctor"
run 3 "$inkan" verify "$doctor"
wrote "no revocation list"
wrote "What to do:      Fetch the revocation list of $(issuer "$doctor"): inkan status add $(url "$doctor"); inkan status refresh"
run 3 "$inkan" verify --json "$doctor"
wrote "$(url "$doctor")"
[ "$(head -n 1 "$work/out")" = "{" ] || bad "more than JSON"
run 0 "$inkan" verify --status prefer "$doctor"
run 0 "$inkan" status import "$pki/sarl.crl" "$pki/hpki-auth.crl" "$pki/hpki-sign.crl" "$pki/hpki-auth-test.crl"
run 0 "$inkan" verify "$doctor"
wrote "accepted"
silent "What to do"
openssl x509 -in "$doctor" -outform der | "$inkan" verify - >"$work/out" || bad "DER on standard input"

# ---- 4: purpose; and before everything else
run 0 "$inkan" verify --purpose login "$doctor"
run 0 "$inkan" verify --purpose sign "$signer"
run 4 "$inkan" verify --purpose sign "$doctor"
wrote "not made for this purpose"
run 4 "$inkan" verify --purpose sign --role Dentist "$(of hpki-auth late-and-lost)"
for reason in "not made for this purpose" "revoked" "has expired" "no role"; do wrote "$reason"; done
run 4 "$inkan" verify --status off "$pki/root.pem"
wrote "certificate of a CA"

# ---- 2 before 5 before 1
run 2 "$inkan" verify "$(of hpki-auth lost)"
run 2 "$inkan" verify --status prefer "$(of hpki-auth lost)"
run 0 "$inkan" verify --status off "$(of hpki-auth lost)"
run 2 "$inkan" verify "$(of hpki-auth late-and-lost)"
wrote "has expired"
run 5 "$inkan" verify --role Dentist "$(of hpki-auth late)"
wrote "no role"

# ---- 6 before 3
run 6 "$inkan" verify "$(of hpki-auth trial)"
wrote "test certificate"
mv "$XDG_CACHE_HOME" "$work/aside"
run 6 "$inkan" verify "$(of hpki-auth trial)"
wrote "not known"

# ---- a name is no role: not on the first line, and not beside one
run 0 ./inkan-vcard --pki "$pki" --card hpki --name 'Uso Tsuki, Medical Doctor' --japanese-name '嘘 月' --role '' -- true
staff=$(find "$pki" -name 'hpki-auth-uso-tsuki*.pem' | head -n 1)
run 3 "$inkan" verify "$staff"
first() { [ "$(head -n 1 "$work/out")" = "$1" ] || bad "the first line is not $1: $(head -n 1 "$work/out")"; }
first REFUSED
wrote "Role:            none"
wrote "Holder:          嘘 月"
wrote "Common name:     Uso Tsuki, Medical Doctor"
[ "$(sed -n '/Holder:/=' "$work/out")" -lt "$(sed -n '/Common name:/=' "$work/out")" ] || bad "the Japanese name is not the first"
grep 'Holder\|Common name' "$work/out" | grep -q 'Role\|none' && bad "name and role on one line"
run 0 "$inkan" verify --status off "$staff"
first accepted
run 1 "$inkan" verify --status off --role 'Medical Doctor' "$staff"

# ---- 3 before 1
run 3 "$inkan" verify --role Dentist "$doctor"
mv "$work/aside" "$XDG_CACHE_HOME"

# ---- 1: one of the roles, byte for byte
run 1 "$inkan" verify --role Dentist "$doctor"
run 1 "$inkan" verify --role 'medical doctor' "$doctor"
run 0 "$inkan" verify --role 'Medical Doctor' "$doctor"
run 0 "$inkan" verify --role Dentist --role 'Medical Doctor' "$doctor"

# ---- the lists' age, and another time
at() { date -u -d "$1" +%FT%TZ; }
run 3 "$inkan" verify --at "$(at '+10 days')" "$doctor"
wrote "too old"
run 0 "$inkan" verify --at "$(at '+10 days')" --grace 2w "$doctor"
run 5 "$inkan" verify --at "$(at '+8 years')" --status off "$doctor"
run 5 "$inkan" verify --at "$(at '-2 years')" --status off "$doctor"
wrote "not valid yet"
run 0 "$inkan" verify --at "$(at '-1 year')" --status off "$(of hpki-auth late)"

# ---- JSON: the object of inkan show, and the decision
run 2 "$inkan" verify --json "$(of hpki-auth late-and-lost)"
cp "$work/out" "$work/json"
for text in '"decision": "refused"' '"revoked"' '"expired"' '"result": "revoked"' '"freshness": "fresh"' \
	'"anchor": true' '"kind": "hpki-auth-person"' '"crl_number": "' '"next_update": "20'; do wrote "$text"; done
silent '"person"'
silent 'VERIFY'
run 2 "$inkan" verify --json --identity "$(of hpki-auth late-and-lost)"
wrote '"name": "VERIFY late-and-lost"'
if command -v python3 >/dev/null; then
	"$inkan" show --json "$(of hpki-auth late-and-lost)" >"$work/shown"
	python3 - "$work/shown" "$work/json" <<'END' || bad "the JSON of verify is not that of show and more"
import json, sys
shown, verified = (json.load(open(f)) for f in sys.argv[1:3])
assert all(verified[k] == v for k, v in shown.items() if k not in ("chain", "status"))
assert verified["reasons"] == ["revoked", "expired"]
END
fi

# ---- everybody is named: which certificate, which list, when, why
lost=$(of hpki-auth lost)
run 2 "$inkan" verify --json "$lost"
cp "$work/out" "$work/json"
run 2 "$inkan" verify "$lost"
serial=$(openssl x509 -in "$lost" -noout -serial | sed 's/.*=//')
wrote "Revoked:         $(openssl crl -in "$pki/hpki-auth.crl" -noout -text | grep -A 1 "Serial Number: $serial" |
	sed -n '/Revocation Date/s/.*: //p' | { read -r d && date -u -d "$d" '+%F %H:%M UTC'; })"
wrote "Do not accept it"
# the CA above, revoked by a list of the root's that is made here
serial=$(openssl x509 -in "$pki/hpki-auth-ca.pem" -noout -serial | sed 's/.*=//')
printf 'R\t301231000000Z\t261101000000Z,cessationOfOperation\t%s\tunknown\t/CN=x\n' "$serial" >"$work/index.txt"
echo 77 >"$work/crlnumber"
printf '[ca]\ndefault_ca = d\n[d]\ndatabase = %s\ncrlnumber = %s\ndefault_md = sha256\n[e]\n%s\n' "$work/index.txt" \
	"$work/crlnumber" 'authorityKeyIdentifier = keyid' >"$work/ca.cnf"
openssl ca -config "$work/ca.cnf" -gencrl -crldays 3 -crlexts e -cert "$pki/root.pem" -keyfile "$pki/root.key" \
	-out "$work/ca-lost.crl" 2>"$work/err" || { cat "$work/err"; exit 99; }
run 2 "$inkan" verify --list "$work/ca-lost.crl" "$doctor"
wrote "    Revoked:       2026-11-01 00:00 UTC (it is no longer needed)"
wrote "What to do:      Do not accept it: the CA $(issuer "$doctor") was revoked."
run 2 "$inkan" verify --json --list "$work/ca-lost.crl" "$doctor"
wrote '"reason_name": "cessationOfOperation"'
wrote '"about": 1'
if command -v python3 >/dev/null; then
	python3 - "$work/json" "$work/out" "$(url "$doctor")" <<'END' || bad "the answer about each certificate"
import json, sys
one, ca = (json.load(open(f)) for f in sys.argv[1:3])
for answer, lost in ((one, 0), (ca, 1)):
    each = answer["certificates"]
    assert [c["status"] and c["status"]["result"] for c in each] == \
        ["revoked" if i == lost else "good" for i in range(2)] + [None]
    assert answer["status"]["about"] == lost and each[0]["subject"] is None
    assert each[0]["issuer"] == each[1]["subject"] and each[1]["issuer"] == each[2]["subject"]
    assert each[0]["list_urls"] == [sys.argv[3]] and all(c["status"]["next_update"] for c in each[:2])
END
fi
run 0 "$inkan" verify "$doctor" # that list was not stored

# ---- lists and CA certificates that came along are used, verified, and not stored
mkdir "$work/bare"
bare() { XDG_DATA_HOME=$work/bare/data XDG_CACHE_HOME=$work/bare/cache "$inkan" "$@"; }
run 0 bare trust add --yes "$pki/root.pem"
run 4 bare verify --chain "$doctor" "$doctor"
run 3 bare verify --chain "$pki/hpki-auth-ca.pem" "$doctor"
run 3 bare verify --chain "$pki/hpki-auth-ca.pem" --list "$pki/hpki-auth.crl" "$doctor"
wrote "$(issuer "$pki/hpki-auth-ca.pem")"
for f in hpki-auth sarl; do openssl crl -in "$pki/$f.crl" -outform pem; done >"$work/lists.pem"
openssl crl -in "$pki/sarl.crl" -outform der -out "$work/sarl.der"
run 0 bare verify --list "$work/lists.pem" --chain "$pki/hpki-auth-ca.pem" "$doctor"
run 0 bare verify --chain "$pki/hpki-auth-ca.pem" --list "$pki/hpki-auth.crl" --list "$work/sarl.der" "$doctor"
run 2 bare verify --list "$work/lists.pem" --chain "$pki/hpki-auth-ca.pem" "$lost"
run 4 bare verify --list "$work/lists.pem" "$doctor"
[ -z "$(find "$work/bare" -name '*.crl')" ] || bad "a list was stored"
[ "$(find "$work/bare" -name '*.pem' -o -name '*.crt' | wc -l)" -le 1 ] || bad "a CA certificate was stored"
# a root that came along is no anchor
XDG_DATA_HOME=$work/nothing "$inkan" verify --status off --chain "$pki/root.pem" --chain "$pki/hpki-auth-ca.pem" "$doctor" \
	>"$work/out" 2>"$work/err"
[ $? -eq 4 ] || bad "a root that came along was an anchor"
# somebody else's signature
openssl genrsa -out "$work/other.key" 2048 2>/dev/null
openssl req -x509 -key "$work/other.key" -subj "/CN=other" -out "$work/other.pem" 2>/dev/null
openssl ca -config "$work/ca.cnf" -gencrl -crldays 3 -cert "$work/other.pem" -keyfile "$work/other.key" \
	-out "$work/other.crl" 2>"$work/err" || cat "$work/err"
run 0 "$inkan" verify --list "$work/other.crl" "$doctor"
sed '3s/./A/g' "$work/lists.pem" >"$work/mangled.crl"
for wrong in "$work/mangled.crl" "$pki/root.pem" "$work/empty"; do
	run 7 "$inkan" verify --list "$wrong" "$doctor"
	said "$wrong: "
	advised
done
# signed by nobody: the last bit of the signature is another one
openssl crl -in "$pki/hpki-auth.crl" -outform der -out "$work/forged.crl"
size=$(wc -c <"$work/forged.crl")
last=$(tail -c 1 "$work/forged.crl" | od -An -tu1 | tr -d ' ')
{ head -c $((size - 1)) "$work/forged.crl"; printf "\\$(printf %o $((last ^ 1)))"; } >"$work/forged.der"
run 3 bare verify --chain "$pki/hpki-auth-ca.pem" --list "$work/forged.der" --list "$work/sarl.der" "$doctor"
said "$work/forged.der: the CA that this list names has not signed it"
run 66 "$inkan" verify --list "$work/nothing.crl" "$doctor"
said "$work/nothing.crl: No such file or directory"
run 66 "$inkan" verify --chain "$work" "$doctor"
said "$work: Is a directory"
run 7 "$inkan" verify --chain "$pki/hpki-auth.crl" "$doctor"

# ---- a test certificate on purpose, told in every answer
trial=$(of hpki-auth trial)
run 0 "$inkan" verify --allow-test "$trial"
[ "$(head -n 1 "$work/out")" = accepted ] || bad "the first line"
wrote "TEST:"
run 0 "$inkan" verify --allow-test --json "$trial"
wrote '"test_certificate": true'
wrote '"production": false'
run 6 "$inkan" verify --json "$trial"
wrote '"test_certificate": true'
run 0 "$inkan" verify --allow-test --json "$doctor"
wrote '"test_certificate": false'
run 1 "$inkan" verify --allow-test --role Dentist "$trial"
wrote "TEST:"

# ---- a card: its CAs' certificates come with it
rm -rf "$XDG_DATA_HOME"
trust "$pki/root.pem"
with on_card --card hpki --name 'VERIFY pharmacist' --role Pharmacist
issue patient --card jpki
trust "$pki/jpki-auth-ca.pem"
with on_patient --card jpki
finish
