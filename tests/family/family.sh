#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A new family of cards by one file (clinic.c): the tool and the modules list its card, know
# its certificates, log in, sign, and say who sets its PINs. What is shipped does not know it.
# shellcheck disable=SC2317 # the part is called by name
. "${srcdir:-.}/tests/tool/common.sh"
need pcscd
need openssl
need pkcs11-tool
[ -x ./inkan-vcard ] || skip "inkan-vcard is not built"
[ "${INKAN_SANITIZERS-no}" = no ] || skip "pkcs11-tool cannot load a module that has sanitizers"
pki=${INKAN_TEST_PKI:-$work/pki}
family=tests/family/inkan

tell() { ./inkan-vcard --send "$*" | sed 's/^ok *//'; }

# signs MODULE PIN MECHANISM: a signature that openssl verifies with the certificate
signs() {
	module=tests/family/.libs/$1
	echo 'the text' >"$work/text"
	run 0 pkcs11-tool --module "$module" --read-object --type cert --id 17 --output-file "$work/cert.der"
	run 0 pkcs11-tool --module "$module" --login --pin "$2" --sign --mechanism "$3" \
		--input-file "$work/text" --output-file "$work/signature"
	openssl x509 -inform der -in "$work/cert.der" -noout -pubkey >"$work/key.pem"
	openssl dgst -sha256 -verify "$work/key.pem" -signature "$work/signature" "$work/text" >"$work/out" 2>&1 ||
		bad "$1: the signature does not verify"
}

clinic() {
	run 0 "$family" list
	wrote "Clinic Authentication"
	wrote "Clinic Signature"
	wrote "PIN:           15 tries left"
	run 0 "$family" list --json
	wrote '"kind": "clinic-auth"'
	wrote '"kind": "clinic-sign"'
	run 0 "$family" show --token auth
	wrote "Clinic, authentication"
	wrote "1.3.6.1.4.1.99999.7.2.3.1 (production)"
	run 0 pkcs11-tool --module tests/family/.libs/clinic-pkcs11.so -L
	wrote "Clinic Authentication"
	signs clinic-pkcs11.so 1234 SHA256-RSA-PKCS
	[ "$(tell 'verifies 1 sign')" = 0 ] || bad "the signature PIN was sent"
	run 0 "$family" trust add --yes card
	run 4 "$family" verify --purpose login --status off --token sign card
	wrote "it is not made for this purpose"
	signs clinic-sign-pkcs11.so 123456 SHA256-RSA-PKCS
	seen=$(tell 'verifies 1 sign')
	printf '123456\n' | "$family" pin verify --token sign >"$work/out" 2>"$work/err" || bad "no login"
	wrote "The PIN of Clinic Signature is right"
	[ $(($(tell 'verifies 1 sign') - seen)) = 1 ] || bad "$(($(tell 'verifies 1 sign') - seen)) PINs, not 1"
	# who sets a new PIN
	tell 'tries 1 auth 0' >/dev/null
	run 77 "$family" pin verify
	said "The PIN of Clinic Authentication is locked."
	said "The clinic's front desk sets a new PIN."
	run 1 "$family" doctor
	wrote "The clinic's front desk sets a new PIN."
	wrote "clinic's card"
	# its word in the settings
	mkdir -p "$XDG_CONFIG_HOME/inkan"
	echo 'card = clinic' >"$XDG_CONFIG_HOME/inkan/inkan.conf"
	INKAN_DEBUG=error run 0 "$family" list
	silent "not understood"
	INKAN_DEBUG=error run 69 "$inkan" list
	said "inkan.conf:1"
	rm "$XDG_CONFIG_HOME/inkan/inkan.conf"
	# what is shipped does not know it, and says what it knows
	run 69 "$inkan" list
	said "not one that Inkan knows (HPKI card, My Number Card)"
	run 0 pkcs11-tool --module .libs/inkan-pkcs11.so -L
	silent "Clinic"
}

foreign() {
	run 69 "$family" list
	said "not one that Inkan knows (clinic's card)"
}

if [ -n "${INKAN_TEST_PART-}" ]; then
	$INKAN_TEST_PART
	finish
fi
with() {
	part=$1
	shift
	INKAN_TEST_PART=$part INKAN_TEST_PKI=$pki timeout 120 ./inkan-vcard --pki "$pki" "$@" -- "$0" ||
		bad "$part: $*"
}
with clinic --card hpki --aid-auth F0434C494E494302 --aid-sign F0434C494E494301 \
	--policy-auth 1.3.6.1.4.1.99999.7.2.3.1 --policy-sign 1.3.6.1.4.1.99999.7.1.3.1
with foreign --card hpki
with foreign --card jpki
grep -rl 'clinic[-_]' "${srcdir:-.}/src" "${srcdir:-.}/cards" && bad "these files know the family"
finish
