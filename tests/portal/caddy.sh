#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The portal kit behind Caddy: dist/portal/Caddyfile.
. "${srcdir:-.}/tests/portal/common.sh"
need caddy
server=
stop_server() { [ -z "$server" ] || kill "$server" 2>/dev/null; }
start_kit
kit_file Caddyfile Caddyfile "s|example:443|example:$https|"
caddy run --config "$work/Caddyfile" --adapter caddyfile >"$work/caddy.log" 2>&1 &
server=$!
wait_for_server
everybody
made_up_headers
revoked_while_open /doctors/ || bad "a revoked card on an open connection"
staff 403 'has been revoked' /doctors/ lost
without_daemon
finish
