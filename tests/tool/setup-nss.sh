#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan setup for programs with an NSS database: Firefox, Chromium, and those that sign documents.
. "${srcdir:-.}/tests/tool/setup-common.sh"
need modutil
need certutil
[ -z "${INKAN_SANITIZERS-}" ] || skip "modutil cannot load a module that is built with sanitizers"

database() { # FOLDER
	mkdir -p "$1"
	certutil -N -d "sql:$1" --empty-password || bad "certutil -N"
}
lists() { # FOLDER MODULE: NSS itself reads it so
	modutil -dbdir "sql:$1" -list >"$work/out" 2>&1
	wrote ". Inkan"
	wrote "library name: $2"
}

# ---- Chromium: no database yet; one that is there; with other modules and certificates
check() {
	lists "$HOME/.pki/nssdb" "$module"
	certutil -L -d "sql:$HOME/.pki/nssdb" >"$work/out" 2>&1 || bad "certutil -L"
}
tree >"$work/before"
setup 0 chrome --module "$module" --dry-run
unchanged "--dry-run"
setup 0 chrome --module "$module" --yes
wrote "$HOME/.pki/nssdb/pkcs11.txt (new)"
# shellcheck disable=SC2218 # each part has a check of its own
check
[ "$(stat -c %a "$HOME/.pki" "$HOME/.pki/nssdb" | sort -u)" = 700 ] || bad "others may enter the new folder"
# the database stays, as a browser would have made it
setup 0 chrome --undo --yes
modutil -dbdir "sql:$HOME/.pki/nssdb" -list >"$work/out" 2>&1 || bad "no database is left"
silent "Inkan"
cycle chrome --module "$module"
printf 'library=/opt/other.so\nname=Other\n\n' >>"$HOME/.pki/nssdb/pkcs11.txt"
cycle chrome --module "$module"
# an entry that somebody has written, without an empty line behind it
cp "$HOME/.pki/nssdb/pkcs11.txt" "$work/list"
printf 'library=/opt/third.so\nname=Third' >>"$HOME/.pki/nssdb/pkcs11.txt"
setup 0 chrome --module "$module" --yes
lists "$HOME/.pki/nssdb" "$module"
wrote ". Third"
cp "$work/list" "$HOME/.pki/nssdb/pkcs11.txt"
rm "$HOME/.pki/nssdb/pkcs11.txt.before-inkan"
chmod 644 "$HOME/.pki/nssdb/pkcs11.txt"
cycle chrome --module "$module"
mv "$HOME/.pki/nssdb" "$HOME/elsewhere"
ln -s ../elsewhere "$HOME/.pki/nssdb"
cycle chrome --module "$module"
rm -r "$HOME/.pki" "$HOME/elsewhere"

# certificates in it stay
database "$HOME/.pki/nssdb"
openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out "$work/ca.pem" -subj /CN=x 2>/dev/null &&
	certutil -A -d "sql:$HOME/.pki/nssdb" -n ca -t C,, -i "$work/ca.pem"
setup 0 chrome --module "$module" --yes
setup 0 chrome --undo --yes
certutil -L -d "sql:$HOME/.pki/nssdb" >"$work/out" 2>&1
wrote "ca "

# another module of our name is replaced; our module under another name is there already
modutil -force -dbdir "sql:$HOME/.pki/nssdb" -add Inkan -libfile "$sign_module" >/dev/null 2>&1
setup 0 chrome --module "$module" --yes
lists "$HOME/.pki/nssdb" "$module"
[ "$(grep -c '^name=Inkan$' "$HOME/.pki/nssdb/pkcs11.txt")" = 1 ] || bad "twice in the list"
setup 0 chrome --undo --yes
modutil -force -dbdir "sql:$HOME/.pki/nssdb" -add HPKI -libfile "$module" >/dev/null 2>&1
tree >"$work/before"
setup 0 chrome --module "$module" --yes
wrote "Already set up"
setup 0 chrome --undo --yes
unchanged "a module that somebody else has added"
rm -r "$HOME/.pki"

# where a distribution has moved it to
database "$XDG_DATA_HOME/pki/nssdb"
check() { lists "$XDG_DATA_HOME/pki/nssdb" "$module"; }
cycle chrome --module "$module"
rm -r "$XDG_DATA_HOME/pki"

# ---- NSS's tools are needed for a new database alone; a full disk
mkdir "$work/bin"
ln -s "$(command -v sh)" "$work/bin"
database "$HOME/.pki/nssdb"
run 0 env PATH="$work/bin" "$inkan" setup chrome --module "$module" --yes
lists "$HOME/.pki/nssdb" "$module"
rm -r "$HOME/.pki"
tree >"$work/before"
run 69 env PATH="$work/bin" "$inkan" setup chrome --module "$module" --yes
said "could not make a database"
said "libnss3-tools"
unchanged "without certutil"
(
	trap '' XFSZ
	ulimit -f 20
	run 69 "$inkan" setup chrome --module "$module" --yes
	exit "$failures"
) || failures=$((failures + 1))
unchanged "a full disk"
rm -rf "$HOME/.pki"
setup 0 chrome --module "$module" --yes
lists "$HOME/.pki/nssdb" "$module"
rm -r "$HOME/.pki"

# ---- Firefox: the profiles where they are, the old place and the new one
setup 69 firefox --module "$module" --yes
said "no profile of Firefox"
advised
old=$HOME/.mozilla/firefox new=$HOME/.config/mozilla/firefox
database "$old/abc.default"
database "$new/def.default-release"
database "$HOME/profiles/ours"
mkdir -p "$old/Crash Reports" "$new/ghi.unused"
printf '[Profile0]\nName=a\nIsRelative=1\nPath=abc.default\n\n[Profile1]\r\nIsRelative=0\r\nPath=%s\r\n' \
	"$HOME/profiles/ours" >"$old/profiles.ini"
check() {
	for profile in "$old/abc.default" "$new/def.default-release" "$HOME/profiles/ours"; do
		lists "$profile" "$module"
	done
	[ "$(find "$HOME" -name pkcs11.txt | wc -l)" = 3 ] || bad "a database where none was"
}
cycle firefox --module "$module"
setup 0 firefox --module "$module" --yes
setup 0
wrote "$module ($old/abc.default/pkcs11.txt)"
setup 0 firefox --undo --yes

# one profile under two names is one
ln -s "$old" "$HOME/firefox"
printf '[Profile0]\nPath=%s/abc.default/\nIsRelative=0\n' "$HOME/firefox" >"$old/profiles.ini"
rm -r "$HOME/profiles"
check() { lists "$old/abc.default" "$module"; }
cycle firefox --module "$module"

# one that is running is left alone
if command -v python3 >/dev/null; then
	python3 -c 'import fcntl, sys, time
f = open(sys.argv[1], "w"); fcntl.lockf(f, fcntl.LOCK_EX); print("locked", flush=True); time.sleep(60)' \
		"$old/abc.default/.parentlock" >"$work/locked" &
	locker=$!
	for _ in $(seq 100); do
		[ -s "$work/locked" ] || sleep 0.2
	done
	tree >"$work/before"
	setup 75 firefox --module "$module" --yes
	said "Firefox is running"
	advised
	unchanged "while Firefox runs"
	setup 0 firefox --undo --yes # there is nothing to do
	wrote "nothing to undo"
	kill $locker
	wait $locker 2>/dev/null
	setup 0 firefox --module "$module" --yes # the file of the lock stays behind
	setup 0 firefox --undo --yes
fi

# snap and flatpak are passed over, and that is said
database "$HOME/snap/firefox/common/.mozilla/firefox/snap.default"
setup 0 firefox --module "$module" --yes
said "snap or flatpak"
grep -q Inkan "$HOME/snap/firefox/common/.mozilla/firefox/snap.default/pkcs11.txt" && bad "written for a snap"
setup 0 firefox --undo --yes
rm -r "$old" "$new" "$HOME/profiles"
setup 69 firefox --module "$module" --yes
said "snap or flatpak"
silent "no profile of Firefox" # one remedy, and the right one
rm -r "$HOME/snap"

# ---- those that sign: a database of their own, with the signature module alone
check() {
	lists "$XDG_DATA_HOME/inkan/nssdb" "$sign_module"
	silent "$module"
	[ "$(find "$HOME" -name pkcs11.txt | wc -l)" = 1 ] || bad "another database has changed"
}
setup 0 signers --module "$sign_module" --yes
check
tree >"$work/before"
setup 0 signers --module "$sign_module" --yes
wrote "Already set up"
unchanged "signers twice"
setup 0 signers --undo --yes
cycle signers --module "$sign_module"
finish
