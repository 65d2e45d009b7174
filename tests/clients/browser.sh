# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2086 # lib.sh sets and uses them; $drive is words
# What a browser must show with a card; the tests of the browsers share it. $drive
# are the words of a command that works the browser: "$drive open URL PIN..." says
# "title …" and how often the PIN was asked for ("pin 1"), as does "$drive certificates".

# Pages at $port and, as a browser may remember a login that failed, also at
# $elsewhere and $later. Each page is a connection and a handshake of its own.
start_pages() { # TLS-VERSION
	elsewhere=$(free_port) later=$(free_port)
	icon='<link rel=icon href=data:,>' # asks for no more than the page
	nginx_lines="listen 127.0.0.1:$elsewhere ssl;
		listen 127.0.0.1:$later ssl;
		keepalive_timeout 0;
		error_page 495 496 =400 /nobody;
		location = /nobody { internal; default_type text/html; return 400 '$icon<title>no certificate</title>'; }
		location = /page {
			default_type text/html;
			return 200 '$icon<title>\$ssl_protocol \$ssl_client_verify \$ssl_client_fingerprint</title>';
		}"
	start_nginx "$1"
	page="$1 SUCCESS $(fingerprint ichiro)"
}

# Of the person's certificate, as nginx says it.
fingerprint() { # PERSON
	openssl x509 -noout -fingerprint -sha1 -in "$(find "$pki" -name "$card-auth-$1-*.pem")" |
		sed 's/.*=//; s/://g' | tr A-F a-f
}

# A browser opens connections before it needs them: those end here.
cut_connections() {
	stop_nginx
	nginx -e "$web/error.log" -p "$web" -c "$web/nginx.conf" >"$web/start" 2>&1 9>&- || fail "nginx does not start again"
}

reported() { # WORD
	sed -n "s/^$1 //p" "$work/said"
}

# How often a person's PIN went to the card: a VERIFY more goes before each signature.
# A browser signs in once more ahead of time: between its VERIFY and its signature nothing is counted.
typed() {
	said_before=
	while said_now=$(ask_card verifies),$(ask_card signatures) && [ "$said_now" != "$said_before" ]; do
		said_before=$said_now
		sleep 0.3
	done
	echo $((${said_now%,*} - ${said_now#*,}))
}

visit() { # PORT TITLE PROMPTS [PIN...]
	url=https://localhost:$1/page wanted=$2 prompts=$3
	shift 3
	try "$url" $drive open "$url" "$@"
	[ "$(reported title)" = "$wanted" ] || fail "the page is '$(reported title)', not '$wanted'"
	[ "$(reported pin)" = "$prompts" ] || fail "asked for the PIN $(reported pin) times, not $prompts"
}

list_certificates() { # WHAT-IS-SHOWN
	try "the certificate manager" $drive certificates
	said "the certificate manager" "$1"
	[ "$(reported pin)" = 0 ] || fail "it asks for the PIN to list certificates"
	[ "$(ask_card verifies)" = 0 ] || fail "a PIN went to the card"
	say "certificates are listed without a PIN"
}

# What a wrong PIN cost is counted before the right one gives it back.
wrong_pin() {
	visit "$elsewhere" 'no certificate' 2 "$(echo "$auth_pin" | tr 1-6 2-7)"
	[ $((tries - $(ask_card tries))) = 1 ] || fail "a wrong PIN cost $((tries - $(ask_card tries))) tries"
	[ "$(ask_card verifies),$(ask_card signatures)" = 1,0 ] || fail "more than a wrong PIN went to the card"
	say "a wrong PIN costs one try"
}

log_in() {
	before=$(typed) made=$(ask_card signatures)
	visit "$port" "$page" 1 "$auth_pin"
	[ "$(ask_card tries)" = "$tries" ] || fail "the right PIN does not give the tries back"
	visit "$port" "$page" 0
	visit "$port" "$page" 0
	[ $(($(ask_card signatures) - made)) -ge 3 ] || fail "three pages without a handshake each"
	[ $(($(typed) - before)) = 1 ] || fail "$(($(typed) - before)) PINs went to the card"
	say "${page%% *}: one PIN for three pages"
}

# NSS looks for cards once in a second, and no hand that holds one is quicker.
put_in() { # the card that was pulled, or another: CARD-OPTIONS...
	if [ $# = 0 ]; then
		insert_card
	else
		"$vcard" --send "insert $reader $*" >/dev/null || fail "no other card"
		start_witness
	fi
	cut_connections
	sleep 1.2
}

# Out and in again between two pages; then a page while the card is out.
pull_card() { # PORT-AFTERWARDS
	remove_card
	put_in
	visit "$port" "$page" 1 "$auth_pin"
	remove_card
	cut_connections
	made=$(ask_card signatures)
	visit "$port" 'no certificate' 0
	[ "$(ask_card signatures)" = "$made" ] || fail "a signature without a card"
	put_in
	visit "$1" "$page" 1 "$auth_pin"
	say "the card pulled and put in again, twice: one PIN each"
}

# The next person at the same machine, who has another PIN: the same within three
# seconds would be taken for one that was meant for the card before.
other_card() { # PROMPTS
	remove_card
	other_pin=$(echo "$auth_pin" | tr 1-6 4-9)
	put_in --card "$card" --name JIRO --pin-auth "$other_pin" --pin-sign "$sign_pin"
	visit "$port" "${page% *} $(fingerprint jiro)" "$1" "$other_pin" "$other_pin"
	no_signature_pin
	say "another person's card: PIN prompts: $1"
}

no_signature_pin() {
	[ "$(ask_app verifies sign)" = 0 ] || fail "a PIN went to the signature application"
	say "the signature PIN was never asked for"
}

# ---- Firefox, without a screen

new_profile() { # FOLDER: one that trusts the server
	profile=$1
	mkdir -p "$profile"
	free_port >"$profile/port"
	echo "user_pref('marionette.port', $(cat "$profile/port"));" >"$profile/user.js"
	try "certutil -N" certutil -N -d "sql:$profile" --empty-password
	try "certutil -A" certutil -A -d "sql:$profile" -n server -t C,, -i "$server_ca"
}

start_firefox() { # PROGRAM
	"$1" --headless --no-remote --profile "$profile" --marionette --remote-allow-system-access >"$work/firefox.log" 2>&1 9>&- &
	echo $! >"$work/firefox.pid"
	servers="$servers $work/firefox.pid"
	drive="python3 $srcdir/tests/clients/firefox.py $(cat "$profile/port")"
}

stop_firefox() {
	try "Firefox's end" $drive quit
	wait "$(cat "$work/firefox.pid")"
	rm "$work/firefox.pid"
}

# ---- Chromium, on a screen of its own

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
	for _ in $(seq 2750); do
		[ ! -s "$1" ] || return 0
		sleep 0.02
	done
	cat "$work"/*.log
	fail "$2 does not start"
}

# The sandbox needs user namespaces, which not every machine gives its users.
sandbox=
unshare -Ur true 2>/dev/null || sandbox=--no-sandbox

start_chromium() { # PROFILE [OPTION...]
	profile=$1
	shift
	rm -f "$profile/DevToolsActivePort"
	chromium --user-data-dir="$profile" --no-first-run --password-store=basic --disable-gpu $sandbox "$@" \
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
