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

# How often a person's PIN went to the card: the module asks for the counter
# before each of them.
typed() {
	grep -c ': 0020008[08] ' "$trace"
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
		"$vcard" --send "insert 1 $*" >/dev/null || fail "no other card"
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

# The next person at the same machine.
other_card() { # PROMPTS
	remove_card
	put_in --card "$card" --name JIRO --pin-auth "$auth_pin" --pin-sign "$sign_pin"
	visit "$port" "${page% *} $(fingerprint jiro)" "$1" "$auth_pin" "$auth_pin"
	no_signature_pin
	say "another person's card: PIN prompts: $1"
}

no_signature_pin() {
	[ "$(ask_app verifies sign)" = 0 ] || fail "a PIN went to the signature application"
	say "the signature PIN was never asked for"
}
