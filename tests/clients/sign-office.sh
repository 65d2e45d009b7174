#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# LibreOffice on a virtual screen, its PIN dialog answered by typing: a PIN mistyped, then
# 50 ODF and 50 PDF documents. xmlsec1 and openssl verify.
. "${srcdir:-.}/tests/clients/lib.sh"
need soffice libreoffice-writer
need Xvfb xvfb
need xdotool xdotool
need xmlsec1 xmlsec1
need pdfsig poppler-utils
need unzip unzip
need_nss
python=/usr/bin/python3
$python -c 'import uno' 2>/dev/null || skip "Python's UNO is missing (package python3-uno)"
on_cards hpki jpki "jpki after other-kind" "hpki after other-person" "hpki before foreign"
. "$srcdir/tests/clients/signing.sh"
cd "$work" || exit 1
documents=50
[ -z "$neighbour" ] || documents=2 # the figures are those of a card alone

# ---- The screen and who sits before it

start_screen() {
	servers="$servers $work/xvfb.pid"
	for _ in 1 2 3 4 5; do
		DISPLAY=:$((100 + $(od -An -N2 -tu2 /dev/urandom) % 30000))
		export DISPLAY
		Xvfb "$DISPLAY" -noreset -screen 0 1024x768x24 -nolisten tcp >xvfb.log 2>&1 9>&- &
		echo $! >xvfb.pid
		screen_answers $! && return 0
	done
	fail "no screen: $(cat xvfb.log)"
}

screen_answers() { # PID OF XVFB
	while kill -0 "$1" 2>/dev/null; do
		! timeout 5 xdotool getdisplaygeometry >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	return 1
}

# Each window is answered once: with the next line of the file answers, or the PIN.
sit_before_it() {
	last=
	: >asked
	while sleep 0.05; do
		window=$(xdotool search --onlyvisible --name '^Enter Password|^Warning' 2>/dev/null | tail -n 1)
		[ "$window" != "$last" ] || continue
		last=$window
		[ -z "$window" ] || answer "$window"
	done
}

answer() { # WINDOW
	title=$(xdotool getwindowname "$1")
	echo "$title" >>asked
	xdotool windowfocus --sync "$1"
	case $title in
	Warning) # the PIN was wrong
		ask_card tries >left
		xdotool key Escape
		;;
	*)
		pin=$(sed -n 1p answers)
		sed -i 1d answers
		xdotool type "${pin:-$sign_pin}"
		xdotool key Return
		;;
	esac
}

start_office() {
	guide_block libreoffice start | sed "s|^\(.*\) soffice --writer|export \1; exec soffice --writer --norestore --nologo --nodefault \
		'-env:UserInstallation=file://$work/profile' '--accept=pipe,name=inkan-$$;urp'|" >block
	sh -eu block >office.log 2>&1 9>&- &
	echo $! >office.pid
	servers="$servers $work/office.pid"
	sit_before_it 9>&- &
	echo $! >person.pid
	servers="$servers $work/person.pid"
}

office() { # odt|pdf|quit ...
	timeout 200 $python "$srcdir/tests/clients/office.py" "inkan-$$" "$@" >said 2>&1 </dev/null ||
		fail "LibreOffice, $1: $(cat said office.log)"
}

dialogs() { grep -c '^Enter Password' asked; }

# ---- Signing

verify_odt() { # FILE
	rm -rf inside
	unzip -q "$1" -d inside || fail "$1 is no package"
	(cd inside && try "$1" xmlsec1 --verify --trusted-pem "$anchor" --untrusted-pem "$pki/$card-sign-ca.pem" \
		--id-attr:Id SignedProperties META-INF/documentsignatures.xml) || exit 1
	said "$1" '^OK'
	for part in content.xml styles.xml META-INF/manifest.xml; do
		grep -q "Reference URI=\"$part\"" inside/META-INF/documentsignatures.xml || fail "$1: $part is not signed"
	done
}

# One login for all; the first PIN is wrong, which LibreOffice says before it asks again.
sign_odt() {
	wrong_pin >answers
	mark
	office odt "$work/out" $documents
	made "LibreOffice, $documents ODF documents" $documents
	[ "$(cat left)" = $((tries - 1)) ] || fail "the wrong PIN cost $((tries - $(cat left))) tries"
	given "LibreOffice" "$(dialogs)"
	cell 'LibreOffice ODF' signature
	batch 'LibreOffice ODF' $documents $((pins - 1)) # without the one that was mistyped
	for i in $(seq $documents); do
		verify_odt "out/$i.odt"
	done
}

sign_pdf() {
	before=$(dialogs)
	mark
	office pdf "$work/out" $documents "$sign_pin"
	made "LibreOffice, $documents PDF documents" $documents
	[ "$(dialogs)" = "$before" ] || fail "LibreOffice asked beside the field of the export dialog"
	cell 'LibreOffice PDF' signature
	batch 'LibreOffice PDF' $documents "$pins"
	for i in $(seq $documents); do
		verify_pdf "out/$i.pdf"
	done
}

only_this_card soffice.bin
mkdir out
guide_run libreoffice prepare
start_screen
start_office
sign_odt
sign_pdf
office quit
