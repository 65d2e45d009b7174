#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The timers and services: systemd understands every line, and finds the system's well shut in.
. "${srcdir:-.}/tests/tool/common.sh"
need systemd-analyze
there=$(cd "${srcdir:-.}" && pwd)

mkdir "$work/system" "$work/user"
for kind in system user; do
	sed 's|^ExecStart=.*/inkan |ExecStart=/bin/true |' "dist/$kind/inkan-status.service" >"$work/$kind/inkan-status.service"
	grep -q '^ExecStart=/bin/true status refresh --due' "$work/$kind/inkan-status.service" || bad "$kind: ExecStart"
	grep -q '@' "$work/$kind/inkan-status.service" | grep -v '@system-service\|@privileged' && bad "$kind: something is left"
	# a mirror that lags, or a network that is away, is no failed unit, and what follows in a drop-in runs
	grep -q '^SuccessExitStatus=.*75 76' "dist/$kind/inkan-status.service" || bad "$kind: SuccessExitStatus"
	cp "$there/dist/$kind/inkan-status.timer" "$work/$kind"
	scope=--system
	[ $kind = system ] || scope=--user
	XDG_RUNTIME_DIR=$work systemd-analyze $scope --man=no verify "$work/$kind/inkan-status.timer" \
		"$work/$kind/inkan-status.service" >"$work/out" 2>&1
	grep "inkan-status" "$work/out" && bad "$kind: systemd complains"
done
if systemd-analyze security --help 2>/dev/null | grep -q -e --threshold; then
	run 0 systemd-analyze security --offline=true --threshold=20 "$work/system/inkan-status.service"
	tail -n 1 "$work/out"
fi

# inkan-authd: as above, and shut in closer
sed 's|^ExecStart=.*/inkan-authd |ExecStart=/bin/true |' dist/system/inkan-authd.service >"$work/system/inkan-authd.service"
grep -q '^ExecStart=/bin/true --config /' "$work/system/inkan-authd.service" || bad "inkan-authd: ExecStart"
cp "$there"/dist/system/inkan-authd*.socket "$work/system"
XDG_RUNTIME_DIR=$work systemd-analyze --system --man=no verify "$work"/system/inkan-authd* >"$work/out" 2>&1
grep inkan-authd "$work/out" && bad "inkan-authd: systemd complains"
if systemd-analyze security --help 2>/dev/null | grep -q -e --threshold; then
	run 0 systemd-analyze security --offline=true --threshold=15 "$work/system/inkan-authd.service"
	tail -n 1 "$work/out"
fi
# the example is one
[ ! -x ./inkan-authd ] || run 0 ./inkan-authd --check --config "$there/dist/authd/authd.conf"
finish
