#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What inkan setup writes, read by the programs it is for, with a card in the reader.
. "${srcdir:-.}/tests/clients/lib.sh"
need modutil libnss3-tools
need certutil libnss3-tools
need p11tool gnutls-bin
need ssh openssh-client
need openssl openssl
need_provider_or_engine
on_cards hpki jpki

XDG_CONFIG_HOME=$HOME/.config XDG_DATA_HOME=$HOME/.local/share
export XDG_CONFIG_HOME XDG_DATA_HOME
profile=$HOME/.config/mozilla/firefox/test.default
mkdir -p "$profile"
try "a profile" certutil -N -d "sql:$profile" --empty-password

with() { # MODULE: how the guide's commands are edited
	echo "s|^inkan setup [a-z0-9-]*|& --yes --module $1|; s|^inkan|$inkan|"
}

tokens() { # DATABASE SEEN UNSEEN
	try "modutil -list" modutil -dbdir "sql:$1" -list
	said "$1" "token: $2"
	! grep -q "token: $3" "$work/said" || fail "$1 shows the token $3"
}

guide_run setup browsers "$(with "$auth_module")"
tokens "$profile" "$auth_token" "$sign_token"
tokens "$HOME/.pki/nssdb" "$auth_token" "$sign_token"
say "$auth_token: in the databases of Firefox and Chromium"

guide_run setup signers "$(with "$sign_module")"
tokens "$XDG_DATA_HOME/inkan/nssdb" "$sign_token" "$auth_token"
say "$sign_token: in the database for signers"

guide_run setup others "$(with "$auth_module")"
try "ssh -G" ssh -F "$HOME/.ssh/config" -G pacs.hospital.example
said "ssh" "^pkcs11provider $auth_module"
try "p11tool" p11tool --list-token-urls
said "p11tool" "token=$family%20Authentication"
! grep -q "token=$family%20Signature" "$work/said" || fail "p11-kit shows the signature token"

try "the certificate" p11tool --export "$auth_uri;type=cert" --outfile "$work/auth.pem"
openssl x509 -in "$work/auth.pem" -noout -pubkey >"$work/auth.pub"
date >"$work/letter"
has_provider && engine= || engine='-engine pkcs11 -keyform engine'
# shellcheck disable=SC2086 # options are words
printf '%s\n' "$auth_pin" | OPENSSL_CONF=$HOME/.config/inkan/openssl.cnf timeout 60 setsid -w openssl dgst -sha256 \
	$engine -sign "$auth_uri;type=private" -out "$work/signature" "$work/letter" \
	>"$work/said" 2>&1 || fail "dgst -sign: $(cat "$work/said")"
try "dgst -verify" openssl dgst -sha256 -verify "$work/auth.pub" -signature "$work/signature" "$work/letter"
say "$auth_token: signed with the configuration for OpenSSL"

guide_run setup undo "s|\$| --yes|; s|^inkan|$inkan|"
! grep -rq inkan-pkcs11.so "$HOME/.ssh" "$HOME/.config" "$HOME/.pki" "$HOME/.local" 2>/dev/null ||
	fail "left behind: $(grep -rl inkan-pkcs11.so "$HOME")"
[ "$(ask_card verifies),$(ask_card signatures)" = 2,1 ] || fail "one signature takes two VERIFYs"
