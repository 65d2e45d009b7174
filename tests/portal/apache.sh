#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The portal kit behind Apache httpd: dist/portal/apache.conf and apache-app.conf.
# shellcheck disable=SC2046 # card gives words
. "${srcdir:-.}/tests/portal/common.sh"
need apache2
modules=/usr/lib/apache2/modules
stop_server() { [ ! -s "$work/apache.pid" ] || kill "$(cat "$work/apache.pid")"; }
for module in mpm_event ssl authnz_fcgi authn_core authz_core authz_user setenvif headers proxy proxy_http; do
	[ -e $modules/mod_$module.so ] || skip "Apache's mod_$module is missing"
	echo "LoadModule ${module}_module $modules/mod_$module.so"
done >"$work/modules"
start_kit
kit_file apache.conf site.conf "s|^Listen 443|Listen 127.0.0.1:$https|; s|\*:443|*:$https|; s|/etc/apache2/|$work/|"
kit_file apache-app.conf inkan-app.conf
cat "$work/modules" - >"$work/apache.conf" <<END
$([ "$(id -u)" != 0 ] || printf 'User nobody\nGroup nogroup\n')
ServerName localhost
PidFile $work/apache.pid
DefaultRuntimeDir $work
Mutex file:$work default
ErrorLog $work/apache.log
Include $work/site.conf
END
apache2 -d "$work" -f "$work/apache.conf" -k start >"$work/out" 2>&1 || { cat "$work/out" "$work/apache.log"; bad "Apache does not start"; finish; }
wait_for_server
expired() { # the one refusal without a page: Apache breaks the connection
	page /doctors/ $(card late) "$@"
	[ "$status" = 000 ] || bad "an expired card: $status"
}
everybody
made_up_headers
not_resumed
revoked_while_open /doctors/ || bad "a revoked card on an open connection"
staff 403 'has been revoked' /doctors/ lost
without_daemon
finish
