# SPDX-License-Identifier: BSD-2-Clause
# What the tests of the portal kit share: the files of dist/portal with other ports and folders and nothing else changed,
# the daemon, the application, and what must be seen through every web server. Sourced with the test's name in $0.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2046 # the tests use it; card gives words
. "${srcdir:-.}/tests/authd/common.sh"
at_length
kit=${srcdir:-.}/dist/portal
application=
stop_more() {
	[ -z "$application" ] || kill "$application" 2>/dev/null
	command -v stop_server >/dev/null && stop_server
}

# kit_file NAME FILE [SED-SCRIPT]: as it is shipped, with the ports and folders of this test
kit_file() {
	sed -e "s|/etc/inkan/portal/cas.pem|$work/cas.pem|g; s|/etc/inkan/portal/server|$work/server|g; s|/etc/nginx/|$work/|g" \
		-e "s|/run/inkan-authd/http.sock|$socket|g; s|127\.0\.0\.1:10102|127.0.0.1:$fastcgi|g; s|127\.0\.0\.1:8080|127.0.0.1:$app|g" \
		-e "${3-}" "$kit/$1" >"$work/$2"
}

# start_kit: certificates, the daemon with portal.conf, the application
start_kit() {
	make_pki
	take_lists "$work/before"
	make_server_certificate
	chmod 755 "$work"
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/foreign.key" -out "$work/foreign.pem" -days 2 \
		-subj '/CN=Medical Doctor' 2>/dev/null || bad "openssl req"
	set -- $(free_ports 3)
	https=$1 app=$2 fastcgi=$3
	mkdir "$work/credentials"
	run 0 ./inkan-authd --make-key "$work/credentials/authd.key"
	CREDENTIALS_DIRECTORY=$work/credentials
	export CREDENTIALS_DIRECTORY
	kit_file portal.conf authd.conf "s|^access-log.*|access-log = $work/access.log|"
	run 0 ./inkan-authd --check --config "$work/authd.conf"
	start "$work/authd.conf"
	chmod 666 "$socket"
	start_application
}

# The application; what it is sent is written down.
start_application() {
	cat >"$work/app.py" <<'END'
import http.server, runpy, sys
path, port, log = sys.argv[1:]
portal = runpy.run_path(path)["Portal"]
class Watched(portal):
    def do_GET(self):
        with open(log, "a", encoding="latin-1") as f:
            f.write(f"{self.command} {self.path}\n{self.headers}")
        portal.do_GET(self)
    do_POST = do_GET
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Watched).serve_forever()
END
	python3 "$work/app.py" "$kit/app.py" "$app" "$work/app.log" &
	application=$!
	for _ in $(seq 100); do
		curl -s -o /dev/null --noproxy '*' "http://127.0.0.1:$app/" && return
		sleep 0.1
	done
	bad "the application does not start"
}

wait_for_server() {
	host=staff.portal.example
	for _ in $(seq 100); do
		page /
		[ "$status" = 000 ] || return
		sleep 0.1
	done
	bad "the server does not start"
	finish
}

# start_nginx [FILE]: with the files of the kit, and nginx.conf or that one
start_nginx() {
	stop_server() { [ ! -s "$work/nginx.pid" ] || kill "$(cat "$work/nginx.pid")"; }
	kit_file "${1:-nginx.conf}" site.conf "s|listen 443|listen 127.0.0.1:$https|; s|127\.0\.0\.1:8081|127.0.0.1:${web-}|"
	for file in inkan-server.conf inkan-app.conf inkan-ask.conf; do kit_file $file $file; done
	cat >"$work/nginx.conf" <<END
pid $work/nginx.pid;
$([ "$(id -u)" != 0 ] || echo "user root;")
worker_processes 1;
events {}
http {
	access_log off;
	client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
	include $work/site.conf;
}
END
	nginx -p "$work" -e "$work/nginx.log" -c "$work/nginx.conf" >"$work/out" 2>&1 || { bad "nginx does not start"; cat "$work/out"; finish; }
	wait_for_server
}

# staff STATUS TEXT PATH CARD [CURL OPTIONS], patients …: CARD is a card's name, none or foreign
staff() { host=staff.portal.example && visit "$@"; }
patients() { host=patients.portal.example && visit "$@"; }
visit() {
	expected=$1 words=$2 where=$3 who=$4
	shift 4
	case $who in
	none) ;;
	foreign) set -- --cert "$work/foreign.pem" --key "$work/foreign.key" "$@" ;;
	*) set -- $(card "$who") "$@" ;;
	esac
	shows "$expected" "$words" "$where" -H 'Accept-Language: en' "$@"
}

expired() { staff 403 'has expired' /doctors/ late "$@"; }

# not_resumed: a TLS session that a browser keeps is not taken up again
not_resumed() {
	for version in tls1_2 tls1_3; do
		for session in -sess_out -sess_in; do
			{ printf 'GET / HTTP/1.0\r\nHost: staff.portal.example\r\n\r\n'; sleep 0.5; } | timeout 20 openssl s_client -$version \
				-connect "127.0.0.1:$https" -servername staff.portal.example -CAfile "$work/server.pem" -cert "$doctor" \
				-key "$pki/hpki-auth-authd-doctor.key" $session "$work/session" >"$work/tls" 2>&1
			[ -s "$work/session" ] || break
		done
		grep -q '^Reused' "$work/tls" && bad "$version: a session is resumed"
		grep -qE '^(New|Reused), TLSv1' "$work/tls" || { bad "$version: no session"; tail -n 5 "$work/tls"; }
		rm -f "$work/session"
	done
}

# Who gets where, and what a refusal says.
everybody() {
	staff 200 '/doctors/' / none
	patients 200 'None yet' / patient
	staff 200 'Welcome, 桜花子' /doctors/ doctor
	staff 200 'Medical Doctor' '/doctors/a%20b?x=/rule/pharmacists' doctor
	staff 403 'other health professions' /doctors/ pharmacist
	staff 200 '<p>Pharmacist</p>' /pharmacists/ pharmacist
	staff 403 'other health professions' /pharmacists/ doctor
	staff 403 'test card' /doctors/ trial
	expired -d 'a body'
	staff 403 'another kind' /doctors/ patient
	patients 403 'another kind' / doctor
	patients 200 'Medical Doctor' / patient
	grep -q '桜花子 — Medical Doctor — good ([0-9-]*T[0-9:]*Z)' "$work/body" ||
		{ bad "the patient does not see who the doctor is"; cat "$work/body"; }
	staff 401 'No card was presented' /doctors/ none
	patients 401 'No card was presented' / none
	staff 403 'another kind' /doctors/ foreign
	patients 403 'another kind' / foreign
	host=staff.portal.example
	shows 403 'カード' /doctors/ $(card pharmacist) -H 'Accept-Language: ja' -d 'a body'
	grep -i '^content-type:.*charset' "$work/headers" | grep -vi 'utf-8' && bad "the page is no UTF-8 to a browser"
	for where in /doctors/../pharmacists/ /doctors/%2e%2e/pharmacists/ //pharmacists/ /doctors/.%2E/pharmacists/ /other/; do
		page "$where" --path-as-is $(card doctor)
		case $status in 403 | 400 | 404) ;; *) bad "$where: $status" ;; esac
	done
}

# Nothing that a client has made up is believed, or seen by the application, in any place or on any page.
made_up_headers() {
	forged=$(pem_url "$doctor")
	der=$(openssl x509 -in "$doctor" -outform der | base64 -w 0)
	set -- -H 'X-Kept: yes'
	for name in Remote-User Remote-Name Remote-Groups Inkan-Profile Inkan-Roles Inkan-Status Inkan-Status-As-Of Inkan-Certificate \
		Inkan-Test Inkan-Reason Inkan-Request; do
		set -- "$@" -H "$name: made-up" -H "$(echo $name | tr - _): made-up"
	done
	set -- "$@" -H "X-Client-Cert: $forged" -H "X_Client_Cert: $forged" -H "Client-Cert: :$der:" -H "Client_Cert: :$der:" \
		-H "X-Forwarded-Client-Cert: Cert=\"$forged\"" -H "X-Forwarded-Tls-Client-Cert: $der" -H 'X-Real-IP: 192.0.2.9' \
		-H 'X-Request-ID: made-up-number' -H 'X-Original-URI: /made-up'
	: >"$work/app.log"
	lines=$(wc -l <"$work/access.log")
	staff 200 'Welcome, 桜花子' /doctors/ doctor "$@"
	staff 200 'Portal' / none "$@"
	staff 200 'Portal' / doctor "$@"
	patients 200 'Your doctors' / patient "$@"
	page /doctors/ $(card doctor) "$@" # the patients' host
	[ "$status" = 403 ] || bad "a doctor at the patients': $status"
	staff 200 'Welcome, 桜花子' /doctors/ doctor "$@" -d 'a body'
	[ "$(grep -ci '^X-Kept' "$work/app.log")" = 5 ] || bad "the application has seen $(grep -ci '^X-Kept' "$work/app.log") of 5 requests"
	staff 401 'No card' /doctors/ none "$@"
	patients 401 'No card' / none "$@"
	staff 403 'other health professions' /doctors/ pharmacist "$@"
	staff 403 'another kind' /doctors/ patient "$@"
	staff 403 'another kind' /doctors/ foreign "$@"
	expired "$@"
	for where in /made-up /_authd /doctors; do
		page "$where" "$@"
		case $status in 200 | 000) bad "$where: $status" ;; esac
	done
	[ "$(grep -ci '^X-Kept' "$work/app.log")" = 5 ] || bad "the application has seen somebody who was refused"
	grep -n -i -e made-up -e "$(echo "$forged" | cut -c 40-90)" -e "$(echo "$der" | cut -c 1-40)" -e 192.0.2.9 "$work/app.log" >"$work/found" &&
		{ bad "the application has seen what was made up:"; cut -c 1-120 "$work/found"; }
	[ "$(grep -ci '^Remote-User: hpki-' "$work/app.log")" = 2 ] || bad "the application was not told of the doctor twice"
	tail -n "+$((lines + 1))" "$work/access.log" >"$work/logged"
	grep -n -e made-up-number -e '"/made-up".*doctors' -e 192.0.2.9 "$work/logged" && bad "authd believes what was made up"
	[ "$(grep -vc '"address":"127.0.0.1"' "$work/logged")" = 0 ] || { bad "not from where the visitor came"; head -n 2 "$work/logged"; }
	grep -q '"uri":"/doctors/"' "$work/logged" || bad "the log does not say what was asked for"
	id=$(openssl x509 -in "$doctor" -noout -subject -nameopt multiline | sed -n 's/ *serialNumber *= //p')
	[ "$(grep -c "\"accepted\":true.*-$id\"" "$work/logged")" = 2 ] || bad "not two admissions of the doctor in the log"
}

# without_daemon: nobody gets in
without_daemon() {
	kill "$daemon"
	wait "$daemon"
	daemon=
	host=staff.portal.example
	page /doctors/ $(card doctor)
	case $status in 50?) ;; *) bad "without the daemon: $status" ;; esac
	grep -q 'Welcome' "$work/body" && bad "without the daemon the doctor gets in"
}
