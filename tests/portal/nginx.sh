#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The portal kit behind nginx: dist/portal/nginx.conf and the files that it includes.
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

everybody 401
made_up_headers 401
not_resumed
revoked_while_open /doctors/ || bad "a revoked card on an open connection"
staff 403 'has been revoked' /doctors/ lost
without_daemon
grep -q 'Cards cannot be checked' "$work/body" || bad "no page without the daemon"
grep -n -e '\[warn\]' -e '\[emerg\]' "$work/nginx.log" && bad "nginx complains"
finish
