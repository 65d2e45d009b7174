#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# pdfsig, poppler's signing program, through NSS: 50 PDF documents, each checked by
# pdfsig and, as CMS over the byte range, by openssl. A wrong PIN costs one try.
. "${srcdir:-.}/tests/clients/lib.sh"
need pdfsig poppler-utils
need openssl openssl
need_nss
on_cards hpki jpki "hpki after other-kind" "hpki after other-person" "jpki after foreign"
. "$srcdir/tests/clients/signing.sh"
cd "$work" || exit 1
documents=50
[ -z "$neighbour" ] || documents=2 # the figures are those of a card alone
names="s|HPKI Signature:HPKI END ENTITY CERTIFICATE|$sign_token:$sign_label|; s|root.pem|$anchor|"

judge() {
	guide_run pdf look "$names"
	said pdfsig 'Signature is Valid'
	said pdfsig 'Total document signed'
	case $card in
	hpki) said pdfsig 'Certificate is Trusted' ;;
	jpki) said pdfsig 'Unknown issue with Certificate' ;; # it asks JPKI's OCSP responder in vain
	esac
}


sign_wrongly() { # LOGIN-PIN CONSENT-PIN
	mark
	timeout 30 pdfsig -nssdir nss -add-signature -nick "$sign_token:$sign_label" -nss-pwd "$1" -kpw "$2" \
		letter.pdf wrong.pdf >"$work/said" 2>&1
	case $? in
	0) fail "signed with a wrong PIN" ;;
	124) fail "a wrong PIN is tried for ever" ;;
	esac
	lost_one "a wrong PIN"
	[ -e wrong.pdf ] || return 0
	pdfsig -nssdir nss -nocert wrong.pdf >"$work/said" 2>&1 # of pdfsig 25.03 one remains
	! grep -q 'Signature is Valid' "$work/said" || fail "a wrong PIN leaves a signed document"
	rm wrong.pdf
}

only_this_card pdfsig
make_pdf letter.pdf 00
mkdir documents
for i in $(seq $documents); do
	make_pdf "documents/$i.pdf" "$(printf %02x "$i")"
done
guide_run pdf prepare "$names"

# The right PIN for the login sets the counter back. A wrong consent is one try too: pdfsig
# would ask itself for ever, were it not told to stop.
sign_wrongly "$(wrong_pin)" "$sign_pin"
sign_wrongly "$sign_pin" "$(wrong_pin)"

# Poppler 22.12 signs a trial first, to know the length: each document is two signatures for the card. 25.03 does not.
PIN=$sign_pin
export PIN
mark
guide_run pdf sign "$names"
each=$(($(ask_card signatures) - signatures_before))
[ $each = 1 ] || made "one document" 2
judge
verify_pdf letter-signed.pdf

mark
patience=240 # it is one command for all
guide_run pdf batch "$names"
made "$documents documents" $((each * documents))
for i in $(seq $documents); do
	verify_pdf "signed/$i.pdf"
done
cell pdfsig signature
batch pdfsig $documents "$pins"
