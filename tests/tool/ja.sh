#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The Japanese texts: the words of those who issue the cards, and one style of
# spaces, brackets and full stops. What is code (`…`, .EX, a fenced block) is not looked at.
. "${srcdir:-.}/tests/tool/common.sh"
LC_ALL=C.UTF-8
export LC_ALL
echo あ | grep -qP '^\p{Hiragana}$' || skip "grep has no -P with UTF-8"
need msgcat
cd "${srcdir:-.}" || exit 99

# Each prints FILE:LINE: and the text that a person reads.
markdown() {
	awk '/^ *```/ { code = !code; next } code || /^<!--/ || /^(    |\t)/ { next }
		{ gsub(/`[^`]*`/, "x"); gsub(/\]\([^)]*\)/, "]"); gsub(/\*\*/, "\001"); print FILENAME ":" FNR ":" $0 }' "$1"
}

manual() {
	awk '/^\.EX/ { code = 1 } /^\.EE/ { code = 0 } code || /^\.\\"/ || /^\.TH/ { next }
		/^\.[BIR][BIR] / { sub(/ /, "\002"); gsub(/ /, "") }
		{ gsub(/\\f[BI][^\\]*(\\-[^\\]*)*\\fP/, "x"); gsub(/\\f[BIPR]/, ""); gsub(/\\-/, "-"); gsub(/\\~/, " ")
			sub(/^\.[A-Z]+[ \002]?/, ""); gsub(/"/, ""); print FILENAME ":" FNR ":" $0 }' "$1"
}

translated() {
	awk '/^msgid/ || /^$/ { shown = 0 } /^msgstr/ { shown = 1 } shown && /"/ {
			sub(/^[^"]*"/, ""); sub(/"$/, ""); gsub(/\\n/, ""); gsub(/\\"/, "\""); print FILENAME ":" FNR ":" $0 }' "$1"
}

markdown README.ja.md >"$work/all"
for page in doc/guide/ja/*.md; do markdown "$page"; done >>"$work/all"
for page in doc/ja/*; do manual "$page"; done >>"$work/all"
translated po/ja.po >>"$work/all"
for text in README.ja doc/guide/ja/ doc/ja/ po/ja; do
	[ "$(grep -c "^$text" "$work/all")" -gt 50 ] || bad "next to nothing is found in $text"
done

# README.ja has README's sections, and each line of the guide's table of findings is in both languages.
[ "$(grep -c '^## ' README.md)" -eq "$(grep -c '^## ' README.ja.md)" ] || bad "README.ja.md has other sections than README.md"
grep -o '^| `[a-z-]*`' doc/guide/trouble.md >"$work/en"
grep -o '^| `[a-z-]*`' doc/guide/ja/trouble.md | diff "$work/en" - >"$work/found" || { bad "trouble.md"; cat "$work/found"; }

# never WHY REGEX [EXCEPT]: on no line, but where EXCEPT is
never() {
	grep -anP "^[^:]*:[0-9]*:.*?(?:$2)" "$work/all" | cut -d : -f 2- | grep -avP "${3-^$}" >"$work/found"
	[ -s "$work/found" ] || return 0
	bad "$1"
	sed 's/^/  | /' "$work/found"
}

J='[ぁ-ゖァ-ヺー一-龥々]'

# Words. PIN stands where the screen of another program has it.
never 'PIN is 暗証番号' '\bPINs?\b' '「PIN」|PIN incorrect|Wrong (smartcard )?PIN|CTRL-REQ-PIN'
never 'CA is 認証局' "\\bCA の|CA 証明書|上位の CA|CA が|発行した CA"
never 'アンカー is トラストアンカー' '(?<!トラスト)アンカー'
never '指紋 is フィンガープリント' '指紋'
never 'the holder is 名義人' '名義(?!人)|持ち主'
never 'tries are 残り回数' '試行回数|リトライ'
never 'サインイン is ログイン' 'サインイン'
never 'the machine is コンピューター' 'マシン|(?<!同じ)[このその]の?機械'
never 'the user is 利用者' 'ユーザー(?!名)|ユーザ(?!ー)'
never 'リスト is 失効リスト' '(?<!失効)リスト(?!ア)'
never 'a long vowel is written' '(?:サーバ|フォルダ|ブラウザ|リーダ|ドライバ|メモリ|コンピュータ|ライブラリ|プロバイダ|ヘッダ)(?!ー)'
never 'one spelling of each word' 'くわし|だれ|まちが|プロキシー|あいだ|証明書ポリシー'

# Style.
never 'brackets are （）' "\\([^()]*${J}[^()]*\\)|$J ?\\((?!\\d\\))"
never 'full stops and commas are 。、' '[，．]'
never 'colons are ": "' '：'
never 'letters and digits are narrow' '[Ａ-Ｚａ-ｚ０-９]'
never 'question and exclamation marks are wide' "${J}[?!]"
never 'a space between Japanese and other words' "${J}[A-Za-z0-9%]|[A-Za-z0-9](?<!%[a-z])$J|%(?:zu|ld|[sdu])$J" '%sの(?:新しい)?(?:暗証番号|証明書を)|%s%d|（%s%|%s$|満了しています%s|始まっていません%s|満了します%s|有効期間内です%s'
never 'no space between Japanese words' "$J $J"
never 'no space beside brackets and full stops' "[、。（「] +[^ |]|[^ .:|*#>-] +[、。）」]|$J +[（「]|[）」] +[A-Za-z$J]" '[…）]  [A-Z]'
never 'です and ます' '(?:である|のだ|だった)。'
# The manual pages are pages.
if echo | groff -mja -man -Kutf8 -Tutf8 >/dev/null 2>&1; then
	for page in doc/ja/*; do
		! head -n 1 "$page" | grep -q '^\.so ' || continue # another page's other name
		groff -mja -man -Kutf8 -ww -W break -Tutf8 "$page" 2>&1 >/dev/null | head -n 5 >"$work/warnings"
		[ ! -s "$work/warnings" ] || { bad "$page"; cat "$work/warnings"; }
	done
fi
# As man shows them where they are installed, with any locale: groff 1.22 does not come back from a paragraph that is one
# long line with many places to break it.
if man --version >/dev/null 2>&1; then
	mkdir -p "$work/man/ja/man1"
	cp doc/ja/*.1 "$work/man/ja/man1"
	for page in "$work"/man/ja/man1/*; do
		! head -n 1 "$page" | grep -q '^\.so ' || continue
		for width in 80 120; do
			LC_ALL=C.UTF-8 MANWIDTH=$width timeout 20 man -l "$page" >"$work/shown" 2>/dev/null ||
				bad "man does not show ${page##*/} with $width columns"
		done
	done
fi
finish
