#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock Thunderbird without a screen: the module by policy, a mail that it signs and openssl verifies, and what
# Thunderbird itself says of it. Driven as Firefox is.
# shellcheck disable=SC2086 # $drive is words
. "${srcdir:-.}/tests/clients/lib.sh"
. "$srcdir/tests/clients/browser.sh"
need thunderbird thunderbird
need python3 python3
need openssl openssl
need_nss
program=$(find /usr/lib*/thunderbird -name thunderbird-bin 2>/dev/null | head -n 1)
[ -n "$program" ] || skip "thunderbird is not a plain Thunderbird (package thunderbird)"
on_cards hpki jpki "hpki after other-kind" "hpki before other-person" "jpki after foreign"

own_folder() { # with policies of its own
	application=$work/thunderbird
	mkdir -p "$application/distribution"
	for file in "$(dirname "$program")"/*; do
		[ -e "$application/$(basename "$file")" ] || ln -s "$file" "$application"
	done
	rm "$application/thunderbird-bin"
	cp "$program" "$application" # it looks beside the file that it is
	guide_run mail thunderbird-policy "s|sudo ||; s|/etc/thunderbird/policies|$application/distribution|g"
}

# The mail from the outbox, as it was sent.
verify() { # SUBJECT
	awk '/^From - / { text = ""; next } { text = text $0 "\n" } END { printf "%s", text }' \
		"$profile/Mail/Local Folders/Unsent Messages" >"$work/mail.eml" # the last one
	grep -q "^Subject: $1" "$work/mail.eml" || fail "no mail $1"
	try "openssl" openssl cms -verify -inform SMIME -in "$work/mail.eml" -CAfile "$work/sign-cas.pem" -purpose any -out "$work/text" \
		-signer "$work/signer.pem"
	grep -q 'The letter is attached' "$work/text" || fail "another text: $(cat "$work/text")"
	openssl x509 -in "$work/signer.pem" -noout -fingerprint | cmp -s - "$work/fingerprint" || fail "somebody else has signed"
}

sign() { # SUBJECT PIN...
	arguments="{\"token\": \"$sign_token\", \"name\": \"$name\", \"subject\": \"$1\"}"
	shift
	try "a mail" $drive script "$srcdir/tests/clients/thunderbird.js" "$arguments" "$@"
}

own=$(find "$pki" -name "$card-sign-taro-sample-*.pem")
name=$(openssl x509 -in "$own" -noout -subject -nameopt multiline,sname | sed -n 's/^ *CN *= //p')
openssl x509 -in "$own" -noout -fingerprint >"$work/fingerprint"
own_folder
new_profile "$work/profile"
for ca in "$pki/$card-sign-ca.pem" $([ "$card" = jpki ] || echo "$pki/root.pem"); do
	try "certutil" certutil -A -d "sql:$profile" -n "$(basename "$ca")" -t ,C, -i "$ca"
done
cd "$work" || exit
cp "$own" taro.pem
guide_run mail thunderbird-trust "s|PROFILE|$profile|"
only_this_card thunderbird-bin
start_firefox "$application/thunderbird-bin"
try "Thunderbird's modules" $drive modules
said "Thunderbird's modules" "$sign_module"
sign Referral "$sign_pin" "$sign_pin"
said "a mail" "^VERIFY_CERT_WITHOUT_ADDRESS by $name" # its signature is good
said "a mail" '^pin 2'
card_did "a mail" 3 1
verify Referral
sign Answer "$sign_pin"
said "a second mail" "^VERIFY_CERT_WITHOUT_ADDRESS by $name"
said "a second mail" '^pin 1'
card_did "a second mail" 2 1
verify Answer
[ "$(ask_app verifies auth)" = 0 ] || fail "a VERIFY went to the authentication application"
cell Thunderbird signature
stop_firefox
