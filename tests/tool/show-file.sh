#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan show FILE|-: what openssl says of the same certificate, and every kind of bad input.
. "${srcdir:-.}/tests/tool/common.sh"
need openssl

printf '[req]\ndistinguished_name = dn\n[dn]\n' >"$work/plain.cnf"
openssl req -config "$work/plain.cnf" -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
	-subj '/O=Test/CN=Test CA' -addext 'basicConstraints=critical,CA:TRUE' 2>"$work/err" || { cat "$work/err"; exit 99; }

# make NAME SUBJECT EXTENSION...: $work/NAME.pem and .der, from the test CA
make() {
	name=$1 subject=$2
	shift 2
	# in a file: -addext of some releases does not find the name of a dirName there
	{
		cat "$work/plain.cnf"
		printf '[japanese]\nCN = Hon no Na\n[extensions]\n'
		printf '%s\n' "$@" | sed 's/=/ = /'
	} >"$work/these.cnf"
	openssl req -config "$work/these.cnf" -extensions extensions -x509 -CA "$work/ca.pem" -CAkey "$work/ca.key" -newkey rsa:2048 -nodes \
		-keyout "$work/key.pem" -out "$work/$name.pem" -days 30 -utf8 -subj "$subject" 2>"$work/err" ||
		{ cat "$work/err"; exit 99; }
	openssl x509 -in "$work/$name.pem" -outform der -out "$work/$name.der"
}

doctor='2.5.29.9=DER:3034303206062881854200013128312630'
doctor=${doctor}24A0223120A00C060A2A830886910F01060101A2100C0E4D65646963616C20446F63746F72
make doctor '/C=JP/CN=HANAKO YAMADA/serialNumber=4711' 'keyUsage=critical,nonRepudiation' \
	'certificatePolicies=critical,1.2.392.100495.1.5.1.1.0.1' "$doctor"

# ---- the same as openssl says, by every way in
openssl x509 -in "$work/doctor.pem" -noout -fingerprint -sha256 | sed 's/.*=//' >"$work/sha256"
for form in pem der; do
	run 0 "$inkan" show "$work/doctor.$form"
	cp "$work/out" "$work/text.$form"
	"$inkan" show - <"$work/doctor.$form" >"$work/stdin.$form" || bad "standard input, $form"
	cmp -s "$work/text.$form" "$work/stdin.$form" || bad "file and standard input differ, $form"
done
cmp -s "$work/text.pem" "$work/text.der" || bad "PEM and DER differ"
wrote "SHA-256:         $(cat "$work/sha256")"
wrote "Holder:          HANAKO YAMADA"
wrote "Role:            Medical Doctor"
wrote "HPKI, signature"
wrote "TEST"
wrote "non-repudiation"
wrote "RSA, 2048 bits"
silent 4711
head -n 1 "$work/out" | grep -qx "HPKI, signature" || bad "the first line"
run 0 "$inkan" show --identity "$work/doctor.pem"
wrote "serialNumber=4711"
wrote "$(openssl x509 -in "$work/doctor.pem" -noout -serial | sed 's/.*=//')"

# ---- JSON
run 0 "$inkan" show --json "$work/doctor.der"
cp "$work/out" "$work/json"
wrote "\"sha256\": \"$(tr -d : <"$work/sha256" | tr A-F a-f)\""
iso() { openssl x509 -in "$work/doctor.pem" -noout "-$1" | sed 's/.*=//' | { read -r d && date -u -d "$d" +%FT%TZ; }; }
wrote "\"not_before\": \"$(iso startdate)\""
wrote "\"not_after\": \"$(iso enddate)\""
wrote '"kind": "hpki-sign"'
wrote '"policy_oid": "1.2.392.100495.1.5.1.1.0.1"'
wrote '"production": false'
wrote '"text": "Medical Doctor"'
wrote '"coding_scheme": "1.2.392.100495.1.6.1.1"'
sed -n 's/.*"der": "\(.*\)".*/\1/p' "$work/json" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n' |
	grep -qix 3024A0223120A00C060A2A830886910F01060101A2100C0E4D65646963616C20446F63746F72 ||
	bad "the role's DER is not that of the certificate"
silent person
silent HANAKO
run 0 "$inkan" show --json --identity "$work/doctor.der"
wrote '"name": "HANAKO YAMADA"'
wrote '"id": "4711"'
if command -v python3 >/dev/null; then
	python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$work/json" || bad "no JSON"
fi

# ---- other certificates
make plain '/CN=example.jp'
run 0 "$inkan" show "$work/plain.pem"
wrote "of no profile that Inkan knows"
run 0 "$inkan" show "$work/ca.pem"
wrote "CA certificate"
make broken '/CN=Someone' 'certificatePolicies=1.2.392.100495.1.5.1.1.3.1' '2.5.29.9=DER:3000'
run 0 "$inkan" show "$work/broken.pem"
wrote "it proves no role"
run 0 "$inkan" show --json "$work/broken.pem"
wrote '"roles_malformed": true'
make evil "/CN=$(printf 'Eve\033[2J')" 'certificatePolicies=1.2.392.100495.1.5.1.1.3.1'
run 0 "$inkan" show "$work/evil.pem"
wrote 'Eve\x1B[2J'
run 0 "$inkan" show --json --identity "$work/evil.pem"
wrote 'Eve\u001B[2J'

# ---- a person's certificate in a file: nothing of the person unasked
make patient '/C=JP/CN=20260101ABCDEF' 'keyUsage=critical,digitalSignature,nonRepudiation' \
	'certificatePolicies=critical,1.2.392.200149.8.5.1.1.20' \
	'subjectAltName=otherName:1.2.392.200149.8.5.5.1;UTF8:MIHON HANAKO,otherName:1.2.392.200149.8.5.5.4;UTF8:419900401'
for how in '' --json; do
	# shellcheck disable=SC2086
	run 0 "$inkan" show $how "$work/patient.pem"
	silent MIHON
	silent 20260101ABCDEF
	silent 1990
done
run 0 "$inkan" show --identity "$work/patient.pem"
wrote 'MIHON HANAKO'
wrote '1990-04-01 (Heisei, year 2)'
run 0 "$inkan" show --json --identity "$work/patient.pem"
wrote '"birth_date": "1990-04-01"'
wrote '"name": "MIHON HANAKO"'
# ---- a name cannot pass for a role, and nothing in it is invisible
make staff '/CN=Uso Tsuki, Medical Doctor' 'certificatePolicies=1.2.392.100495.1.5.1.2.3.1' \
	'subjectAltName=dirName:japanese'
run 0 "$inkan" show "$work/staff.pem"
wrote "Role:            none"
wrote "Holder:          Hon no Na"
wrote "Common name:     Uso Tsuki, Medical Doctor"
[ "$(grep -n "Hon no Na" "$work/out" | cut -d : -f 1)" -lt "$(grep -n "Uso Tsuki" "$work/out" | cut -d : -f 1)" ] ||
	bad "the name in subjectAltName is not the first"
run 0 "$inkan" show --json --identity "$work/staff.pem"
wrote '"name": "Uso Tsuki, Medical Doctor"'
make hidden "/CN=$(printf 'Eve\342\200\213A\302\255B\343\205\244C\363\240\201\201D')" \
	'certificatePolicies=1.2.392.100495.1.5.1.1.3.1'
run 0 "$inkan" show "$work/hidden.pem"
wrote 'Eve\u200BA\u00ADB\u3164C\U000E0041D'

make kanji '/CN=山田花子' 'certificatePolicies=1.2.392.100495.1.5.1.2.3.1'
run 0 "$inkan" show "$work/kanji.pem"
wrote 山田花子
run 0 "$inkan" show --json --identity "$work/kanji.pem"
wrote '"name": "\u5C71\u7530\u82B1\u5B50"'

# ---- around the certificate
{ echo "a letter"; cat "$work/key.pem"; openssl x509 -in "$work/doctor.pem" -text; } >"$work/around.pem"
run 0 "$inkan" show "$work/around.pem"
wrote "HANAKO YAMADA"

# ---- what is no certificate
refused() {
	status=$1 text=$2
	shift 2
	run "$status" "$inkan" show "$@"
	said "$text"
	advised
	[ -s "$work/out" ] && bad "output for bad input: $*"
}
# a CA without a name is no want of memory
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -subj / -out "$work/nameless.pem" 2>/dev/null
run 0 "$inkan" show "$work/nameless.pem"
run 0 "$inkan" show --json "$work/nameless.pem"
: >"$work/empty"
refused 7 "$work/empty: the file is empty" "$work/empty"
refused 7 "Standard input: the file is empty" -
refused 66 "$work: Is a directory" "$work"
refused 66 "$work/nothing: No such file or directory" "$work/nothing"
refused 7 "$work/key.pem: there is no certificate in it that can be read" "$work/key.pem"
head -c 2000 /dev/urandom >"$work/noise"
refused 7 "$work/noise: there is no certificate in it that can be read" "$work/noise"
head -c 10485760 /dev/zero >"$work/long"
refused 7 "$work/long: the file is too long" "$work/long"
{ cat "$work/doctor.der"; echo; } >"$work/more.der"
refused 7 "$work/more.der: there is no certificate in it that can be read" "$work/more.der"
sed 's/^\(.\{40\}\).*/\1/' "$work/doctor.pem" >"$work/cut.pem"
refused 7 "$work/cut.pem: there is no certificate in it that can be read" "$work/cut.pem"
size=$(wc -c <"$work/doctor.der")
for n in 1 2 4 $((size / 2)) $((size - 1)); do
	head -c "$n" "$work/doctor.der" >"$work/cut.der"
	refused 7 "$work/cut.der: there is no certificate in it that can be read" "$work/cut.der"
done
if [ "$(id -u)" -ne 0 ]; then
	cp "$work/doctor.der" "$work/closed" && chmod 0 "$work/closed"
	refused 66 "$work/closed: Permission denied" "$work/closed"
fi
finish
