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

# ---- a card: its CAs' certificates come with it
rm -rf "$XDG_DATA_HOME"
trust "$pki/root.pem"
with on_card --card hpki --name 'VERIFY pharmacist' --role Pharmacist
issue patient --card jpki
trust "$pki/jpki-auth-ca.pem"
with on_patient --card jpki
finish
