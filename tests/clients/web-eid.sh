#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Signing in and signing inside a page, in stock browsers: a page, an extension that makes Web eID's calls (the stock one is in
# no package), inkan-web-eid as inkan setup registers it, and a pinentry that shows nothing.
# shellcheck disable=SC2086 # $drive is words
. "${srcdir:-.}/tests/clients/lib.sh"
. "$srcdir/tests/clients/browser.sh"
host=$(find "$installed" -name inkan-web-eid -type f)
[ -n "$host" ] || skip "inkan-web-eid is not installed"
need chromium chromium
need Xvfb xvfb
need xdotool xdotool
need curl curl
need python3 python3
need_nss
on_cards "hpki --name ICHIRO" "jpki --name ICHIRO"

web=$work/web asked=0
mkdir -p "$web" "$HOME/dialogs" "$HOME/.config/inkan" "$HOME/.config/chromium" "$HOME/.config/mozilla"
cp "$srcdir/tests/clients/web-eid/page.html" "$web"
cp -R "$srcdir/tests/clients/web-eid" "$work/extension"
echo "pinentry = $srcdir/tests/clients/web-eid/pinentry" >"$HOME/.config/inkan/inkan.conf"

start_site() {
	site_port=$(free_port)
	python3 "$srcdir/tests/clients/web-eid/server.py" "$site_port" "$web" "$pki/server.pem" "$pki/server.key" \
		>"$work/site" 2>"$work/site.log" 9>&- &
	echo $! >"$work/site.pid"
	servers="$servers $work/site.pid"
	wait_for "$work/site" "the site"
	origin=https://localhost:$site_port
}

# Chromium knows the unpacked extension by its folder; everything else in the manifest stays as inkan setup has written it.
allow_extension() {
	id=$(printf %s "$work/extension" | sha256sum | head -c 32 | tr 0-9a-f a-p)
	sed -i "s|chrome-extension://[a-p]*/|chrome-extension://$id/|" "$HOME/.config/chromium/NativeMessagingHosts/eu.webeid.json"
}

open_tab() { # URL: sets $tab
	tab=$(curl -sf -X PUT "http://127.0.0.1:$(head -n 1 "$profile/DevToolsActivePort")/json/new?$1" |
		sed -n 's/^ *"id": "\(.*\)",$/\1/p') || fail "no tab"
}

close_tab() { # TAB
	curl -sf "http://127.0.0.1:$(head -n 1 "$profile/DevToolsActivePort")/json/close/$1" >/dev/null || fail "the tab stays"
}

# Firefox takes the manifest as it is: there the extension has the stock one's id.
with_extension() {
	mkdir -p "$profile/extensions"
	(cd "$work/extension" && zip -q "$profile/extensions/{e68418bc-f2b0-4459-a9ea-3e72b6751b07}.xpi" ./*.js ./*.json) ||
		fail "no extension"
	cat >>"$profile/user.js" <<-END
		user_pref("xpinstall.signatures.required", false);
		user_pref("extensions.autoDisableScopes", 0);
		user_pref("extensions.startupScanScopes", 15);
	END
}

open_in_firefox() { # URL
	try "$1" $drive open "$1"
}

# A page asks; its number is $asked.
page_asks() { # COMMAND ARGUMENTS
	asked=$((asked + 1))
	printf '{"command": "%s", "arguments": {"lang": "en"%s}}' "$1" "${2:+, $2}" >"$web/$asked.json"
	$open_page "$origin/page.html?$asked"
}

# What comes next is a dialog, which stands; sets $dialog.
sees() { # PATTERN...
	for _ in $(seq 550); do
		for dialog in "$HOME"/dialogs/*; do
			case ${dialog##*/} in *.* | '*') continue ;; esac
			[ -e "$dialog.seen" ] || break 2
		done
		dialog=
		sleep 0.1
	done
	[ -n "$dialog" ] || fail "no dialog: $(cat "$work"/*.log)"
	: >"$dialog.seen"
	for pattern; do
		grep -q -e "$pattern" "$dialog" || fail "the dialog does not say '$pattern': $(cat "$dialog")"
	done
}

types() { # ok | cancel | pin TEXT
	echo "$*" >"$dialog.new" && mv "$dialog.new" "$dialog.answer"
}

got() { # NUMBER KEY: of the answer to that page
	wait_for "$web/$1.answer" "an answer"
	python3 -c 'import json, sys
answer = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."):
    answer = answer.get(key) if isinstance(answer, dict) else None
print(answer if answer else "")' "$web/$1.answer" "$2"
}

key_of() { # NUMBER KEY: the public key of the certificate in that answer
	got "$1" "$2" | base64 -d | openssl x509 -inform DER -pubkey -noout >"$work/key.pem" ||
		fail "no certificate: $(cat "$web/$1.answer")"
}

signature_of() { # NUMBER DATA
	got "$1" signature | base64 -d >"$work/signature"
	try "the signature" openssl dgst -sha256 -verify "$work/key.pem" -signature "$work/signature" "$2"
}

new_nonce() {
	nonce=$(openssl rand -base64 32)
}

signed_in() { # NUMBER NONCE: the token, by the origin that the browser knows and the site's nonce
	[ "$(got "$1" algorithm),$(got "$1" format)" = RS256,web-eid:1.0 ] || fail "no token: $(cat "$web/$1.answer")"
	key_of "$1" unverifiedCertificate
	{ printf %s "$origin" | openssl dgst -sha256 -binary && printf %s "$2" | openssl dgst -sha256 -binary; } >"$work/token"
	signature_of "$1" "$work/token"
	got "$1" unverifiedCertificate | base64 -d | openssl x509 -inform DER -noout -fingerprint -sha1 | sed 's/.*=//; s/://g' |
		tr A-F a-f | grep -qx "$(fingerprint ichiro)" || fail "another person's certificate"
}

log_in() {
	new_nonce
	page_asks authenticate "\"challengeNonce\": \"$nonce\""
	sees "^SETDESC localhost:$site_port%0Aasks you to sign in" GETPIN
	types pin "$auth_pin"
	signed_in "$asked" "$nonce"
	card_did "signing in" 2 1
	say "$1: signed in"
}

sign_document() {
	date >"$work/letter"
	page_asks get-signing-certificate
	sees "^SETDESC localhost:$site_port%0Aasks for your certificate for signatures"
	case $card in
	jpki) types pin "$sign_pin" ;; # the certificate is behind it
	*) types ok ;;
	esac
	key_of "$asked" certificate
	certificate=$(got "$asked" certificate)
	page_asks sign "\"hashFunction\": \"SHA-256\", \"certificate\": \"$certificate\",
		\"hash\": \"$(openssl dgst -sha256 -binary "$work/letter" | base64)\""
	sees "^SETDESC localhost:$site_port%0Aasks you to sign" "$(openssl dgst -sha256 -r "$work/letter" | cut -c 1-64)" GETPIN
	types pin "$sign_pin"
	signature_of "$asked" "$work/letter"
	case $card in
	jpki) card_did "a signature" 3 1 ;;
	*) card_did "a signature" 2 1 ;;
	esac
	say "$1: signed"
}

cancel() {
	new_nonce
	page_asks authenticate "\"challengeNonce\": \"$nonce\""
	sees GETPIN
	types cancel
	[ "$(got "$asked" error.code)" = ERR_WEBEID_USER_CANCELLED ] || fail "cancelled: $(cat "$web/$asked.answer")"
	card_did "a dialog that was cancelled" 0 0
	say "cancelled: nothing went to the card"
}

pull_the_card() {
	new_nonce
	page_asks authenticate "\"challengeNonce\": \"$nonce\""
	sees GETPIN
	remove_card
	sees "^SETDESC localhost:$site_port%0A" CONFIRM
	insert_card
	sees GETPIN
	types pin "$auth_pin"
	signed_in "$asked" "$nonce"
	card_did "a card pulled and put in again" 2 1
	say "the card pulled while the dialog stood, and put in again: signed in"
}

gone() { # PID: within a few seconds
	for _ in $(seq 100); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	fail "$2 is left behind"
}

close_the_tab() {
	page_asks authenticate "\"challengeNonce\": \"$(openssl rand -base64 32)\""
	sees GETPIN
	host_pid=$(ps -o ppid= -p "${dialog##*/}")
	close_tab "$tab"
	gone "${dialog##*/}" "the pinentry"
	gone "$host_pid" inkan-web-eid
	[ ! -e "$web/$asked.answer" ] || fail "an answer to a tab that was closed"
	card_did "a tab that was closed" 0 0
	say "the tab closed while the dialog stood: nothing is left, nothing went to the card"
}

two_tabs() {
	new_nonce
	first_nonce=$nonce
	page_asks authenticate "\"challengeNonce\": \"$nonce\""
	sees GETPIN
	first=$dialog first_page=$asked
	new_nonce
	page_asks authenticate "\"challengeNonce\": \"$nonce\""
	sees GETPIN
	types pin "$auth_pin"
	signed_in "$asked" "$nonce"
	dialog=$first
	types pin "$auth_pin"
	signed_in "$first_page" "$first_nonce"
	card_did "two tabs" 4 2
	say "two tabs at once: both signed in, each by its own dialog"
}

# Keys typed into the window of a pinentry that people use.
real_pinentry() { # PROGRAM
	command -v "$1" >/dev/null || { say "skipped in part: $1 is missing"; return; }
	echo "pinentry = $1" >"$HOME/.config/inkan/inkan.conf"
	new_nonce
	page_asks authenticate "\"challengeNonce\": \"$nonce\""
	window=$(timeout 55 xdotool search --sync --onlyvisible --name '^Inkan$' | tail -n 1)
	[ -n "$window" ] || fail "$1 shows no window"
	xdotool windowfocus "$window"
	sleep 0.5
	xdotool type --delay 20 "$auth_pin"
	sleep 0.5
	xdotool key Return
	signed_in "$asked" "$nonce"
	card_did "$1" 2 1
	say "signed in by $1"
}

guide_run web-eid setup "s|^inkan setup web-eid|$inkan setup web-eid --yes --module $host|"
allow_extension
start_site
start_screen
mkdir -p "$HOME/.pki/nssdb"
try "certutil -N" certutil -N -d "sql:$HOME/.pki/nssdb" --empty-password
try "certutil -A" certutil -A -d "sql:$HOME/.pki/nssdb" -n server -t C,, -i "$server_ca"
start_chromium "$HOME/.config/chromium" --load-extension="$work/extension"
open_page=open_tab
log_in Chromium
sign_document Chromium
cancel
pull_the_card
close_the_tab
two_tabs
real_pinentry pinentry-gtk-2
real_pinentry pinentry-qt
stop_chromium
[ "$card" = hpki ] || exit 0

if ! command -v firefox-esr >/dev/null || ! command -v zip >/dev/null; then
	say "skipped in part: Firefox (packages firefox-esr, zip)"
	exit 0
fi
echo "pinentry = $srcdir/tests/clients/web-eid/pinentry" >"$HOME/.config/inkan/inkan.conf"
new_profile "$work/firefox"
with_extension
start_firefox firefox-esr
open_page=open_in_firefox
log_in Firefox
sign_document Firefox
stop_firefox
