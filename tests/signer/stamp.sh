#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Time stamps: tokens of openssl's authority, and authorities that are late, long, expired, or answer something else.
# shellcheck disable=SC2034,SC2154 # common.sh has them
. "${srcdir:-.}/tests/signer/common.sh"
[ -e "$later" ] || skip "tests/signer/later is not built"
echo "what is signed" >"$work/f"

# stamp EXPECTED OPTIONS...: what documents says of a token, behind the time
stamp() {
	expected=$1
	shift
	run 0 "$documents" stamp "$@"
	got=$(sed -n 's/^stamp [^ ]*//p' "$work/out")
	[ "$got" = "$expected" ] || bad "\"$got\", not \"$expected\": $*"
}

# ---- what is right: openssl says so, too
for signer_digest in sha256 sha384 sha512; do
	for ess in sha1 sha256 sha384; do
		token tsa "$work/f" "$work/t"
		stamp "" "$work/t" "$work/f" "$anchors"
	done
done
ess=sha256 signer_digest=sha512
quiet openssl ts -verify -token_in -in "$work/t" -data "$work/f" -CAfile "$pki/tsa-ca.pem"
token tsa "$work/f" "$work/t" -no_nonce
stamp "" "$work/t" "$work/f" "$anchors"
stamp " not-recomputed" "$work/t" - "$anchors"
# anchors of others, and none
stamp " time-stamp-anchor" "$work/t" "$work/f" "$work/nowhere"
mkdir "$work/others"
cp "$pki/ca.pem" "$work/others"
stamp " time-stamp-anchor" "$work/t" "$work/f" "$work/others"
# a CA in between, which lies beside the anchors, or in the token
certificate tsa-sub tsa-ca basicConstraints=critical,CA:true keyUsage=critical,keyCertSign,cRLSign
certificate below tsa-sub extendedKeyUsage=critical,timeStamping
token below "$work/f" "$work/below"
stamp " time-stamp-anchor" "$work/below" "$work/f" "$anchors"
token below "$work/f" "$work/below-chain" -no_nonce
reply below "$work/query" -chain "$pki/tsa-sub.pem" -token_out -out "$work/below-chain"
stamp "" "$work/below-chain" "$work/f" "$anchors"
cp "$pki/tsa-sub.pem" "$anchors"
stamp "" "$work/below" "$work/f" "$anchors"
# elliptic curves
key_options='-newkey ec -pkeyopt ec_paramgen_curve:P-256'
certificate curve tsa-ca extendedKeyUsage=critical,timeStamping
key_options='-newkey rsa:2048'
token curve "$work/f" "$work/curve"
stamp "" "$work/curve" "$work/f" "$anchors"

# a key that is too short, for what libcrypto calls level 2
key_options='-newkey rsa:1024'
certificate short tsa-ca extendedKeyUsage=critical,timeStamping
key_options='-newkey rsa:2048'
token short "$work/f" "$work/short"
stamp " time-stamp-anchor" "$work/short" "$work/f" "$anchors"

# ---- at another time
stamp " time-stamp-validity" "$work/t" "$work/f" "$anchors" 2020-01-01
stamp " time-stamp-validity" "$work/t" "$work/f" "$anchors" 2036-01-01

# ---- revoked: RFC 3161 4
crl() { # REASON DATE: a list of tsa-ca, with the certificate of tsa
	printf 'R\t491231235959Z\t%s%s\t%s\tunknown\t/CN=x\n' "$2" "${1:+,$1}" \
		"$(openssl x509 -in "$pki/tsa.pem" -noout -serial | cut -d = -f 2)" >"$work/index"
	printf '[ca]\ndefault_ca = a\n[a]\ndatabase = %s\n' "$work/index" >"$work/ca.cnf"
	quiet openssl ca -gencrl -config "$work/ca.cnf" -cert "$pki/${3-tsa-ca}.pem" -keyfile "$pki/${3-tsa-ca}.key" -md sha256 \
		-crldays 1 -out "$work/crl.pem"
	quiet openssl crl -in "$work/crl.pem" -outform DER -out "$work/crl"
}
past=250101000000Z future=$(date -u -d '+1 day' +%y%m%d%H%M%SZ)
for case in ":$past" ":$future" "keyCompromise:$future" "superseded:$past" "CACompromise:$future"; do
	crl "${case%:*}" "${case#*:}"
	stamp " time-stamp-validity" "$work/t" "$work/f" "$anchors" "$(date -u +%FT%TZ)" "$work/crl"
done
for case in "superseded:$future" "cessationOfOperation:$future" "affiliationChanged:$future" "unspecified:$future"; do
	crl "${case%:*}" "${case#*:}"
	stamp "" "$work/t" "$work/f" "$anchors" "$(date -u +%FT%TZ)" "$work/crl"
done
crl keyCompromise "$past" ca # another CA's list
stamp "" "$work/t" "$work/f" "$anchors" "$(date -u +%FT%TZ)" "$work/crl"
mv "$pki/tsa-ca.pem" "$work/tsa-ca.pem" && mv "$pki/tsa-ca.key" "$work/tsa-ca.key"
root tsa-ca # and one of the same name
crl keyCompromise "$past"
mv "$work/tsa-ca.pem" "$pki/tsa-ca.pem" && mv "$work/tsa-ca.key" "$pki/tsa-ca.key"
stamp "" "$work/t" "$work/f" "$anchors" "$(date -u +%FT%TZ)" "$work/crl"

# ---- refused, each by its name; openssl ts -verify takes the first three
lets_through() { quiet openssl ts -verify -token_in -in "$1" -data "$work/f" -CAfile "$pki/tsa-ca.pem"; }
signer_digest=sha1 token tsa "$work/f" "$work/sha1"
lets_through "$work/sha1"
stamp " time-stamp: an algorithm is too weak, or not known" "$work/sha1" "$work/f" "$anchors"
signer_digest=sha512
quiet openssl ts -query -data "$work/f" -sha1 -cert -out "$work/query"
reply tsa "$work/query" -token_out -out "$work/imprint-sha1"
lets_through "$work/imprint-sha1"
stamp " time-stamp: an algorithm is too weak, or not known" "$work/imprint-sha1" "$work/f" "$anchors"
{ cat "$work/t"; printf '\0'; } >"$work/longer"
lets_through "$work/longer"
stamp " time-stamp: it is no time stamp token" "$work/longer" "$work/f" "$anchors"
stamp " time-stamp: it is of something else, or what it is of has been changed" "$work/t" "$work/query" "$anchors"
stamp " time-stamp: it is no time stamp token" "$work/f" "$work/f" "$anchors"
quiet openssl cms -sign -binary -cades -signer "$pki/doctor.pem" -inkey "$pki/doctor.key" -in "$work/f" -outform DER -out "$work/cms"
stamp " time-stamp: it is no time stamp token" "$work/cms" "$work/f" "$anchors"
openssl ts -query -data "$work/f" -sha256 -out "$work/query" 2>/dev/null
reply tsa "$work/query" -token_out -out "$work/no-certificate"
stamp " time-stamp: the signer's certificate is not in it" "$work/no-certificate" "$work/f" "$anchors"
# openssl ts -reply makes no token with these, but cms signs any content
quiet openssl asn1parse -inform DER -in "$work/t" -strparse \
	"$(openssl asn1parse -inform DER -in "$work/t" | sed -n '/id-smime-ct-TSTInfo/{n;n;p;q}' | cut -d : -f 1)" -out "$work/tst"
sign_info() { # OUT OPTIONS: the token's content, signed anew
	out=$1
	shift
	quiet openssl cms -sign -binary -nodetach -nosmimecap -md sha256 -econtent_type id-smime-ct-TSTInfo -in "$work/tst" \
		-outform DER -out "$out" "$@"
}
as() { echo "-signer $pki/$1.pem -inkey $pki/$1.key"; }
# shellcheck disable=SC2046 # words
{
	sign_info "$work/again" -cades $(as tsa)
	stamp "" "$work/again" "$work/f" "$anchors"
	sign_info "$work/bad" $(as tsa)
	stamp " time-stamp: the signed reference to the certificate is missing, or of another one" "$work/bad" "$work/f" "$anchors"
	sign_info "$work/bad" -noattr $(as tsa)
	stamp " time-stamp: the signature's structure is not the standard's" "$work/bad" "$work/f" "$anchors"
	sign_info "$work/bad" -cades $(as tsa) $(as below)
	stamp " time-stamp: it has not one signer" "$work/bad" "$work/f" "$anchors"
	sign_info "$work/bad" -cades $(as tsa) -keyopt rsa_padding_mode:pss
	stamp "" "$work/bad" "$work/f" "$anchors"
	mv "$work/tst" "$work/info"
	for change in version extension; do
		quiet python3 "${srcdir:-.}/tests/signer/cms.py" $change "$work/info" "$work/tst"
		sign_info "$work/bad" -cades $(as tsa)
		stamp " time-stamp: it is no time stamp token" "$work/bad" "$work/f" "$anchors"
	done
	mv "$work/info" "$work/tst"
	for uses in extendedKeyUsage=timeStamping extendedKeyUsage=critical,timeStamping,emailProtection \
		extendedKeyUsage=critical,timeStamping,1.3.6.1.4.1.99999.1 extendedKeyUsage=critical,emailProtection \
		keyUsage=critical,digitalSignature; do
		certificate use tsa-ca "$uses"
		sign_info "$work/bad" -cades $(as use)
		stamp " time-stamp: its certificate is not made for time stamps alone" "$work/bad" "$work/f" "$anchors"
	done
}

# ---- asking for one
start_authority

seconds=60
ask() { # EXIT PATH SENTENCE
	rm -f "$work/token"
	run "$1" "$documents" fetch "$url/$2" "$work/f" "$anchors" "$work/token" "$(pwd)/inkan-fetch" $seconds
	[ "$(cat "$work/out")" = "$3" ] || bad "$2: $(cat "$work/out")"
	[ "$1" -eq 0 ] || [ ! -e "$work/token" ] || bad "$2: a token was written"
}
ask 0 as/tsa granted
quiet openssl ts -verify -token_in -in "$work/token" -data "$work/f" -CAfile "$pki/tsa-ca.pem"
ask 0 as/curve granted
ask 0 parameters granted
refused="the time stamp authority's answer cannot be used"
ask 1 nonce "$refused: its nonce is not the request's"
ask 1 no-nonce "$refused: its nonce is not the request's"
ask 1 imprint "$refused: it is of something else, or what it is of has been changed"
ask 1 no-certificate "$refused: the signer's certificate is not in it"
ask 1 month-ahead "$refused: its time and this machine's clock are too far apart"
ask 1 month-ago "$refused: its time and this machine's clock are too far apart"
ask 1 rejected "$refused: the request is refused"
ask 1 trailing "$refused: it is malformed"
ask 1 nonsense "$refused: it is malformed"
export LD_PRELOAD="$later" LATER=-864000 # OpenSSL 3.5 makes no certificate that ends before it begins
days='-days 1'
certificate expired tsa-ca extendedKeyUsage=critical,timeStamping
days='-days 30'
unset LD_PRELOAD LATER
ask 1 as/expired "$refused: the time stamp authority's certificate was not valid at that time"
certificate stranger ca extendedKeyUsage=critical,timeStamping
ask 1 as/stranger "$refused: the time stamp's authority has no path to an installed anchor"
ask 2 empty "no time stamp: the answer is empty"
ask 2 html "no time stamp: the answer's type is not application/timestamp-reply"
ask 2 error "no time stamp: the server answered 500"
ask 2 redirect "no time stamp: the server answered 302"
seconds=2
ask 2 hang "no time stamp: no complete answer within 2 seconds"
ask 2 drip "no time stamp: no complete answer within 2 seconds"
seconds=60
ask 2 gigabyte "no time stamp: the answer is longer than 65536 bytes"
ask 2 gigabyte/announced "no time stamp: the answer is longer than 65536 bytes"
run 3 "$documents" fetch "file:///etc/passwd" "$work/f" "$anchors" "$work/token" "$(pwd)/inkan-fetch" 2
stop_authority
ask 2 as/tsa "no time stamp: the server cannot be reached"
finish
