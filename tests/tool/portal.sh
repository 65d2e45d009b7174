#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan portal init and inkan trust export: from a root to "Ready.", twice, and what is said when something is missing.
# openssl verifies with the files that were written.
. "${srcdir:-.}/tests/tool/common.sh"
[ -x tests/unit/fetch_here ] || skip "built --without-curl"
need openssl
good_and_revoked
unset HTTP_PROXY https_proxy all_proxy ALL_PROXY no_proxy NO_PROXY http_proxy
web=$work/web
mkdir "$web"
cp "$pki"/*.crl "$web"
rm "$web/sarl.crl"
./tests/tool/serve "$web" >"$work/port" &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
while [ ! -s "$work/port" ]; do sleep 0.05; done
http_proxy=http://127.0.0.1:$(cat "$work/port") # the PKI's own URLs lead to our server
export http_proxy

run 64 "$inkan" portal
run 64 "$inkan" portal init
run 64 "$inkan" portal start "$work/portal" "$pki/root.pem"
run 66 "$inkan" portal init "$work/portal" "$work/nothere.pem"
said "nothere.pem"
run 77 "$inkan" portal init "$work/portal" "$pki/root.pem" # nobody to say yes
said "Compare the fingerprint"
[ -e "$work/portal/cas.pem" ] && bad "a file was written before the root was trusted"
run 3 "$inkan" trust export --output "$work/none.pem"
said "no CA certificate to export"
[ -e "$work/none.pem" ] && bad "an empty file was exported"
run 64 "$inkan" trust export
run 64 "$inkan" trust list --output "$work/none.pem"

# one list is missing: which, of whom, where
run 3 "$inkan" portal init --yes "$work/portal" "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$pki/hpki-sign-ca.pem" "$good"
wrote "Not ready"
said "http://inkan-vcard.invalid/sarl.crl"
wrote "Not installed: the root of HPKI"
silent "Not installed: HPKI, signature CA"

cp "$pki/sarl.crl" "$web"
run 0 "$inkan" portal init --yes "$work/portal" "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$pki/hpki-sign-ca.pem" "$good"
wrote "Ready."
wrote "There already"
sum=$(cat "$work/portal/cas.pem" "$work/portal/lists.pem" | sha256sum)
run 0 "$inkan" portal init --yes "$work/portal"
wrote "Ready."
[ "$(cat "$work/portal/cas.pem" "$work/portal/lists.pem" | sha256sum)" = "$sum" ] || bad "the second time wrote something else"
[ "$(ls "$work/portal" | tr '\n' ' ')" = "cas.pem lists.pem " ] || bad "left in the folder: $(ls "$work/portal")"
[ "$(stat -c %a "$work/portal/cas.pem")" = 644 ] || bad "cas.pem is $(stat -c %a "$work/portal/cas.pem")"

# The CA of signature certificates is not offered to browsers.
[ "$(grep -c BEGIN "$work/portal/cas.pem")" = 2 ] || bad "not two CAs in cas.pem"
check() { openssl verify -crl_check_all -CAfile "$work/portal/cas.pem" -CRLfile "$work/portal/lists.pem" "$1" >"$work/out" 2>&1; }
check "$good" || { bad "openssl refuses the good card"; cat "$work/out"; }
check "$revoked" && bad "openssl accepts the revoked card"
grep -q "certificate revoked" "$work/out" || { bad "openssl refuses for another reason"; cat "$work/out"; }

# a full or a closed folder spoils nothing
if [ "$(id -u)" != 0 ]; then
	chmod 555 "$work/portal"
	run 74 "$inkan" trust export --output "$work/portal/other.pem"
	advised
	chmod 755 "$work/portal"
fi
finish
