# SPDX-License-Identifier: BSD-2-Clause
# What the tests of signed documents share: a throw-away PKI of openssl's, with a CA, signers and an authority for time
# stamps. Sourced with the test's name in $0.
# shellcheck shell=sh disable=SC2034,SC2154
. "${srcdir:-.}/tests/tool/common.sh"
need openssl
need python3
srcdir=$(cd "${srcdir:-.}" && pwd) # tests go elsewhere
documents=$(pwd)/tests/signer/documents
[ -x tests/unit/fetch_here ] || skip "built --without-curl"
[ -x "$documents" ] || skip "tests/signer/documents is not built"
pki=$work/pki
anchors=$work/anchors # of time stamp authorities
later=$(pwd)/tests/signer/.libs/later.so

quiet() { "$@" >"$work/quiet" 2>&1 || { bad "$*"; cat "$work/quiet"; }; }

# certificate NAME CA EXTENSION...: NAME.key and NAME.pem; $key_options and $days may say more
key_options='-newkey rsa:2048'
days='-days 30'
serial=1
certificate() {
	name=$1 ca=$2
	shift 2
	serial=$((serial + 1))
	printf '%s\n' "$@" subjectKeyIdentifier=hash authorityKeyIdentifier=keyid >"$pki/ext"
	# shellcheck disable=SC2086 # words
	quiet openssl req $key_options -nodes -keyout "$pki/$name.key" -out "$pki/req" -subj "/C=JP/O=Test/CN=$name"
	# shellcheck disable=SC2086
	quiet openssl x509 -req -in "$pki/req" -CA "$pki/$ca.pem" -CAkey "$pki/$ca.key" -set_serial $serial \
		-extfile "$pki/ext" -out "$pki/$name.pem" $days -sha256
}

# root NAME: a CA
root() {
	quiet openssl req -x509 -newkey rsa:2048 -nodes -keyout "$pki/$1.key" -out "$pki/$1.pem" -days 30 -sha256 \
		-subj "/C=JP/O=Test/CN=$1" -addext keyUsage=critical,keyCertSign,cRLSign
}

# token TSA FILE OUT [OPTIONS of ts -query]: a time stamp token on a file
token() {
	tsa=$1 file=$2 out=$3
	shift 3
	quiet openssl ts -query -data "$file" -sha256 -cert "$@" -out "$work/query"
	reply "$tsa" "$work/query" -token_out -out "$out"
}
reply() { # TSA QUERY [OPTIONS of ts -reply]
	tsa=$1 query=$2
	shift 2
	[ -e "$pki/serial" ] || echo 01 >"$pki/serial"
	cat >"$pki/$tsa.cnf" <<-END
		[tsa]
		serial = $pki/serial
		signer_digest = ${signer_digest:-sha512}
		default_policy = 0.2.440.200185.1.1.1.1
		digests = sha256, sha384, sha512, sha1
		ess_cert_id_chain = no
		ess_cert_id_alg = ${ess:-sha256}
	END
	quiet openssl ts -reply -queryfile "$query" -config "$pki/$tsa.cnf" -section tsa -signer "$pki/$tsa.pem" \
		-inkey "$pki/$tsa.key" "$@"
}

mkdir -p "$pki" "$anchors"
chmod 755 "$anchors"
root ca
root tsa-ca
cp "$pki/tsa-ca.pem" "$anchors"
certificate doctor ca keyUsage=critical,nonRepudiation
certificate tsa tsa-ca keyUsage=critical,digitalSignature,nonRepudiation extendedKeyUsage=critical,timeStamping

# start_authority: tests/signer/authority.py on 127.0.0.1; $url is its address, without a path; stop_authority ends it
start_authority() {
	python3 "$srcdir/tests/signer/authority.py" "$pki" "$later" >"$work/port" 2>"$work/authority" &
	authority=$!
	trap 'kill $authority; rm -rf "$work"' EXIT
	for _ in $(seq 100); do
		[ -s "$work/port" ] && break
		sleep 0.1
	done
	url=http://127.0.0.1:$(cat "$work/port")
	no_proxy=127.0.0.1
	export no_proxy
}
stop_authority() {
	kill "$authority"
	wait "$authority" 2>/dev/null
	trap 'rm -rf "$work"' EXIT
}
