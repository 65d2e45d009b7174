#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan doctor on machines of every kind, without a card: each finding is provoked.
# shellcheck disable=SC2317,SC2016 # run and friends call functions by name; the backquotes are Markdown's
. "${srcdir:-.}/tests/tool/common.sh"
. "${srcdir:-.}/tests/tool/doctor-common.sh"
PCSCLITE_CSOCK_NAME=$work/nowhere
export PCSCLITE_CSOCK_NAME
settings=$XDG_CONFIG_HOME/inkan/inkan.conf
mkdir -p "$XDG_CONFIG_HOME/inkan"

# ---- Nothing is there at all
case $inkan in /*) ;; *) inkan=$PWD/$inkan ;; esac
run 1 env -i "$inkan" doctor
wrote "problem "
run 1 env -i HOME=/nonexistent "$inkan" doctor --json
doctor 1
found 'problem service-missing'
advised_to service-missing 'Install the package pcscd (Debian'
found 'problem module-missing'
found 'problem client-none'
found 'ok clock'
found 'note anchors-none'
lacks reader-none
advised_to service-missing 'pcsc-lite (Fedora, openSUSE)'

# ---- The service
: >"$root/usr/sbin/pcscd"
doctor 1
found 'problem service-stopped'
advised_to service-stopped 'sudo pcscd'
mkdir -p "$root/run/systemd/system"
doctor 1
advised_to service-stopped 'systemctl enable --now pcscd.socket'
# as pcscd does when polkit says no: it takes the connection and ends it
python3 - "$work/refuses" 3>"$work/ready" <<-'END' &
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.bind(sys.argv[1])
	s.listen(8)
	os.write(3, b"ready")
	while True:
	    s.accept()[0].close()
END
refuser=$!
trap 'kill $refuser 2>/dev/null; rm -rf "$work"' EXIT
while [ ! -s "$work/ready" ]; do sleep 0.05; done
PCSCLITE_CSOCK_NAME=$work/refuses doctor 1
found 'problem service-refused'
advised_to service-refused 'org.debian.pcsc-lite.access_pcsc'
# which some libraries take for no service at all
examined 1 in_world PCSCLITE_CSOCK_NAME="$work/refuses" WORLD_ESTABLISH=8010001D "$inkan" doctor --root "$root"
found 'problem service-refused'
kill $refuser
trap 'rm -rf "$work"' EXIT # its number may be another's by then
# and a younger one that says so
examined 1 in_world WORLD_ESTABLISH=8010006A "$inkan" doctor --root "$root"
found 'problem service-refused'

# ---- Readers: what the kernel sees, and what pcscd sees
readers() { in_world WORLD_ESTABLISH=0 WORLD_STATE=12 WORLD_READERS="$1" "$inkan" doctor --root "$root" "$2"; }
none() { readers '' --json; }
usb=$root/sys/bus/usb/devices
plug() { # NAME VENDOR PRODUCT WORDS CLASS [DRIVER]
	rm -rf "$usb"
	mkdir -p "$usb/$1/" "$usb/$1:1.0" "$root/sys/bus/usb/drivers/${6:-usbfs}" "$usb/1-0:1.0" "$usb/usb1"
	echo "$2" >"$usb/$1/idVendor"
	echo "$3" >"$usb/$1/idProduct"
	echo "$4" >"$usb/$1/product"
	echo SERIAL4711 >"$usb/$1/serial"
	echo "$5" >"$usb/$1:1.0/bInterfaceClass"
	[ -z "${6-}" ] || ln -s "../../drivers/$6" "$usb/$1:1.0/driver"
}
empty() { examined 1 in_world WORLD_ESTABLISH=0 WORLD_READERS= "$inkan" doctor --root "$root"; }
empty
found 'ok service'
found 'problem reader-none'
plug 1-2 072f b100 'ACR39U ICC Reader' 0b
empty
found 'problem reader-no-driver 072f:b100 ACR39U'
advised_to reader-no-driver 'package libccid (Debian'
lacks reader-none
grep -q SERIAL "$work/out" && bad "a serial number is told"
plug 1-2 072f b100 'ACR39U ICC Reader' 0b usbfs
empty
found 'problem reader-no-driver'
plug 1-2.4 072f 2200 'ACR122U PICC Interface' 0b pn533_usb
empty
found 'problem reader-kernel 072f:2200'
advised_to reader-kernel 'sudo modprobe -r pn533_usb'
advised_to reader-kernel 'tee -a' # what else is in that file stays
lacks reader-none
plug 3-1 054c 06c3 'RC-S380/P' ff
empty
found 'problem reader-unsupported'
plug 3-1 0781 5583 'A memory stick' 08
empty
found 'problem reader-none'
seen() { examined 1 in_world WORLD_ESTABLISH=0 WORLD_STATE=12 WORLD_READERS="$1" "$inkan" doctor --root "$root"; }
seen 'ACS ACR39U ICC Reader (SERIAL4711) 00 00|Other [CCID] (X(7)) 01 00'
found 'ok reader ACS ACR39U ICC Reader 00 00'
found 'ok reader Other \[CCID\] 01 00'
found 'problem card-none'
grep -q SERIAL "$work/out" && bad "a serial number is told"
# fifteen, named by drivers that think nothing of it: valid JSON, and nothing that could steer a terminal
odd=$(printf 'plain|\377\376 bad|\343\203 cut|"quote\\ back\047`|tab\tnew\nline|\033[31mred|%0127d|\355\240\200 surrogate|<b>&amp;|caf\303\251|%%3B;token=x|\342\200\256 right|\177 delete|\302\233 c1| ' 0)
for words in 'list' 'list --json' 'doctor' 'doctor --json'; do
	# shellcheck disable=SC2086
	in_world WORLD_ESTABLISH=0 WORLD_STATE=12 WORLD_READERS="$odd" "$inkan" $words >"$work/odd" 2>"$work/err"
	python3 - "$work/odd" "$words" <<-'END' || bad "$words: $(cat "$work/odd" "$work/err")"
		import json, sys
		text = open(sys.argv[1], encoding="utf-8", newline="").read()
		if "json" in sys.argv[2]:
		    told = json.loads(text)
		    assert "list" not in sys.argv[2] or len(told["readers"]) == 15
		odd = [c for c in text if c != "\n" and not c.isprintable()]
		assert not odd or "json" in sys.argv[2] and odd == ["\x7f"], odd
		assert sum(text.count(name) for name in ("plain", "caf", "%3B;token=x")) >= 3
	END
done
echo 'reader = Other*' >"$settings"
seen 'ACS ACR39U ICC Reader (SERIAL4711) 00 00|Other 01 00'
found 'note reader-hidden ACS'
echo 'reader = Nobody*' >"$settings"
seen 'ACS ACR39U ICC Reader (SERIAL4711) 00 00'
found 'problem reader-hidden ACS'
lacks reader-none
rm "$settings"
run 69 in_world WORLD_ESTABLISH=0 WORLD_STATE=12 WORLD_READERS=A "$inkan" doctor --reader B
said 'There is no card reader "B"'
advised

# ---- Settings
echo 'pss = auto' >"$settings"
doctor 1
found 'ok settings'
printf '# a comment\nlast-try = allow\npss = off\n' >"$settings"
doctor 1
found 'ok settings'
found 'note settings-last-try'
found 'note settings-pss-off'
printf 'pss = auto\npni = 987654\n' >"$settings"
doctor 1
found 'problem settings-unknown'
grep -q 'not used: 2"' "$work/out" || bad "the line is not named"
grep -q 'pni\|987654' "$work/out" && bad "what stands in a line is told"
printf 'card = jpki\n[program openssl, firefox]\ncard = hpki\n' >"$settings"
doctor 1
found 'ok settings'
found 'note settings-card'
grep -q 'card = jpki' "$work/out" || bad "which cards is not told"
printf '[program java]\ncard = hpk\n' >"$settings"
doctor 1
found 'problem settings-unknown'
printf '[progam java]\ncard = hpki\n' >"$settings"
doctor 1
found 'problem settings-unknown'
grep -q 'not used: 1' "$work/out" || bad "the section's line is not named"
printf 'pss = maybe\nlast-try = allow\nfoo\n' >"$settings"
doctor 1
grep -q 'not used: 1, 3"' "$work/out" || bad "the lines are not named"
echo 'pss = auto' >"$settings"
chmod o+w "$settings"
doctor 1
found 'problem settings-writable'
advised_to settings-writable 'chmod go-w'
helps settings-writable
doctor 1
lacks settings-writable
rm "$settings"
mkdir "$settings" # what root cannot read either
doctor 1
found 'problem settings-unreadable'
rmdir "$settings"

# ---- Modules: nothing below a root is loaded
install_modules
doctor 1
found 'ok module'
lacks module-missing
head -c 5000 .libs/inkan-sign-pkcs11.so >"$root$modules/inkan-sign-pkcs11.so"
doctor 1
lacks module-broken
# the process that loads a file which is cut short ends by a SIGBUS, of which AddressSanitizer is to say nothing
loaded() { examined 1 in_world ASAN_OPTIONS=verify_asan_link_order=0:handle_sigbus=0 WORLD_MODULES="$root$modules" "$@" "$inkan" doctor; }
loaded
found 'problem module-broken'
advised_to module-broken 'ldd'
cp .libs/inkan-sign-pkcs11.so "$root$modules"
loaded env --ignore-signal=CHLD # as some programs start others
found "ok module $modules/inkan-sign-pkcs11.so | this module can be loaded"
lacks module-broken
rm "$root$modules/inkan-sign-pkcs11.so"
mkfifo "$root$modules/inkan-sign-pkcs11.so" # loading it would never end
loaded timeout 60
found 'problem module-broken'
doctor 1
lacks module-broken
rm "$root$modules/inkan-sign-pkcs11.so"
cp .libs/inkan-sign-pkcs11.so "$root$modules"

# ---- The clock
examined 1 in_world WORLD_CLOCK=-400000000 "$inkan" doctor --root "$root"
found 'problem clock-early'
advised_to clock-early 'timedatectl set-ntp true'

# ---- Sandboxes
confined() { # FOLDER: a browser has been started there
	mkdir -p "$root$HOME/$1"
	printf 'library=\nname=NSS Internal PKCS #11 Module\n' >"$root$HOME/$1/pkcs11.txt"
}
for folder in snap/firefox/common/.mozilla/firefox/a.default .var/app/org.mozilla.firefox/.mozilla/firefox/a.default; do
	confined "$folder"
	doctor 1
	found 'problem client-confined Firefox'
	found 'problem client-none'
	confined .mozilla/firefox/b.default
	doctor 1
	found 'note client-confined Firefox'
	printf 'library=/usr/lib/p11-kit-client.so\nname=outside\n' >>"$root$HOME/$folder/pkcs11.txt"
	doctor 1
	lacks client-confined
	rm -rf "${root:?}${HOME:?}"
done
for folder in snap/chromium/current/.pki/nssdb .var/app/com.google.Chrome/.pki/nssdb; do
	confined "$folder"
	doctor 1
	found 'problem client-confined Chromium'
	rm -rf "${root:?}${HOME:?}"
done
mkdir -p "$root$HOME"
doctor 1
lacks client-confined

# ---- Who knows the module
auth=$modules/inkan-pkcs11.so sign=$modules/inkan-sign-pkcs11.so opensc=/usr/lib/opensc-pkcs11.so
mkdir -p "$root${opensc%/*}"
: >"$root$opensc"
profile=$root$HOME/.mozilla/firefox/x1y2z3.default-esr
chrome=$root$HOME/.pki/nssdb
mkdir -p "$profile" "$chrome" "$root/etc/firefox/policies" "$root/usr/share/p11-kit/modules"
told() { # FOLDER LIBRARY...: as modutil writes it
	printf 'library=\nname=NSS Internal PKCS #11 Module\nNSS=Flags=internal,critical\n\n' >"$1/pkcs11.txt"
	folder=$1
	shift
	for library; do printf 'library=%s\nname=Name of %s\n\n' "$library" "$library" >>"$folder/pkcs11.txt"; done
}
told "$profile"
told "$chrome"
doctor 1
found 'problem client-none'
advised_to client-none 'inkan setup firefox'
told "$profile" "$auth"
doctor 1
found 'ok client Firefox'
lacks 'client Chromium' # a program that nobody wants is no problem
lacks client-none
told "$profile" /usr/old/inkan-pkcs11.so
doctor 1
found 'problem client-gone Firefox'
advised_to client-gone 'again: inkan setup firefox'
told "$profile"
echo '{"policies": {"SecurityDevices": {"Add": {"Inkan": "/usr/old/inkan-pkcs11.so"}}}}' >"$root/etc/firefox/policies/policies.json"
doctor 1
found 'problem client-gone Firefox'
advised_to client-gone 'again: sudo inkan setup firefox --system'
rm "$root/etc/firefox/policies/policies.json"
told "$profile" "$auth" "$opensc"
doctor 1
found 'problem client-twice Firefox'
advised_to client-twice 'opensc-pkcs11.so and press Unload'
told "$profile" "$auth"
told "$chrome" "$auth" "$opensc"
doctor 1
found 'problem client-twice Chromium'
advised_to client-twice 'modutil -delete NAME'
told "$chrome" "$auth"
echo "{\"policies\": {\"SecurityDevices\": {\"Add\": {\"Inkan\": \"$auth\"}}}}" >"$root/etc/firefox/policies/policies.json"
doctor 1
lacks client-twice # told twice of one and the same
echo "{\"policies\": {\"SecurityDevices\": {\"OpenSC\": \"$opensc\"}}}" >"$root/etc/firefox/policies/policies.json"
doctor 1
found 'problem client-twice Firefox'
rm "$root/etc/firefox/policies/policies.json"
cp "$root$auth" "$root${modules}/HpkiAuthP11_inkan.so"
told "$profile" "$auth" "$modules/HpkiAuthP11_inkan.so"
doctor 1
found 'problem client-twice Firefox'
told "$profile" "$auth" "$sign"
doctor 1
found 'problem client-sign Firefox'
lacks client-twice
told "$profile" "$auth"
told "$chrome" "$auth" "$sign"
doctor 1
found 'problem client-sign Chromium'
told "$chrome" "$auth"
mkdir -p "$root$HOME/.ssh"
printf 'Host a\n\tPKCS11Provider %s\nHost b\n\tPKCS11Provider %s\n' "$auth" "$opensc" >"$root$HOME/.ssh/config"
doctor 1
found 'ok client OpenSSH'
lacks client-twice
printf 'Host a\n\tPKCS11Provider %s\nHost b\n\tPKCS11Provider %s\n' "$auth" "$sign" >"$root$HOME/.ssh/config"
doctor 1
found 'problem client-sign OpenSSH'
rm "$root$HOME/.ssh/config"
echo "module: $auth" >"$root/usr/share/p11-kit/modules/inkan.module"
echo "module: $opensc" >"$root/usr/share/p11-kit/modules/opensc-pkcs11.module"
doctor 1
found 'note client-twice p11-kit'
told "$profile" "$auth" /usr/lib/p11-kit-proxy.so
doctor 1
found 'problem client-twice Firefox'
advised_to client-twice 'p11-kit-proxy.so and press Unload'
told "$profile" "$auth"
mkdir -p "$root$XDG_CONFIG_HOME/pkcs11/modules"
echo 'enable-in: none' >"$root$XDG_CONFIG_HOME/pkcs11/modules/opensc-pkcs11.module"
doctor 1
lacks client-twice

# ---- OpenSSL: the library that the configuration names, and the provider in the place of the engine
mkdir -p "$root$XDG_CONFIG_HOME/inkan" "$root/usr/lib"
openssl_conf=$root$XDG_CONFIG_HOME/inkan/openssl.cnf
printf '[inkan_engine]\ndynamic_path = /usr/lib/engine.so\nMODULE_PATH = %s\n' "$auth" >"$openssl_conf"
doctor 1
found 'problem openssl-gone OpenSSL'
advised_to openssl-gone 'inkan setup openssl'
: >"$root/usr/lib/engine.so"
doctor 1
lacks openssl-gone
lacks openssl-engine
providers=$(openssl version -m 2>/dev/null | sed 's/.*"\(.*\)"/\1/')
mkdir -p "$root$providers"
: >"$root$providers/pkcs11.so"
doctor 1
found 'note openssl-engine OpenSSL'
printf '[inkan_provider]\nmodule = %s/pkcs11.so\npkcs11-module-path = %s\n' "$providers" "$auth" >"$openssl_conf"
doctor 1
lacks openssl-engine
lacks openssl-gone
rm "$root$providers/pkcs11.so"
doctor 1
found 'problem openssl-gone OpenSSL'
rm "$openssl_conf"

# ---- Web eID: manifests of ours and of another product, whose programs are there or not
web_eid=$root$HOME/.mozilla/native-messaging-hosts/eu.webeid.json
mkdir -p "${web_eid%/*}" "$root/etc/chromium/native-messaging-hosts" "$root/usr/bin"
echo '{"path": "/usr/libexec/inkan/inkan-web-eid"}' >"$web_eid"
doctor 1
found 'problem web-eid-gone Web eID'
advised_to web-eid-gone 'again: inkan setup web-eid'
mkdir -p "$root/usr/libexec/inkan"
: >"$root/usr/libexec/inkan/inkan-web-eid"
doctor 1
lacks web-eid-gone
found 'ok client Web eID'
theirs=$root/etc/chromium/native-messaging-hosts/eu.webeid.json
echo '{"path": "/usr/bin/web-eid"}' >"$theirs"
doctor 1
found 'problem web-eid-gone Web eID'
[ "$(remedy_of web-eid-gone)" = "sudo rm ${theirs#"$root"}" ] || bad "the remedy is: $(remedy_of web-eid-gone)"
: >"$root/usr/bin/web-eid"
doctor 1
lacks web-eid-gone
rm -r "$root$HOME/.mozilla/native-messaging-hosts" "$root/etc/chromium"

# ---- SSSD, which has its cards from p11-kit
mkdir -p "$root/etc/sssd/conf.d"
printf '[pam]\npam_cert_auth = false\n' >"$root/etc/sssd/sssd.conf"
rm "$root$XDG_CONFIG_HOME/pkcs11/modules/opensc-pkcs11.module" # root's own files count for nothing there
doctor 1
lacks 'client SSSD'
lacks sssd-first
printf '[pam]\npam_cert_auth = True\n' >"$root/etc/sssd/conf.d/cards.conf"
doctor 1
found 'ok client SSSD'
found 'problem sssd-first SSSD'
advised_to sssd-first 'p11_uri = pkcs11:token=HPKI%20Authentication'
found 'note sssd-ocsp SSSD'
echo 'p11_uri = pkcs11:token=HPKI%20Authentication' >>"$root/etc/sssd/sssd.conf"
echo 'pam_cert_verification = crl_file=/etc/lists.pem, no_ocsp' >>"$root/etc/sssd/sssd.conf"
doctor 1
lacks sssd-first
lacks sssd-ocsp
mv "$root/usr/share/p11-kit/modules/inkan.module" "$root$XDG_CONFIG_HOME/pkcs11/modules"
doctor 1
found 'problem sssd-unregistered SSSD'
lacks 'client SSSD'
advised_to sssd-unregistered 'sudo inkan setup p11-kit --system'
mv "$root$XDG_CONFIG_HOME/pkcs11/modules/inkan.module" "$root/usr/share/p11-kit/modules"
echo 'enable-in: none' >"$root$XDG_CONFIG_HOME/pkcs11/modules/opensc-pkcs11.module"
rm -r "$root/etc/sssd"
doctor 1
lacks client-twice

all_seen 'service|reader|settings|module|client|web-eid|clock-early'


# ---- What other people's programs write, and their tools mend
if command -v modutil >/dev/null && command -v certutil >/dev/null && [ "${INKAN_SANITIZERS-no}" = no ]; then
	own=$work/own database=$work/own/.pki/nssdb
	mkdir -p "$database"
	cp "$root$modules/inkan-pkcs11.so" "$own"
	cp "$root$modules/inkan-pkcs11.so" "$own/opensc-pkcs11.so"
	run 0 certutil -N -d "$database" --empty-password
	run 0 modutil -force -dbdir "$database" -add 'The one' -libfile "$own/inkan-pkcs11.so"
	run 0 modutil -force -dbdir "$database" -add 'The other' -libfile "$own/opensc-pkcs11.so"
	examined 1 env HOME="$own" "$inkan" doctor
	found 'problem client-twice Chromium'
	name=$(modutil -list -dbdir "$database" 2>/dev/null | sed -n '/[0-9]\. /h;/opensc-pkcs11/{x;s/.*[0-9]\. //p;}')
	[ "$name" = 'The other' ] || bad "modutil -list tells no name: $name"
	remedy_of client-twice | sed "s/NAME/'$name'/; s/modutil/modutil -force/" >"$work/remedy"
	run 0 env HOME="$own" sh -c ". $work/remedy"
	examined 1 env HOME="$own" "$inkan" doctor
	lacks 'client-twice Chromium'
	found 'ok client Chromium'
else
	echo "not shown: what modutil writes (libnss3-tools is missing, or built with sanitizers)"
fi

# ---- The manual and the guide know each finding, and the manual none that there is not
manual=${srcdir:-.}/doc/inkan-doctor.1
sed -n '/^\.SH FINDINGS/,/^\.SH JSON/{s/\\-/-/g;s/^\.B //p;}' "$manual" | sort -u >"$work/manual"
all_ids >"$work/ids"
diff "$work/ids" "$work/manual" || bad "the manual's findings are not those of the source"
for page in trouble.md ja/trouble.md; do
	grep -o '^| `[a-z-]*`' "${srcdir:-.}/doc/guide/$page" | tr -d '| `' | sort -u >"$work/page"
	# of what is in order the guide says nothing
	grep -vxE 'service|reader|card|pin|certificate|status|clock|settings|module|anchors|lists|client' "$work/ids" |
		diff - "$work/page" || bad "the findings in $page are not those of the source"
done

# ---- Text, for people; and what it must not tell
run 1 "$inkan" doctor --root "$root"
wrote "ok       Firefox: it is set up to use the module"
wrote "There are no names, serial numbers or PINs in this"
wrote "Problems: 1, notes: 1."
silent taro
silent "$HOME"
run 1 "$inkan" doctor --root "$root" --quiet
silent "ok  "
silent "Problems"
wrote "the smartcard service is not running"
mkdir -p "$work/taro yamada/.config/inkan"
echo 'pni = 1' >"$work/taro yamada/.config/inkan/inkan.conf"
run 1 env -u XDG_CONFIG_HOME HOME="$work/taro yamada" "$inkan" doctor --root /home/hanako/image
wrote "problem  ~/.config/inkan/inkan.conf: lines that are not understood and not used: 1"
wrote "/home/…/image$modules/inkan-pkcs11.so"
silent hanako
silent yamada

# ---- Folders with the characters of patterns in their names
odd="$work/a[b]{c,d}*?"
mkdir -p "$odd/home/.pki/nssdb" "$odd/root/usr/sbin" "$odd/root/etc/pkcs11/modules"
: >"$odd/root/usr/sbin/pcscd"
told "$odd/home/.pki/nssdb" "$auth"
run 1 env -u XDG_CONFIG_HOME HOME="$odd/home" "$inkan" doctor
wrote "Chromium, Chrome"
echo "module: $auth" >"$odd/root/etc/pkcs11/modules/inkan.module"
run 1 "$inkan" doctor --root "$odd/root"
wrote "p11-kit"
wrote "the smartcard service is not running"
seen_well
finish
