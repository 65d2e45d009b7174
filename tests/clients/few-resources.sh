#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A program with few open files, little memory, none that may be locked: it signs, or says why not. It never crashes or
# hangs, and no try is lost.
. "${srcdir:-.}/tests/clients/lib.sh"
need pkcs11-tool opensc
need openssl openssl
on_cards hpki jpki

echo 'A referral letter.' >"$work/letter"
try "the list" pkcs11-tool --module "$auth_module" --list-objects --type cert
id=$(sed -n '/ID:/{s/.*: *//p;q;}' "$work/said")
try "the certificate" pkcs11-tool --module "$auth_module" --read-object --type cert --id "$id" -o "$work/card.der"
try "its key" openssl x509 -inform DER -in "$work/card.der" -noout -pubkey
cp "$work/said" "$work/card.pub"
signed=0 denied=0

sign() { # ULIMIT...
	rm -f "$work/signature"
	verifies=$(ask_card verifies)
	sh -c 'ulimit $1; shift; exec timeout -k 1 30 "$@"' sh "$*" pkcs11-tool --module "$auth_module" --login --pin "$auth_pin" \
		--sign --mechanism SHA256-RSA-PKCS --id "$id" -i "$work/letter" -o "$work/signature" >"$work/said" 2>&1
	code=$?
	[ "$code" -lt 124 ] || [ "$code" = 127 ] || fail "$*: ended with $code: $(cat "$work/said")" # 127: not loaded
	[ $(($(ask_card verifies) - verifies)) -le 2 ] || fail "$*: more PINs than a login and a signature"
	if [ $code = 0 ]; then
		openssl dgst -sha256 -verify "$work/card.pub" -signature "$work/signature" "$work/letter" >/dev/null || fail "$*: a wrong signature"
		signed=$((signed + 1))
	else
		[ -s "$work/said" ] || fail "$*: ended with $code and said nothing"
		denied=$((denied + 1))
	fi
}

sign -l 0
[ $signed = 1 ] || fail "without locked memory: $(cat "$work/said")"
for files in 4 5 6 7 8 12; do sign -n $files; done
for kilobytes in 14000 15000 16000 17000 18000 20000 24000 30000 40000 100000; do sign -v $kilobytes; done
[ $signed -gt 5 ] && [ $denied -gt 1 ] || fail "$signed signed, $denied refused: these limits try nothing"
say "$auth_token: $signed signed, $denied refused"
