#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock Chromium on a screen of its own (Xvfb), with the module in the user's NSS
# database. Its dialogs for the certificate and the PIN are answered by keys.
. "${srcdir:-.}/tests/clients/lib.sh"
. "$srcdir/tests/clients/browser.sh"
need chromium chromium
need Xvfb xvfb
need xdotool xdotool
need python3 python3
need_nss
on_cards "hpki --name ICHIRO" "jpki --name ICHIRO"

start_screen() {
	mkdir -p "$work/screen"
	Xvfb -displayfd 8 -fbdir "$work/screen" -screen 0 1000x700x24 -nolisten tcp 8>"$work/display" >"$work/screen.log" 2>&1 9>&- &
	echo $! >"$work/screen.pid"
	servers="$servers $work/screen.pid"
	wait_for "$work/display" "the screen"
	DISPLAY=:$(cat "$work/display")
	export DISPLAY
}

wait_for() { # FILE NAME: until something is in it
	for _ in $(seq 550); do
		[ ! -s "$1" ] || return 0
		sleep 0.1
	done
	cat "$work"/*.log
	fail "$2 does not start"
}

# The sandbox needs user namespaces, which not every machine gives its users.
sandbox=
unshare -Ur true 2>/dev/null || sandbox=--no-sandbox

start_chromium() { # PROFILE
	profile=$1
	chromium --user-data-dir="$profile" --no-first-run --password-store=basic --disable-gpu $sandbox \
		--window-position=0,0 --window-size=1000,700 --remote-debugging-port=0 about:blank >"$work/chromium.log" 2>&1 9>&- &
	echo $! >"$work/chromium.pid"
	servers="$servers $work/chromium.pid"
	wait_for "$profile/DevToolsActivePort" Chromium
	drive="python3 $srcdir/tests/clients/chromium.py $(head -n 1 "$profile/DevToolsActivePort") $work/screen/Xvfb_screen0"
}

stop_chromium() {
	kill "$(cat "$work/chromium.pid")"
	wait "$(cat "$work/chromium.pid")"
	rm "$work/chromium.pid"
}

start_screen
guide_run chromium module
try "certutil -A" certutil -A -d "sql:$HOME/.pki/nssdb" -n server -t C,, -i "$server_ca"

start_pages TLSv1.3
start_chromium "$work/profile-1.3"
list_certificates '^1 certificate$'
wrong_pin
log_in
cell Chromium 'TLS 1.3'
# Chromium remembers for each server that there was no certificate, until it ends.
pull_card "$later"
stop_chromium
stop_nginx

start_pages TLSv1.2
start_chromium "$work/profile-1.2"
log_in
cell Chromium 'TLS 1.2'
no_signature_pin
other_card 2
stop_chromium
