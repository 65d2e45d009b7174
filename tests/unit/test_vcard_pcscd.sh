#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan-vcard behind the real pcscd, as an ordinary user: readers, commands,
# the control socket, exit status and signals, and that nothing is left behind.
set -u
PATH=$PATH:/usr/sbin:/sbin
export PATH

skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*"; [ -f "$work/said" ] && sed 's/^/    /' "$work/said"; exit 1; }

command -v pcscd >/dev/null || skip "pcscd is missing (package pcscd)"
command -v opensc-tool >/dev/null || skip "opensc-tool is missing (package opensc)"

# A copy that any user can read, wherever the build folder is.
work=$(mktemp -d /tmp/test-vcard-XXXXXX) || exit 99
trap 'rm -rf "$work"' EXIT
program=./inkan-vcard
[ -f .libs/inkan-vcard ] && program=.libs/inkan-vcard
cp "$program" .libs/inkan-vcard-ifd.so tests/unit/test_vcard_client "$work" || exit 99
mkdir "$work/home" "$work/tmp"
chmod 755 "$work"
as_user=
if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || skip "setpriv is missing (package util-linux)"
	mkdir -p /run/pcscd # where the system's pcscd has never run
	chown nobody "$work/home" "$work/tmp"
	as_user="setpriv --reuid=nobody --regid=nogroup --clear-groups"
fi
[ -d /run/pcscd ] || skip "pcscd needs the folder /run/pcscd, which only root can make"
unset XDG_RUNTIME_DIR XDG_DATA_HOME
export HOME="$work/home" TMPDIR="$work/tmp"
vcard="timeout 60 $as_user $work/inkan-vcard --trace $work/home/trace"

said() { grep -q -e "$1" "$work/said" || fail "no line matches '$1': $2"; }
nothing_left() {
	[ -z "$(ls -A "$TMPDIR")" ] || fail "$1 left $(ls -A "$TMPDIR") behind"
	pgrep -f "$TMPDIR/inkan-vcard-" >"$work/said" && fail "$1 left a pcscd behind"
	return 0
}

# Two cards and an empty reader.
$vcard --card hpki --card jpki --card none -- opensc-tool -l >"$work/said" 2>&1 || fail "opensc-tool -l"
said '^0 *Yes .*Inkan Virtual Reader 1' "the HPKI card"
said '^1 *Yes .*Inkan Virtual Reader 2' "the JPKI card"
said '^2 *No .*Inkan Virtual Reader 3' "the empty reader"
nothing_left "a run"
[ -f "$HOME/.local/share/inkan-vcard/pki/root.pem" ] || fail "the PKI is not in the user's data folder"

# Commands, and a PIN that the trace must not hold.
$vcard --card hpki -- opensc-tool -r 0 -s 00A4040C10E828BD080FA000000391000000000002 \
	-s 00B0910000 -s 0020008804 -s 002000880431323334 -s 00200088 >"$work/said" 2>&1 || fail "commands"
said 'SW1=0x67, SW2=0x00' "a command without its data"
[ "$(grep -c 'SW1=0x90, SW2=0x00' "$work/said")" = 4 ] || fail "SELECT, READ BINARY, VERIFY and the counter"
grep -q '00200088\[4\] 9000$' "$HOME/trace" || fail "the trace has no VERIFY"
grep -q 31323334 "$HOME/trace" && fail "the trace has a PIN"
grep -q '^= Inkan Virtual Reader 1: apdus [0-9]*, verifies auth 1 sign 0, signatures auth 0 sign 0$' "$HOME/trace" ||
	fail "the trace has no summary"

# The control socket: out, in, another card in its place, a fault, pcscd away and back.
cat >"$work/steps" <<END
v() { "$work/inkan-vcard" --send "\$1"; }
v list; v 'remove 1'; opensc-tool -l; v 'insert 1'; opensc-tool -l
v 'insert 1 --card jpki --name "HANAKO SAMPLE"'; opensc-tool -r 0 -a; v list
v 'fault 1 2 pull'; opensc-tool -r 0 -s 00A4040C0AD392F000260100000001 -s 00200080; v list; v 'insert 1'
v 'tries 1 auth 2'; opensc-tool -r 0 -s 00A4040C0AD392F000260100000001 -s 00A4020C020018 -s 00200080
v 'service stop'; opensc-tool -l; v 'service start'; opensc-tool -l
v 'remove 7'; v 'trace-mark the end'; v 'verifies 1 auth'
END
$vcard --card hpki -- sh "$work/steps" >"$work/said" 2>&1 || fail "control commands"
[ "$(grep -c '^ok' "$work/said")" = 13 ] || fail "control commands that succeed"
said '^ok 1:hpki$' "list"
said '^0 *No ' "the card is out"
said '3b:e0:00:ff:81:31:fe:45:14' "the ATR of the other card"
said '^ok 1:none$' "the card was pulled"
said 'SW1=0x63, SW2=0xC2' "tries"
said 'No smart card readers found' "pcscd is away"
said '^error remove needs' "a reader that there is not"
said '^ok 0$' "verifies"
grep -q '^# the end$' "$HOME/trace" || fail "trace-mark"
nothing_left "the control commands"

# Resets, power, long commands, a card that goes.
INKAN_VCARD=$work/inkan-vcard $vcard --card jpki --card hpki -- "$work/test_vcard_client" >"$work/said" 2>&1 ||
	fail "test_vcard_client"

# The command's exit status is ours; signals end everything.
$vcard -- sh -c 'exit 7' 2>"$work/said"
[ $? = 7 ] || fail "exit status 7"
$vcard -- sh -c 'kill -9 $$' 2>"$work/said"
[ $? = 137 ] || fail "exit status of a killed command"
$vcard -- /nonexistent 2>"$work/said"
[ $? = 127 ] || fail "exit status of a missing command"
nothing_left "a failing command"
for signal in TERM HUP; do # a shell's background job ignores INT, one under nohup HUP
	mkfifo "$work/ready"
	chmod 666 "$work/ready"
	$as_user env --default-signal=HUP "$work/inkan-vcard" -- sh -c "echo up >'$work/ready'; exec sleep 60" 2>"$work/said" &
	read -r _ <"$work/ready"
	rm "$work/ready"
	kill -s $signal $!
	wait $!
	[ $? -gt 128 ] || fail "SIG$signal does not end it"
	nothing_left "SIG$signal"
done
$as_user timeout -s INT 2 "$work/inkan-vcard" --card none >"$work/said" 2>&1
said "^export PCSCLITE_CSOCK_NAME='$TMPDIR/inkan-vcard-" "the line to export"
nothing_left "a run without a command"

# Several at once keep out of each other's way.
$vcard --card jpki -- sh -c 'sleep 1; opensc-tool -l' >"$work/said2" 2>&1 &
$vcard --card hpki --card hpki -- opensc-tool -l >"$work/said" 2>&1 || fail "one of two"
wait $! || fail "the other of two"
[ "$(grep -c Inkan "$work/said")$(grep -c Inkan "$work/said2")" = 21 ] || fail "the readers of two at once"
nothing_left "two at once"

# A pcscd that would ask polkit (2.0 and later) is told not to. Where pcscd is
# one itself, the word is passed on, and all of the above has shown it.
keep=no
! pcscd --help | grep -q disable-polkit || keep=yes
mkdir "$work/bin"
cat >"$work/bin/pcscd" <<END
#!/bin/sh
[ "\$1" = --help ] && { echo '  --disable-polkit'; exit 0; }
for word; do
	shift
	[ "\$word" = --disable-polkit ] && told=yes
	[ "\$word" = --disable-polkit ] && [ $keep = no ] || set -- "\$@" "\$word"
done
[ "\${told-}" = yes ] && exec "$(command -v pcscd)" "\$@"
exit 1
END
chmod 755 "$work/bin" "$work/bin/pcscd"
PATH=$work/bin:$PATH $vcard -- opensc-tool -l >"$work/said" 2>&1 || fail "a pcscd with polkit"
said '^0 *Yes ' "the card behind a pcscd with polkit"
nothing_left "a pcscd with polkit"

# Without a pcscd: which package has it.
if [ ! -x /usr/local/sbin/pcscd ] && [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	unshare -m sh -c 'mount --bind /dev/null "$(command -v pcscd)" && "$0" -- true' "$work/inkan-vcard" 2>"$work/said"
	[ $? = 69 ] || fail "exit status without pcscd"
	said 'install the package pcscd' "the package to install"
fi
exit 0
