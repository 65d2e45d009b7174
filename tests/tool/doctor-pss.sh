#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan doctor --try-pss with virtual cards behind the real pcscd: what it asks, how many PINs
# and signatures the card saw, and what is left in inkan.conf.
# shellcheck disable=SC2317,SC2059 # parts are called by name; formats are ours
. "${srcdir:-.}/tests/tool/common.sh"
need pcscd
need python3
[ -x ./inkan-vcard ] || skip "inkan-vcard is not built"
pki=${INKAN_TEST_PKI:-$work/pki}
settings=$XDG_CONFIG_HOME/inkan/inkan.conf

# with PART KIND OPTIONS...: the function PART of this script, on that card
with() {
	part=$1 kind=$2
	shift 2
	echo "== $part: $kind $*"
	INKAN_TEST_PART=$part INKAN_TEST_KIND=$kind INKAN_TEST_PKI=$pki timeout 120 ./inkan-vcard --pki "$pki" \
		--card "$kind" --pin-auth 1234 "$@" -- "$0" || bad "$part: $kind $*"
}

# saw VERIFIES SIGNATURES: of the authentication application, the other saw none
saw() {
	[ "$(tell 'verifies 1 auth') $(tell 'signatures 1 auth')" = "$1 $2" ] ||
		bad "$(tell 'verifies 1 auth') PINs and $(tell 'signatures 1 auth') signatures, not $1 and $2"
	[ "$(tell 'verifies 1 sign')" = 0 ] || bad "the signature PIN was sent"
}
lost() { [ $((full - $(tell 'tries 1 auth'))) = "$1" ] || bad "$(tell 'tries 1 auth') tries are left"; }

# tried STATUS PIN [OPTION...]
tried() {
	want=$1 pin=$2
	shift 2
	printf '%s\n' "$pin" | "$inkan" doctor --try-pss "$@" >"$work/out" 2>"$work/err"
	got=$?
	[ "$got" -eq "$want" ] || { bad "exit $got, not $want"; cat "$work/out" "$work/err"; }
	silent 1234
}

# A second program holds the card open all the while, and finds it locked.
watched() {
	mkfifo "$work/hold"
	tests/clients/witness "$INKAN_TEST_KIND" 1 <"$work/hold" >"$work/witness" 2>&1 &
	exec 9>"$work/hold"
	while ! grep -q watching "$work/witness"; do sleep 0.05; done
	"$@"
	exec 9>&-
	wait $! || { bad "the card was left unlocked"; cat "$work/witness"; }
}

able() {
	watched tried 0 1234
	said "thrown away"
	wrote "TLS 1.3 works"
	wrote "The settings fit the card."
	[ -e "$settings" ] && bad "settings were written"
	saw 2 1 # a login, and the signature
	lost 0
	mkdir -p "$XDG_CONFIG_HOME/inkan"
	echo 'pss = off' >"$settings"
	tried 77 1234
	wrote "pss = on"
	said "Nothing was changed"
	tried 0 1234 --yes
	[ "$(tail -n 1 "$settings")" = 'pss = on' ] || bad "the setting is not written"
	tried 0 1234
	wrote "The settings fit the card."
	saw 8 4
}

unable() { # refuses|errs
	watched tried 77 1234
	wrote "TLS works up to version 1.2"
	wrote "pss = off"
	[ -e "$settings" ] && bad "settings were written"
	lost 0
	made=0
	[ "$1" = refuses ] || made=1
	saw 2 "$made"
	tried 0 1234 --yes
	[ "$(cat "$settings")" = 'pss = off' ] || bad "the setting is not written"
	cat >"$settings" <<-'END'
		; mine
		[general]
		reader = *Reader 1*
		pss: auto
		# pss = auto
		pss=on
		last-try = keep
		[program java]
		pss = on
		  [general]
		  pss = auto
	END
	printf 'pssx = 1' >>"$settings"
	{ cat "$settings"; printf '\n[general]\npss = off\n'; } >"$work/expected"
	chmod 640 "$settings"
	cp "$settings" "$work/original"
	mv "$settings" "$work/elsewhere.conf"
	ln -s "$work/elsewhere.conf" "$settings"
	tried 0 1234 --yes
	cmp -s "$settings" "$work/expected" || { bad "the rest of the file is not as it was"; diff "$work/expected" "$settings"; }
	[ -L "$settings" ] || bad "the symbolic link is gone"
	[ "$(stat -c %a "$work/elsewhere.conf")" = 640 ] || bad "another mode"
	cmp -s "$work/original" "$work/elsewhere.conf.before-inkan" || bad "no copy of the settings was kept"
	[ "$(ls "$work"/elsewhere.conf?*)" = "$work/elsewhere.conf.before-inkan" ] || bad "something was left beside the settings"
	tried 0 1234
	wrote "The settings fit the card."
	lost 0
	run 1 "$inkan" doctor
	wrote "pss = off"
	rm -rf "$XDG_CONFIG_HOME"
	: >"$XDG_CONFIG_HOME"
	tried 74 1234 --yes
	said "could not be written"
	advised
	[ "$(id -u)" = 0 ] || return 0
	mkdir -p "$work/theirs"
	chown 65534 "$work/theirs"
	XDG_CONFIG_HOME=$work/theirs/config tried 77 1234 --yes
	said "another user's"
	advised
	[ ! -e "$work/theirs/config" ] || bad "root's settings in another's folder"
}

# answered STATUS ANSWER: on a terminal, the PIN and then that
answered() {
	python3 - "$2" "$inkan" doctor --try-pss >"$work/out" 2>"$work/err" <<-'END'
		import os, pty, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[2], sys.argv[2:])
		screen, answers = b"", [(b"left): ", b"1234\n"), (b"[yes/no] ", sys.argv[1].encode() + b"\n")]
		while True:
		    try:
		        more = os.read(fd, 1000)
		    except OSError:
		        break
		    screen += more
		    if not more:
		        break
		    if answers and screen.endswith(answers[0][0]):
		        os.write(fd, answers.pop(0)[1])
		sys.stdout.write(screen.decode().replace("\r", ""))
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	got=$?
	[ "$got" -eq "$1" ] || { bad "exit $got, not $1, after \"$2\""; cat "$work/out"; }
}

asked() {
	answered 77 no
	wrote 'pss = off'
	wrote "Nothing was changed."
	silent 1234
	[ -e "$settings" ] && bad "settings were written"
	answered 77 ''
	[ -e "$settings" ] && bad "settings were written"
	answered 0 yes
	[ "$(cat "$settings")" = 'pss = off' ] || bad "the setting is not written"
	saw 6 0
}

careful() {
	tried 77 12
	said "no try was used"
	saw 0 0
	tried 77 ''
	saw 0 0
	tried 77 9999 --yes
	said "The PIN is wrong"
	advised
	saw 1 0
	lost 1
	[ -e "$settings" ] && bad "settings were written after a wrong PIN"
	tell 'tries 1 auth 1' >/dev/null
	tried 77 1234
	said "Only one try is left"
	saw 1 0
	tell 'tries 1 auth 0' >/dev/null
	tried 77 1234
	said "is locked"
	saw 1 0
}

if [ -n "${INKAN_TEST_PART-}" ]; then
	full=$(tell 'tries 1 auth')
	$INKAN_TEST_PART
	finish
fi

for wrong in '--try-pss --json' '--try-pss --quiet' '--try-pss --root /' '--yes' 'x' '--pss'; do
	# shellcheck disable=SC2086
	run 64 "$inkan" doctor $wrong
	advised
done
run 69 env PCSCLITE_CSOCK_NAME="$work/nowhere" "$inkan" doctor --try-pss
advised
for kind in hpki jpki; do
	with able "$kind"
	with 'unable refuses' "$kind" --no-pss
	with careful "$kind"
done
with 'unable errs' hpki --wrong-pss
with asked hpki --no-pss
finish
