#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock Firefox without a screen: the module by policy, then by modutil. Its
# dialogs are answered through Marionette.
# shellcheck disable=SC2086 # $drive is words
. "${srcdir:-.}/tests/clients/lib.sh"
. "$srcdir/tests/clients/browser.sh"
need firefox-esr firefox-esr
need python3 python3
need_nss
firefox=$(readlink -f "$(command -v firefox-esr)")
[ -e "$(dirname "$firefox")/application.ini" ] || skip "firefox-esr is not a plain Firefox (package firefox-esr)"
on_cards "hpki --name ICHIRO" "jpki --name ICHIRO"

# Firefox reads policies from /etc/firefox and from its own folder: this is such a folder.
own_folder() {
	application=$work/firefox
	mkdir -p "$application/distribution"
	for file in "$(dirname "$firefox")"/*; do
		[ -e "$application/$(basename "$file")" ] || ln -s "$file" "$application"
	done
	rm "$application/firefox-esr"
	cp "$firefox" "$application" # it looks beside the file that it is
}

new_profile() { # FOLDER: one that trusts the server
	profile=$1
	mkdir -p "$profile"
	marionette=$(free_port)
	echo "user_pref('marionette.port', $marionette);" >"$profile/user.js"
	try "certutil -N" certutil -N -d "sql:$profile" --empty-password
	try "certutil -A" certutil -A -d "sql:$profile" -n server -t C,, -i "$server_ca"
	drive="python3 $srcdir/tests/clients/firefox.py $marionette"
}

start_firefox() { # PROGRAM
	"$1" --headless --no-remote --profile "$profile" --marionette --remote-allow-system-access >"$work/firefox.log" 2>&1 9>&- &
	echo $! >"$work/firefox.pid"
	servers="$servers $work/firefox.pid"
	try "Firefox's modules" $drive modules
	said "Firefox's modules" "$auth_module"
}

stop_firefox() {
	try "Firefox's end" $drive quit
	wait "$(cat "$work/firefox.pid")"
	rm "$work/firefox.pid"
}

own_folder
new_profile "$work/by-policy"
guide_run firefox policy "s|sudo ||; s|/etc/firefox/policies|$application/distribution|g"
start_pages TLSv1.3
start_firefox "$application/firefox-esr"
list_certificates "| $auth_token\$"
wrong_pin
log_in
cell Firefox 'TLS 1.3'
pull_card "$port"
stop_firefox
stop_nginx

new_profile "$work/by-modutil"
guide_run firefox modutil "s|-dbdir sql:PROFILE|-dbdir sql:$profile|"
start_pages TLSv1.2
start_firefox "$firefox"
log_in
cell Firefox 'TLS 1.2'
no_signature_pin
other_card 1
stop_firefox
