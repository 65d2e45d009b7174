#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What inkan setup pam writes, read by pam_pkcs11: card and password, and neither alone. The folder
# /etc is this test's own (--root, libpam-wrapper, libnss-wrapper).
. "${srcdir:-.}/tests/clients/lib.sh"
need pamtester pamtester
need openssl openssl
wrappers="libpam_wrapper.so libnss_wrapper.so"
[ -z "$(LD_PRELOAD=$wrappers true 2>&1)" ] || skip "libpam_wrapper or libnss_wrapper is missing (packages libpam-wrapper, libnss-wrapper)"
[ -n "$(find /lib/ /lib64/ -path '*/security/pam_pkcs11.so' 2>/dev/null)" ] || skip "pam_pkcs11 is missing (package libpam-pkcs11)"
[ "$(stat -c %u "$auth_module")" = 0 ] || skip "pam_pkcs11 takes only a module that root owns: run make check as root"
on_cards hpki jpki

root=$work/root etc=$work/root/etc
prefix=$(sed -n 's|^bin_dir=\(.*\)/bin$|\1|p' "$installed/paths")

machine() {
	for folder in "$etc/inkan/anchors" "$root$prefix/etc/inkan/anchors"; do
		mkdir -p "$folder"
		cp "$pki/$card-auth-ca.pem" "$folder"
		[ "$card" = jpki ] || cp "$pki/root.pem" "$folder"
	done
	mkdir -p "$root$module_dir" "$etc/pam.d" "$work/pam.d"
	cp "$auth_module" "$root$module_dir"
	echo "doctor:$(openssl passwd -6 secret):65534:65534::/:/bin/sh" >"$work/passwd"
	echo 'people:x:65534:' >"$work/group"
}

# The administrator's part; in the place of @include, which this wrapper of PAM does not move.
service() {
	printf 'auth %s\n' '[success=1 default=ignore] pam_unix.so nullok' 'requisite pam_deny.so' 'required pam_permit.so'
	sed "s|pam_pkcs11.so|& config_file=$etc/pam_pkcs11/pam_pkcs11.conf|" "$etc/pam.d/inkan-card"
	echo "account required pam_unix.so"
}

ask() { # PASSWORD PIN
	printf '%s\n' "$1" "$2" | LD_PRELOAD=$wrappers PAM_WRAPPER=1 PAM_WRAPPER_SERVICE_DIR=$work/pam.d \
		NSS_WRAPPER_PASSWD=$work/passwd NSS_WRAPPER_GROUP=$work/group \
		timeout 60 pamtester login doctor authenticate acct_mgmt >"$work/said" 2>&1
}

let_in() { ask secret "$auth_pin" || fail "$1: refused: $(cat "$work/said")"; }

refuse() { # NAME PASSWORD PIN VERIFYS
	before=$(ask_card verifies)
	! ask "$2" "$3" || fail "$1: let in"
	[ $(($(ask_card verifies) - before)) = "$4" ] || fail "$1: $(($(ask_card verifies) - before)) VERIFYs"
	say "refused: $1"
}

machine
try "inkan setup pam" "$inkan" setup pam --root "$root" --module "$auth_module" --user doctor --yes
[ "$(ask_card verifies)" = 0 ] || fail "inkan setup used a PIN"
sed -i "s|/etc/pam_pkcs11|$root&|" "$etc/pam_pkcs11/pam_pkcs11.conf"
service >"$work/pam.d/login"
let_in "card and password"
refuse "the card without the password" guess "$auth_pin" 0
refuse "the password without the PIN" secret '' 0
remove_card
refuse "the password without the card" secret "$auth_pin" 0
insert_card
let_in "the card again"
try "--undo --user" "$inkan" setup pam --root "$root" --undo --user doctor --yes
refuse "a card that is no longer anybody's" secret "$auth_pin" 1
try "--undo" "$inkan" setup pam --root "$root" --undo --yes
[ -z "$(find "$etc/pam.d" "$etc/pam_pkcs11" -type f)" ] || fail "left behind: $(find "$etc/pam.d" "$etc/pam_pkcs11" -type f)"
