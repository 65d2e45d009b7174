#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# CAdES: ours, which openssl verifies; openssl's, which we take; and what openssl takes and we refuse by name.
# shellcheck disable=SC2034,SC2154 # common.sh has them
. "${srcdir:-.}/tests/signer/common.sh"
cms() { python3 "${srcdir:-.}/tests/signer/cms.py" "$@" || bad "cms.py $*"; }
printf 'what is signed\r\n\0\n' >"$work/f"
: >"$work/empty"
echo other >"$work/other"

# check EXPECTED FILE [CONTENT]: the forms and problems of its signatures, a line each
check() {
	expected=$1
	shift
	run 0 "$documents" check "$@"
	got=$(grep -E '^(document .|CAdES|CMS|stamp)' "$work/out" | sed -E 's/^(stamp) [^ ]*/\1/' | paste -s -d / -)
	[ "$got" = "$expected" ] || bad "\"$got\", not \"$expected\": $*"
}
# openssl_takes FILE [OPTIONS]: with -cades, where nothing else is said
openssl_takes() {
	file=$1
	shift
	quiet openssl cms -verify -binary -inform DER -in "$file" -CAfile "$pki/ca.pem" -purpose any -out "$work/content" "$@"
}
sign() { # OUT OPTIONS: openssl's
	out=$1
	shift
	quiet openssl cms -sign -binary -in "$work/f" -outform DER -out "$out" "$@"
}
doctor="-signer $pki/doctor.pem -inkey $pki/doctor.key"

# ---- ours
for content in f empty; do
	for how in detached enclosed; do
		run 0 "$documents" sign "$pki/doctor.pem" "$pki/doctor.key" "$work/$content" "$work/ours" $how
		check CAdES "$work/ours" "$work/$content"
		if [ $how = detached ]; then
			openssl_takes "$work/ours" -cades -content "$work/$content"
			check "CAdES no-content" "$work/ours"
			check "CAdES digest" "$work/ours" "$work/other"
			cp "$work/ours" "$work/$content.p7s"
		else
			openssl_takes "$work/ours" -cades
			check CAdES "$work/ours"
			check "CAdES digest" "$work/ours" "$work/other"
			run 0 "$documents" check "$work/ours" - "$work/enclosed"
			cmp -s "$work/enclosed" "$work/$content" || bad "another content was enclosed"
			cp "$work/ours" "$work/$content.p7m"
		fi
		cmp -s "$work/content" "$work/$content" || bad "openssl finds another content"
	done
done
cms attributes "$work/f.p7s" "$work/attributes"
cms signature "$work/f.p7s" "$work/signature"
openssl x509 -in "$pki/doctor.pem" -noout -pubkey >"$work/doctor.pub"
quiet openssl dgst -sha256 -verify "$work/doctor.pub" -signature "$work/signature" "$work/attributes"
openssl asn1parse -inform DER -in "$work/attributes" | sed -n 's/.*OBJECT *:\(.*\)/\1/p' | grep -v -e countryName -e organizationName \
	-e commonName -e pkcs7-data | sort | paste -s -d ' ' >"$work/names"
[ "$(cat "$work/names")" = "contentType id-smime-aa-signingCertificateV2 messageDigest signingTime" ] ||
	bad "the signed attributes: $(cat "$work/names")"
openssl asn1parse -inform DER -in "$work/f.p7s" | grep -q 'l=inf' && bad "a length of the stream form"
quiet openssl cms -cmsout -inform DER -in "$work/f.p7s" -outform DER -out "$work/again"
cmp -s "$work/again" "$work/f.p7s" || bad "openssl writes it in another way"

# ---- openssl's
for option in -nodetach "-nodetach -stream" "-md sha384" "-md sha512" -nosmimecap -keyid "-keyopt rsa_padding_mode:pss" \
	"-md sha512 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:20"; do
	# shellcheck disable=SC2086 # words
	sign "$work/o" -cades $doctor $option
	openssl_takes "$work/o" -cades -content "$work/f"
	case $option in
	-nodetach*) check CAdES "$work/o" && run 0 "$documents" check "$work/o" - "$work/enclosed" ;;
	*) check CAdES "$work/o" "$work/f" && cp "$work/f" "$work/enclosed" ;;
	esac
	cmp -s "$work/enclosed" "$work/f" || bad "another content with $option"
done
key_options='-newkey ec -pkeyopt ec_paramgen_curve:P-384'
certificate curve ca keyUsage=critical,nonRepudiation
key_options='-newkey ec -pkeyopt ec_paramgen_curve:P-256'
certificate pharmacist ca keyUsage=critical,nonRepudiation
key_options='-newkey rsa:2048'
sign "$work/o" -cades -signer "$pki/curve.pem" -inkey "$pki/curve.key" -md sha384
check CAdES "$work/o" "$work/f"
# shellcheck disable=SC2086
{
	sign "$work/two" -cades $doctor -signer "$pki/pharmacist.pem" -inkey "$pki/pharmacist.key"
	check CAdES/CAdES "$work/two" "$work/f"
	check "CAdES digest/CAdES digest" "$work/two" "$work/other"
	# the second without the reference to its certificate
	sign "$work/o" -cades -signer "$pki/pharmacist.pem" -inkey "$pki/pharmacist.key"
	quiet openssl cms -resign -inform DER -in "$work/o" -outform DER -out "$work/mixed" $doctor
	[ "$("$documents" check "$work/mixed" "$work/f" | grep -c -x -e CAdES -e "CMS signing-certificate")" -eq 2 ] ||
		bad "two signers, one of them plain"
	sign "$work/o" -cades $doctor -certfile "$pki/ca.pem"
	run 0 "$documents" check "$work/o" "$work/f"
	wrote "certificates 2, lists 0"
	printf '[ca]\ndefault_ca = a\n[a]\ndatabase = %s\n' "$work/index" >"$work/ca.cnf"
	: >"$work/index"
	quiet openssl ca -gencrl -config "$work/ca.cnf" -cert "$pki/ca.pem" -keyfile "$pki/ca.key" -md sha256 -crldays 1 \
		-out "$work/crl.pem"
	quiet openssl crl -in "$work/crl.pem" -outform DER -out "$work/crl"
	cms list "$work/f.p7s" "$work/o" "$work/crl"
	openssl_takes "$work/o" -cades -content "$work/f"
	run 0 "$documents" check "$work/o" "$work/f"
	wrote "certificates 1, lists 1"
	quiet openssl cms -sign -binary -cades $doctor -in "$work/f" -outform PEM -out "$work/o"
	check CAdES "$work/o" "$work/f"
	cms many "$work/f.p7s" "$work/o" 32
	run 0 "$documents" check "$work/o" "$work/f"
	[ "$(grep -c -x CAdES "$work/out")" -eq 32 ] || bad "not 32 signers"
	cms many "$work/f.p7s" "$work/o" 33
	run 0 "$documents" check "$work/o" "$work/f"
	wrote "document too-long"
}

# ---- refused, and openssl takes it
sign_and() { # EXPECTED TAKEN OPTIONS
	expected=$1 taken=$2
	shift 2
	# shellcheck disable=SC2086
	sign "$work/o" $doctor "$@"
	openssl_takes "$work/o" $taken -content "$work/f"
	check "$expected" "$work/o" "$work/f"
}
sign_and "CMS signing-certificate" ""
sign_and "CMS structure" "" -noattr
sign_and "CAdES algorithm" -cades -cades -md sha1
sign_and "CAdES algorithm" -cades -cades -md sha224
sign_and "CMS algorithm" "" -md md5
cms content-type "$work/f.p7s" "$work/o"
openssl_takes "$work/o" -cades -content "$work/f"
check "CAdES structure" "$work/o" "$work/f"
{ cat "$work/f.p7s"; printf '\0'; } >"$work/o"
openssl_takes "$work/o" -cades -content "$work/f"
check "document form" "$work/o" "$work/f"
cms resign "$work/f.p7s" "$work/o" "$pki/doctor.key" time-nonsense
openssl_takes "$work/o" -cades -content "$work/f"
check "CAdES structure" "$work/o" "$work/f"
# a token of something else is its business alone
token tsa "$work/f" "$work/token"
cms unsigned "$work/f.p7s" "$work/o" 1.2.840.113549.1.9.16.2.14 "$work/token"
openssl_takes "$work/o" -cades -content "$work/f"
check "CAdES/stamp time-stamp: it is of something else, or what it is of has been changed" "$work/o" "$work/f"
cms unsigned "$work/f.p7s" "$work/o" 1.2.840.113549.1.9.16.2.14 "$pki/serial"
check "document form" "$work/o" "$work/f"

# ---- refused by both
cms resign "$work/f.p7s" "$work/o" "$pki/doctor.key" none
check CAdES "$work/o" "$work/f"
cms resign "$work/f.p7s" "$work/o" "$pki/doctor.key" time-2060
check CAdES "$work/o" "$work/f"
"$documents" check "$work/o" | grep -q "claimed 2060-01-01T00:00:00Z" || bad "a GeneralizedTime is not read"
cms resign "$work/f.p7s" "$work/o" "$pki/pharmacist.key" none
check "CAdES signature" "$work/o" "$work/f"
for how in digest-twice digest-two-values no-digest no-content-type time-twice; do
	cms resign "$work/f.p7s" "$work/o" "$pki/doctor.key" $how
	run 0 "$documents" check "$work/o" "$work/f"
	grep -q "^CAdES.* structure" "$work/out" || bad "$how: $(sed -n 2p "$work/out")"
done
# another certificate of the same key, issuer and serial number
cp "$pki/doctor.key" "$pki/twin.key"
quiet openssl req -new -key "$pki/twin.key" -out "$pki/req" -subj /C=JP/O=Test/CN=twin
quiet openssl x509 -req -in "$pki/req" -CA "$pki/ca.pem" -CAkey "$pki/ca.key" -sha256 -out "$pki/twin.pem" \
	-set_serial "0x$(openssl x509 -in "$pki/doctor.pem" -noout -serial | cut -d = -f 2)"
# shellcheck disable=SC2086
sign "$work/o" -cades $doctor -nocerts
check CAdES\ no-certificate "$work/o" "$work/f"
python3 - "$work/o" "$pki/twin.pem" "$work/swapped" "${srcdir:-.}/tests/signer" <<'END'
import base64, subprocess, sys
sys.argv, (source, pem, out, folder) = ["cms.py", "attributes", sys.argv[1], "/dev/null"], sys.argv[1:]
sys.path.insert(0, folder)
import cms
der = subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout
cms.cms.fields.insert(3, cms.make(0xA0, der))
open(out, "wb").write(cms.cms.whole())
END
check "CAdES signing-certificate" "$work/swapped" "$work/f"
# a counter-signature is not looked at, which is said
openssl x509 -in "$pki/ca.pem" -outform DER -out "$work/ca.der"
cms unsigned "$work/f.p7s" "$work/o" 1.2.840.113549.1.9.6 "$work/ca.der"
check CAdES "$work/o" "$work/f"
wrote " not covered: counter-signatures in it, which were not looked at"
# beside the right one, at any place: the reference chooses; nor need the CA that it names as well be enclosed
quiet openssl req -x509 -newkey rsa:2048 -nodes -keyout "$pki/forged.key" -out "$work/forged.pem" -subj /C=JP/O=Test/CN=ca \
	-set_serial "0x$(openssl x509 -in "$pki/doctor.pem" -noout -serial | cut -d = -f 2)"
for pem in "$pki/twin.pem" "$work/forged.pem"; do
	openssl x509 -in "$pem" -outform DER -out "$work/der"
	cms first "$work/f.p7s" "$work/o" "$work/der"
	check CAdES "$work/o" "$work/f"
done
cms resign "$work/o" "$work/o" "$pki/forged.key" none
check "CAdES signature" "$work/o" "$work/f"
cms resign "$work/f.p7s" "$work/o" "$pki/doctor.key" "refer-to:$work/ca.der"
check CAdES "$work/o" "$work/f"
cms resign "$work/f.p7s" "$work/o" "$pki/doctor.key" "refer-first:$work/ca.der"
check "CAdES signing-certificate" "$work/o" "$work/f"
# so many certificates that the comparison of each with each reference would take hours
python3 - "$work/f.p7s" "$pki/pharmacist.pem" "$work/o" "$srcdir/tests/signer" <<'END'
import subprocess, sys
sys.argv, (source, pem, out, folder) = ["cms.py", "attributes", sys.argv[1], "/dev/null"], sys.argv[1:]
sys.path.insert(0, folder)
import cms
der = subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER"], stdout=subprocess.PIPE, check=True).stdout
cms.cms.fields[3] = cms.make(0xA0, *cms.parts(cms.cms.fields[3]), 6000 * der)
open(out, "wb").write(cms.cms.whole())
END
check "CAdES too-long" "$work/o" "$work/f"
# archive time stamps are not put together
cms signature "$work/f.p7s" "$work/signature"
token tsa "$work/signature" "$work/token"
for type in 1.2.840.113549.1.9.16.2.48 0.4.0.1733.2.4; do
	cms unsigned "$work/f.p7s" "$work/o" $type "$work/token"
	check "CAdES/stamp not-recomputed" "$work/o" "$work/f"
done

# ---- not of this form
run 2 "$documents" check "$work/f"
run 2 "$documents" check "$work/empty"
echo '<a/>' >"$work/o"
run 2 "$documents" check "$work/o"
run 2 "$documents" check "$pki/doctor.pem"
quiet openssl cms -encrypt -in "$work/f" -outform DER -out "$work/o" "$pki/doctor.pem"
run 2 "$documents" check "$work/o"
for n in 12 13 20 100 1000; do
	head -c $n "$work/f.p7s" >"$work/o"
	run $((n < 16 ? 2 : 0)) "$documents" check "$work/o"
	[ $n -lt 16 ] || wrote "document form"
done

# ---- with a time stamp
start_authority
ask() { # STATUS PATH FORM
	rm -f "$work/t"
	run "$1" "$documents" sign "$pki/doctor.pem" "$pki/doctor.key" "$work/f" "$work/t" "$3" "$url/$2" "$anchors" \
		"$(pwd)/inkan-fetch"
}
for how in enclosed detached; do
	ask 0 as/tsa $how
	check CAdES/stamp "$work/t" "$work/f"
	openssl_takes "$work/t" -cades -content "$work/f"
	cms signature "$work/t" "$work/signature"
	cms token "$work/t" "$work/token"
	quiet openssl ts -verify -token_in -in "$work/token" -data "$work/signature" -CAfile "$pki/tsa-ca.pem"
done
ask 1 nonce detached
wrote "the time stamp authority's answer cannot be used: its nonce is not the request's"
[ ! -e "$work/t" ] || bad "a signature without its time stamp was written"

# ---- every bit of them flipped
ask 0 as/tsa detached
flip() { # FILE CONTENT
	run 0 "$documents" flip "$1" "$2"
	cp "$work/out" "$work/flips"
	cms flips "$1" "$work/flips"
}
[ "${INKAN_SANITIZERS-}" = yes ] || { # slow
	flip "$work/f.p7s" "$work/f"
	flip "$work/f.p7m" -
}
flip "$work/t" "$work/f"
# and of the content
python3 - "$work/f" "$work" "$documents" <<'END' || bad "a changed content was not noticed"
import subprocess, sys
path, work, documents = sys.argv[1:]
data = open(path, "rb").read()
for i in range(len(data)):
    open(work + "/o", "wb").write(data[:i] + bytes([data[i] ^ 1]) + data[i + 1:])
    out = subprocess.run([documents, "check", work + "/f.p7s", work + "/o"], stdout=subprocess.PIPE, text=True).stdout
    assert "CAdES digest\n" in out, out
END
finish
