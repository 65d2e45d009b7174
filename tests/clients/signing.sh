# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # lib.sh and the tests share these variables
# What the tests of signing programs share; read after lib.sh. The counters are
# the virtual card's own. The module verifies a PIN when it is given and again
# for the signature that it allows, so the PINs given are VERIFYs - signatures.

case ${INKAN_TEST_CARD-} in
hpki) sign_label='HPKI END ENTITY CERTIFICATE' anchor=$INKAN_TEST_PKI/root.pem ;;
jpki) sign_label='Digital Signature Certificate' anchor=$INKAN_TEST_PKI/jpki-sign-ca.pem ;;
esac

mark() {
	verifies_before=$(ask_card verifies) signatures_before=$(ask_card signatures)
}

# Exactly so many signatures since mark; how often a PIN was given is left in $pins.
made() { # WHAT SIGNATURES
	signatures=$(($(ask_card signatures) - signatures_before))
	pins=$(($(ask_card verifies) - verifies_before - signatures))
	[ $signatures = "$2" ] || fail "$1: the card made $signatures signatures, not $2"
	[ "$(ask_app verifies auth)" = 0 ] || fail "$1: a PIN for the authentication key"
	say "$1: $signatures signatures, the PIN given $pins times"
}

given() { # WHAT PINS
	[ "$pins" = "$2" ] || fail "$1: the PIN was given $pins times, not $2"
}

# A wrong PIN has cost one try and made no signature. The next right PIN resets the counter.
lost_one() { # WHAT
	lost=$((tries - $(ask_card tries)))
	[ $lost = 1 ] || fail "$1: $lost PIN tries lost, not one"
	[ "$(ask_card signatures)" = "$signatures_before" ] || fail "$1: the card signed"
}

wrong_pin() {
	echo 999999999 | cut -c "1-${#sign_pin}"
}

# The signer's certificate, by a program that is not under test.
sign_certificate() { # PEM-FILE
	try "the signer's certificate" pkcs11-tool --module "$sign_module" --token-label "$sign_token" --login --pin "$sign_pin" \
		--read-object --type cert --id "$sign_id" --output-file "$work/sign.der"
	openssl x509 -inform DER -in "$work/sign.der" -out "$1" || fail "no certificate in $sign_token"
}

# OpenSSL takes a detached CMS signature over a file.
verify_cms() { # SIGNATURE CONTENT
	try "openssl cms -verify $1" openssl cms -verify -binary -inform DER -in "$1" -content "$2" \
		-CAfile "$work/sign-cas.pem" -purpose any -out "$work/content"
	cmp -s "$work/content" "$2" || fail "$1 signs other bytes than $2"
}

# A document of one empty page.
make_pdf() { # FILE TEXT
	cat >"$1" <<-END
		%PDF-1.4
		1 0 obj
		<</Type/Catalog/Pages 2 0 R>>
		endobj
		2 0 obj
		<</Type/Pages/Kids[3 0 R]/Count 1>>
		endobj
		3 0 obj
		<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>
		endobj
		xref
		0 4
		0000000000 65535 f$(printf ' ')
		0000000009 00000 n$(printf ' ')
		0000000054 00000 n$(printf ' ')
		0000000105 00000 n$(printf ' ')
		trailer
		<</Size 4/Root 1 0 R/ID[<$2><$2>]>>
		startxref
		170
		%%EOF
	END
}

# The CMS signature inside a PDF document, over all the other bytes of it.
verify_pdf() { # PDF
	try "pdfsig -dump" pdfsig -nssdir nss -nocert -dump "$1"
	# shellcheck disable=SC2046 # four numbers
	set -- "$1" $(grep -a -o '/ByteRange *\[[0-9 ]*' "$1" | tr -dc '0-9 ')
	{ head -c "$3" "$1" && tail -c "+$(($4 + 1))" "$1" | head -c "$5"; } >range
	[ $(($4 + $5)) = "$(wc -c <"$1")" ] || fail "$1: not all of it is signed"
	verify_cms "${1##*/}.sig0" range
	rm "${1##*/}.sig0"
}
