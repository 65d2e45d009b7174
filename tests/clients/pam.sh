#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# pam_pkcs11 beside pam_unix: card and password, as the guide's page sets them up. The folders
# /etc/pam.d and /etc/passwd are this test's own (libpam-wrapper, libnss-wrapper).
. "${srcdir:-.}/tests/clients/lib.sh"
need pamtester pamtester
need openssl openssl
need p11tool gnutls-bin
wrappers="libpam_wrapper.so libnss_wrapper.so"
[ -z "$(LD_PRELOAD=$wrappers true 2>&1)" ] || skip "libpam_wrapper or libnss_wrapper is missing (packages libpam-wrapper, libnss-wrapper)"
[ -n "$(find /lib/ /lib64/ -path '*/security/pam_pkcs11.so' 2>/dev/null)" ] || skip "pam_pkcs11 is missing (package libpam-pkcs11)"
[ "$(stat -c %u "$auth_module")" = 0 ] || skip "pam_pkcs11 takes only a module that root owns: run make check as root"
on_cards hpki jpki "hpki --name REVOKED --revoked" "hpki --name EXPIRED --expired" "jpki --name EXPIRED --expired" \
	"hpki after other-kind" "hpki before other-person" "hpki after foreign" "hpki before foreign"

# ---- The machine, as the guide sets it up

etc=$work/etc
XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache
export XDG_DATA_HOME XDG_CACHE_HOME
quoted=$(echo "$inkan" | sed 's|/|\\/|g')
here="s|/etc/pam_pkcs11|$etc|g; s|/usr/local/etc/inkan/anchors|$XDG_DATA_HOME/inkan/anchors|; s|^inkan |$inkan |"

people() {
	mkdir -p "$etc" "$work/pam.d" "$XDG_DATA_HOME/inkan/anchors"
	hash=$(openssl passwd -6 secret)
	printf '%s:%s:65534:65534::/:/bin/sh\n' doctor "$hash" nurse "$hash" >"$work/passwd"
	echo 'people:x:65534:' >"$work/group"
	# as Debian's pam-auth-update writes it
	printf 'auth %s\n' '[success=1 default=ignore] pam_unix.so nullok' \
		'requisite pam_deny.so' 'required pam_permit.so' >"$work/pam.d/common-auth"
	{
		echo "@include common-auth"
		guide_block pam service | sed "s|pam_pkcs11.so|& config_file=$etc/pam_pkcs11.conf|"
		echo "account required pam_unix.so"
	} >"$work/pam.d/login"
	{
		guide_block pam sudo | sed "s|pam_pkcs11.so|& config_file=$etc/pam_pkcs11.conf|"
		echo "@include common-auth"
		echo "account required pam_unix.so"
	} >"$work/pam.d/sudo"
}

set_up() {
	cp "$pki/$card-auth-ca.pem" "$XDG_DATA_HOME/inkan/anchors"
	[ "$card" = jpki ] || cp "$pki/root.pem" "$XDG_DATA_HOME/inkan/anchors"
	guide_run pam cas "$here"
	show="show card"
	[ -z "$neighbour" ] || show="show --reader 'Virtual Reader $reader' card"
	guide_run pam card "$here; s|show card|$show|"
	guide_block pam configuration | sed "s|/usr/local/lib/pkcs11|$module_dir|; $here" >"$etc/pam_pkcs11.conf"
	[ "$card" = hpki ] || return 0
	mv "$etc/digest_mapping" "$work/by_hand"
	try "import" "$inkan" status import "$pki/sarl.crl" "$pki/rarl.crl" "$pki/hpki-auth.crl"
	guide_run pam save "$here; $address"
	make_mapping
}

make_mapping() { # of those who are not revoked
	guide_run pam mapping "$here; s/inkan verify /$quoted verify /; s/inkan show /$quoted show /"
	[ -s "$etc/digest_mapping" ] || fail "no mapping"
}

# ---- Signing in

test_pam() { # SERVICE USER, with the answers on standard input
	LD_PRELOAD=$wrappers PAM_WRAPPER=1 PAM_WRAPPER_SERVICE_DIR=$work/pam.d \
		NSS_WRAPPER_PASSWD=$work/passwd NSS_WRAPPER_GROUP=$work/group \
		timeout 60 pamtester "$1" "$2" authenticate acct_mgmt >"$work/said" 2>&1
}

ask() { # USER PASSWORD PIN: pam_unix asks for one, pam_pkcs11 for the other
	verifies=$(ask_card verifies) left=$(ask_card tries)
	printf '%s\n' "$2" "$3" | test_pam login "$1"
}

let_in() { # NAME USER PASSWORD PIN
	ask "$2" "$3" "$4" || fail "$1: refused: $(cat "$work/said")"
	said "$1" "account management done"
	[ "$(grep -o 'PIN: ' "$work/said" | wc -l)" = 1 ] || fail "$1: not one question for the PIN"
}

refuse() { # NAME REASON VERIFYS TRIES USER PASSWORD PIN
	! ask "$5" "$6" "$7" || fail "$1: let in"
	said "$1" "$2"
	[ "$(($(ask_card verifies) - verifies)),$((left - $(ask_card tries)))" = "$3,$4" ] ||
		fail "$1: $(($(ask_card verifies) - verifies)) VERIFYs, $((left - $(ask_card tries))) tries lost"
	say "refused: $1"
}

two_factors() {
	let_in "card and password" doctor secret "$auth_pin"
	[ "$(ask_card signatures)" = 1 ] || fail "the card signed $(ask_card signatures) times"
	refuse "wrong password" "Authentication failure" 0 0 doctor guess "$auth_pin"
	refuse "wrong user" "No matching certificate" 1 0 nurse secret "$auth_pin"
	refuse "wrong PIN" "Wrong smart *card PIN" 1 1 doctor secret "9${auth_pin#?}"
	let_in "the right PIN again" doctor secret "$auth_pin"
	refuse "PIN of another length" "Wrong smart *card PIN" 0 0 doctor secret 1
	remove_card
	refuse "no card" "No smart card found\|no suitable token" 0 0 doctor secret "$auth_pin"
	insert_card
	let_in "the card again" doctor secret "$auth_pin"
}

card_alone() { # sudo's lines
	verifies=$(ask_card verifies)
	echo "$auth_pin" | test_pam sudo doctor || fail "sudo: refused: $(cat "$work/said")"
	[ $(($(ask_card verifies) - verifies)) = 2 ] || fail "sudo: $(($(ask_card verifies) - verifies)) VERIFYs"
	! grep -q Password "$work/said" || fail "sudo asks for the password"
	remove_card
	! echo secret | test_pam sudo doctor || fail "sudo: the password instead of the card"
	insert_card
}

# The card is pulled while the question for the PIN stands there.
pulled() {
	verifies=$(ask_card verifies)
	rm "$work/said"
	ask_witness || fail "the card was left unlocked: $(cat "$work/witness")"
	! {
		echo secret
		await_line "the question" "$work/said" 'PIN: '
		"$vcard" --send "remove $reader" >/dev/null
		echo "$auth_pin"
	} | test_pam login doctor || fail "let in without a card"
	[ "$(ask_card verifies)" = "$verifies" ] || fail "a VERIFY without a card"
	said "the card pulled" 'Error 2320'
	say "refused: the card pulled at the question for the PIN"
	insert_card
}

# pkcs11_eventmgr runs the action when the card goes, and has no PIN.
watch_removal() {
	verifies=$(ask_card verifies)
	guide_block pam removal | sed "s|/usr/local/lib/pkcs11|$module_dir|; s|loginctl lock-session|touch $work/locked|" >"$etc/pkcs11_eventmgr.conf"
	guide_write pam watch "$here; s|^|exec |"
	sh "$work/block" >"$work/eventmgr" 2>&1 9>&- &
	echo $! >"$work/eventmgr.pid"
	servers="$servers $work/eventmgr.pid"
	sleep 2.5 # it looks once a second, and says nothing
	[ ! -e "$work/locked" ] || fail "locked with the card in"
	let_in "beside pkcs11_eventmgr" doctor secret "$auth_pin"
	remove_card
	for _ in $(seq 100); do
		[ ! -e "$work/locked" ] || break
		sleep 0.1
	done
	[ -e "$work/locked" ] || fail "the card is pulled, and nothing happens: $(cat "$work/eventmgr")"
	kill "$(cat "$work/eventmgr.pid")"
	insert_card
	say "pkcs11_eventmgr: the card pulled"
}

misfits() { # what the machine's owner may have got wrong: nobody gets in
	mv "$etc/digest_mapping" "$work/digest_mapping"
	sed 's/^[^:]*:/00:/' "$work/digest_mapping" >"$etc/digest_mapping" # pam_pkcs11 0.6.12 crashes on an empty one
	refuse "card of nobody" "No matching certificate" 1 0 doctor secret "$auth_pin"
	mv "$work/digest_mapping" "$etc/digest_mapping"
	mv "$etc/cacerts" "$work/cacerts"
	mkdir "$etc/cacerts"
	refuse "card of an unknown CA" "Certificate" 1 0 doctor secret "$auth_pin"
	rmdir "$etc/cacerts"
	mv "$work/cacerts" "$etc/cacerts"
	[ "$card" = hpki ] || return 0
	mv "$XDG_CACHE_HOME" "$work/lists"
	try "import" "$inkan" status import "$pki/sarl.crl" "$pki/rarl.crl"
	make_mapping
	refuse "no list of the card's CA" "No matching certificate" 1 0 doctor secret "$auth_pin"
	rm -r "$XDG_CACHE_HOME"
	mv "$work/lists" "$XDG_CACHE_HOME"
	make_mapping
}

people
only_this_card pamtester pkcs11_inspect
set_up
case $INKAN_TEST_OPTIONS in
*--revoked*)
	refuse "revoked certificate" "No matching certificate" 1 0 doctor secret "$auth_pin"
	mv "$work/by_hand" "$etc/digest_mapping"
	let_in "the same where no list is looked at" doctor secret "$auth_pin"
	;;
*--expired*)
	refuse "expired certificate" "Certificate has expired" 1 0 doctor secret "$auth_pin"
	;;
*)
	two_factors
	if [ -z "$neighbour" ]; then
		card_alone
		pulled
		watch_removal
		misfits
	fi
	let_in "all as it was" doctor secret "$auth_pin"
	cell PAM login
	;;
esac
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
