#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A stock libreswan signs in at a stock strongSwan: IKEv2 with the card's certificate, by NSS. HPKI alone: libreswan signs
# with RSASSA-PSS. Debian does not install the two together, so ./bootstrap unpacks libreswan into the build folder.
# shellcheck disable=SC2086 # $here and $there are words
. "${srcdir:-.}/tests/clients/lib.sh"
need charon-systemd charon-systemd
need swanctl strongswan-swanctl
need p11tool gnutls-bin
need modutil libnss3-tools
swan=$builddir/tests/libreswan
[ -x "$swan/usr/libexec/ipsec/pluto" ] || skip "there is no libreswan in $swan (./bootstrap check unpacks it)"
! ldd "$swan/usr/libexec/ipsec/pluto" | grep 'not found' || skip "libraries of libreswan are missing"
version=$("$swan/usr/libexec/ipsec/pluto" --version | sed 's/^[^0-9]*\([0-9.]*\).*/\1/')
[ "${version%%.*}" -lt 5 ] || skip "libreswan $version: the page and this test are for 4"
on_cards hpki "hpki before other-kind" "hpki after other-person" "hpki after foreign"
. "$srcdir/tests/clients/ipsec-server.sh"

# ---- The client: pluto, with libreswan's own paths where it looks for them

start_client() {
	ours="env IPSEC_SBINDIR=$swan/usr/sbin IPSEC_CONFDDIR=$work/client"
	ours="$here $ours IPSEC_RUNDIR=$work/run IPSEC_NSSDIR=$work/client/nss $swan/usr/sbin/ipsec"
	client="s|^ipsec |$ours |; s|/var/lib/ipsec/nss|$work/client/nss|; s|ca.pem|$server_ca|; s|--add|--config $work/client/ipsec.conf &|"
	mkdir -p "$work/client/nss" "$work/run"
	$here sh -eu -c "mount -t tmpfs none /usr/libexec
		mkdir /usr/libexec/ipsec
		mount --bind '$swan/usr/libexec/ipsec' /usr/libexec/ipsec
		ip route add default via 192.0.2.2" || skip "nothing can be mounted on /usr/libexec"
	try "a database" $ours initnss
	guide_run ipsec libreswan "$client"
	know_pin "$auth_pin"
	{
		echo 'config setup'
		guide_block ipsec libreswan-connection
	} | sed "s|vpn.example.jp\$|192.0.2.2|; s|rightid=.*|rightid=@localhost|; s|rightca=.*|rightca=\"$(ca_name)\"|" >"$work/client/ipsec.conf"
	: >"$work/client/secrets"
	$here /usr/libexec/ipsec/pluto --config "$work/client/ipsec.conf" --nssdir "$work/client/nss" --ipsecdir "$work/client" \
		--rundir "$work/run" --secretsfile "$work/client/secrets" --nofork --stderrlog --log-no-audit >"$work/client/log" 2>&1 9>&- &
	echo $! >"$work/pluto.pid"
	servers="$servers $work/pluto.pid"
	await_line "pluto" "$work/client/log" 'listening for IKE messages'
}

# As the page says it is to be found.
ca_name() { openssl x509 -in "$server_ca" -noout -subject -nameopt sep_comma_plus_space,utf8 | sed 's/^subject=//'; }

know_pin() { guide_block ipsec libreswan-pin | sed "s/123456/$1/" >"$work/client/nsspassword"; }

# ---- What is shown

# Without ESP the server makes no tunnel: who the client is has been decided before.
esp=yes
sign_in() { # NAME
	if [ $esp = yes ]; then
		guide_run ipsec libreswan-connect "$client"
		said "$1" 'IPsec SA established'
	else
		guide_run ipsec libreswan-connect "$client; s/--up.*/& || true/"
		said "$1" 'initiator established IKE SA; authenticated peer'
	fi
	at_server --list-sas
	said "$1" "doctors: .* ESTABLISHED, IKEv2"
	said "$1" "remote '.*CN=$(person)"
	say "$1: libreswan, IKEv2$([ $esp = no ] || echo ', ESP')"
}

person() { openssl x509 -in "$work/server/x509/doctor.pem" -noout -subject -nameopt multiline | sed -n 's/ *commonName *= //p'; }

is_refused() { # NAME
	! (guide_run ipsec libreswan-connect "$client") >"$work/refusal" 2>&1 || fail "$1: it signs in"
	at_server --list-sas
	! grep ESTABLISHED "$work/said" || fail "$1: the server lets it in"
	sign_out # or it would go on trying
}

sign_out() { try "away" $ours auto --delete hospital; }

start_networks
only_this_card pluto
has_esp || esp=no
start_client
start_server
card_did "a start" 0 0
if [ -z "$neighbour" ]; then # it reaches the card once, pluto's own attempts to come back included
	know_pin "9${auth_pin#?}"
	is_refused "a wrong PIN"
	lost_one_try "a wrong PIN"
	know_pin "$auth_pin"
fi
sign_in "the first time"
card_did "a login" 2 1
sign_out
sign_in "again"
card_did "a second login" 1 1
sign_out
cell 'libreswan (IKEv2)' login
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
[ -z "$neighbour" ] || exit 0
printf 'version\tlibreswan\t%s\n' "$version" >>"$INKAN_TEST_CELLS"

remove_card
is_refused "a login without a card"
insert_card
sleep 1.5 # NSS looks at a slot once a second
guide_run ipsec libreswan-again "$client"
sign_in "the card again"
card_did "the card again" 2 1
sign_out

sed -i 's/certs = doctor.pem/certs = server.pem/' "$work/server/swanctl.conf"
at_server --load-conns
is_refused "the card of a stranger"
await_line "the card of a stranger" "$work/client/log" AUTHENTICATION_FAILED
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
