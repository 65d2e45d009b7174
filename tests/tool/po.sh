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

# A text is looked up whole, as it was compiled: xgettext stops at a macro in it, and what it finds is never asked for.
if command -v python3 >/dev/null; then
	python3 - "$work/all.pot" <<-'PY' || bad "these are never asked for: a macro goes on with them"
		import ast, os, re, sys
		objects = [os.path.join(at, n) for top in ("cards", "src") for at, _, names in os.walk(top) for n in names if n.endswith(".o")]
		compiled = b"".join(open(name, "rb").read() for name in objects)
		texts = re.findall(r'^msgid(?:_plural)? ((?:".*"\n)+)', open(sys.argv[1], encoding="utf-8").read(), re.M)
		texts = ["".join(ast.literal_eval(line) for line in text.splitlines()) for text in texts]
		cut = [text for text in texts if text.encode() in compiled and text.encode() + b"\0" not in compiled]
		print(*cut, sep="\n")
		sys.exit(len(cut) > 0)
	PY
fi
finish
