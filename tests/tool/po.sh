#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every text of the command is translated, and every translation takes the same arguments.
. "${srcdir:-.}/tests/tool/common.sh"
need xgettext
need msgmerge
need msgfmt

(
	cd "${srcdir:-.}" && find cards src -name '*.c' | sort |
		xgettext --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=P_:1,2 --files-from=- -o "$work/all.pot"
) || bad "xgettext"
[ "$(grep -c '^msgid' "$work/all.pot")" -gt 150 ] || bad "xgettext finds next to nothing"
for po in "${srcdir:-.}"/po/*.po; do
	msgfmt --check-format --check-domain -o /dev/null "$po" || bad "$po"
	msgmerge --quiet --no-fuzzy-matching -o "$work/merged.po" "$po" "$work/all.pot" || bad "$po does not merge"
	msgattrib --untranslated --no-obsolete "$work/merged.po" | sed '1,/^$/d' >"$work/left"
	[ -s "$work/left" ] && { bad "$po: these are not translated"; cat "$work/left"; }
	msgattrib --only-fuzzy "$po" | grep -q '^msgid "..*"' && bad "$po has fuzzy translations"
done
finish
