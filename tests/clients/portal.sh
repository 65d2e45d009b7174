#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The portal of dist/portal behind nginx, as people meet it: Firefox and Chromium with the cards of a doctor, a pharmacist,
# a patient, a test card, and of somebody whose card is revoked while the portal is open.
# shellcheck disable=SC2086 # $drive is words
. "${srcdir:-.}/tests/clients/lib.sh"
. "$srcdir/tests/clients/browser.sh"
need nginx nginx
need firefox-esr firefox-esr
need python3 python3
need openssl openssl
need modutil libnss3-tools
need certutil libnss3-tools
prefix=${inkan%/bin/inkan}
[ -x "$prefix/sbin/inkan-authd" ] || skip "inkan-authd is not built (--without-authd)"
firefox=$(readlink -f "$(command -v firefox-esr)")
doctor='hpki --name ISHI --japanese-name 桜花子'
set -- "$doctor"
# for the demo: no more than the picture
[ -n "${INKAN_PICTURE-}" ] || set -- "$@" "hpki --name YAKU --role Pharmacist" "jpki --name KANJA" "hpki --name TAMESHI --test-level" \
	"hpki --name LOST$$ --revoked"
on_cards "$@"

before=$(dirname "$work")/before # the lists from before the last card
if [ ! -e "$before" ]; then
	mkdir "$before"
	cp "$pki"/*.crl "$before"
fi

# ---- The portal: the shipped files with other ports and folders

import_lists() { # FOLDER
	try "import" "$inkan" status import "$1"/sarl.crl "$1"/rarl.crl "$1"/hpki-auth.crl
}

start_portal() {
	XDG_CACHE_HOME=$work/cache XDG_DATA_HOME=$work/data
	export XDG_CACHE_HOME XDG_DATA_HOME
	kit=$prefix/share/doc/inkan/examples/portal web=$work/portal socket=$work/portal/authd.sock
	mkdir -p "$web" "$work/data/inkan/anchors"
	cp "$pki"/root.pem "$pki"/*-auth-ca.pem "$pki"/hpki-auth-test-ca.pem "$work/data/inkan/anchors" 2>/dev/null
	chmod -R go-w "$work/data"
	https=$(free_port) app=$(free_port) fastcgi=$(free_port)
	names=DNS:staff.portal.example,DNS:patients.portal.example
	openssl req -newkey rsa:2048 -nodes -keyout "$web/server.key" -out "$web/server.csr" -subj /CN=portal.example 2>/dev/null &&
		echo "subjectAltName=$names" | openssl x509 -req -in "$web/server.csr" -CA "$pki/server-ca.pem" -CAkey "$pki/server-ca.key" \
			-set_serial "0x$(openssl rand -hex 8)" -days 2 -extfile /dev/stdin -out "$web/server.pem" 2>/dev/null || fail "no server certificate"
	try "export" "$inkan" trust export --output "$web/cas.pem"
	for file in portal.conf nginx.conf inkan-server.conf inkan-app.conf inkan-ask.conf; do
		sed -e "s|[^ ]*/etc/inkan/portal/|$web/|g; s|/etc/nginx/|$web/|g; s|/run/inkan-authd/http.sock|$socket|g; s|listen 443|listen 127.0.0.1:$https|" \
			-e "s|127\.0\.0\.1:10102|127.0.0.1:$fastcgi|g; s|127\.0\.0\.1:8080|127.0.0.1:$app|g; s|^access-log.*|access-log = $web/access.log|" \
			"$kit/$file" >"$web/$file"
	done
	try "the key" env LD_LIBRARY_PATH="$prefix/lib" "$prefix/sbin/inkan-authd" --make-key "$web/key"
	printf 'pseudonym-key = %s/key\n' "$web" | sed -i '/^\[server\]/r /dev/stdin' "$web/portal.conf"
	cat >"$web/main.conf" <<-END
		pid $web/pid;
		worker_processes 1;
		error_log $web/error.log;
		events {}
		http {
			access_log off;
			client_body_temp_path $web/1; proxy_temp_path $web/2; fastcgi_temp_path $web/3; uwsgi_temp_path $web/4; scgi_temp_path $web/5;
			include $web/nginx.conf;
		}
	END
	LD_LIBRARY_PATH=$prefix/lib "$prefix/sbin/inkan-authd" --config "$web/portal.conf" >"$web/authd.log" 2>&1 9>&- &
	echo $! >"$web/authd.pid"
	python3 "$kit/app.py" "$app" >"$web/app.log" 2>&1 9>&- &
	echo $! >"$web/app.pid"
	servers="$servers $web/authd.pid $web/app.pid $web/pid"
	for _ in $(seq 100); do [ ! -S "$socket" ] || break; sleep 0.1; done
	nginx -e "$web/error.log" -p "$web" -c "$web/main.conf" >"$web/start" 2>&1 9>&- || fail "nginx: $(cat "$web/start")"
}

no_entry='You cannot sign in'

# sees HOST/PATH TITLE PROMPTS [PIN...]; a title may be given by its beginning, with a * behind it
sees() {
	url=https://${1%%/*}.portal.example:$https/${1#*/} wanted=$2 prompts=$3
	shift 3
	try "$url" $drive open "$url" "$@"
	title=$(reported title)
	# shellcheck disable=SC2254 # a pattern
	case $title in
	$wanted) ;;
	*) fail "$url: the page is '$title', not '$wanted': $(tail -n 2 "$web/access.log")" ;;
	esac
	[ "$(reported pin)" = "$prompts" ] || fail "$url: asked for the PIN $(reported pin) times, not $prompts"
}

# What this person meets, in a browser that has just been started.
walk() {
	case $INKAN_TEST_OPTIONS in
	*ISHI*)
		sees staff/doctors/ 'ようこそ / Welcome, 桜花子*' 1 "$auth_pin"
		sees staff/pharmacists/ "$no_entry" 0
		sees patients/ "$no_entry" 0
		sees staff/doctors/ 'ようこそ / Welcome, 桜花子*' 0
		;;
	*YAKU*)
		sees staff/doctors/ "$no_entry" 1 "$auth_pin"
		sees staff/pharmacists/ 'ようこそ / Welcome, YAKU*' 0
		;;
	*KANJA*)
		sees patients/ 'あなたの医師 / Your doctors' 1 "$auth_pin"
		sees staff/doctors/ "$no_entry" 0
		;;
	*TAMESHI*) sees staff/doctors/ "$no_entry" 1 "$auth_pin" ;;
	esac
}

# What is not for Firefox alone.
with_chromium() {
	for program in chromium Xvfb xdotool; do
		command -v $program >/dev/null || { say "not with Chromium: $program is missing"; return; }
	done
	start_screen
	guide_run chromium module
	try "certutil -A" certutil -A -d "sql:$HOME/.pki/nssdb" -n portal -t C,, -i "$server_ca"
	start_chromium "$work/chromium" --lang=en-US '--host-resolver-rules=MAP *.portal.example 127.0.0.1'
	walk
	say "Chromium: as it should be"
	stop_chromium
}

start_portal
case $INKAN_TEST_OPTIONS in
*LOST*) import_lists "$before" ;;
*) import_lists "$pki" ;;
esac

case ${INKAN_PICTURE-}$INKAN_TEST_OPTIONS in yes* | *LOST*) ;; *) with_chromium ;; esac

new_profile "$work/firefox"
echo "user_pref('network.dns.localDomains', 'staff.portal.example,patients.portal.example');" >>"$profile/user.js"
guide_run firefox modutil "s|-dbdir sql:PROFILE|-dbdir sql:$profile|"
start_firefox "$firefox"
walk
case $INKAN_TEST_OPTIONS in
*ISHI*)
	try "the picture" $drive picture "$(dirname "$work")/portal.png"
	[ -z "${INKAN_PICTURE-}" ] || { stop_firefox; exit; }
	# the next person at this machine, in the same Firefox
	remove_card
	other_pin=$(echo "$auth_pin" | tr 1-6 4-9)
	"$vcard" --send "insert $reader --card hpki --name JIRO --role Pharmacist --pin-auth $other_pin --pin-sign $sign_pin" >/dev/null ||
		fail "no other card"
	start_witness
	nginx -e "$web/error.log" -p "$web" -c "$web/main.conf" -s reload 2>/dev/null
	sleep 1.5
	sees staff/doctors/ "$no_entry" 1 "$other_pin"
	sees staff/pharmacists/ 'ようこそ / Welcome, JIRO*' 0
	say "the next person's card is asked for its own PIN, and gets its own pages"
	;;
*LOST*)
	sees staff/doctors/ 'ようこそ / Welcome, LOST*' 1 "$auth_pin"
	import_lists "$pki"
	imported=$(date +%s)
	until sees staff/doctors/ '*' 0 && [ "$(reported title)" = "$no_entry" ]; do
		[ $(($(date +%s) - imported)) -le 60 ] || fail "a minute after the list has come the revoked card still gets in"
		sleep 5
	done
	tail -n 1 "$web/access.log" | grep -q '"reason":"revoked"' || fail "refused for another reason: $(tail -n 1 "$web/access.log")"
	say "refused $(($(date +%s) - imported)) s after its list had come"
	;;
esac
say "Firefox: as it should be"
no_signature_pin
stop_firefox
