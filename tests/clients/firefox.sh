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
on_cards "hpki --name ICHIRO" "jpki --name ICHIRO" "hpki --name ICHIRO after other-kind" \
	"hpki --name ICHIRO after other-person" "jpki --name ICHIRO after foreign"

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

has_module() {
	try "Firefox's modules" $drive modules
	said "Firefox's modules" "$auth_module"
}

own_folder
new_profile "$work/by-policy"
guide_run firefox policy "s|sudo ||; s|/etc/firefox/policies|$application/distribution|g"
[ "$neighbour" != other-person ] || only_this_card firefox-esr
start_pages TLSv1.3
start_firefox "$application/firefox-esr"
has_module
list_certificates "| $auth_token\$"
wrong_pin
log_in
cell Firefox 'TLS 1.3'
[ -z "$neighbour" ] || { no_signature_pin; stop_firefox; exit; }
pull_card "$port"
stop_firefox
stop_nginx

new_profile "$work/by-modutil"
guide_run firefox modutil "s|-dbdir sql:PROFILE|-dbdir sql:$profile|"
start_pages TLSv1.2
start_firefox "$firefox"
has_module
log_in
cell Firefox 'TLS 1.2'
no_signature_pin
other_card 1
stop_firefox
