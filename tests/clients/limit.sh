#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The rig's time limit ends what it limits: a script that waits for a program that
# hangs, and a server that hears no SIGTERM.
. "${srcdir:-.}/tests/clients/lib.sh"
if [ -n "${INKAN_TEST_HANGS-}" ]; then
	time_limit=5
	on_cards hpki
	servers=$INKAN_TEST_HANGS/server
	# shellcheck disable=SC2016 # for the shells inside
	setsid sh -c 'trap "" TERM; echo $$ >"$0"; while :; do sleep 1; done' "$servers" 9>&- &
	sh -c 'echo $$ >"$0"; exec sleep 1000' "$INKAN_TEST_HANGS/client"
	fail "the client has ended by itself"
fi
loadable
INKAN_TEST_HANGS=$(mktemp -d)
export INKAN_TEST_HANGS
trap 'rm -rf "$INKAN_TEST_HANGS"' EXIT
chmod 1777 "$INKAN_TEST_HANGS"
"$0"
code=$?
[ $code = 124 ] || fail "the script that hangs ended with $code"
for process in server client; do
	[ -s "$INKAN_TEST_HANGS/$process" ] || fail "no $process was started"
	! is_alive "$INKAN_TEST_HANGS/$process" || fail "the $process goes on"
done
