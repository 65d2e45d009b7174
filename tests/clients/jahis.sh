#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The modules of JAHIS 24-002 as they are installed: with pkcs11-tool, with one another
# and the main ones in one process, beside libp11-kit, and with several readers.
. "${srcdir:-.}/tests/clients/lib.sh"
need pkcs11-tool opensc
need p11tool gnutls-bin
on_cards hpki "hpki --layout annex-b" \
	"hpki --pin-auth 123456 --pin-sign 876543 --card jpki --card foreign --card hpki --name JIRO"

jahis_auth=$module_dir/HpkiAuthP11_inkan.so
jahis_sign=$module_dir/HpkiSigP11_inkan.so

# One process: who shows what does not depend on the company or on how it was loaded.
expect() { # MODULE: what it says of itself
	case $1 in
	"$auth_module") echo 'inkan-pkcs11.so 2.40|Inkan authentication tokens|Inkan|HPKI Authentication|authentication' ;;
	"$sign_module") echo 'inkan-sign-pkcs11.so 2.40|Inkan signature tokens|Inkan|HPKI Signature|signature' ;;
	"$jahis_auth") echo 'HpkiAuthP11_inkan.so 2.20|HPKI 3.0||HPKI Application|authentication' ;;
	"$jahis_sign") echo 'HpkiSigP11_inkan.so 2.20|HPKI 3.0||HPKI Application|signature' ;;
	esac
}

together() { # PROGRAM MODULES...
	program=$1
	shift
	for module; do
		expect "$module"
	done >"$work/expected"
	for module; do
		case $module in
		"$auth_module" | "$jahis_auth") set -- "$@" "$module" "$auth_pin" ;;
		*) set -- "$@" "$module" "$sign_pin" ;;
		esac
		shift
	done
	for options in '' -g -k '-g -k'; do
		# shellcheck disable=SC2086 # $options are words
		try "$program $options $*" "$builddir/tests/clients/$program" $options "$@"
		diff "$work/expected" "$work/said" || fail "$program $options: modules are mixed up"
	done
}
for program in together together-p11-kit; do
	[ -x "$builddir/tests/clients/$program" ] || { say "$program: skipped: not built (package libp11-kit-dev)"; continue; }
	together "$program" "$jahis_auth" "$jahis_sign"
	together "$program" "$jahis_sign" "$auth_module" "$jahis_auth" "$sign_module"
	say "$program: RTLD_LOCAL and RTLD_GLOBAL, libp11-kit loaded and not: never mixed up"
done

# Programs that know nothing of JAHIS: OpenSC's tool, which logs in to no token without
# CKF_TOKEN_INITIALIZED, and GnuTLS's, which does.
look() { # MODULE
	try "pkcs11-tool -I" pkcs11-tool --module "$1" --show-info
	said "-I" '^Cryptoki version 2.20$'
	said "-I" '^Library  *HPKI 3.0 '
	try "pkcs11-tool -M" pkcs11-tool --module "$1" --list-mechanisms
	[ "$(grep -c keySize "$work/said")" = 1 ] || fail "more than one mechanism: $(cat "$work/said")"
	said "-M" '^  RSA-PKCS, keySize={2048,2048}, sign$'
	try "pkcs11-tool -O" pkcs11-tool --module "$1" --list-objects
	for label in 'HPKI END ENTITY CERTIFICATE' 'MHLW CA CERTIFICATE' 'HPKI ROOT CA CERTIFICATE'; do
		said "-O" "^  label:  *$label$"
	done
	[ "$(grep -c '^  label:' "$work/said")" = 3 ] || fail "objects that JAHIS does not name: $(cat "$work/said")"
}

sign() { # MODULE PIN
	look "$1"
	# There is no public key object to compare with as well: an exit code of its own.
	GNUTLS_PIN=$2 timeout 60 p11tool --provider "$1" --batch --login \
		--test-sign 'pkcs11:token=HPKI%20Application;id=%17;type=private' >"$work/said" 2>&1 </dev/null
	said "p11tool --test-sign" '^Signing using RSA-SHA256... ok$'
	said "p11tool --test-sign" '^Verifying against private key parameters... ok$'
	say "$(basename "$1"): information, mechanism, certificates, a signature"
}
sign "$jahis_auth" "$auth_pin"
sign "$jahis_sign" "$sign_pin"

guide_run existing look
said "the guide's commands" 'HPKI 3.0'
said "the guide's commands" 'HPKI END ENTITY CERTIFICATE'
mkdir "$work/signer"
guide_run existing link "s|/opt/signer/lib/|$work/signer/|"
try "through the link" pkcs11-tool --module "$work/signer/HpkiSigP11_inkan.so" --list-token-slots
said "through the link" 'Virtual Reader 1'

# HPKI cards, in the order of their readers; no slot without a reader.
slots() { # OPTION: the readers' names, of slots in their order
	pkcs11-tool --module "$jahis_sign" "$1" 2>"$work/error" | sed -n 's/^Slot [0-9]* (0x[0-9a-f]*): //p'
}
readers=$("$vcard" --send list | tr ' ' '\n' | grep -c '^[0-9]*:') || fail "the virtual readers do not answer"
[ "$(slots --list-slots | wc -l)" = "$readers" ] || fail "$(slots --list-slots | wc -l) slots for $readers readers"
tokens=$(slots --list-token-slots | sed 's/.* \(0[0-9]\) 00$/\1/' | xargs)
case $readers in
1) [ "$tokens" = 00 ] || fail "tokens: $tokens" ;;
4) [ "$tokens" = '00 03' ] || fail "tokens: $tokens" ;;
esac
say "readers: $readers, tokens in readers $tokens"
