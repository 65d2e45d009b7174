#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The portal kit behind HAProxy: dist/portal/haproxy.cfg and inkan.lua.
. "${srcdir:-.}/tests/portal/common.sh"
need haproxy
haproxy -vv | grep -q 'Built with Lua' || skip "HAProxy is built without Lua"
server=
stop_server() { [ -z "$server" ] || kill "$server" 2>/dev/null; }
start_kit
kit_file haproxy.cfg haproxy.cfg "s|bind :443|bind 127.0.0.1:$https|; s|/etc/haproxy/|$work/|; /^	user/d; /^	group/d"
kit_file inkan.lua inkan.lua
cat "$work/server.pem" "$work/server.key" >"$work/server.both"
run 0 haproxy -c -f "$work/haproxy.cfg"
grep -i warning "$work/err" && bad "HAProxy complains"
haproxy -db -f "$work/haproxy.cfg" >"$work/haproxy.log" 2>&1 &
server=$!
wait_for_server
everybody
made_up_headers
not_resumed
revoked_while_open /doctors/ || bad "a revoked card on an open connection"
staff 403 'has been revoked' /doctors/ lost
without_daemon
grep -q 'Cards cannot be checked' "$work/body" || bad "no page without the daemon"
finish
