#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# SSSD beside pam_unix: card and password, as the guide's page sets them up, and the account found by the card alone, as login
# screens do. A whole sssd, in a mount namespace with an /etc of its own; both our modules and OpenSC's are registered.
# shellcheck disable=SC2086 # $here is words
. "${srcdir:-.}/tests/clients/lib.sh"
need sssd sssd-common
need pamtester pamtester
need openssl openssl
need p11tool gnutls-bin
[ -n "$(find /lib/ /lib64/ /usr/lib/ -path '*/security/pam_sss.so' 2>/dev/null)" ] || skip "pam_sss is missing (package libpam-sss)"
roots_alone=/usr/libexec/sssd # Debian 13 lets its own user alone run one of these
on_cards hpki jpki "hpki --name REVOKED --revoked" "hpki after other-kind" "hpki before other-person" "jpki after foreign"

XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache
export XDG_DATA_HOME XDG_CACHE_HOME
at_home="s|/etc/sssd|$work/sssd|g; s|^inkan |$inkan |"

# ---- The machine

files() {
	mkdir -p "$work/sssd/pki" "$work/sssd/conf.d" "$work/pam.d"
	chmod 711 "$work/sssd"
	cp "$work/auth-cas.pem" "$work/sssd/pki/cards.pem"
	hash=$(openssl passwd -6 secret)
	printf '%s:%s:%s::/:/bin/sh\n' root "$hash" 0:0 doctor "$hash" 1000:1000 nurse "$hash" 1001:1000 >"$work/passwd"
	printf 'root:x:0:\npeople:x:1000:\n' >"$work/group"
	printf 'passwd: files sss\ngroup: files sss\nshadow: files\n' >"$work/nsswitch.conf"
	# as Debian's pam-auth-update writes it
	printf 'auth %s\n' '[success=1 default=ignore] pam_unix.so nullok' \
		'requisite pam_deny.so' 'required pam_permit.so' >"$work/pam.d/common-auth"
	{
		echo "@include common-auth"
		guide_block sssd service
		echo "account required pam_permit.so"
	} >"$work/pam.d/login"
	printf '%s\n' 'auth required pam_sss.so allow_missing_name require_cert_auth' 'account required pam_permit.so' >"$work/pam.d/gdm-smartcard"
}

configure() {
	guide_block sssd configuration | sed "$address; s|^\[pam\]|&\np11_wait_for_card_timeout = 1\np11_child_timeout = 30\ndebug_level = 9|" >"$work/sssd/sssd.conf"
	[ -n "$(find /usr/lib* -name libsss_files.so 2>/dev/null)" ] && provider=files || provider=proxy
	if [ $provider = files ]; then
		guide_block sssd files >>"$work/sssd/sssd.conf"
	else
		guide_block sssd proxy >>"$work/sssd/sssd.conf"
	fi
	cd "$work" || exit
	try "the card's certificate" p11tool --provider "$auth_module" --export "$auth_uri;type=cert" --outfile doctor.pem
	guide_run sssd rule "$at_home"
	[ "$card" = jpki ] || lists
	chmod 600 "$work/sssd/sssd.conf"
}

lists() {
	mkdir -p "$XDG_DATA_HOME/inkan/anchors"
	cp "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$XDG_DATA_HOME/inkan/anchors"
	try "import" "$inkan" status import "$pki/sarl.crl" "$pki/rarl.crl" "$pki/hpki-auth.crl"
	guide_run sssd lists "$at_home"
	guide_block sssd strict >"$work/strict"
	sed -i "/^pam_cert_verification/{r $work/strict
		d}" "$work/sssd/sssd.conf"
}

# In the namespace: empty folders for SSSD, and the files made above in the place of the machine's.
start_machine() {
	start_root
	register_here
	opensc=/usr/share/p11-kit/modules/opensc-pkcs11.module # under the mount: so by hand
	[ -z "$(find /usr/lib* -name opensc-pkcs11.so 2>/dev/null)" ] || echo 'module: opensc-pkcs11.so' >"$work/p11-kit/${opensc##*/}"
	case $(sssd --version) in 2.9.*) guide_run sssd opensc "s|/etc/pkcs11/modules|$work/p11-kit|g" ;; esac
	cat >"$work/mounts" <<-END
		for folder in /run /var/lib/sss /var/log/sssd; do mount -t tmpfs none \$folder; done
		cd /var/lib/sss && mkdir -p db deskprofile gpo_cache mc pipes/private pubconf/krb5.include.d secrets keytabs
		mkdir -p /run/sssd
		for file in passwd group nsswitch.conf pam.d sssd; do mount --bind "$work/\$file" /etc/\$file; done
	END
	[ ! -d "$srcdir/roots" ] || echo "mount --bind '$srcdir/roots' $roots_alone" >>"$work/mounts"
	try "the machine's files" $here sh -eu "$work/mounts"
	$here test -x $roots_alone/sssd_pam || skip "root alone may run $roots_alone/sssd_pam"
	start_sssd
}

start_sssd() {
	$here sssd -i --logger=files >"$work/sssd.log" 2>&1 9>&- &
	echo $! >"$work/sssd.pid"
	case " $servers" in
	*" $work/sssd.pid "*) ;;
	*) servers="$work/sssd.pid $servers" ;;
	esac
	for _ in $(seq 150); do
		! $here test -S /var/lib/sss/pipes/pam || return 0
		sleep 0.1
	done
	$here sh -c 'cat /var/log/sssd/*'
	fail "sssd does not start: $(cat "$work/sssd.log")"
}

# ---- Signing in

ask() { # SERVICE USER ANSWER...
	verifies=$(ask_card verifies) left=$(ask_card tries)
	service=$1 login=$2
	shift 2
	printf '%s\n' "$@" | timeout 60 $here pamtester -v "$service" "$login" authenticate acct_mgmt >"$work/said" 2>&1
}

let_in() { # NAME
	name=$1
	shift
	ask "$@" || {
		$here sh -c 'tail -n 30 /var/log/sssd/p11_child.log /var/log/sssd/sssd_pam.log'
		fail "$name: refused: $(cat "$work/said")"
	}
	said "$name" "account management done"
	[ "$(grep -o "PIN for $auth_token" "$work/said" | wc -l)" = 1 ] || fail "$name: not one question for the PIN: $(cat "$work/said")"
	say "let in: $name"
}

refuse() { # NAME VERIFYS TRIES SERVICE USER ANSWER...
	name=$1 sent=$2 cost=$3
	shift 3
	! ask "$@" || fail "$name: let in"
	[ "$(($(ask_card verifies) - verifies)),$((left - $(ask_card tries)))" = "$sent,$cost" ] ||
		fail "$name: $(($(ask_card verifies) - verifies)) VERIFYs, $((left - $(ask_card tries))) tries lost: $(cat "$work/said")"
	say "refused: $name"
}

files
configure
start_machine
case $INKAN_TEST_OPTIONS in
*--revoked*)
	refuse "a revoked card" 0 0 login doctor secret "$auth_pin"
	exit 0
	;;
esac
let_in "card and password" login doctor secret "$auth_pin"
card_did "a login" 2 1
cell 'SSSD (pam_sss)' login
let_in "found by the card" gdm-smartcard '' "$auth_pin"
card_did "found by the card" 2 1
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
[ -z "$neighbour" ] || exit 0

# SSSD's helper without p11_uri: it ends at the first token, which is the right one. Without that one it finds none: the
# signature token is registered too, and not for it.
helper=$(find /usr/libexec/sssd /usr/lib*/sssd -name p11_child 2>/dev/null | head -n 1)
look() { # it fails where it finds no token
	timeout 60 $here "$helper" --pre -d 9 --logger=stderr --ca_db "$work/sssd/pki/cards.pem" --verify no_ocsp >"$work/said" 2>&1
	said "p11_child" 'Module List'
}
look
said "p11_child" "^$auth_token\$"
mkdir "$work/aside"
mv "$work/p11-kit/inkan.module" "$work/aside"
[ ! -e "$work/p11-kit/${opensc##*/}" ] || mv "$work/p11-kit/${opensc##*/}" "$work/aside"
look
! grep -q -e "$sign_token" -e inkan-sign-pkcs11.so "$work/said" || fail "SSSD sees the signature token: $(cat "$work/said")"
mv "$work/aside"/* "$work/p11-kit"

refuse "a wrong password" 0 0 login doctor guess "$auth_pin"
refuse "another person's account" 0 0 login nurse secret "$auth_pin"
refuse "a wrong PIN" 1 1 login doctor secret "9${auth_pin#?}"
let_in "the right PIN again" login doctor secret "$auth_pin"
remove_card
refuse "no card" 0 0 login doctor secret "$auth_pin"
insert_card
let_in "the card again" login doctor secret "$auth_pin"
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"

# What inkan setup sssd writes, in the place of the page's lines.
kill "$(cat "$work/sssd.pid")" && while is_alive "$work/sssd.pid"; do sleep 0.1; done
$here rm -f /var/lib/sss/pipes/pam
sed '/^pam_cert/d; /^p11_uri/d; /^\[certmap/,$d' "$work/sssd/sssd.conf" >"$work/sssd.conf"
root=$work/root
for folder in "$root/etc/inkan/anchors" "$root$(sed -n 's|^bin_dir=\(.*\)/bin$|\1|p' "$installed/paths")/etc/inkan/anchors"; do
	mkdir -p "$folder"
	cp "$pki/$card-auth-ca.pem" "$folder"
	[ "$card" = jpki ] || cp "$pki/root.pem" "$folder"
done
mkdir -p "$root$module_dir" "$root/etc/sssd"
cp "$auth_module" "$root$module_dir"
cp "$work/sssd.conf" "$root/etc/sssd"
try "inkan setup sssd" "$inkan" setup sssd --root "$root" --module "$auth_module" --user doctor --yes
cp -R "$root/etc/sssd/." "$work/sssd"
start_sssd
let_in "set up by inkan setup" login doctor secret "$auth_pin"
refuse "another person's account again" 0 0 login nurse secret "$auth_pin"
[ "$(ask_app verifies sign)" = 0 ] || fail "a VERIFY went to the signature application"
