#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# debian/ puts each file that make install installs into one package, and names none that is not there; its list of symbols
# is the library's.
. "${srcdir:-.}/tests/tool/common.sh"
there=$(cd "${srcdir:-.}" && pwd)
[ -d "$there/debian" ] || skip "debian/ is not in the tarball"
[ -e tests/installed/paths ] || skip "nothing is installed in tests/installed"

{
	# as debian/rules has it
	(cd tests/installed/usr/local && find . ! -type d) | sed -e 's|^\./|usr/|' -e 's|^usr/lib/|usr/lib/MACHINE/|' \
		-e 's|share/inkan/p11-kit/|share/p11-kit/modules/|' -e 's|^usr/share/inkan/apparmor/|etc/apparmor.d/abstractions/|' \
		-e 's|^usr/share/inkan/web-eid/mozilla|usr/lib/mozilla/native-messaging-hosts/eu.webeid|' \
		-e 's|^usr/share/inkan/web-eid/chromium|etc/chromium/native-messaging-hosts/eu.webeid|' \
		-e 's|zsh/site-functions|zsh/vendor-completions|'
	for unit in "$there"/dist/system/*.timer "$there"/dist/system/*.socket dist/system/*.service; do echo "UNITS/${unit##*/}"; done
	for unit in "$there"/dist/user/*.timer dist/user/*.service; do echo "usr/lib/systemd/user/${unit##*/}"; done
} | sort -u >"$work/files"
# shellcheck disable=SC2016 # debhelper's
sed 's|\${env:UNITDIR}|UNITS|; s|/\*/|/MACHINE/|' "$there"/debian/*.install >"$work/patterns"
[ "$(wc -l <"$work/files")" -gt 60 ] || bad "hardly anything is installed"

: >"$work/used"
while read -r file; do
	n=0
	while read -r pattern; do
		# shellcheck disable=SC2254 # a pattern
		case $file in
		$pattern | $pattern/*) n=$((n + 1)) && echo "$pattern" >>"$work/used" ;;
		esac
	done <"$work/patterns"
	[ $n = 1 ] || bad "$file is in $n packages"
done <"$work/files"
sort -u "$work/patterns" >"$work/all" && sort -u "$work/used" >"$work/met"
[ -z "$(comm -23 "$work/all" "$work/met")" ] || bad "debian/*.install names what is not installed: $(comm -23 "$work/all" "$work/met" | xargs)"

sed -n 's/^	\(inkan_[a-z0-9_]*\);$/\1/p' "$there/src/lib/libinkan.map" | sort >"$work/map"
sed -n 's/^ \(inkan_[a-z0-9_]*\)@INKAN_0 .*/\1/p' "$there/debian/libinkan0.symbols" | sort >"$work/symbols"
cmp -s "$work/map" "$work/symbols" || bad "debian/libinkan0.symbols: $(comm -3 "$work/map" "$work/symbols" | xargs)"
finish
