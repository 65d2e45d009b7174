#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The portal kit behind nginx: dist/portal/nginx.conf and the files that it includes.
# shellcheck disable=SC2046 # free_ports gives words
. "${srcdir:-.}/tests/portal/common.sh"
need nginx
start_kit
start_nginx

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

everybody
made_up_headers
not_resumed

# the application itself: on loopback alone, and nothing of a header is HTML
set -- $(free_ports 1)
python3 "$kit/app.py" "$1" 2>/dev/null &
shipped=$!
for _ in $(seq 100); do
	curl -s -o "$work/body" --noproxy '*' -H 'Remote-User: <u>' -H 'Remote-Name: %3Cscript%3E%22' -H 'Remote-Groups: <i>,%2C%3Cb%3E' "http://127.0.0.1:$1/x" && break
	sleep 0.1
done
grep -qF '<p>&lt;i&gt;、,&lt;b&gt;</p>' "$work/body" || bad "the licences are shown otherwise"
grep -n -e '<u>' -e '<script>' -e '<b>' -e '<i>' "$work/body" && bad "a header becomes HTML"
grep -i "$(printf ':%04X 0*:0000 0A' "$1")" /proc/net/tcp /proc/net/tcp6 | grep -v ' 0100007F:' && bad "the application listens elsewhere"
kill "$shipped"

revoked_while_open /doctors/ || bad "a revoked card on an open connection"
staff 403 'has been revoked' /doctors/ lost
without_daemon
grep -q 'Cards cannot be checked' "$work/body" || bad "no page without the daemon"
grep -n -e '\[warn\]' -e '\[emerg\]' "$work/nginx.log" && bad "nginx complains"
finish
