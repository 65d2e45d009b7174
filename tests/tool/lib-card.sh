#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# libinkan reads a certificate from a card behind pcscd: roles, profile, and what it
# answers where there is none. The bytes are compared with openssl's and with those
# of a real doctor's certificate.
set -u
command -v pcscd >/dev/null || PATH=$PATH:/usr/sbin
command -v pcscd >/dev/null || { echo "skipped: pcscd is missing"; exit 77; }
[ "${INKAN_SANITIZERS-no}" = no ] || { echo "skipped: pcscd cannot load a driver that has sanitizers"; exit 77; }
pki=${INKAN_TEST_PKI:-$PWD/tests/pki}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; sed 's/^/    /' "$work/out"; exit 1; }
on() { # EXIT CARD-OPTIONS -- ARGUMENTS
	expected=$1
	shift
	options=
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	# shellcheck disable=SC2086 # options are words
	timeout 60 ./inkan-vcard --pki "$pki" $options -- ./tests/tool/lib-card "$@" >"$work/out" 2>&1
	code=$?
	[ $code = "$expected" ] || fail "exit $code instead of $expected for $options"
}
said() { grep -qx -e "$1" "$work/out" || fail "no line '$1'"; }

actor=3024A0223120A00C060A2A830886910F01060101A2100C0E4D65646963616C20446F63746F72
on 0 --card hpki -- login
said "profile 2 production 1 roles 1"
said "role Medical Doctor scheme 1.2.392.100495.1.6.1.1 code none der $actor"
said "doctor 1"
login=$(sed -n 's/^sha256 //p' "$work/out")
on 0 --card hpki -- sign
said "profile 1 production 1 roles 1"
[ "$(sed -n 's/^sha256 //p' "$work/out")" != "$login" ] || fail "one certificate for both purposes"
found=$(for f in "$pki"/hpki-auth-taro-sample-*.pem; do openssl x509 -in "$f" -noout -fingerprint -sha256; done |
	tr -d : | grep -c "$login")
[ "$found" = 1 ] || fail "openssl knows no certificate of that fingerprint"

on 0 --card hpki --role Pharmacist --test-level -- login
said "profile 2 production 0 roles 1"
said "doctor 0"
on 0 --card jpki -- login
said "profile 4 production 1 roles 0"
on 6 --card jpki -- sign # behind the PIN
on 5 --card none -- login
on 13 --card foreign -- login
on 12 --card hpki -- login 'No such reader'
on 0 --card none --card jpki -- login 'Reader 2'
on 6 --card foreign --card jpki -- sign # the card that is ours has the word
on 6 --card jpki --card foreign -- sign
if grep -q "define WITH_XMLSEC 1" config.h; then
	timeout 60 ./inkan-vcard --pki "$pki" --card hpki -- ./tests/tool/lib-sign >"$work/out" 2>&1 || fail "signing"
fi
PCSCLITE_CSOCK_NAME=/nonexistent ./tests/tool/lib-card login >"$work/out" 2>&1
[ $? = 10 ] || fail "without pcscd"
echo "roles, profile and purposes of cards; signing; no card, a foreign card, no pcscd"
