#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan setup for the programs whose settings are text: ssh, OpenSSL, p11-kit, Firefox's policy.
# shellcheck disable=SC2016,SC1003 # texts for printf and sh -c
. "${srcdir:-.}/tests/tool/setup-common.sh"

echo leak:OSSL_PROVIDER_try_load >"$work/lsan" # Ubuntu 24.04's pkcs11-provider loses memory of its own
LSAN_OPTIONS=suppressions=$work/lsan
export LSAN_OPTIONS
config=$HOME/.ssh/config
policy=$root/etc/firefox/policies/policies.json
mkdir -p "${config%/*}" "${policy%/*}"

# ---- the command line
setup 0 --help
wrote "Usage: inkan setup"
for client in firefox chrome ssh openssl pam sssd p11-kit signers; do wrote "  $client"; done
for wrong in nothing 'firefox x' 'firefox --host x' 'ssh --user x' 'chrome --system' '--yes' 'pam --host x' 'sssd --host x' \
	'signers --system' 'ssh' 'firefox --root /tmp'; do
	# shellcheck disable=SC2086
	setup 64 $wrong --module "$module"
	advised
done
for client in firefox chrome ssh pam sssd; do
	setup 64 $client --sign --yes
	said "never adds the signature module"
done
setup 0
wrote "not yet"

# ---- the module
for wrong in "$work/nothing.so" "${srcdir:-.}/configure.ac" "$(printf 'a\nb.so')" "a'b.so"; do
	setup 66 ssh --host x --module "$wrong" --yes
	said "is not a PKCS#11 module"
	advised
done
cp "$module" "$work/a\$b.so" # OpenSSL would put the value of b there
setup 66 ssh --host x --module "$work/a\$b.so" --yes
said "such a name cannot be written"
[ ! -e "$config" ] || bad "written with a module that is none"

# ---- ssh: what stands in the file, and where ours goes
ssh_gives() { # HOST MODULE
	command -v ssh >/dev/null || return 0
	given=$(ssh -F "$config" -G "$1" 2>&1 </dev/null | sed -n 's/^pkcs11provider //p')
	[ "$given" = "$2" ] || bad "ssh takes \"$given\" for $1, not \"$2\""
	ssh -F "$config" -G "$1" 2>/dev/null </dev/null | grep -qx 'serveraliveinterval 7' || [ -z "$alive" ] ||
		bad "the line for all hosts does not count for $1 any more"
}
check() {
	ssh_gives a.example.jp "$module"
	case $host in
	'*') ssh_gives b.example.com "$module" ;;
	*) ssh_gives b.example.com '' ;;
	esac
	[ "$(stat -c %a "$config")" = "$mode" ] || bad "mode $(stat -c %a "$config")"
}
for text in 'none' 'ServerAliveInterval 7\nHost c\n  User x\n' 'ServerAliveInterval 7' \
	'ServerAliveInterval 7\r\nHost c\r\n  User x\r\n' '# a comment\n\n\nHost *\n  ServerAliveInterval 7'; do
	alive='' mode=640
	case $text in *Server*) alive=yes ;; esac
	rm -f "$config"
	if [ "$text" = none ]; then
		mode=600
	else
		# shellcheck disable=SC2059
		printf "$text" >"$config"
		chmod $mode "$config"
	fi
	for host in '*.example.jp' '*'; do
		cycle ssh --host "$host" --module "$module"
	done
done

# an editor may give our lines another end
printf 'ServerAliveInterval 7\r\n' >"$config"
setup 0 ssh --host x --module "$module" --yes
sed -i 's/\r*$/\r/' "$config"
setup 0 ssh --undo --yes
[ "$(cat "$config")" = "$(printf 'ServerAliveInterval 7\r')" ] || bad "lines with CRLF are not removed"

# an empty file is none
: >"$config"
setup 0 ssh --host x --module "$module" --yes
setup 0 ssh --undo --yes
[ ! -e "$config" ] || bad "an empty file is left"

# the original is kept beside the file, with its mode, until --undo
printf 'Host c\n' >"$config"
chmod 640 "$config"
setup 0 ssh --host x --module "$module" --yes
setup 0 ssh --host y --module "$module" --yes
[ "$(cat "$config.before-inkan")" = 'Host c' ] || bad "no copy of the original"
[ "$(stat -c %a "$config.before-inkan")" = 640 ] || bad "the copy's mode is not the original's"
setup 0 ssh --undo --yes
[ ! -e "$config.before-inkan" ] || bad "the copy is left behind"

# another answer takes the place of the first; what the person adds stays
printf 'Host c\n  User x\n' >"$config"
setup 0 ssh --host x --module "$module" --yes
setup 0 ssh --host y --module "$module" --yes
[ "$(grep -c PKCS11Provider "$config")" = 1 ] || bad "twice in the file"
setup 0 ssh --host y --module "$module" --yes
wrote "Already set up"
printf 'Host d\n  User y\n' >>"$config"
setup 0 ssh --undo --yes
printf 'Host c\n  User x\nHost d\n  User y\n' | cmp -s - "$config" || bad "not what the person wrote"

# what the person has said before wins over "all hosts"
printf 'Host *.example.jp\n  PKCS11Provider /opt/other.so\n' >"$config"
alive=''
setup 0 ssh --host '*' --module "$module" --yes
ssh_gives a.example.jp /opt/other.so
ssh_gives b.example.com "$module"
setup 0 ssh --undo --yes

# … but not over the hosts that were named
printf 'PKCS11Provider none\nHost *\n  PKCS11Provider /opt/other.so\n' >"$config"
setup 0 ssh --host 'a.example.jp c' --module "$module" --yes
ssh_gives a.example.jp "$module"
ssh_gives c "$module"
ssh_gives b.example.com ''
setup 0 ssh --undo --yes

# a file that we made, and in which the person has written since
rm "$config"
setup 0 ssh --host x --module "$module" --yes
echo 'Host d' >>"$config"
setup 0 ssh --undo --yes
[ "$(cat "$config")" = 'Host d' ] || bad "the person's line is gone"

# a module in a folder with a space
mkdir -p "$work/with space"
cp "$module" "$work/with space/inkan-pkcs11.so"
setup 0 ssh --host a.example.jp --module "$work/with space/inkan-pkcs11.so" --yes
ssh_gives a.example.jp "$work/with space/inkan-pkcs11.so"
setup 0 ssh --undo --yes

for wrong in '' ' ' '"' 'a"b' "$(printf 'a\nProxyCommand x')" '#' 'a=b'; do
	setup 64 ssh --host "$wrong" --module "$module" --yes
done

# ---- files that are left alone
left_alone() { # STATUS TEXT
	tree >"$work/before"
	setup "$1" ssh --host x --module "$module" --yes
	said "$2"
	advised
	unchanged "$2"
}
chmod 400 "$config"
left_alone 77 "read-only"
chmod 600 "$config"
ln "$config" "$work/second"
left_alone 77 "hard link"
rm "$work/second"
printf '# Inkan: begin ssh\nHost x\n' >"$config"
left_alone 7 "do not match"
setup 7 ssh --undo --yes
printf '# Inkan: end ssh\n# Inkan: begin ssh\n' >"$config"
left_alone 7 "do not match"
printf 'a\0b\n' >"$config"
left_alone 7 "is not a text file"
rm "$config"
mkdir "$config"
left_alone 77 "not an ordinary file"
rmdir "$config"
ln -s "$work/nowhere" "$config"
left_alone 66 "is a link"
rm "$config"
mkfifo "$config"
left_alone 77 "not an ordinary file"
rm "$config"

# ---- a link is followed, and stays
mkdir -p "$HOME/dotfiles"
printf 'Host c\n' >"$HOME/dotfiles/ssh"
ln -s ../dotfiles/ssh "$config"
host=x
check() { [ -L "$config" ] || bad "the link is gone"; }
cycle ssh --host x --module "$module"
rm "$config"

# ---- no half-written file: the disk is full, the program is killed
i=0
while [ $i -lt 200 ]; do echo "# a long file, line $i"; i=$((i + 1)); done >"$config"
tree >"$work/before"
(
	trap '' XFSZ
	ulimit -f 2
	run 74 "$inkan" setup ssh --host x --module "$module" --yes
	said "was not changed"
	exit "$failures"
) || failures=$((failures + 1))
unchanged "a full disk"
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	for call in write:error=ENOSPC fsync:error=EIO fchmod:error=EPERM rename:error=EIO; do
		LSAN_OPTIONS=detect_leaks=0 strace -o "$work/calls" -e "trace=${call%%:*}" -e "inject=$call" \
			"$inkan" setup ssh --host x --module "$module" --yes >"$work/out" 2>"$work/err" </dev/null &&
			bad "$call is not noticed"
		unchanged "$call"
	done
	# the first is of the copy, the second of its folder, the third of the file
	for call in fsync fsync:when=3 rename rename:when=2; do
		LSAN_OPTIONS=detect_leaks=0 strace -o "$work/calls" -e "trace=${call%%:*}" \
			-e "inject=${call%%:*}:error=EINTR:signal=KILL${call#"${call%%:*}"}" \
			"$inkan" setup ssh --host x --module "$module" --yes >"$work/out" 2>&1 </dev/null
		grep -q "killed by SIGKILL" "$work/calls" || bad "it was not killed in $call"
		rm -f "$config".?????? "$config".before-inkan*
		unchanged "killed in $call"
	done
else
	echo "skipped in part: strace is missing, or may not trace"
fi
setup 0 ssh --host x --module "$module" --yes
setup 0 ssh --undo --yes
unchanged "after all that"

# ---- asked on a terminal, in both languages
asked() { # ANSWER STATUS
	printf '%s\n' "$1" | script -qec "$inkan setup ssh --host x --module $module" /dev/null >"$work/out" 2>&1
	got=$?
	[ "$got" -eq "$2" ] || { bad "exit $got, not $2, when the answer is \"$1\""; cat "$work/out"; }
	wrote "Make these changes?"
	wrote "+ Host x"
}
if command -v script >/dev/null; then
	for answer in no '' いいえ yesterday; do asked "$answer" 77; done
	unchanged "a no"
	asked yes 0
	setup 0 ssh --undo --yes
	asked はい 0
	setup 0 ssh --undo --yes
	# somebody writes the file while the question stands
	: >"$work/out"
	{
		for _ in $(seq 100); do
			! grep -q "Make these" "$work/out" || break
			sleep 0.1
		done
		echo '# written in the meantime' >>"$config"
		echo yes
	} | script -qefc "$inkan setup ssh --host x --module $module" /dev/null >"$work/out" 2>&1
	wrote "changed it just now"
	grep -q '# written in the meantime' "$config" || bad "what was written in the meantime is gone"
	grep -q PKCS11Provider "$config" && bad "written over a file that had changed"
else
	echo "skipped in part: the program script is missing"
fi
rm -f "$config"

# ---- the whole machine's: the files below a root
check() { grep -qF "PKCS11Provider $module" "$root/etc/ssh/ssh_config.d/inkan.conf" || bad "ssh --system"; }
cycle ssh --host '*' --system --root "$root" --module "$module"
# … which everybody reads, whatever root keeps to itself
rm -rf "$root/etc/ssh"
umask 077
setup 0 ssh --host x --system --root "$root" --module "$module" --yes
umask 022
[ "$(stat -c %a "$root/etc/ssh" "$root/etc/ssh/ssh_config.d" | sort -u)" = 755 ] || bad "a folder of the machine's that users cannot read"
setup 0 ssh --undo --system --root "$root" --yes

# ---- p11-kit: what a package would install
check() {
	set -- "$HOME/.config/pkcs11/modules/inkan.module"
	grep -v '^#' "$1" | cmp -s - "$work/expected" || bad "$1 is not what dist/p11-kit has"
	command -v p11-kit >/dev/null || return 0
	[ -z "${INKAN_SANITIZERS-}" ] || return 0
	p11-kit list-modules >"$work/out" 2>&1
	wrote "library-description: Inkan"
}
from_dist() { grep -v '^#' "${srcdir:-.}/dist/p11-kit/$1.module.in" | sed "s|@moduledir@|${module%/*}|"; }
from_dist inkan >"$work/expected"
if [ "$(id -u)" != 0 ]; then
	cycle p11-kit --module "$module"
else
	setup 64 p11-kit --module "$module" --yes
	said "no modules of root's own"
	advised
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && command -v p11-kit >/dev/null && [ -z "${INKAN_SANITIZERS-}" ]; then
	chmod 755 "$work" # the real p11-kit, as an ordinary user
	mkdir "$work/other"
	cp "$inkan" "$work/other/inkan"
	cp "$module" "$work/other"
	chown -R 65534:65534 "$work/other"
	as_other() {
		setpriv --reuid=65534 --regid=65534 --clear-groups env -u XDG_CONFIG_HOME -u XDG_DATA_HOME \
			HOME="$work/other" "$@"
	}
	run 0 as_other "$work/other/inkan" setup p11-kit --module "$work/other/inkan-pkcs11.so" --yes
	run 0 as_other p11-kit list-modules
	wrote "library-description: Inkan authentication tokens"
	run 0 as_other "$work/other/inkan" setup p11-kit --undo --yes
	run 0 as_other p11-kit list-modules
	silent "Inkan"
fi
check() { grep -v '^#' "$root/etc/pkcs11/modules/inkan-sign.module" | cmp -s - "$work/expected" || bad "inkan-sign.module"; }
from_dist inkan-sign >"$work/expected"
cycle p11-kit --sign --system --root "$root" --module "$sign_module"
mkdir -p "$root/usr/share/p11-kit/modules"
echo 'module: opensc-pkcs11.so' >"$root/usr/share/p11-kit/modules/opensc-pkcs11.module"
setup 0 p11-kit --system --root "$root" --module "$module" --yes
wrote "OpenSC is registered with p11-kit too"
setup 0 p11-kit --undo --system --root "$root" --yes
rm "$root/usr/share/p11-kit/modules/opensc-pkcs11.module"

# ---- OpenSSL: the provider, or the engine where that is what there is
engines=$(openssl version -e 2>/dev/null | sed 's/.*"\(.*\)"/\1/')
providers=$(openssl version -m 2>/dev/null | sed 's/.*"\(.*\)"/\1/')
provider_fits=$(openssl list -decoders -provider pkcs11 2>/dev/null | grep pk11-uri) # else it is older than 1.0
check() {
	[ -z "${INKAN_SANITIZERS-}" ] || return 0
	if [ -z "$provider_fits" ]; then
		OPENSSL_CONF=$HOME/.config/inkan/openssl.cnf openssl engine -t pkcs11 >"$work/out" 2>&1
		wrote "[ available ]"
	fi
	OPENSSL_CONF=$HOME/.config/inkan/openssl.cnf openssl list -providers >"$work/out" 2>&1
	wrote "OpenSSL Default Provider"
	[ -z "$provider_fits" ] || wrote "PKCS#11 Provider"
}
openssl_has_pkcs11=
[ ! -e "$engines/pkcs11.so" ] && [ -z "$provider_fits" ] || openssl_has_pkcs11=yes
if [ -n "$openssl_has_pkcs11" ]; then
	cycle openssl --module "$module"
else
	echo "skipped in part: OpenSSL has neither provider nor engine for PKCS#11"
fi

provider_works() { # the file that was written names this provider and leaves the default one active
	file=$(find "$root" -path '*/inkan/openssl.cnf')
	sed "s|module = .*/pkcs11.so|module = $providers/legacy.so|; s|^pkcs11 =|legacy =|; s|^.include /|.include $root/|" \
		"$file" >"$work/openssl.cnf"
	OPENSSL_CONF=$work/openssl.cnf openssl list -providers >"$work/out" 2>&1
	wrote "OpenSSL Default Provider"
	wrote "OpenSSL Legacy Provider"
	grep -q "^pkcs11-module-path = $module$" "$file" || bad "the provider does not know the module"
}
# one that somebody has written by hand
mkdir -p "$HOME/.config/inkan"
printf 'openssl_conf = start\n' >"$HOME/.config/inkan/openssl.cnf"
tree >"$work/before"
if [ -n "$openssl_has_pkcs11" ]; then
	setup 69 openssl --module "$module" --yes
	said "not written by inkan setup"
	advised
	unchanged "a file that is not ours"
	printf 'MODULE_PATH = %s\n' "$module" >>"$HOME/.config/inkan/openssl.cnf"
	setup 0 openssl --module "$module" --yes
	wrote "Already set up"
fi
rm "$HOME/.config/inkan/openssl.cnf"
folder=$(openssl version -d 2>/dev/null | sed 's/.*"\(.*\)"/\1/')
if [ -e "$providers/legacy.so" ]; then
	mkdir -p "$root$providers" "$root$folder"
	: >"$root$providers/pkcs11.so"
	check() { provider_works; }
	for text in '' 'openssl_conf = openssl_init\n[openssl_init]\nproviders = provider_sect\n[provider_sect]\ndefault = default_sect\n[default_sect]\n' 'openssl_conf = openssl_init\n[openssl_init]\nproviders = provider_sect\n[provider_sect]\n' \
		'openssl_conf = openssl_init\n[openssl_init]\nssl_conf = ssl_sect\n[ssl_sect]\nsystem_default = s\n[s]\nMinProtocol = TLSv1.2\n' '[other]\nx = y\n'; do
		# shellcheck disable=SC2059
		printf "$text" >"$root$folder/openssl.cnf"
		cycle openssl --system --root "$root" --module "$module"
	done
	rm "$root$providers/pkcs11.so"
	setup 69 openssl --system --root "$root" --module "$module" --yes
	said "neither the provider nor the engine"
	advised
else
	echo "skipped in part: OpenSSL's legacy provider is missing"
fi

# ---- Firefox's policy: one member more, and everything else as it was
the_rest() { # the policy without what is ours and without what is empty then
	python3 -c 'import json, sys
def prune(v): return {k: prune(w) for k, w in v.items() if k != "Inkan" and prune(w) != {}} if isinstance(v, dict) else v
print(json.dumps(prune(json.load(open(sys.argv[1])))))' "$1"
}
check() {
	command -v python3 >/dev/null || return 0
	python3 - "$policy" "$module" <<-'END' || bad "the policy $(cat "$policy")"
		import json, sys
		devices = json.load(open(sys.argv[1]))["policies"]["SecurityDevices"]
		assert devices.get("Add", devices)["Inkan"] == sys.argv[2]
		assert not ("Add" in devices and "OpenSC" in devices)
	END
	[ "$(the_rest "$policy")" = "$(the_rest "$work/policy")" ] || bad "something else has changed: $(cat "$policy")"
}
for text in '{}' '{\n}\n' ' {"policies":{}}\n' '{\n  "policies": {\n    "DisableTelemetry": true\n  }\n}\n' \
	'{"policies":{"SecurityDevices":{}}}' '{"policies":{"SecurityDevices":{"Add":{}}}}' \
	'{"policies":{"SecurityDevices":{"Add":{"OpenSC":"/x.so"},"Delete":["a"]}}}' \
	'{"policies":{"SecurityDevices":{"OpenSC":"/x.so"}}}' '{"policies":{"SecurityDevices":{"Delete":["}{"]}}}' \
	'{"x":{"policies":{"Add":1}},"b":"\\"}","policies":{\r\n\t"SecurityDevices":{\r\n\t\t"Add":{\r\n\t\t\t"A":"/x.so"\r\n}}}}' \
	'{"policies":{"SecurityDevices":{"Delete":[],"Add" : {"A":"/x.so"}},"Z":[1,{"a":[]},-2.5e3,null]},"日本":"語"}'; do
	command -v python3 >/dev/null || break
	# shellcheck disable=SC2059
	printf "$text" >"$policy"
	cp "$policy" "$work/policy"
	setup 0 firefox --system --root "$root" --module "$module" --yes
	check
	setup 0 firefox --system --root "$root" --undo --yes
	if [ "$(the_rest "$work/policy")" = '{}' ]; then
		[ ! -e "$policy" ] || bad "an empty policy is left"
		continue
	fi
	[ "$(the_rest "$policy")" = "$(the_rest "$work/policy")" ] || bad "not as it was: $(cat "$policy")"
	# once written in this form, it comes back byte for byte
	cycle firefox --system --root "$root" --module "$module"
done
rm -f "$policy"
echo '{}' >"$work/policy"
cycle firefox --system --root "$root" --module "$module"
for text in '' '{' '[]' '{"policies":1}' '{"policies":{"SecurityDevices":[]}}' '{"policies":{}} x' '{"a":1,"a":2}' \
	'{"policies":{"SecurityDevices":{"Add":"x"}}}'; do
	printf '%s' "$text" >"$policy"
	tree >"$work/before"
	setup 7 firefox --system --root "$root" --module "$module" --yes
	said "is not a policy of Firefox"
	advised
	unchanged "$text"
done
# another path for our name is replaced; another name for our path is enough
printf '{"policies":{"SecurityDevices":{"Add":{"A":"/x.so", "Inkan" : "/old.so"}}}}' >"$policy"
setup 0 firefox --system --root "$root" --module "$module" --yes
[ "$(tr -d ' \n' <"$policy")" = "{\"policies\":{\"SecurityDevices\":{\"Add\":{\"A\":\"/x.so\",\"Inkan\":\"$module\"}}}}" ] || bad "not replaced"
setup 0 firefox --system --root "$root" --undo --yes
[ "$(tr -d ' \n' <"$policy")" = '{"policies":{"SecurityDevices":{"Add":{"A":"/x.so"}}}}' ] || bad "not removed: $(cat "$policy")"
printf '{"policies":{"SecurityDevices":{"Add":{"HPKI":"%s"}}}}' "$module" >"$policy"
tree >"$work/before"
setup 0 firefox --system --root "$root" --module "$module" --yes
wrote "Already set up"
setup 0 firefox --system --root "$root" --undo --yes
unchanged "what somebody else has registered"

# ---- which cards the programs see
settings=$XDG_CONFIG_HOME/inkan/inkan.conf
mkdir -p "${settings%/*}"
for wrong in '' HPKI felica 'hpki
[general]'; do
	setup 64 ssh --host x --module "$module" --card "$wrong" --yes
	said "There is no kind of card"
	advised
done
check() {
	tr -d '\r' <"$settings" >"$work/now"
	grep -A 1 '^\[program ssh .*ssh-pkcs11-helper\]$' "$work/now" | grep -qx 'card = hpki' || bad "no section for ssh"
	# what a person adds below is for all programs
	[ "$(tail -n 2 "$work/now" | head -n 1)" = '[general]' ] || bad "the last section stays open"
}
for text in none 'pss = off\n' 'pss = off' '[program java]\r\ncard = jpki\r\n'; do
	rm -f "$settings"
	# shellcheck disable=SC2059
	[ "$text" = none ] || printf "$text" >"$settings"
	cycle ssh --host x --module "$module" --card hpki
done
# several clients, one after the other; another answer takes the first one's place
if [ -e "$engines/pkcs11.so" ]; then
	printf 'pss = off\n' >"$settings"
	setup 0 ssh --host x --module "$module" --card hpki --yes
	check() { [ "$(grep '^card = ' "$settings" | xargs)" = 'card = hpki card = jpki' ] || bad "not two sections"; }
	cycle openssl --module "$module" --card jpki
	setup 0 openssl --module "$module" --card jpki --yes
	setup 0 ssh --host x --module "$module" --card any --yes
	[ "$(grep '^card = ' "$settings" | xargs)" = 'card = any card = jpki' ] || bad "another card: $(cat "$settings")"
	tree >"$work/before"
	setup 0 ssh --host x --module "$module" --yes
	wrote "Already set up"
	unchanged "without --card"
	setup 0 ssh --undo --yes
	[ "$(grep '^card = ' "$settings")" = 'card = jpki' ] || bad "not only the section for ssh is gone: $(cat "$settings")"
	setup 0 openssl --undo --yes
	[ "$(cat "$settings")" = 'pss = off' ] || bad "left behind: $(cat "$settings")"
fi
# a file that need not change is in nobody's way
printf 'pss = off\n' >"$settings"
rm -f "$settings.before-inkan"
chmod 400 "$settings"
setup 0 ssh --host x --module "$module" --yes
setup 0 ssh --undo --yes
rm -f "$settings"
check() { grep -q '^\[program firefox firefox-esr ' "$root$sysconfdir/inkan/inkan.conf" || bad "no section in the machine's file"; }
rm -f "$policy"
cycle firefox --system --root "$root" --module "$module" --card hpki

# ---- who
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chown 65534 "$HOME"
	setup 77 ssh --host x --module "$module" --yes
	said "another user's"
	advised
	chown 0 "$HOME"
	mkdir "$work/theirs"
	chown 65534 "$work/theirs"
	run 77 env XDG_DATA_HOME="$work/theirs/share" "$inkan" setup signers --module "$sign_module" --yes
	said "another user's"
	advised
	[ ! -e "$work/theirs/share" ] || bad "root's files in another's folder"
fi

# root follows no link of another user, and writes into no folder of his
if [ "$(id -u)" = 0 ]; then
	rm -rf "$root/etc/ssh"
	mkdir -p "$root/etc/ssh" "$work/elsewhere"
	ln -s "$work/elsewhere" "$root/etc/ssh/ssh_config.d"
	chown -h 65534 "$root/etc/ssh/ssh_config.d"
	setup 77 ssh --host x --system --root "$root" --module "$module" --yes
	said "another user's"
	chown -h 0 "$root/etc/ssh/ssh_config.d"
	chmod 777 "$work/elsewhere"
	setup 77 ssh --host x --system --root "$root" --module "$module" --yes
	[ -z "$(ls "$work/elsewhere")" ] || bad "written where another user can put a link"
	chmod 755 "$work/elsewhere"
	setup 0 ssh --host x --system --root "$root" --module "$module" --yes
	[ -e "$work/elsewhere/inkan.conf" ] || bad "a link of root's is not followed"
	rm -r "$root/etc/ssh"
fi

# nothing of the tree below the root is run or loaded
echo '#include <stdio.h>
__attribute__((constructor)) static void start(void) { FILE *f = fopen("MARK", "w"); if (f) fclose(f); }
void C_GetFunctionList(void) {}' | sed "s|MARK|$work/was-run|" >"$work/trap.c"
if ${CC:-cc} -shared -fPIC -o "$root/trap.so" "$work/trap.c" 2>/dev/null; then
	setup 0 p11-kit --system --root "$root" --module /trap.so --dry-run
	setup 0 firefox --system --root "$root" --module /trap.so --yes
	setup 0 firefox --system --root "$root" --undo --yes
	[ ! -e "$work/was-run" ] || bad "a library below the root was loaded"
	rm "$root/trap.so"
fi

run 64 env HOME= XDG_CONFIG_HOME= XDG_DATA_HOME= "$inkan" setup p11-kit --module "$module" --yes
said "home folder HOME is not there"

# ---- folders with the characters of patterns in their names
odd="$work/a[b]{c,d}*?"
mkdir -p "$odd/.ssh"
run 0 env HOME="$odd" "$inkan" setup ssh --host x --module "$module" --yes
run 0 env HOME="$odd" "$inkan" setup
wrote "$module ($odd/.ssh/config)"

# ---- the list
setup 0 ssh --host x --module "$module" --yes
setup 0
wrote "$module ($config)"
mkdir -p "$root$sysconfdir/inkan"
echo "MODULE_PATH = $sign_module" >"$root$sysconfdir/inkan/openssl-sign.cnf"
echo "pkcs11-module-path = $module" >"$root$sysconfdir/inkan/openssl.cnf"
setup 0 --root "$root"
wrote "$sign_module ($root$sysconfdir/inkan/openssl-sign.cnf)"
wrote "$module ($root$sysconfdir/inkan/openssl.cnf)"
rm -rf "$work/with space"
finish
