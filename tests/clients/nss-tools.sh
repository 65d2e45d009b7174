#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# NSS's own tools as the guide says: lists without a PIN, logins with tstclnt on
# TLS 1.3 and 1.2, strsclnt's threads, a wrong PIN.
. "${srcdir:-.}/tests/clients/lib.sh"
need tstclnt libnss3-tools
need strsclnt libnss3-tools
need modutil libnss3-tools
need certutil libnss3-tools
need nginx nginx
on_cards hpki jpki "jpki after other-kind" "hpki after other-person" "hpki after foreign"

case $card in
hpki) label='HPKI END ENTITY CERTIFICATE' ;;
jpki) label='User Authentication Certificate' ;;
esac
named="s|HPKI Authentication:HPKI END ENTITY CERTIFICATE|$auth_token:$label|"

login() { # VERSION
	guide_run nss tstclnt "$named; s|-h portal.example.jp -p 443|-4 -h 127.0.0.1 -a localhost -p $port -V tls$1:tls$1|"
}

# The server counts the pages that it gave (a login that failed is a 400).
served() {
	grep -c '" 200 ' "$work/served"
}

cd "$work" || exit
umask 077
echo "$auth_pin" >pin
[ "$neighbour" != other-person ] || only_this_card tstclnt strsclnt certutil modutil
guide_run nss database
guide_run nss list
said "modutil" "token: $auth_token"
said "certutil" "^$auth_token:$label *u,u,u\$"
card_did "the lists" 0 0
try "the server's CA" certutil -A -d "sql:$HOME/.pki/nssdb" -n server-ca -t C,, -i "$server_ca"

nginx_lines="access_log $work/served combined;"
for version in 1.3 1.2; do
	start_nginx TLSv$version
	login $version
	said "TLS $version" "^TLSv$version SUCCESS"
	card_did "a login on TLS $version" 2 1
	cell tstclnt "TLS $version"

	# One VERIFY for the login, and one for each signature. Its exit status says nothing.
	: >served
	guide_write nss strsclnt "$named; s|123456|$auth_pin|; s|portal.example.jp|localhost|
		s|-p 443|-p $port -V tls$version:tls$version|"
	timeout 60 sh -eu block >said 2>&1 </dev/null
	said "strsclnt" '40 server certificates tested'
	card_did "forty connections in four threads" 41 40
	[ "$(served)" = 40 ] || fail "the server gave $(served) pages, not 40"
	stop_nginx
	cell 'strsclnt (4 threads)' "TLS $version"
done

# A wrong PIN goes to the card once; the next login gives the try back.
start_nginx TLSv1.3
echo "999${auth_pin#???}" >pin
(login 1.3) >refusal 2>&1
lost_one_try "tstclnt with a wrong PIN"
echo "$auth_pin" >pin
login 1.3
said "the right PIN" '^TLSv1.3 SUCCESS'
card_did "the right PIN" 2 1
