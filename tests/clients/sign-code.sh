#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# osslsigncode through libp11's engine; jarsigner, an archive for each run; a Java program
# of one login, which signs once and no more, and one of a provider for each document.
. "${srcdir:-.}/tests/clients/lib.sh"
need openssl openssl
need setsid util-linux
need pkcs11-tool opensc
on_cards hpki jpki "hpki before other-kind" "hpki after other-person" "jpki before foreign"
. "$srcdir/tests/clients/signing.sh"
cd "$work" || exit 1
documents=50 archives=5
[ -z "$neighbour" ] || documents=2 archives=2 # the figures are those of a card alone

names="s|pkcs11:token=HPKI%20Signature;id=%17|$sign_uri|; s|HPKI END ENTITY CERTIFICATE|$sign_label|; s|ca.pem|sign-cas.pem|"

# ---- Windows programs

# The smallest there is: the two headers, one section, a return.
make_exe() { # FILE
	{
		printf 'MZ' && head -c 58 /dev/zero && printf '\100\0\0\0PE\0\0'
		printf '\114\001\001\0' && head -c 12 /dev/zero && printf '\340\0\002\001'
		printf '\013\001\0\0\0\002\0\0\0\0\0\0\0\0\0\0\0\020\0\0\0\020\0\0\0\040\0\0\0\0\100\0\0\020\0\0\0\002\0\0'
		printf '\004\0\0\0\0\0\0\0\004\0\0\0\0\0\0\0\0\040\0\0\0\002\0\0\0\0\0\0\003\0\0\0'
		printf '\0\0\020\0\0\020\0\0\0\0\020\0\0\020\0\0\0\0\0\0\020\0\0\0' && head -c 128 /dev/zero
		printf '.text\0\0\0\001\0\0\0\0\020\0\0\0\002\0\0\0\002\0\0' && head -c 12 /dev/zero && printf '\040\0\0\140'
	} >"$1"
	truncate -s 512 "$1"
	printf '\303' >>"$1"
	truncate -s 1024 "$1"
}

# 2.5 fetches no lists, and knows no word against that.
old=
osslsigncode verify --help 2>&1 | grep -q ignore-cdp || old='; s/-ignore-cdp//'

# 2.8 calls an engine that it has closed, unless OpenSSL's configuration holds it open.
holding=
case $(osslsigncode --version 2>/dev/null) in "osslsigncode 2.8"*) holding='OPENSSL_CONF=~/.config/inkan/osslsigncode.cnf' ;; esac

# It asks for the token's PIN and for the key's; without a terminal it reads standard input.
answers() { printf '%s\n' "$names; s#^osslsigncode sign#printf '%s\\\\n' $1 $2 | $holding setsid -w &#"; }

sign_exe_wrongly() { # TOKEN-PIN KEY-PIN
	mark
	guide_block code osslsigncode | sed -e "s|/usr/local/lib/pkcs11/|$module_dir/|; $(answers "$1" "$2")" >block
	! timeout 20 sh -eu block >said 2>&1 || fail "signed with a wrong PIN"
	lost_one "a wrong PIN"
	[ ! -e setup-signed.exe ] || fail "a wrong PIN leaves a program"
}

sign_programs() {
	make_exe setup.exe
	[ -z "$holding" ] || guide_run code osslsigncode-config
	openssl crl -inform DER -in "$pki/$card-sign.crl" -out list.pem || fail "no revocation list"
	sign_exe_wrongly "$(wrong_pin)" "$sign_pin"
	sign_exe_wrongly "$sign_pin" "$(wrong_pin)"
	mark
	for i in $(seq $documents); do
		rm -f setup-signed.exe
		guide_run code osslsigncode "$(answers "$sign_pin" "$sign_pin")"
		said "the first question" "^Enter PKCS#11 token PIN for $sign_token:"
		said "the second question" "Enter PKCS#11 key PIN for $sign_key:"
		guide_run code verify "$names$old"
	done
	made "osslsigncode, $documents programs" $documents
	cell osslsigncode signature
	batch osslsigncode $documents "$pins"
}

# ---- Java

make_archives() {
	for i in $(seq $archives); do
		echo "document $i" >"$i.txt"
		try "jar" jar cf "$i.jar" "$i.txt"
	done
}

jarsigner_block() { # PIN ARCHIVE
	printf '%s\n' "$names; s/letter.jar/$2/; s/^jarsigner/printf '%s\\\\n' $1 | setsid -w &/"
}

# The signature as CMS over the list of digests, which jarsigner has checked against the files.
verify_archive() { # ARCHIVE
	try "jarsigner -verify" jarsigner -verify "$1"
	said "jarsigner" '^jar verified'
	unzip -p "$1" 'META-INF/*.SF' >list.sf || fail "$1: no list inside"
	unzip -p "$1" 'META-INF/*.RSA' >list.p7s || fail "$1: no signature inside"
	verify_cms list.p7s list.sf
}

sign_archives() {
	guide_block code configuration | sed "s|/usr/local/lib/pkcs11/|$module_dir/|" >inkan.cfg
	make_archives
	cp 1.jar unsigned.jar
	mark
	guide_block code jarsigner | sed -e "$(jarsigner_block "$(wrong_pin)" 1.jar)" >block
	! timeout 30 sh -eu block >said 2>&1 || fail "jarsigner signed with a wrong PIN"
	lost_one "a wrong PIN"
	cmp -s 1.jar unsigned.jar || fail "a wrong PIN changes the archive"
	mark
	for i in $(seq $archives); do
		guide_run code jarsigner "$(jarsigner_block "$sign_pin" "$i.jar")"
		said "the question" '^Enter Passphrase for keystore:'
		verify_archive "$i.jar"
	done
	made "jarsigner, $archives archives" $archives
	cell jarsigner signature
	batch jarsigner $archives "$pins"
}

run_java() { # PIN PROGRAM FILE...
	pin=$1
	shift
	echo "$pin" >answers
	timeout 60 setsid -w java "$@" <answers >said 2>&1
}

# One provider and one key for all: what a Java program does that knows nothing of consent.
sign_twice_in_one_login() {
	cat >OneLogin.java <<-END
		import java.security.*;
		class OneLogin {
			public static void main(String[] pin) throws Exception {
				Provider card = Security.getProvider("SunPKCS11").configure("inkan.cfg");
				KeyStore store = KeyStore.getInstance("PKCS11", card);
				store.load(null, pin[0].toCharArray());
				Signature signature = Signature.getInstance("SHA256withRSA", card);
				PrivateKey key = (PrivateKey) store.getKey(store.aliases().nextElement(), null);
				for (int i = 1; i <= 2; i++) {
					signature.initSign(key);
					System.out.println("signature " + i + ": " + signature.sign().length + " bytes");
				}
			}
		}
	END
	mark
	! run_java none OneLogin.java "$sign_pin" || fail "Java signed twice in one login"
	said "Java's first signature" '^signature 1: 256 bytes'
	said "Java's second signature" CKR_USER_NOT_LOGGED_IN
	made "Java, two documents in one login" 1
}

sign_in_java() {
	for i in $(seq $documents); do
		echo "document $i" >"document-$i"
	done
	guide_block code java >SignBatch.java
	mark
	! run_java "$(wrong_pin)" SignBatch.java document-* || fail "Java signed with a wrong PIN"
	said "Java" CKR_PIN_INCORRECT
	lost_one "a wrong PIN"
	mark
	run_java "$sign_pin" SignBatch.java document-* || fail "Java: $(cat said)"
	made "Java, a provider for each of $documents documents" $documents
	for i in $(seq $documents); do
		try "Java, document $i" openssl dgst -sha256 -verify signer.pub -signature "document-$i.sig" "document-$i"
	done
	cell 'Java, one provider per document' signature
	batch 'Java, one provider per document' $documents "$(wc -l <answers)" # no more was there to be read
}

only_this_card java jarsigner pkcs11-tool
sign_certificate signer.pem
openssl x509 -in signer.pem -noout -pubkey >signer.pub
if command -v osslsigncode >/dev/null && engine_path >/dev/null; then
	sign_programs
else
	say "not tried: osslsigncode or the engine is missing (packages osslsigncode, libengine-pkcs11-openssl)"
fi
if command -v jarsigner >/dev/null && command -v unzip >/dev/null; then
	sign_archives
	sign_twice_in_one_login
	sign_in_java
else
	say "not tried: jarsigner or unzip is missing (packages default-jdk-headless, unzip)"
fi
