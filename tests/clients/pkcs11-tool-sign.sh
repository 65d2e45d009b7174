#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A signature by every mechanism that a token lists, each verified by openssl
# with the public key of the token's certificate.
. "${srcdir:-.}/tests/clients/lib.sh"
need pkcs11-tool opensc
need openssl openssl
on_cards hpki jpki

head -c 1000 /dev/urandom >"$work/message"

tool() { # WHAT ARGUMENTS...
	what=$1
	shift
	try "$what" pkcs11-tool --module "$module" --token-label "$token" --login --pin "$pin" "$@"
}

# openssl's idea of the same signature: OPTIONS verify SIGNATURE over the message
check() { # MECHANISM OPENSSL-ARGUMENTS...
	mechanism=$1
	shift
	try "verify $mechanism" openssl dgst -verify "$work/public.pem" -signature "$work/signature" "$@" "$work/message"
	signed="$signed $mechanism"
}

hash_of() { # MECHANISM: SHA256-RSA-PKCS -> sha256
	echo "${1%%-*}" | tr '[:upper:]' '[:lower:]'
}

sign_with() { # MECHANISM
	rm -f "$work/signature"
	case $1 in
	RSA-PKCS)
		# The caller makes the DigestInfo.
		printf '\060\061\060\015\006\011\140\206\110\001\145\003\004\002\001\005\000\004\040' >"$work/input"
		openssl dgst -sha256 -binary "$work/message" >>"$work/input"
		tool "$1" --sign --mechanism "$1" --id "$id" --input-file "$work/input" --output-file "$work/signature"
		check "$1" -sha256
		;;
	SHA*-RSA-PKCS)
		tool "$1" --sign --mechanism "$1" --id "$id" --input-file "$work/message" --output-file "$work/signature"
		check "$1" "-$(hash_of "$1")"
		;;
	RSA-PKCS-PSS)
		openssl dgst -sha256 -binary "$work/message" >"$work/input"
		tool "$1" --sign --mechanism "$1" --hash-algorithm SHA256 --mgf MGF1-SHA256 --salt-len 32 \
			--id "$id" --input-file "$work/input" --output-file "$work/signature"
		check "$1" -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
		;;
	SHA*-RSA-PKCS-PSS)
		hash=$(hash_of "$1")
		tool "$1" --sign --mechanism "$1" \
			--id "$id" --input-file "$work/message" --output-file "$work/signature"
		check "$1" "-$hash" -sigopt rsa_padding_mode:pss
		;;
	*) fail "$token lists a mechanism that this test does not know: $1" ;;
	esac
}

every_mechanism() { # MODULE TOKEN PIN ID MECHANISMS-AT-LEAST [NOT-LISTED]
	module=$1 token=$2 pin=$3 id=$4 signed=
	tool "the certificate" --read-object --type cert --id "$id" --output-file "$work/certificate"
	openssl x509 -inform DER -in "$work/certificate" -noout -pubkey >"$work/public.pem" || fail "certificate of $token"
	tool "mechanisms" --list-mechanisms
	mechanisms=$(sed -n 's/^  \([A-Z0-9-]*\),.*sign.*/\1/p' "$work/said")
	for mechanism in $5; do
		echo "$mechanisms" | grep -qx "$mechanism" || fail "$token does not list $mechanism"
	done
	for mechanism in ${6-}; do
		! echo "$mechanisms" | grep -qx "$mechanism" || fail "$token lists $mechanism"
	done
	for mechanism in $mechanisms ${6-}; do
		sign_with "$mechanism"
	done
	say "$token:$signed"
}

least='RSA-PKCS SHA1-RSA-PKCS SHA224-RSA-PKCS SHA256-RSA-PKCS SHA384-RSA-PKCS SHA512-RSA-PKCS SHA256-RSA-PKCS-PSS'
every_mechanism "$auth_module" "$auth_token" "$auth_pin" "$auth_id" "$least"

# With a key that wants consent NSS forgets to ask, should it find the others in the list.
every_mechanism "$sign_module" "$sign_token" "$sign_pin" "$sign_id" 'RSA-PKCS RSA-PKCS-PSS' \
	'SHA1-RSA-PKCS SHA224-RSA-PKCS SHA256-RSA-PKCS SHA384-RSA-PKCS SHA512-RSA-PKCS SHA256-RSA-PKCS-PSS'
