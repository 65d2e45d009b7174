#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Java's own SunPKCS11, by the guide's configuration and program: keytool, TLS 1.3
# and 1.2, several logins, a card that goes and comes, a wrong PIN, no RSASSA-PSS.
. "${srcdir:-.}/tests/clients/lib.sh"
need java default-jdk-headless
need keytool default-jdk-headless
need nginx nginx
java --list-modules 2>/dev/null | grep -q '^jdk.compiler' || skip "a JDK is needed to run a source file (package default-jdk-headless)"
on_cards hpki jpki "hpki after other-kind" "hpki before other-person" "jpki after foreign"

case $card in
hpki) label='hpki end entity certificate' ;;
jpki) label='user authentication certificate' ;;
esac

java_trust='-Djavax.net.ssl.trustStore=trust.p12 -Djavax.net.ssl.trustStorePassword=changeit'

logins() { # ADDRESS...
	pages=
	for page; do pages="$pages$page "; done
	guide_run java login "s#^echo .* java#printf '%s\\\\n' $pages| java $java_trust#"
}

succeeded() { # TIMES VERSION
	[ "$(grep -c "^TLSv$2 SUCCESS" "$work/said")" = "$1" ] || fail "not $1 logins on TLS $2: $(cat "$work/said")"
}

cd "$work" || exit
printf '%s\n' "$auth_pin" >pin
guide_run java config
only_this_card java keytool
guide_write java program
mv block Portal.java
try "a store for the server's CA" keytool -importcert -noprompt -alias ca -file "$server_ca" -keystore trust.p12 -storepass changeit
guide_answer java keytool "$auth_pin"
grep -qi "^$label, PrivateKeyEntry" said || fail "keytool: $(cat said)"
card_did keytool 1 0

for version in 1.3 1.2; do
	start_nginx TLSv$version
	address=https://localhost:$port/
	logins "$address"
	succeeded 1 $version
	card_did "a login on TLS $version" 2 1
	stop_nginx
	cell 'Java (SunPKCS11)' "TLS $version"
done

# Three handshakes with one key store: one login.
start_nginx 'TLSv1.2 TLSv1.3'
address=https://localhost:$port/
logins "$address" "$address" "$address"
succeeded 3 1.3
card_did "three logins" 4 3
[ -z "$neighbour" ] || exit 0

# A card that goes and comes, while the program runs.
answers() { # COUNT: so many lines have come
	for _ in $(seq 200); do
		[ "$(wc -l <answers)" -lt "$1" ] || return 0
		sleep 0.1
	done
	fail "no answer: $(cat answers)"
}
mkfifo addresses
guide_write java login "s#^echo .* java#java $java_trust#"
timeout 240 sh -eu block <addresses >answers 2>&1 9>&- &
program=$!
exec 8>addresses
trap '' PIPE
ask() { echo "$address" >&8 || fail "the program has ended: $(cat answers)"; }
ask
answers 1
remove_card
ask
answers 2
insert_card 8>&- # the new witness is to hold no end of it
for n in $(seq 3 20); do # it looks for a card every two seconds
	sleep 1
	ask
	answers "$n"
	[ "$(grep -c '^TLSv1.3 SUCCESS' answers)" = 1 ] || break
done
exec 8>&-
wait "$program"
[ "$(sed -n '1p; 2s/:.*//p; $p' answers | xargs)" = 'TLSv1.3 SUCCESS failed TLSv1.3 SUCCESS' ] ||
	fail "a card that goes and comes: $(cat answers)"
card_did "a card that goes and comes" 4 2

# A wrong PIN goes to the card once, however often the process tries.
echo "999${auth_pin#???}" >pin
logins "$address" "$address"
lost_one_try "a wrong PIN, twice"
echo "$auth_pin" >pin

# Without RSASSA-PSS: TLS 1.2 by PKCS#1 v1.5, and a clear error on TLS 1.3.
printf '[general]\npss = off\n' >>"$HOME/.config/inkan/inkan.conf"
logins "$address"
said "TLS 1.3 without PSS" 'No supported CertificateVerify signature algorithm for RSA'
java_trust="$java_trust -Djdk.tls.client.protocols=TLSv1.2"
logins "$address"
succeeded 1 1.2
