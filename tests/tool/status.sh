#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan status: from servers good and bad into the store and out again, checked by openssl;
# who uses the network is seen by strace.
. "${srcdir:-.}/tests/tool/common.sh"
need openssl
[ -x tests/unit/fetch_here ] || skip "built --without-curl"
XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache
export XDG_DATA_HOME XDG_CACHE_HOME
unset HTTP_PROXY https_proxy all_proxy ALL_PROXY no_proxy NO_PROXY http_proxy
store=$XDG_CACHE_HOME/inkan

# ---- A PKI with a good card, a revoked one and a patient's; a web server that has its lists
good_and_revoked
patient=$(ls "$pki"/jpki-auth-taro-sample-*.pem)
cat "$pki/root.pem" "$pki/hpki-auth-ca.pem" >"$work/cas.pem"
web=$work/web
mkdir "$web"
cp "$pki"/*.crl "$web"
./tests/tool/serve "$web" >"$work/port" &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
while [ ! -s "$work/port" ]; do sleep 0.05; done
here=http://127.0.0.1:$(cat "$work/port")
online() { http_proxy=$here no_proxy=127.0.0.1 "$@"; } # the PKI's own URLs lead to our server
asked() { grep -c "^GET $1" "$web/requests" 2>/dev/null; }
held() { cat "$store"/crl/*.crl | sha256sum; }
is_held() { # FILE: byte for byte
	for f in "$store"/crl/*.crl; do cmp -s "$f" "$1" && return 0; done
	return 1
}

# ---- without anchors nothing is fetched, nothing is kept
run 0 "$inkan" status list
run 69 online "$inkan" status refresh
said "No CA certificate is installed"
advised
run 69 "$inkan" status import "$pki/sarl.crl"
[ -e "$web/requests" ] && bad "a request without an anchor"
mkdir -p "$XDG_DATA_HOME/inkan/anchors"
cp "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$XDG_DATA_HOME/inkan/anchors"

# Two hanging servers, meanwhile: their own cache, and thirty seconds together.
mkdir -p "$work/hang/inkan"
cp "$pki/sarl.crl" "$web/hanging.crl"
(
	XDG_CACHE_HOME=$work/hang
	"$inkan" status import "$pki/sarl.crl" "$pki/rarl.crl" >/dev/null
	printf '%s\n' "$here/hang" "$here/drip" >"$work/hang/inkan/sources"
	start=$(date +%s)
	online "$inkan" status refresh >"$work/hang.out" 2>&1
	echo "$? $(($(date +%s) - start))" >"$work/hang.result"
) &
hanging=$!
# its requests are not to be counted among the others'
while [ "$(asked /hang)$(asked /drip)" != 11 ] && kill -0 $hanging 2>/dev/null; do sleep 0.05; done

# ---- refresh
run 0 online "$inkan" status refresh --certificate "$good"
wrote "http://inkan-vcard.invalid/hpki-auth.crl: new list"
for list in sarl rarl hpki-auth; do
	is_held "$pki/$list.crl" || bad "$list.crl is not held as it was served"
done
run 0 online "$inkan" status refresh
wrote "unchanged"
silent "new list"
[ "$(grep -c '^If-None-Match' "$web/requests")" -eq 3 ] || bad "the second request is not conditional"
before=$(asked '')
run 0 online "$inkan" status refresh --due
wrote "not due yet"
[ "$(asked "")" -eq "$before" ] || { bad "--due asks before it is due"; cat "$work/out"; }
run 0 online "$inkan" status refresh --quiet
[ -s "$work/out" ] || [ -s "$work/err" ] && bad "--quiet speaks"
run 0 "$inkan" status list
wrote "HPKI-01-InkanVirtualAuthCA2"
wrote "http://inkan-vcard.invalid/sarl.crl"
run 0 "$inkan" status list --system
silent "$store"

# ---- newer, then older again
cat >"$work/ca.cnf" <<-END
	[ca]
	default_ca = d
	[d]
	database = $work/index
	crlnumber = $work/number
	default_md = sha256
	crl_extensions = x
	[x]
	authorityKeyIdentifier = keyid
END
: >"$work/index"
make_list() { # NUMBER FILE
	echo "$1" >"$work/number"
	openssl ca -config "$work/ca.cnf" -gencrl -crldays 4 -keyfile "$pki/hpki-auth-ca.key" -cert "$pki/hpki-auth-ca.pem" \
		-out "$work/list.pem" 2>"$work/err" && openssl crl -in "$work/list.pem" -outform DER -out "$2" || cat "$work/err"
}
make_list 5000 "$work/newer.crl"
cp "$work/newer.crl" "$web/hpki-auth.crl"
run 0 online "$inkan" status refresh
wrote "hpki-auth.crl: new list"
is_held "$work/newer.crl" || bad "the newer list is not held"
now=$(held)
cp "$pki/hpki-auth.crl" "$web/hpki-auth.crl"
run 76 online "$inkan" status refresh
said "older than the one in the store"
advised
[ "$(held)" = "$now" ] || bad "an older list took a newer one's place"
run 0 "$inkan" status import "$pki/hpki-auth.crl"
wrote "old list, put into the archive"
[ "$(ls "$store/archive" | wc -l)" -eq 1 ] || bad "the old list is not in the archive"
[ "$(held)" = "$now" ] || bad "an imported older list took a newer one's place"
rm -r "$store/archive"
cp "$work/newer.crl" "$web/hpki-auth.crl"
run 0 online "$inkan" status refresh

# ---- bad servers: what is held stays, and the good ones are used
mkdir -p "$work/config/inkan"
echo "max-list-size = 1" >"$work/config/inkan/inkan.conf"
head -c 1048577 /dev/zero >"$work/long"
run 7 "$inkan" status import "$work/long"
said "max-list-size"
bad_server() { # STATUS PATH TEXT
	cp "$store/sources" "$work/sources"
	run 0 "$inkan" status add "$here$2"
	start=$(date +%s)
	run "$1" online "$inkan" status refresh
	[ $(($(date +%s) - start)) -le 31 ] || bad "$2 took longer than the cap"
	said "$2: $3"
	cp "$work/sources" "$store/sources"
	[ "$(held)" = "$now" ] || bad "$2 changed what is held"
}
bad_server 76 /loop "the server redirects more than 3 times"
bad_server 76 /scheme "the server redirects to a URL that is neither"
bad_server 76 /endless "the answer is longer than 1048576 bytes"
bad_server 76 /long "the answer is longer than"
bad_server 76 /code/500 "the server answered 500"
bad_server 76 /bare304 "the server answered 304"
bad_server 76 /cut ""
bad_server 76 /garbage "it is not a revocation list"
bad_server 76 /file/jpki-auth.crl "the CA certificate of the list is not installed"
openssl crl -inform DER -in "$work/newer.crl" -out "$web/list.pem"
bad_server 76 /file/list.pem "it is not a revocation list"
for n in 30 200 "$(($(wc -c <"$work/newer.crl") - 1))"; do
	head -c "$n" "$work/newer.crl" >"$web/cut.crl"
	bad_server 76 /file/cut.crl "it is not a revocation list"
done
openssl asn1parse -inform DER -in "$work/newer.crl" >/dev/null || bad "the test's list"
size=$(wc -c <"$work/newer.crl")
last=377
[ "$(tail -c 1 "$work/newer.crl" | od -An -to1 | tr -d ' ')" = 377 ] && last=376
{ head -c $((size - 1)) "$work/newer.crl"; printf "\\$last"; } >"$web/forged.crl"
bad_server 76 /file/forged.crl "the signature of the list does not verify"

# a timer: one that is not due yet is in order, and the other one has failed
cp "$store/sources" "$work/sources"
run 0 "$inkan" status add "$here/code/500?due"
run 76 online "$inkan" status refresh --due
cp "$work/sources" "$store/sources"

rm "$work/config/inkan/inkan.conf"
run 75 env http_proxy=http://127.0.0.1:1 "$inkan" status refresh # nobody answers
said "cannot be reached"
advised
cp "$web/hpki-auth.crl" "$web/kept.crl"
for list in sarl rarl hpki-auth; do echo portal >"$web/$list.crl"; done
run 7 online "$inkan" status refresh # a captive portal, and nothing else
for list in sarl rarl; do cp "$pki/$list.crl" "$web"; done
mv "$web/kept.crl" "$web/hpki-auth.crl"

for f in "$store"/crl/*.crl; do cmp -s "$f" "$work/newer.crl" && break; done
rm "$f"
mkdir "$f" # no file can take its place
run 74 online "$inkan" status refresh # which is this machine's fault
said "hpki-auth.crl: $store"
rmdir "$f"
run 0 online "$inkan" status refresh

# ---- what was lost is fetched again, condition or not
rm "$store"/crl/*.crl
run 0 online "$inkan" status refresh
[ "$(held)" = "$now" ] || bad "lost lists do not come back"
rm "$store"/crl/*.crl
run 0 online "$inkan" status refresh --due
[ "$(held)" = "$now" ] || bad "a timer leaves lost lists lost until their servers are due"

# ---- several at once fetch once
cp "$pki/sarl.crl" "$web/once.crl"
echo "$here/slow/once.crl" >>"$store/sources"
for i in 1 2 3 4 5 6; do
	online "$inkan" status refresh >"$work/one.$i" 2>&1 || bad "one of several at once: $(cat "$work/one.$i")" &
	jobs="${jobs-} $!"
done
for job in $jobs; do wait "$job"; done
[ "$(asked /slow/once.crl)" -eq 1 ] || bad "six at once asked $(asked /slow/once.crl) times"
[ "$(grep -l "fetched by another process" "$work"/one.? | wc -l)" -eq 5 ] || bad "five of six did not wait"
sed -i '\|/slow/|d' "$store/sources"

# ---- nothing of a My Number Card, and no nonsense
now=$(cat "$store/sources")
run 69 online "$inkan" status refresh --certificate "$patient"
said "registered verifiers only"
advised
run 64 "$inkan" status add "$here/fine" file:///etc/passwd
said "is not a URL"
advised
run 64 "$inkan" status add "http://user@host/"
run 66 "$inkan" status refresh --certificate "$work/nothing"
[ "$(cat "$store/sources")" = "$now" ] || bad "something was noted"
# its CA in the trust store is passed over, and keeps nobody else's lists away
cp "$pki/jpki-auth-ca.pem" "$XDG_DATA_HOME/inkan/anchors"
run 0 online "$inkan" status refresh
wrote "1 CA is passed over: its revocation lists are for registered verifiers only."
wrote "hpki-auth.crl: unchanged"
silent "the card"
[ "$(asked /jpki)$(asked http://inkan-vcard.invalid/jpki)" = 00 ] || bad "a list of the JPKI was asked for"
rm "$XDG_DATA_HOME/inkan/anchors/jpki-auth-ca.pem"

# ---- import
rm -r "$store"
cat "$pki/hpki-auth-ca.key" "$work/list.pem" >"$work/two.pem"
openssl crl -inform DER -in "$pki/sarl.crl" >>"$work/two.pem"
run 0 "$inkan" status import "$work/two.pem" "$pki/rarl.crl"
for list in "$work/newer.crl" "$pki/sarl.crl" "$pki/rarl.crl"; do is_held "$list" || bad "$list is not held"; done
run 7 "$inkan" status import "$pki/jpki-auth.crl"
said "the CA certificate of the list is not installed"
run 7 "$inkan" status import "$web/forged.crl"
said "the signature of the list does not verify"
run 7 "$inkan" status import "$good"
said "it is not a revocation list"
run 7 "$inkan" status import "$good" "$pki/sarl.crl" # the good one is no excuse
wrote "unchanged"
run 66 "$inkan" status import "$work/nothing"
run 0 "$inkan" status archive
[ "$(ls "$store/archive" | wc -l)" -eq 3 ] || bad "the archive has not every list"
run 0 "$inkan" status purge
is_held "$pki/sarl.crl" || bad "purge removes what is valid"

# ---- export: openssl accepts the good card and refuses the revoked one
rm -r "$store"
run 3 "$inkan" status export --bundle nginx --output "$work/bundle"
said "There is no revocation list to export"
[ -e "$work/bundle" ] && bad "an empty bundle"
"$inkan" status import --quiet "$pki/hpki-auth.crl" "$pki/sarl.crl" || bad "import"
run 3 "$inkan" status export --bundle nginx --output "$work/bundle"
said "about the CA certificate of OU=Inkan Virtual HPKI Root CA V2"
advised
"$inkan" status import --quiet "$pki/rarl.crl" || bad "import"
run 0 "$inkan" status export --bundle nginx --output "$work/bundle" --reload "echo told >>$work/told"
run 0 "$inkan" status export --bundle apache --output "$work/bundle" --reload "echo told >>$work/told"
wrote "unchanged"
[ "$(cat "$work/told")" = told ] || bad "the reload command did not run once"
[ "$(grep -c 'BEGIN X509 CRL' "$work/bundle")" -eq 3 ] || bad "the bundle has not three lists"
openssl verify -crl_check_all -CAfile "$work/cas.pem" -CRLfile "$work/bundle" "$good" >"$work/out" 2>&1 ||
	{ bad "openssl refuses the good card"; cat "$work/out"; }
openssl verify -crl_check_all -CAfile "$work/cas.pem" -CRLfile "$work/bundle" "$revoked" >"$work/out" 2>&1 &&
	bad "openssl accepts the revoked card"
wrote "certificate revoked"
"$inkan" status import --quiet "$work/newer.crl" || bad "import"
run 75 "$inkan" status export --bundle nginx --output "$work/bundle" --reload false
said 'The command "false" failed'
run 0 "$inkan" status export --bundle nginx --output "$work/bundle" --reload "echo again >>$work/told"
run 0 "$inkan" status export --bundle nginx --output "$work/bundle" --reload "echo again >>$work/told"
[ "$(grep -c again "$work/told")" -eq 1 ] || bad "a reload that failed was not repeated once"
# what a list says of itself stays in its comment
cat >"$work/odd.cnf" <<END
[ca]
default_ca = c
[c]
database = $work/odd.index
default_md = sha256
default_crl_days = 3
crl_extensions = e
[e]
2.5.29.28 = critical, DER:3011A00FA00D860B687474703A2F2F612F0A78
END
: >"$work/odd.index"
openssl ca -config "$work/odd.cnf" -gencrl -cert "$pki/hpki-auth-ca.pem" -keyfile "$pki/hpki-auth-ca.key" \
	-out "$work/odd.pem" 2>"$work/err" || bad "openssl makes no list: $(cat "$work/err")"
run 0 "$inkan" status import "$work/odd.pem"
run 0 "$inkan" status export --bundle nginx --output "$work/odd.bundle"
grep -v -e '^# ' -e '^-----' -e '^[A-Za-z0-9+/=]*$' "$work/odd.bundle" && bad "a line that is neither comment nor list"
rm "$store"/crl/*
run 0 "$inkan" status import "$pki/hpki-auth.crl" "$pki/sarl.crl" "$pki/rarl.crl"
run 74 "$inkan" status export --bundle nginx --output "$work/no/such/folder"
run 74 "$inkan" status export --bundle nginx --output /dev/null
[ -c /dev/null ] || bad "/dev/null is gone"
ls "$work"/bundle.* >/dev/null 2>&1 && bad "something was left beside the bundle"

# ---- a signature of twelve hours ago: by the lists of then, which are imported now
stamp() { date -u -d "-$1 minutes" "+${2:-%Y%m%d%H%M%SZ}"; }
ago() { date -u -d "-$1 minutes" +%FT%TZ; }
cat >"$work/old.cnf" <<-END
	[ca]
	default_ca = d
	[d]
	database = $work/old.index
	default_md = sha256
END
old_list() { # CA FROM TO FILE [SERIAL]: in force between these minutes ago, with a certificate on hold
	: >"$work/old.index"
	[ -z "${5-}" ] ||
		printf 'R\t491231235959Z\t%s,certificateHold\t%s\tunknown\t/CN=x\n' "$(stamp "$2" %y%m%d%H%M%SZ)" "$5" >"$work/old.index"
	openssl ca -config "$work/old.cnf" -gencrl -crl_lastupdate "$(stamp "$2")" -crl_nextupdate "$(stamp "$3")" \
		-keyfile "$pki/$1.key" -cert "$pki/$1.pem" -out "$4" 2>"$work/err" || { bad "openssl makes no list"; cat "$work/err"; }
}
run 0 "$inkan" verify "$good"
run 3 "$inkan" verify --at "$(ago 720)" "$good"
cp -r "$store" "$work/present"
old_list root 780 660 "$work/old-root.pem"
old_list hpki-auth-ca 780 660 "$work/old-auth.pem"
run 0 "$inkan" status import "$work/old-root.pem" "$work/old-auth.pem"
[ "$(grep -c "old list, put into the archive" "$work/out")" -eq 2 ] || bad "not in the archive: $(cat "$work/out")"
run 0 "$inkan" verify --at "$(ago 720)" "$good"
wrote "accepted"
run 3 "$inkan" verify --at "$(ago 790)" "$good" # nothing had been issued by then
run 3 "$inkan" verify --at "$(ago 650)" "$good" # its lists had ended
wrote "too old"
old_list hpki-auth-ca 750 700 "$work/held.pem" "$(openssl x509 -in "$good" -noout -serial | sed 's/.*=//')"
run 0 "$inkan" status import "$work/held.pem"
run 2 "$inkan" verify --at "$(ago 720)" "$good"
wrote "suspended"
run 0 "$inkan" verify --at "$(ago 760)" "$good"
run 0 "$inkan" verify "$good"
# one that has ended is for the archive, be there a newer one or not
XDG_CACHE_HOME=$work/past run 0 "$inkan" status import "$work/old-auth.pem"
wrote "old list, put into the archive"
rm -r "$store"
mv "$work/present" "$store"

# ---- JSON
if command -v python3 >/dev/null; then
	online "$inkan" status refresh --json >"$work/json" || bad "refresh --json"
	"$inkan" status list --json >"$work/json2" || bad "list --json"
	python3 - "$work/json" "$work/json2" <<-'END' || bad "the JSON does not say what it should"
		import json, sys
		refreshed, listed = (json.load(open(f)) for f in sys.argv[1:])
		assert {s["result"] for s in refreshed["sources"]} <= {"new", "same"}, refreshed
		assert len(listed["lists"]) == 3 and all(l["usable"] and l["fresh"] for l in listed["lists"]), listed
		assert sum(l["scope"] == "ca" for l in listed["lists"]) == 2
	END
fi

# ---- the network: refresh alone
if strace -f -e trace=network -o "$work/strace" true 2>/dev/null; then
	sockets() { # COMMAND...: how many sockets to the network
		strace -f -e trace=network -o "$work/strace" "$@" >/dev/null 2>&1 </dev/null
		grep -c 'socket(AF_\(INET\|NETLINK\)\|connect(.*AF_INET\|sendto(' "$work/strace"
	}
	for words in list 'list --json' archive purge "import $pki/sarl.crl" "add $here/x" \
		"export --bundle nginx --output $work/bundle"; do
		# shellcheck disable=SC2086
		n=$(sockets "$inkan" status $words)
		[ "$n" -eq 0 ] || { bad "$n sockets: inkan status $words"; head -5 "$work/strace"; }
	done
	for words in "show $good" "verify $good" "trust list"; do
		# shellcheck disable=SC2086
		n=$(sockets "$inkan" $words)
		[ "$n" -eq 0 ] || bad "$n sockets: inkan $words"
	done
	[ "$(sockets env http_proxy="$here" "$inkan" status refresh)" -gt 0 ] || bad "strace does not see refresh either"
else
	echo "not shown: who uses the network (strace is missing or not permitted)"
fi

# ---- and nothing but inkan-fetch is linked with it
for file in .libs/*pkcs11*.so .libs/Hpki*.so .libs/libinkan.so "$inkan"; do
	[ ! -e "$file" ] || ! ldd "$file" 2>/dev/null | grep -q libcurl || bad "$file is linked with libcurl"
done
ldd ./inkan-fetch | grep -q libcurl || bad "ldd does not see libcurl either"

# ---- the hanging servers
wait "$hanging"
read -r code seconds <"$work/hang.result"
[ "$code" -eq 76 ] || { bad "hanging servers: exit $code"; cat "$work/hang.out"; }
[ "$seconds" -ge 29 ] && [ "$seconds" -le 33 ] || bad "hanging servers took $seconds s"
[ "$(grep -c "no complete answer within 30 seconds" "$work/hang.out")" -eq 2 ] || bad "hanging servers are not named"
finish
