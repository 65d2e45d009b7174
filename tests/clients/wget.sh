#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock wget, where it stands on GnuTLS: the guide's commands on TLS 1.3 and 1.2
# with the module registered in p11-kit; a PIN with a line break; a wrong one.
. "${srcdir:-.}/tests/clients/lib.sh"
need wget wget
need p11-kit p11-kit
need nginx nginx
wget --version | grep -q '+ssl/gnutls' || skip "this wget is built without GnuTLS"
on_cards hpki jpki "hpki before other-kind" "hpki after other-person" "jpki after foreign"

download() {
	rm -f "$work/page"
	guide_run gnutls wget "$address; s|https://portal.example.jp|https://127.0.0.1:$port|
		s|^wget|& -nv --no-config --ca-certificate=$server_ca -O $work/page|"
}

guide_run gnutls register
guide_run gnutls pin-file "s|read -r pin|pin=$auth_pin|"
[ "$(stat -c %a "$HOME/.config/inkan/pin")" = 600 ] || fail "others can read the PIN"
for version in 1.3 1.2; do
	start_nginx TLSv$version
	download
	grep -q "^TLSv$version SUCCESS" "$work/page" || fail "no login on TLS $version"
	# The first signature is GnuTLS's own look whether key and certificate agree.
	card_did "a login on TLS $version" 3 2
	stop_nginx
	cell wget "TLS $version"
done

# A wrong PIN goes to the card once; one with a line break not at all.
start_nginx TLSv1.3
printf %s "999${auth_pin#???}" >"$HOME/.config/inkan/pin"
! (download) >"$work/refusal" 2>&1 || fail "a wrong PIN logs in"
lost_one_try "wget with a wrong PIN"
echo "$auth_pin" >"$HOME/.config/inkan/pin"
! (download) >"$work/refusal" 2>&1 || fail "a PIN with a line break logs in"
card_did "a PIN with a line break" 0 0
printf %s "$auth_pin" >"$HOME/.config/inkan/pin"
download
card_did "the right PIN" 3 2
