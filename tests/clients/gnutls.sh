#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock GnuTLS: p11tool's signing test with both tokens, and gnutls-cli's TLS
# 1.3 and 1.2 as the guide says, through p11-kit; a wrong PIN; no RSASSA-PSS.
. "${srcdir:-.}/tests/clients/lib.sh"
need p11tool gnutls-bin
need gnutls-cli gnutls-bin
need nginx nginx
on_cards hpki jpki "jpki after other-kind" "hpki after other-person" "hpki before foreign"

test_sign() { # MODULE URI PIN
	GNUTLS_PIN=$3 try "p11tool --test-sign $2" p11tool --provider "$1" --batch --login --test-sign "$2;type=private"
	said "p11tool --test-sign $2" 'ok$'
}

here() { # the guide's addresses, for this card and server
	echo "$address; s|portal.example.jp|--x509cafile $server_ca --port $port 127.0.0.1|"
}

# The input stays open until the page has come.
login() {
	GNUTLS_PIN=$1 guide_run gnutls gnutls-cli "$(here); s/^gnutls-cli/{ printf 'GET \/ HTTP\/1.0\\\\r\\\\n\\\\r\\\\n'; sleep 1; } | &/"
}

test_sign "$auth_module" "$auth_uri" "$auth_pin"
test_sign "$sign_module" "$sign_uri" "$sign_pin"
guide_run gnutls register
verified=$(ask_card verifies) signed=$(ask_card signatures)
for version in 1.3 1.2; do
	start_nginx TLSv$version
	login "$auth_pin"
	said "TLS $version" "^TLSv$version SUCCESS"
	card_did "a login on TLS $version" 2 1
	stop_nginx
	cell gnutls-cli "TLS $version"
done

# It asks once when the PIN is typed.
start_nginx TLSv1.3
guide_answer gnutls gnutls-cli "$auth_pin" "$(here)"
said "a PIN that is typed" 'Handshake was completed'
[ "$(grep -c 'Enter PIN' "$work/said")" = 1 ] || fail "not one prompt: $(cat "$work/said")"
card_did "a PIN that is typed" 2 1

# A wrong PIN goes to the card once; the next login gives the try back.
(login "999${auth_pin#???}") >"$work/refusal" 2>&1
lost_one_try "gnutls-cli with a wrong PIN"
login "$auth_pin"
card_did "the right PIN" 2 1

# Without RSASSA-PSS no login on TLS 1.3, but no PIN lost and no signature made.
mkdir -p "$HOME/.config/inkan"
echo 'pss = off' >"$HOME/.config/inkan/inkan.conf"
login "$auth_pin"
said "TLS 1.3 without PSS" 'No required SSL certificate was sent'
card_did "TLS 1.3 without PSS" 1 0
