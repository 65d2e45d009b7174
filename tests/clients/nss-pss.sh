#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# An NSS program with a card that refuses RSASSA-PSS: the first login, which
# NSS signs with PSS, fails cleanly; PSS is withdrawn; the same process goes on
# by PKCS#1 v1.5 on TLS 1.2. The same when the card signs PSS wrongly. With a
# card that can: TLS 1.3 and 1.2.
. "${srcdir:-.}/tests/clients/lib.sh"
need_nss
need nginx nginx
on_cards hpki 'hpki --no-pss' 'hpki --wrong-pss' jpki 'jpki --no-pss'

# Exit status: how many logins failed.
login() { # TIMES VERSION
	timeout 60 "$builddir/tests/clients/nss-card" login "sql:$work/nss" "$auth_token:$label" \
		"$1" "$port" "$2" "$auth_pin" >"$work/said" 2>&1
	failed=$?
	say "$failed of $1 logins failed:"
	sed 's/^/    /' "$work/said"
}

case $card in
hpki) label='HPKI END ENTITY CERTIFICATE' ;;
jpki) label='User Authentication Certificate' ;;
esac
nss_database "$work/nss" "$auth_module"
start_nginx 'TLSv1.2 TLSv1.3'

case $INKAN_TEST_OPTIONS in
*-pss)
	login 4 1.2
	[ $failed = 1 ] || fail "$failed logins failed; it should have been the first alone"
	said 'the first login' '^1: failed: '
	said 'the fourth login' '^4: TLSv1.2 SUCCESS'
	;;
*)
	login 2 1.3
	[ $failed = 0 ] || fail "TLS 1.3"
	login 2 1.2
	[ $failed = 0 ] || fail "TLS 1.2"
	;;
esac
