#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2317,SC2154,SC2016 # cycle calls check; setup-common.sh sets what is used here
# inkan setup web-eid: a manifest for each browser that is there, and nobody else's is touched.
. "${srcdir:-.}/tests/tool/setup-common.sh"
need python3
need make
program=$(printf 'include Makefile\nprogram:; @echo $(pkglibexecdir)/inkan-web-eid\n' | MAKEFLAGS='' make -s -f - program)
ours=$work/inkan-web-eid
printf '#!/bin/sh\n' >"$ours"
chmod 755 "$ours"
mkdir -p "$root${program%/*}" && cp "$ours" "$root$program"
mozilla=$HOME/.mozilla/native-messaging-hosts/eu.webeid.json
chromium=$XDG_CONFIG_HOME/chromium/NativeMessagingHosts/eu.webeid.json

# As browsers read it: name, form and path, and the ids of the extension in that browser's store.
manifest() { # FILE PROGRAM KEY ID...
	python3 - "$@" <<-'END' || bad "$1: $(cat "$1")"
		import json, sys
		file, program, key, *ids = sys.argv[1:]
		manifest = json.load(open(file))
		assert manifest.pop("description"), "no description"
		assert manifest == {"name": "eu.webeid", "path": program, "type": "stdio", key: ids}, manifest
	END
}
for_firefox() { manifest "$1" "$2" allowed_extensions '{e68418bc-f2b0-4459-a9ea-3e72b6751b07}'; }
for_chrome() {
	manifest "$1" "$2" allowed_origins chrome-extension://ncibgoaomkmdpilpocfeponihegamlic/ \
		chrome-extension://gnmckgbandlkacikdndelhfghdejfido/
}

# ---- the command line
for wrong in 'web-eid --sign' 'web-eid --host x' 'web-eid --user x' 'web-eid x'; do
	# shellcheck disable=SC2086
	setup 64 $wrong --module "$ours" --yes
	advised
done
for wrong in "$work/nothing" "${srcdir:-.}/configure.ac"; do
	setup 66 web-eid --module "$wrong" --yes
	said "is not the program for Web eID"
	advised
done
setup 69 web-eid --module "$ours" --yes
said "There is no Firefox, Chromium, Chrome or Edge"
advised
[ -z "$(find "$HOME" -type f)" ] || bad "written for browsers that nobody uses"

# ---- one browser, then all of them
mkdir -p "$HOME/.config/mozilla" # Firefox since 147
check() {
	for_firefox "$mozilla" "$ours"
	[ ! -e "$chromium" ] || bad "written for a browser that nobody uses"
}
cycle web-eid --module "$ours"
mkdir -p "$HOME/.mozilla" "$XDG_CONFIG_HOME/chromium" "$XDG_CONFIG_HOME/google-chrome" "$XDG_CONFIG_HOME/microsoft-edge"
check() {
	for_firefox "$mozilla" "$ours"
	for browser in chromium google-chrome microsoft-edge; do
		for_chrome "$XDG_CONFIG_HOME/$browser/NativeMessagingHosts/eu.webeid.json" "$ours"
	done
	setup 0
	wrote "$ours ($mozilla)"
	wrote "$ours ($chromium)"
}
cycle web-eid --module "$ours"
check() { grep -q '^\[program inkan-web-eid\]$' "$XDG_CONFIG_HOME/inkan/inkan.conf" || bad "no section for the program"; }
cycle web-eid --module "$ours" --card hpki

# ---- for everybody, as packages have it: but for the words, by which undo knows whose it is
for_package() { # KIND FILE
	sed "s|@pkglibexecdir@/inkan-web-eid|$program|; s|HPKI and My Number cards|&, by inkan setup|" \
		"${srcdir:-.}/dist/web-eid/$1.json.in" | cmp -s - "$2" || bad "$2 is not what dist/web-eid has"
}
check() {
	for_firefox "$root/usr/lib/mozilla/native-messaging-hosts/eu.webeid.json" "$program"
	for_package mozilla "$root/usr/lib/mozilla/native-messaging-hosts/eu.webeid.json"
	for_package chromium "$root/etc/chromium/native-messaging-hosts/eu.webeid.json"
	for folder in chromium opt/chrome opt/edge; do
		for_chrome "$root/etc/$folder/native-messaging-hosts/eu.webeid.json" "$program"
	done
	[ ! -e "$root/usr/lib64" ] || for_firefox "$root/usr/lib64/mozilla/native-messaging-hosts/eu.webeid.json" "$program"
}
cycle web-eid --system --root "$root"
mkdir -p "$root/usr/lib64/mozilla" # as Fedora has it
cycle web-eid --system --root "$root"

# ---- another place of the program: ours is brought up to date, and goes all the same
mkdir -p "$work/other" && cp "$ours" "$work/other"
setup 0 web-eid --module "$work/other/inkan-web-eid" --yes
setup 0 web-eid --module "$ours" --yes
for_firefox "$mozilla" "$ours"
setup 0 web-eid --undo --yes
[ -z "$(find "$HOME" -name 'eu.webeid.json*')" ] || bad "left behind: $(find "$HOME" -name 'eu.webeid.json*')"

# ---- another product's
for text in '{"name":"eu.webeid","description":"x","path":"/usr/bin/web-eid","type":"stdio"}' '{' '[]' '{"path":1}'; do
	mkdir -p "${mozilla%/*}"
	echo "$text" >"$mozilla"
	cp "$mozilla" "$work/theirs"
	setup 0 web-eid --module "$ours" --yes
	said "$mozilla belongs to another program, and stays"
	advised
	for_chrome "$chromium" "$ours"
	cmp -s "$mozilla" "$work/theirs" || bad "another product's manifest was changed"
	setup 0 web-eid --undo --yes
	cmp -s "$mozilla" "$work/theirs" || bad "another product's manifest was removed"
done
rm "$mozilla"
mkdir -p "$root/etc/chromium/native-messaging-hosts" "$root/etc/opt/edge"
rm -r "$XDG_CONFIG_HOME/google-chrome" "$XDG_CONFIG_HOME/microsoft-edge" "$HOME/.mozilla" "$HOME/.config/mozilla"
mkdir -p "${chromium%/*}"
echo '{"path":"/usr/bin/web-eid"}' >"$chromium"
tree >"$work/before"
setup 69 web-eid --module "$ours" --yes
said "belongs to another program"
unchanged "nothing but another product's"
rm "$chromium"

# ---- what a package has put there is the package's
manifest=$root/usr/lib/mozilla/native-messaging-hosts/eu.webeid.json
mkdir -p "${manifest%/*}"
printf '{"description":"of a package","path":"%s"}\n' "$program" >"$manifest"
cp "$manifest" "$work/theirs"
setup 0 web-eid --system --root "$root" --yes
silent "belongs to another"
setup 0 web-eid --system --root "$root" --undo --yes
cmp -s "$manifest" "$work/theirs" || bad "a package's manifest was changed"
mkdir -p "${mozilla%/*}"
printf '{"description":"of a package","path":"%s"}\n' "$work/other/inkan-web-eid" >"$mozilla"
cp "$mozilla" "$work/theirs"
setup 0 web-eid --module "$ours" --yes
said "$mozilla belongs to another program, and stays"
setup 0 web-eid --undo --yes
cmp -s "$mozilla" "$work/theirs" || bad "a package's manifest was changed for a program in another place"
rm -r "$HOME/.mozilla"

# ---- a snap
mkdir -p "$HOME/snap/firefox"
setup 0 web-eid --module "$ours" --yes
said "A browser is a snap or a flatpak"
advised
for_firefox "$mozilla" "$ours"
finish
