#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan.conf: folders of anchors and lists, and the log.
. "${srcdir:-.}/tests/tool/common.sh"
need openssl
conf=$XDG_CONFIG_HOME/inkan/inkan.conf
mkdir -p "$XDG_CONFIG_HOME/inkan"
printf '[req]\ndistinguished_name = dn\n[dn]\n' >"$work/plain.cnf"
openssl req -config "$work/plain.cnf" -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/ca.pem" \
	-subj "/O=Test/CN=CA" -addext 'basicConstraints=critical,CA:TRUE' 2>"$work/err" || { cat "$work/err"; exit 99; }
: >"$work/index"
cat >"$work/ca.cnf" <<END
[ca]
default_ca = c
[c]
database = $work/index
default_md = sha256
default_crl_days = 3
END
openssl ca -config "$work/ca.cnf" -gencrl -cert "$work/ca.pem" -keyfile "$work/key.pem" -out "$work/list.pem" \
	2>"$work/err" || { cat "$work/err"; exit 99; }

# ---- the user's folders are elsewhere
echo "anchors = $work/here/anchors
lists = $work/here/lists" >"$conf"
run 0 "$inkan" trust add --yes "$work/ca.pem"
wrote "$work/here/anchors/"
run 0 "$inkan" trust list
wrote "$work/here/anchors/"
run 0 "$inkan" status import "$work/list.pem"
[ "$(find "$work/here/lists/crl" -name '*.crl' | wc -l)" = 1 ] || bad "the list is not where it was wanted"
[ ! -e "$XDG_DATA_HOME" ] && [ ! -e "$XDG_CACHE_HOME" ] || bad "something is where it was not wanted"
run 0 "$inkan" status list
wrote "$work/here/lists/crl/"

# ---- no folder: said, and the usual one
printf 'anchors = here/anchors\nlists = lists\nlog = loud\n' >"$conf"
run 0 env INKAN_DEBUG=error "$inkan" trust list
wrote "No CA certificate is installed"
said "inkan.conf:1: anchors cannot be \"here/anchors\""
said "inkan.conf:2: lists cannot be \"lists\""
said "inkan.conf:3: log cannot be \"loud\""

# ---- for one program alone
printf 'anchors = %s\n[program ssh inkan]\nanchors = %s\n[program ssh]\nanchors = %s\n' "$work/all" "$work/inkan" "$work/ssh" >"$conf"
run 0 "$inkan" trust add --yes "$work/ca.pem"
wrote "$work/inkan/"
printf '[programs inkan]\nanchors = %s\n' "$work/inkan" >"$conf"
run 0 env INKAN_DEBUG=error "$inkan" trust list
silent "$work/inkan/"
said "inkan.conf:1: this section is not known"

# ---- the log; the environment has the last word
mkdir -p "$XDG_DATA_HOME/inkan/anchors"
cp "$work/key.pem" "$XDG_DATA_HOME/inkan/anchors/key.pem"
printf 'log = error\nlog-file = %s\n' "$work/log" >"$conf"
run 0 "$inkan" trust list
silent "inkan["
grep -q "inkan\[[0-9]*\] error: .*key.pem: passed over" "$work/log" || bad "nothing in the log"
[ "$(stat -c %a "$work/log")" = 600 ] || bad "mode $(stat -c %a "$work/log") of the log"
rm "$work/log"
run 0 env INKAN_DEBUG=off "$inkan" trust list
[ ! -e "$work/log" ] || bad "logged although the environment says off"
run 0 env INKAN_DEBUG=error INKAN_DEBUG_FILE="$work/other" "$inkan" trust list
[ -s "$work/other" ] && [ ! -e "$work/log" ] || bad "the environment's file is not the one"
echo 'log = error' >"$conf"
run 0 "$inkan" trust list
said "key.pem: passed over"

# ---- what is the whole machine's is readable by everybody, whatever root's umask
rm "$conf"
prefix=$(sed -n 's/^prefix = //p' Makefile)
if [ "$prefix" = /usr/local ] && unshare -rm mount -t tmpfs none "$prefix" 2>/dev/null; then
	# shellcheck disable=SC2016 # the inner shell's
	run 0 unshare -rm sh -euc 'mount -t tmpfs none "$1" && umask 077
		"$2" trust add --yes --system "$3" && "$2" status import --system "$4"
		find "$1" -type d -o -name "*.pem" -o -name "*.crl" | sort | xargs stat -c "%a %n"' \
		sh "$prefix" "$inkan" "$work/ca.pem" "$work/list.pem"
	for made in etc/inkan etc/inkan/anchors var/cache/inkan var/cache/inkan/crl; do
		grep -qx "755 $prefix/$made" "$work/out" || bad "$prefix/$made: $(grep "$prefix/$made\$" "$work/out")"
	done
	[ "$(grep -c "^644 " "$work/out")" = 2 ] || bad "not readable by everybody: $(cat "$work/out")"
else
	echo "skipped in part: no $prefix of its own can be had here"
fi
finish
