#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan setup pam and sssd: the files of pam_pkcs11 and of SSSD, below a root; the certificate from a file and from a card.
. "${srcdir:-.}/tests/tool/setup-common.sh"
need openssl
etc=$root/etc/pam_pkcs11
snippet=$root/etc/pam.d/inkan-card
[ -n "$sysconfdir" ] || skip "no Makefile that says where settings are"
anchors=$root$sysconfdir/inkan/anchors
mkdir -p "$anchors"

printf '[req]\ndistinguished_name = dn\n[dn]\n' >"$work/plain.cnf"
openssl req -config "$work/plain.cnf" -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
	-subj '/O=Test/CN=CA' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
certify() { # NAME
	openssl req -config "$work/plain.cnf" -newkey rsa:2048 -nodes -keyout /dev/null -out "$work/$1.csr" \
		-subj "/O=Test/CN=$1" 2>/dev/null
	openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -out "$work/$1.pem" \
		2>/dev/null || bad "no certificate for $1"
}
certify one
certify two
print_of() { openssl x509 -in "$1" -noout -fingerprint -sha256 | sed 's/.*=//'; }
pam() { # STATUS ARGUMENT...
	status=$1
	shift
	setup "$status" pam --root "$root" --yes "$@"
}

# ---- what is needed first
pam 64 --module "$module" --certificate "$work/one.pem"
said "Whose card is it?"
advised
pam 69 --module "$module" --user doctor --certificate "$work/one.pem"
said "No CA certificate is installed"
advised
cp "$work/ca.pem" "$anchors"
for wrong in '' 'a b' 'a -> root' "$(printf 'a\nb')"; do
	pam 66 --module "$module" --user "$wrong" --certificate "$work/one.pem"
done
run 66 "$inkan" setup pam --user nobody-of-this-name --module "$module" --certificate "$work/one.pem" --dry-run
said "no such user"
openssl req -config "$work/plain.cnf" -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out "$work/stranger.pem" \
	-subj '/O=Test/CN=stranger' -addext basicConstraints=critical,CA:FALSE 2>/dev/null
pam 69 --module "$module" --user doctor --certificate "$work/stranger.pem"
said "CA of this card is not installed"
advised
[ ! -e "$etc" ] || bad "something was written"

# ---- done and undone; what was in the mapping stays
check() {
	grep -qx "$(print_of "$work/one.pem") -> doctor" "$etc/digest_mapping" || bad "the mapping"
	grep -qF "module = $module;" "$etc/pam_pkcs11.conf" || bad "the module"
	[ "$(openssl crl2pkcs7 -nocrl -certfile "$etc/inkan-cas.pem" | openssl pkcs7 -print_certs -noout | grep -c subject)" = 1 ] ||
		bad "the CA certificates"
	openssl verify -CAfile "$etc/inkan-cas.pem" "$work/one.pem" >/dev/null 2>&1 || bad "a card that OpenSSL does not accept"
	[ "$(grep -v '^#' "$snippet")" = 'auth [success=ok default=die] pam_pkcs11.so' ] || bad "the lines for PAM"
	[ "$(find "$root/etc" -newer "$work/before" -type f ! -name '*.before-inkan' | wc -l)" = 4 ] || bad "another file has changed"
}
undo="pam --root $root"
cycle pam --root "$root" --module "$module" --user doctor --certificate "$work/one.pem"
mkdir -p "$etc"
printf 'AA:BB -> nurse' >"$etc/digest_mapping"
cycle pam --root "$root" --module "$module" --user doctor --certificate "$work/one.pem"
rm "$etc/digest_mapping"

# ---- the guide shows the same settings
settings() { sed 's/^ *//; /^#/d; /^ca_dir/d; s|^module = /.*/|module = |' "$@"; }
pam 0 --module "$module" --user doctor --certificate "$work/one.pem"
settings "$etc/pam_pkcs11.conf" >"$work/ours"
awk '/^<!-- test: configuration -->/ { found = 1; next } found && /^```/ { if (inside) exit; inside = 1; next } inside' \
	"${srcdir:-.}/doc/guide/pam.md" | settings >"$work/guide"
diff "$work/guide" "$work/ours" || bad "the guide's page pam has other settings"

# ---- a module in a folder with a space
spaced="$work/with space/inkan-pkcs11.so"
mkdir -p "$root${spaced%/*}"
cp "$module" "$root${spaced%/*}"
pam 0 --undo
pam 0 --module "$spaced" --user doctor --certificate "$work/one.pem"
grep -qF "module = \"$spaced\";" "$etc/pam_pkcs11.conf" || bad "a name with a space, and no quotes"
pam 0 --undo
pam 0 --module "$module" --user doctor --certificate "$work/one.pem"

# ---- several people, one after the other; an administrator's own lines
pam 0 --module "$module" --user nurse --certificate "$work/two.pem"
pam 0 --module "$module" --user nurse --certificate "$work/two.pem"
wrote "Already set up"
[ "$(grep -c ' -> ' "$etc/digest_mapping")" = 2 ] || bad "two people"
pam 0 --module "$module" --user head --certificate "$work/two.pem"
[ "$(grep -c ' -> ' "$etc/digest_mapping")" = 2 ] || bad "one card of two people"
sed -i 's|cert_policy = .*|crl_dir = /etc/pam_pkcs11/lists.pem; cert_policy = ca, signature, crl_offline;|' "$etc/pam_pkcs11.conf"
pam 0 --module "$module" --user nurse --certificate "$work/two.pem"
grep -q crl_offline "$etc/pam_pkcs11.conf" || bad "the administrator's line is gone"
pam 0 --undo --user doctor
grep -q doctor "$etc/digest_mapping" && bad "doctor may still log in"
grep -q nurse "$etc/digest_mapping" || bad "nurse may not log in any more"
pam 0 --undo --user doctor
wrote "nothing to undo"

# ---- nobody is locked out: not while a service includes our lines
printf '@include common-auth\n@include inkan-card\n' >"$root/etc/pam.d/login"
tree >"$work/before"
pam 75 --undo
said "inkan-card: without these settings nobody could log in"
advised
unchanged "--undo while it is included"
printf '# @include inkan-card\n' >"$root/etc/pam.d/login"
pam 0 --undo
[ ! -e "$snippet" ] || bad "not undone"
rm "$root/etc/pam.d/login"

# ---- settings for another card
echo 'pam_pkcs11 { use_pkcs11_module = opensc; }' >"$etc/pam_pkcs11.conf"
tree >"$work/before"
pam 69 --module "$module" --user doctor --certificate "$work/one.pem"
said "not written by inkan setup"
advised
unchanged "settings for another card"
rm "$etc/pam_pkcs11.conf"

# ---- SSSD
conf=$root/etc/sssd/conf.d
sssd() { # STATUS ARGUMENT...
	status=$1
	shift
	setup "$status" sssd --root "$root" --yes "$@"
}
sssd 64 --module "$module" --certificate "$work/one.pem"
said "Whose card is it?"
sssd 66 --module "$module" --user 'a/b' --certificate "$work/one.pem"
sssd 69 --module "$module" --user doctor --certificate "$work/one.pem"
said "SSSD has no domain"
advised
mkdir -p "$root/etc/sssd"
printf '[sssd]\nservices = nss, pam\ndomains = local, ad\n' >"$root/etc/sssd/sssd.conf"
sssd 69 --module "$module" --user doctor --certificate "$work/stranger.pem"
said "CA of this card is not installed"
[ ! -e "$conf" ] || bad "something was written"
modes() { find "$root/etc/sssd" -newer "$work/before" -type f -printf '%f %m\n' | sort | xargs; }
check() {
	[ "$(modes)" = 'inkan-cas.pem 644 inkan-doctor.conf 600 inkan.conf 600' ] || bad "files: $(modes)"
	grep -qx 'pam_cert_auth = true' "$conf/inkan.conf" || bad "cards are not wanted"
	openssl verify -CAfile "$root/etc/sssd/pki/inkan-cas.pem" "$work/one.pem" >/dev/null 2>&1 || bad "a card that OpenSSL does not accept"
	[ "$(grep -v '^#' "$conf/inkan-doctor.conf")" = "$(
		echo '[certmap/local/doctor]'
		echo 'matchrule = <KU>digitalSignature<ISSUER>^CN=CA,O=Test$<SUBJECT>^CN=one,O=Test$'
	)" ] || bad "the rule: $(cat "$conf/inkan-doctor.conf")"
}
undo="sssd --root $root"
cycle sssd --root "$root" --module "$module" --user doctor --certificate "$work/one.pem"
run 0 "$inkan" setup --root "$root"
[ "$(id -u)" = 0 ] && wrote 'sssd:            not yet' || wrote 'sssd:            root alone can see it'
openssl req -config "$work/plain.cnf" -newkey rsa:2048 -nodes -keyout /dev/null -out "$work/odd.csr" -subj '/O=Test/CN=a.b(c)*[d]\+{e}$|^?' 2>/dev/null
openssl x509 -req -in "$work/odd.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -out "$work/odd.pem" 2>/dev/null
sssd 0 --module "$module" --user doctor --certificate "$work/one.pem"
sssd 0 --module "$module" --user nurse --certificate "$work/odd.pem"
subject=$(openssl x509 -in "$work/odd.pem" -noout -subject -nameopt RFC2253 | sed 's/^subject=//')
rule=$(sed -n 's/.*<SUBJECT>//p' "$conf/inkan-nurse.conf")
echo "$subject" | grep -qxE "$rule" || bad "'$rule' does not match '$subject'"
echo "$subject" | sed 's/\./x/' | grep -qxE "$rule" && bad "'$rule' matches another name"
run 0 "$inkan" setup --root "$root"
wrote 'sssd:            pkcs11:library-manufacturer=Inkan'
sed -i 's|no_ocsp|&, crl_file=/etc/sssd/pki/lists.pem|' "$conf/inkan.conf"
sssd 0 --module "$module" --user doctor --certificate "$work/two.pem"
grep -q crl_file "$conf/inkan.conf" || bad "the administrator's line is gone"
grep -q CN=two "$conf/inkan-doctor.conf" || bad "the old card"
sssd 0 --undo --user doctor
[ ! -e "$conf/inkan-doctor.conf" ] && [ -e "$conf/inkan-nurse.conf" ] && [ -e "$conf/inkan.conf" ] || bad "undone for another person"
printf 'auth required pam_sss.so require_cert_auth prompt_always\n' >"$root/etc/pam.d/login"
cp "$root/etc/pam.d/login" "$root/etc/pam.d/gdm-smartcard-sssd-exclusive"
tree >"$work/before"
sssd 75 --undo
said "require_cert_auth: without these settings nobody could log in"
unchanged "--undo while a service wants a card"
rm "$root/etc/pam.d/login"
sssd 0 --undo
[ "$(find "$root/etc/sssd" -type f)" = "$root/etc/sssd/sssd.conf" ] || bad "not undone: $(find "$root/etc/sssd" -type f)"

# ---- the certificate of the card in the reader
if ! command -v pcscd >/dev/null || [ ! -d /run/pcscd ]; then
	echo "skipped in part: pcscd or its folder /run/pcscd is missing (package pcscd)"
	finish
fi
pki=${INKAN_TEST_PKI:-$work/pki}
for card in hpki jpki; do
	run 69 timeout 60 ./inkan-vcard --card $card --pki "$pki" -- \
		"$inkan" setup pam --root "$root" --module "$module" --user doctor --yes
	said "CA of this card is not installed"
	cp "$pki/$card-auth-ca.pem" "$anchors"
	[ $card = jpki ] || cp "$pki/root.pem" "$anchors"
	run 0 timeout 60 ./inkan-vcard --card $card --pki "$pki" --trace "$work/trace" -- \
		"$inkan" setup pam --root "$root" --module "$module" --user doctor --yes
	grep -q ': 0020....\[' "$work/trace" && bad "a PIN was verified"
	[ -s "$work/trace" ] || bad "no trace"
done
run 64 timeout 60 ./inkan-vcard --pki "$pki" --card hpki --card jpki -- \
	"$inkan" setup pam --root "$root" --module "$module" --user nurse --yes
said "--reader"
run 0 timeout 60 ./inkan-vcard --pki "$pki" --card hpki --card jpki -- \
	"$inkan" setup pam --root "$root" --module "$module" --user nurse --reader "Reader 2" --dry-run
wrote "-> nurse"
[ "$(grep -c ' -> doctor$' "$etc/digest_mapping")" = 2 ] || bad "both cards of one person"
finish
