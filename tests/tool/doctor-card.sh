#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan doctor with virtual cards behind the real pcscd: what it says of each, that no PIN
# was sent, and that a machine in good order gives 0.
# shellcheck disable=SC2317,SC2153 # parts are called by name; variables come from outside
. "${srcdir:-.}/tests/tool/common.sh"
. "${srcdir:-.}/tests/tool/doctor-common.sh"
need pcscd
need openssl
[ -x ./inkan-vcard ] || skip "inkan-vcard is not built"
pki=${INKAN_TEST_PKI:-$work/pki}

# with PART OPTIONS...: the function PART of this script, on that card
with() {
	part=$1
	shift
	echo "== $part: $*"
	INKAN_TEST_PART=$part INKAN_TEST_PKI=$pki timeout 120 ./inkan-vcard --pki "$pki" --trace "$work/trace" "$@" -- "$0" ||
		bad "$part: $*"
	verifies=$(sed -n 's/^=.*verifies auth \([0-9]*\) sign \([0-9]*\),.*/\1+\2/p' "$work/trace")
	for n in $verifies; do
		[ "$n" = 0+0 ] || bad "$n PINs were sent: $*"
	done
	[ -n "$verifies" ] || [ "$*" = '--card none' ] || bad "the trace tells of no card"
	rm -f "$work/trace"
}

# Firefox and p11-kit know the module; there is nothing else to complain of.
prepare() {
	install_modules
	mkdir -p "$root/usr/share/p11-kit/modules"
	for client in firefox p11-kit; do
		run 0 "$inkan" setup "$client" --system --root "$root" --module "$modules/inkan-pkcs11.so" --yes
	done
}

# Anchors and lists of the virtual card's PKI.
trust_all() {
	anchors=$XDG_DATA_HOME/inkan/anchors
	mkdir -p "$anchors"
	cp "$pki"/root.pem "$pki"/*-ca.pem "$anchors"
	rm -f "$anchors/server-ca.pem"
	"$inkan" status import --quiet "$pki"/*.crl || bad "import"
}

healthy() {
	trust_all
	before=$(tell 'apdus 1')
	doctor 0
	commands=$(($(tell 'apdus 1') - before))
	echo "   $commands commands"
	[ "$commands" -le 60 ] || bad "$commands commands for one look"
	for id in service reader card pin clock certificate anchors lists status client module; do found "ok $id"; done
	! grep -v '^ok ' "$work/found" || bad "something is not in order"
	run 0 "$inkan" doctor --root "$root"
	wrote "Nothing is wrong (notes: 0)."
	run 0 "$inkan" doctor --root "$root" --quiet
	[ -s "$work/out" ] && bad "--quiet speaks"
	run 0 env LC_ALL=C.UTF-8 "$inkan" doctor --root "$root"
	for name in HANAKO YAMADA 'Sample Hospital' TARO SAMPLE 見本 "$HOME"; do silent "$name"; done
	# of a My Number Card the day on which it ends would be a birthday
	for cert in "$pki/$INKAN_TEST_KIND"-auth-hanako-yamada-*.pem; do
		end=$(openssl x509 -noout -enddate -dateopt iso_8601 -in "$cert" | sed 's/.*=\(....-..-..\).*/\1/')
		case $INKAN_TEST_KIND in jpki) silent "$end" ;; hpki) wrote "$end" ;; esac
	done
}

tries() {
	for n in 15 4; do
		tell "tries 1 auth $n" >/dev/null
		doctor 0
		found "ok pin HPKI Authentication | PIN tries left: $n"
	done
	for n in 3 2; do
		tell "tries 1 auth $n" >/dev/null
		doctor 0
		found "note pin-low HPKI Authentication | PIN tries left: $n"
	done
	advised_to pin-low 'inkan pin verify --token auth'
	tell 'tries 1 auth 1' >/dev/null
	doctor 1
	found 'problem pin-last-try HPKI Authentication'
	advised_to pin-last-try '--token auth --last-try'
	tell 'tries 1 auth 0' >/dev/null
	doctor 1
	found 'problem pin-locked HPKI Authentication'
	advised_to pin-locked 'the organisation that issued the card'
	found 'ok pin HPKI Signature'
	tell 'tries 1 sign 1' >/dev/null
	doctor 1
	advised_to pin-last-try '--token sign --last-try'
}

patient_tries() {
	tell 'tries 1 auth 2' >/dev/null
	doctor 0
	found 'note pin-low JPKI Authentication'
	found 'ok pin JPKI Signature'
	found 'ok certificate JPKI Signature | the certificate needs the PIN'
	tell 'tries 1 sign 0' >/dev/null
	doctor 1
	found 'problem pin-locked JPKI Signature'
	advised_to pin-locked 'municipal office'
}

ended() {
	doctor 1
	found 'problem certificate-expired'
	run 1 "$inkan" doctor --root "$root"
	case $INKAN_TEST_KIND in
	hpki) grep -q 'has expired (2[0-9-]*)' "$work/out" || bad "the day is not told" ;;
	jpki) grep -q 'has expired$' "$work/out" || bad "the day of a My Number Card is told" ;;
	esac
}

# The same card on other days.
other_days() {
	day=86400
	examined 0 in_world WORLD_CLOCK=$((5 * 365 * day - 31 * day)) "$inkan" doctor --root "$root"
	found 'ok certificate'
	lacks certificate-ending
	examined 0 in_world WORLD_CLOCK=$((5 * 365 * day - 29 * day)) "$inkan" doctor --root "$root"
	found 'note certificate-ending'
	examined 1 in_world WORLD_CLOCK=$((5 * 365 * day + day)) "$inkan" doctor --root "$root"
	found 'problem certificate-expired'
	examined 1 in_world WORLD_CLOCK=$((-10 * day)) "$inkan" doctor --root "$root"
	found 'problem certificate-not-yet'
	advised_to certificate-not-yet timedatectl
	lacks clock-behind
	trust_all
	examined 1 in_world WORLD_CLOCK=$((-10 * day)) "$inkan" doctor --root "$root"
	found 'problem clock-behind'
	lacks status-unknown
	examined 1 in_world WORLD_CLOCK=$((40 * day)) "$inkan" doctor --root "$root"
	found 'problem lists-old'
	advised_to lists-old 'inkan status refresh'
	lacks status-unknown
}

test_level() {
	doctor 0
	found 'note certificate-test'
}

revoked() {
	doctor 0
	lacks status-revoked # nothing is known
	trust_all
	doctor 1
	found 'problem status-revoked HPKI Authentication'
	found 'problem status-revoked HPKI Signature'
}

on_hold() {
	trust_all
	for cert in "$pki"/hpki-auth-suspended-one-*.pem; do
		serial=$(openssl x509 -noout -serial -in "$cert" | sed 's/.*=//')
	done
	cat >"$work/ca.cnf" <<-END
		[ca]
		default_ca = d
		[d]
		database = $work/index
		crlnumber = $work/number
		default_md = sha256
		crl_extensions = x
		[x]
		authorityKeyIdentifier = keyid
		$(openssl crl -inform DER -in "$pki/hpki-auth.crl" -noout -text | sed -n 's/.*URI:\(.*\)/issuingDistributionPoint = critical, @idp/p' | head -n 1)
		[idp]
		fullname = URI:$(openssl crl -inform DER -in "$pki/hpki-auth.crl" -noout -text | sed -n 's/.*URI:\(.*\)/\1/p' | head -n 1)
	END
	echo "R	$(date -u -d '+5 years' +%y%m%d%H%M%SZ)	$(date -u -d '-1 hour' +%y%m%d%H%M%SZ),certificateHold	$serial	unknown	/CN=x" >"$work/index"
	echo 7FFFFFFF >"$work/number"
	openssl ca -config "$work/ca.cnf" -gencrl -crldays 3 -cert "$pki/hpki-auth-ca.pem" -keyfile "$pki/hpki-auth-ca.key" \
		-out "$work/hold.crl" 2>"$work/err" || { bad "openssl ca"; cat "$work/err"; }
	"$inkan" status import --quiet "$work/hold.crl" || bad "import of the list with the hold"
	doctor 1
	found 'problem status-on-hold HPKI Authentication'
	found 'ok status HPKI Signature'
}

stores() {
	doctor 0
	found 'note anchors-none'
	anchors=$XDG_DATA_HOME/inkan/anchors lists=$XDG_CACHE_HOME/inkan
	mkdir -p "$anchors"
	cp "$pki/hpki-auth-ca.pem" "$anchors"
	doctor 0
	found 'note anchors-unsound'
	cp "$pki/root.pem" "$anchors"
	doctor 0
	found 'ok anchors'
	found 'note lists-none'
	advised_to lists-none 'inkan status refresh'
	"$inkan" status import --quiet "$pki/sarl.crl" "$pki/rarl.crl" || bad "import"
	doctor 0
	found 'ok lists'
	found 'note status-unknown HPKI Authentication'
	trust_all
	doctor 0
	found 'ok status'
	for list in "$lists"/crl/*.crl; do
		head -c 100 "$list" >"$work/cut" && cat "$work/cut" >"$list"
		break
	done
	doctor 0
	found 'note lists-unusable'
	chmod o+w "$lists"
	doctor 1
	found 'problem lists-denied'
	advised_to lists-denied 'chmod go-w'
	lacks status-unknown
	helps lists-denied
	chmod g+w "$anchors"
	doctor 1
	found 'problem anchors-denied'
	lacks lists-denied
	helps anchors-denied
	doctor 0
	found 'ok anchors'
	silent "$HOME"
}

no_card() {
	doctor 1
	found "problem card-$INKAN_TEST_STATE"
	lacks card-broken
	lacks pin
}

# Lists of other CAs are there, and of this card's nobody may know.
closed() {
	trust_all
	rm "$XDG_CACHE_HOME"/inkan/crl/*
	"$inkan" status import --quiet "$pki/sarl.crl" "$pki/rarl.crl" || bad "import"
	doctor 0
	found 'ok status JPKI Authentication | only registered verifiers'
}

# Its CA is not installed, and the card does not bring it.
orphan() {
	trust_all
	rm "$XDG_DATA_HOME/inkan/anchors/hpki-auth-ca.pem"
	doctor 0
	found 'note status-unknown HPKI Authentication'
	advised_to status-unknown 'inkan trust add FILE'
}

# A card of another kind in a second reader is none of our business.
beside() {
	doctor 0
	found 'ok card Inkan Virtual Reader 1'
	found 'note card-foreign Inkan Virtual Reader 2'
	lacks card-none
	doctor 0 --reader 'Reader 1'
	lacks card-foreign
}

busy() {
	mkfifo "$work/held" "$work/go"
	tests/tool/hold "$("$inkan" list | head -n 1)" <"$work/go" >"$work/held" &
	exec 9>"$work/go"
	read -r state <"$work/held" || bad "the card cannot be held"
	[ "${state-}" = held ] || bad "the card is not held"
	doctor 1
	found 'problem card-busy'
	exec 9>&-
	wait
	doctor 0
}

# Each command goes wrong in turn: an answer in words, and never a PIN.
troubled() {
	before=$(tell 'apdus 1')
	doctor 0
	commands=$(($(tell 'apdus 1') - before))
	INKAN_TEST_STEP=5
	for INKAN_TEST_FAULT in 'status 6982' 'status 6F00' cut pull pull-before; do each_goes_wrong; done
	INKAN_TEST_FAULT='status 6282' INKAN_TEST_STEP=1
	each_goes_wrong
}

each_goes_wrong() {
	n=1
	while [ "$n" -le "$commands" ]; do
		tell "fault 1 $n $INKAN_TEST_FAULT" >/dev/null
		"$inkan" doctor --root "$root" --json >"$work/out" 2>"$work/err"
		code=$?
		[ "$code" -le 1 ] || bad "exit $code when command $n fails ($INKAN_TEST_FAULT)"
		sed -n 's/.*"id": "\(.*\)".*/\1/p' "$work/out" >>"${INKAN_TEST_SEEN:-$work/seen}"
		case $INKAN_TEST_FAULT in pull*) tell 'insert 1' >/dev/null ;; esac
		tell 'fault 1 1 none' >/dev/null
		n=$((n + INKAN_TEST_STEP))
	done
}

# What pcscd says of cards that no virtual card can be.
strange() {
	state=22
	for answer in 80100066:card-mute 8010006A:card-refused 8010001D:card-refused 80100014:card-broken; do
		examined 1 in_world WORLD_CONNECT="${answer%:*}" "$inkan" doctor --root "$root"
		found "problem ${answer#*:}"
	done
	examined 1 in_world WORLD_STATE=$((state * 10000))0220 "$inkan" doctor --root "$root"
	found 'problem card-mute'
}

if [ -n "${INKAN_TEST_PART-}" ]; then
	prepare
	$INKAN_TEST_PART
	seen_well
	finish
fi

INKAN_TEST_SEEN=$work/seen
export INKAN_TEST_SEEN
for INKAN_TEST_KIND in hpki jpki; do
	export INKAN_TEST_KIND
	with healthy --card $INKAN_TEST_KIND --name 'HANAKO YAMADA'
	with ended --card $INKAN_TEST_KIND --expired
done
with tries --card hpki
with patient_tries --card jpki
with other_days --card hpki
with test_level --card hpki --test-level
with revoked --card hpki --name 'REVOKED ONE' --revoked
with on_hold --card hpki --name 'SUSPENDED ONE'
with stores --card hpki
with beside --card hpki --card foreign
with busy --card jpki
with closed --card jpki
with orphan --card hpki --directory missing
with strange --card jpki
for INKAN_TEST_STATE in foreign none; do
	export INKAN_TEST_STATE
	with no_card --card $INKAN_TEST_STATE
done
with troubled --card hpki
all_seen 'card|pin|certificate|anchors|lists|status|clock-behind'
finish
