#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# PKINIT: MIT's kinit with the card at MIT's KDC, on a loopback port.
. "${srcdir:-.}/tests/clients/lib.sh"
need kinit krb5-user
need krb5kdc krb5-kdc
need openssl openssl
need p11tool gnutls-bin
[ -n "$(find /usr/lib* -path '*preauth/pkinit.so' 2>/dev/null)" ] || skip "PKINIT is missing (package krb5-pkinit)"
on_cards hpki jpki "hpki --name REVOKED --revoked" "jpki before other-kind" "hpki after other-person" "hpki after foreign"

XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache
KRB5_CONFIG=$work/krb5.conf KRB5_KDC_PROFILE=$work/kdc.conf KRB5CCNAME=FILE:$work/tickets
export XDG_DATA_HOME XDG_CACHE_HOME KRB5_CONFIG KRB5_KDC_PROFILE KRB5CCNAME
realm=HOSPITAL.EXAMPLE.JP
port=$(free_port)
here="s|/etc/krb5kdc|$work|g; s|/etc/krb5/|$work/|; s|/usr/local/lib/pkcs11|$module_dir|; s|^inkan |$inkan |"

# ---- The KDC

# The name krbtgt/REALM@REALM as RFC 4556 (3.2.4) wants it in the certificate.
kdc_certificate() {
	cat >"$work/kdc.cnf" <<-END
		[req]
		distinguished_name = none
		[none]
		[kdc]
		extendedKeyUsage = 1.3.6.1.5.2.3.5
		keyUsage = critical, digitalSignature
		subjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:name
		[name]
		realm = EXPLICIT:0, GeneralString:$realm
		principal = EXPLICIT:1, SEQUENCE:principal
		[principal]
		type = EXPLICIT:0, INTEGER:2
		strings = EXPLICIT:1, SEQUENCE:strings
		[strings]
		first = GeneralString:krbtgt
		second = GeneralString:$realm
	END
	openssl req -new -config "$work/kdc.cnf" -newkey rsa:2048 -nodes -keyout "$work/kdc.key" -subj /CN=kdc -out "$work/kdc.csr" 2>/dev/null ||
		fail "no request"
	try "the KDC's certificate" openssl x509 -req -in "$work/kdc.csr" -CA "$server_ca" -CAkey "$pki/server-ca.key" -set_serial 77 -days 2 \
		-extfile "$work/kdc.cnf" -extensions kdc -out "$work/kdc.pem"
}

configure() {
	guide_block kerberos client | sed "$here; s|kdc = .*|kdc = 127.0.0.1:$port|; s|HPKI Auth|$family Auth|" >"$work/krb5.conf"
	cp "$server_ca" "$work/kdc-ca.pem"
	cp "$work/auth-cas.pem" "$work/cards.pem"
	{
		printf '[kdcdefaults]\n  kdc_listen = 127.0.0.1:%s\n  kdc_tcp_listen = 127.0.0.1:%s\n' "$port" "$port"
		guide_block kerberos kdc | sed "$here; s|^  }|database_name = $work/principal\nkey_stash_file = $work/stash\nacl_file = $work/acl\n&|"
	} >"$work/kdc.conf"
}

# As an administrator would: whom inkan verify refuses gets no tickets.
look_at_lists() {
	mkdir -p "$XDG_DATA_HOME/inkan/anchors" "$work/cards"
	cp "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$XDG_DATA_HOME/inkan/anchors"
	try "import" "$inkan" status import "$pki/sarl.crl" "$pki/rarl.crl" "$pki/hpki-auth.crl"
	cp doctor.pem cards
	guide_run kerberos revoked "$here; s|inkan verify|$inkan verify|"
}

start_kdc() {
	try "the realm" kdb5_util create -s -W -P master
	cd "$work" || exit
	try "the card's certificate" p11tool --provider "$auth_module" --export "$auth_uri;type=cert" --outfile doctor.pem
	guide_run kerberos match
	try "another person" kadmin.local addprinc -nokey +requires_preauth nurse
	try "another person" kadmin.local setstr nurse pkinit_cert_match '<SUBJECT>^CN=NURSE$'
	krb5kdc -n -P "$work/kdc.pid" >"$work/kdc.log" 2>&1 9>&- &
	servers="$servers $work/kdc.pid"
	for _ in $(seq 100); do
		[ ! -s "$work/kdc.pid" ] || return 0
		sleep 0.1
	done
	fail "no KDC: $(cat "$work/kdc.log")"
}

# ---- What is shown

sign_in() { # NAME
	guide_answer kerberos kinit "$auth_pin"
	[ "$(grep -o 'PIN: ' "$work/said" | wc -l)" = 1 ] || fail "$1: not one question for the PIN: $(cat "$work/said")"
	try "klist" klist
	said "$1" "Default principal: doctor@$realm"
	said "$1" "krbtgt/$realm@$realm"
	try "kdestroy" kdestroy
	say "kinit: $1"
}

refuse() { # NAME REASON USER PIN
	! (guide_answer kerberos kinit "$4" "s/doctor/$3/") >"$work/refusal" 2>&1 || fail "$1: a ticket"
	grep -q -e "$2" "$work/refusal" || fail "$1: another reason: $(cat "$work/refusal")"
	! klist >/dev/null 2>&1 || fail "$1: a ticket"
	say "refused: $1"
}

kdc_certificate
configure
start_kdc
only_this_card kinit
[ "$card" = jpki ] || look_at_lists
case $INKAN_TEST_OPTIONS in
*--revoked*)
	refuse "a revoked card" 'credentials have been revoked' doctor "$auth_pin"
	exit 0
	;;
esac
sign_in "card"
card_did "a login" 2 1
cell 'kinit (PKINIT)' login
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
[ -z "$neighbour" ] || exit 0

refuse "another person" 'mismatch' nurse "$auth_pin"
card_did "another person" 2 1
refuse "a wrong PIN" 'Preauthentication failed' doctor "9${auth_pin#?}"
lost_one_try "a wrong PIN"
remove_card
refuse "no card" 'Pre-authentication failed' doctor "$auth_pin"
insert_card
sign_in "the card again"
card_did "the card again" 2 1
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
