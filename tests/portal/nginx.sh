#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The portal kit behind nginx: dist/portal/nginx.conf and the files that it includes.
. "${srcdir:-.}/tests/portal/common.sh"
need nginx
start_kit
stop_server() { [ ! -s "$work/nginx.pid" ] || kill "$(cat "$work/nginx.pid")"; }
kit_file nginx.conf site.conf "s|listen 443|listen 127.0.0.1:$https|"
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

# the guide's page puts everything where these files look for it
kit=$(cd "$kit" && pwd)
mkdir -p "$work/etc/inkan/portal" "$work/etc/nginx/sites-enabled"
{
	guide_block portal authd
	guide_block portal server
	guide_block portal nginx
} | sed "s|/usr/local/share/doc/inkan/examples/portal|$kit|; s|/etc/|$work/etc/|g; s|inkan-authd -|$PWD/inkan-authd -|
	s|--check|& --config $work/etc/inkan/authd.conf|; /^nginx -t/d" >"$work/block"
run 0 sh -eu "$work/block"
wrote ok
for file in $(sed -n 's|^[^#]*\(/etc/[a-z/.-]*\);.*|\1|p' "$kit/nginx.conf" "$kit"/inkan-*.conf | sort -u); do
	[ -e "$work$file" ] || [ "$file" = /etc/inkan/portal/cas.pem ] || bad "nginx.conf names $file, which the guide does not put there"
done
[ "$(find "$work/etc" -type f | wc -l)" = 8 ] || bad "the guide's page made $(find "$work/etc" -type f | wc -l) files"

everybody 401
made_up_headers 401
not_resumed
revoked_while_open /doctors/ || bad "a revoked card on an open connection"
staff 403 'has been revoked' /doctors/ lost
without_daemon
grep -q 'Cards cannot be checked' "$work/body" || bad "no page without the daemon"
grep -n -e '\[warn\]' -e '\[emerg\]' "$work/nginx.log" && bad "nginx complains"
finish
