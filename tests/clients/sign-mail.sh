#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# S/MIME through NSS (cmsutil, and a program that stays) and gpgsm with gnupg-pkcs11-scd,
# 50 documents each; openssl verifies.
. "${srcdir:-.}/tests/clients/lib.sh"
need openssl openssl
need setsid util-linux
need_nss
on_cards hpki jpki "jpki before other-kind" "hpki after other-person" "hpki after foreign"
. "$srcdir/tests/clients/signing.sh"
cd "$work" || exit 1
documents=50
[ -z "$neighbour" ] || documents=2 # the figures are those of a card alone
names="s|HPKI Signature:HPKI END ENTITY CERTIFICATE|$sign_token:$sign_label|; s|ca.pem|sign-cas.pem|; s|root.pem|$anchor|"

# ---- NSS

# cmsutil asks on the terminal, or is told on the command line; it has no terminal here.
told() { printf '%s\n' "$names; s/^cmsutil -S/setsid -w & -p $1/"; }

no_signature() {
	! openssl cms -verify -binary -inform DER -in letter.p7s -content letter.txt -CAfile sign-cas.pem \
		-purpose any -out content 2>openssl.said || fail "a wrong PIN leaves a signature"
}

sign_with_nss() {
	guide_run mail prepare
	echo letter >letter.txt
	mark
	guide_block mail cmsutil | sed -e "$(told "$(wrong_pin)")" >block
	! timeout 20 sh -eu block >said 2>&1 || fail "cmsutil signed with a wrong PIN"
	lost_one "a wrong PIN"
	no_signature
	mark
	for i in $(seq $documents); do
		echo "document $i" >letter.txt
		guide_run mail cmsutil "$(told "$sign_pin")"
		guide_run mail verify "$names"
		cmp -s letter.p7s last.p7s && fail "the signature is the last one"
		cp letter.p7s last.p7s
	done
	made "cmsutil, $documents documents" $documents
	cell 'NSS cmsutil (S/MIME)' signature
	batch 'NSS cmsutil (S/MIME)' $documents "$pins"
}

# Each dialog is answered, and says so.
stay_open() {
	mark
	try "NSS, one process" "$builddir/tests/clients/nss-card" sign sql:nss "$sign_token:$sign_label" $documents "$sign_pin"
	asked=$(grep -c '^asked .*: answered' said)
	made "NSS, $documents documents in one process" $documents
	given "NSS, one process" "$asked"
	batch 'NSS, a program that stays open' $documents "$asked"
}

# ---- GnuPG

# Whose signature; it knows the certificates of all cards.
local_user=
[ -z "$neighbour" ] || local_user="--local-user $(openssl x509 -noout -fingerprint -sha1 \
	-in "$(find "$pki" -name "$card-sign-taro-sample-*.pem")" | sed 's/.*=//; s/://g')"

# A pinentry that answers with what stands in the file pin and notes each question.
make_pinentry() {
	cat >pinentry <<-END
		#!/bin/sh
		echo "OK"
		while read -r command text; do
			case \$command in
			SETDESC) echo "\$text" >$work/question ;;
			GETPIN) cat $work/question >>$work/asked; echo "D \$(cat $work/pin)" ;;
			BYE) echo OK; exit ;;
			esac
			echo OK
		done
	END
	chmod 700 pinentry
}

start_gnupg() {
	make_pinentry
	mkdir -m 700 "$HOME/.gnupg"
	echo "pinentry-program $work/pinentry" >"$HOME/.gnupg/gpg-agent.conf"
	echo "$sign_pin" >pin
	guide_run mail gnupg "$names"
	case $card in
	hpki) guide_run mail learn-hpki ;;
	jpki) guide_run mail learn-jpki "s|systemd-ask-password|cat $work/pin|" ;;
	esac
	gpg-connect-agent 'getinfo pid' /bye 2>/dev/null | sed -n 's/^D //p' >agent.pid
	servers="$servers $work/agent.pid"
}

# GnuPG 2.4 does not find a certificate that has not been learnt since its agent started.
learned=0
case $card-$(gpgsm --version 2>/dev/null | head -n 1) in
hpki* | *' 2.2'*) ;;
*) learned=1 ;;
esac

restart_gnupg() { # with this PIN in the pinentry
	gpgconf --kill gpg-agent
	echo "$1" >pin
	[ $learned = 0 ] || guide_run mail learn-again "s|systemd-ask-password|cat $work/pin|"
	: >asked
}

sign_wrongly_with_gnupg() {
	mark
	restart_gnupg "$(wrong_pin)"
	[ $learned = 0 ] || { lost_one "gpgsm, a wrong PIN"; return; }
	rm -f letter.p7s
	# shellcheck disable=SC2086 # two words
	! timeout 30 gpgsm $local_user --detach-sign --output letter.p7s letter.txt >said 2>&1 || fail "gpgsm signed with a wrong PIN"
	lost_one "gpgsm, a wrong PIN"
	[ ! -s letter.p7s ] || no_signature
}

# A zero too many is GnuPG's: openssl refuses it, and with it this one signature.
openssl_agrees() {
	openssl cms -verify -binary -inform DER -in letter.p7s -content letter.txt -CAfile sign-cas.pem \
		-purpose any -out content 2>openssl.said && return 0
	grep -q 'wrong signature length' openssl.said || fail "openssl refuses gpgsm's signature: $(cat openssl.said)"
	return 1
}

sign_with_gnupg() {
	restart_gnupg "$sign_pin"
	agreed=0
	mark
	for i in $(seq $documents); do
		echo "document $i" >letter.txt
		rm -f letter.p7s
		guide_run mail gpgsm "s|--detach-sign|$local_user &|"
		said gpgsm 'Good signature'
		! openssl_agrees || agreed=$((agreed + 1))
	done
	asked=$(grep -c '^Please enter the PIN' asked)
	made "gpgsm, $documents documents" $documents
	given gpgsm "$asked"
	say "openssl verifies $agreed of them; the rest are one byte too long"
	[ $agreed -gt 0 ] || [ "$documents" -lt 10 ] || fail "openssl refuses every signature" # every other one has that zero
	cell gpgsm signature
	batch gpgsm $documents $((asked + learned))
	gpgconf --kill gpg-agent
}

[ "$neighbour" != other-person ] || only_this_card cmsutil nss-card
sign_with_nss
stay_open
if command -v gpgsm >/dev/null && command -v gnupg-pkcs11-scd >/dev/null; then
	start_gnupg
	sign_wrongly_with_gnupg
	sign_with_gnupg
else
	say "not tried: gpgsm or gnupg-pkcs11-scd is missing (packages of these names)"
fi
