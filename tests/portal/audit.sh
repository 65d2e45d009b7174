#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The guide's page about logs: its lines for jq, on a log that inkan-authd has written.
. "${srcdir:-.}/tests/portal/common.sh"
need jq
make_pki
take_lists "$pki"
write_conf "listen = unix:$socket" 'header = X-Client-Cert' 'address-header = X-Real-IP'
start "$work/authd.conf"
ask() { # RULE NUMBER CERTIFICATE
	curl -s -o /dev/null --unix-socket "$socket" -H "X-Client-Cert: ${3:+$(pem_url "$3")}" -H "X-Request-ID: $2" -H 'X-Real-IP: 192.0.2.1' \
		-H 'X-Original-URI: /record/7?secret' "http://authd/rule/$1"
}
ask doctors number-1 "$doctor"
ask doctors number-2 "$pharmacist"
ask doctors number-2 "$pharmacist" # as nginx does
ask doctors number-3 "$lost"
ask doctors number-4
ask patients number-5 "$patient"
ask doctors number-6 "$pharmacist"
user() { # CERTIFICATE
	printf 'hpki-%s-%s' "$(openssl x509 -in "$1" -noout -issuer -nameopt rfc2253,sep_comma_plus_space | sed 's/^issuer=//' | tr -d '\n' | sha256sum | cut -c 1-8)" \
		"$(openssl x509 -in "$1" -noout -subject -nameopt multiline | sed -n 's/ *serialNumber *= //p')"
}
block() { # TEXT: of the page, for this log
	printf '%s\n' "$1" | sed "s|/var/log/inkan-authd/access.log|$work/access.log|; s|hpki-b79bef2c-72422976|$(user "$pharmacist")|
		s|7f1f78ffae7b5f0f|number-3|; s|2026-11-30|$(date -u +%Y-%m-%d)|" >"$work/block"
	run 0 sh -eu "$work/block"
}
is() { # TEXT
	printf "$1" | diff - "$work/out" >"$work/diff" || { bad "$(cat "$work/block")"; cat "$work/diff"; }
}
tab=$(printf '\t')
block "$(guide_block audit day)"
[ "$(cut -f 2- "$work/out" | sed -n 1p)" = "$(user "$doctor")${tab}桜花子${tab}doctors${tab}/record/7${tab}192.0.2.1" ] || { bad day; cat "$work/out"; }
sed -n 2p "$work/out" | grep -q "^20.*Z${tab}jpki-[0-9a-f]*$tab${tab}patients${tab}/record/7${tab}192.0.2.1$" || { bad "day, the patient"; cat "$work/out"; }
[ "$(wc -l <"$work/out")" = 2 ] || bad "two were let in, not $(wc -l <"$work/out")"
block "$(guide_block audit person)"
[ "$(grep -c '"/record/7","role"\]$' "$work/out")" = 3 ] || { bad person; cat "$work/out"; }
block "$(guide_block audit request)"
wrote '"reason": "revoked"'
[ "$(grep -c '"request"' "$work/out")" = 1 ] || bad "the number is there more than once"
block "$(guide_block audit reasons)"
is '      2 role\n      1 revoked\n      1 no-certificate\n'
block "$(guide_block audit revoked)"
is "      1 $(user "$lost")\tAUTHD lost\trevoked\n"
block "$(guide_block audit unknown)"
is '      1 patients\n'

# every field of a line is in the page, and every field of the page in a line
jq -r 'keys[]' "$work/access.log" | sort -u >"$work/fields"
sed -n '/^## What a line/,/^## Where/p' "${srcdir:-.}/doc/guide/audit.md" | grep '^| [a-z]' | cut -d '|' -f 3 | grep -o '`[a-z]*`' | tr -d '`' | sort -u >"$work/told"
comm -23 "$work/fields" "$work/told" >"$work/missing"
[ ! -s "$work/missing" ] || bad "fields that the page does not tell of: $(xargs <"$work/missing")"
finish
