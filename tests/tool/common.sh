# SPDX-License-Identifier: BSD-2-Clause
# What the tests of the command share; sourced with the test's name in $0.
# shellcheck shell=sh
set -u
LC_ALL=C TZ=UTC
PATH=$PATH:/usr/sbin:/sbin # pcscd
export LC_ALL TZ PATH
unset INKAN_DEBUG INKAN_DEBUG_FILE
# shellcheck disable=SC2034 # the tests use it
inkan=${INKAN:-./inkan}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
# no one's settings, anchors and lists change a test
XDG_CONFIG_HOME=$work/config XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache
export XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME
failures=0

skip() { echo "skipped: $*"; exit 77; }
need() { command -v "$1" >/dev/null || skip "the program $1 is missing"; }
# For what needs programs of other people that run for a while: not in the quick round.
at_length() { [ "${INKAN_CLIENTS-}" != no ] || skip "not wanted this time (INKAN_CLIENTS=no)"; }
bad() { echo "FAILED: $*"; failures=$((failures + 1)); }
finish() { [ "$failures" -eq 0 ] || { echo "$failures failed"; exit 1; }; exit 0; }

# tell COMMAND: to the inkan-vcard around this script; its answer without "ok"
tell() {
	answer=$(./inkan-vcard --send "$*")
	answer=${answer#ok}
	echo "${answer# }"
}

# run STATUS COMMAND...: its output in $work/out and $work/err
run() {
	want=$1
	shift
	"$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	[ "$got" -eq "$want" ] || {
		bad "exit $got, not $want: $*"
		sed 's/^/  | /' "$work/out" "$work/err"
	}
}

# said TEXT, wrote TEXT: on standard error, on standard output
said() { grep -qF -e "$1" "$work/err" || { bad "not said: $1"; sed 's/^/  | /' "$work/err"; }; }
wrote() { grep -qF -e "$1" "$work/out" || { bad "not written: $1"; sed 's/^/  | /' "$work/out"; }; }
silent() { grep -qF -e "$1" "$work/out" "$work/err" && bad "written, and should not be: $1"; }

# Every complaint has a second sentence: what to do next.
advised() { [ "$(grep -c '^       ' "$work/err")" -ge 1 ] || bad "no advice with: $(head -n 1 "$work/err")"; }

# good_and_revoked: a PKI in $pki with a good card, a patient's and a revoked one; $good and $revoked are their certificates
good_and_revoked() {
	vcard=${INKAN_VCARD:-./inkan-vcard}
	pki=$work/pki
	"$vcard" --pki "$pki" --card hpki --card jpki -- true >"$work/err" 2>&1 &&
		"$vcard" --pki "$pki" --card hpki --name "REVOKED ONE" --revoked -- true >"$work/err" 2>&1 || {
		grep -q pcscd "$work/err" && skip "no pcscd for the virtual card"
		cat "$work/err"
		exit 99
	}
	# shellcheck disable=SC2034 # the tests use them
	good=$(ls "$pki"/hpki-auth-taro-sample-*.pem) revoked=$(ls "$pki"/hpki-auth-revoked-one-*.pem)
}
