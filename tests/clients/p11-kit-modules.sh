#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The modules as p11-kit's registration of them says: both for programs that sign, and the signature token not for
# all others, nor for the proxy, through which they come.
. "${srcdir:-.}/tests/clients/lib.sh"
need p11-kit p11-kit
need p11tool gnutls-bin
need pkcs11-tool opensc
need ssh-keygen openssh-client
on_cards hpki jpki

proxy=$(find /usr/lib /usr/lib64 -name p11-kit-proxy.so 2>/dev/null | head -n 1)
[ -n "$proxy" ] || skip "p11-kit-proxy.so is missing (package p11-kit-modules)"

# A person's own configuration, and nothing of the system's.
config=$HOME/.config/pkcs11
mkdir -p "$config/modules"
echo 'user-config: only' >"$config/pkcs11.conf"
for name in inkan inkan-sign; do
	sed "s|$module_home/|$module_dir/|" "${inkan%/bin/inkan}/share/inkan/p11-kit/$name.module" \
		>"$config/modules/$name.module"
	grep -qx "module: $module_dir/$name-pkcs11.so" "$config/modules/$name.module" || fail "$name.module leads elsewhere"
done

both() { # WHO: the command before saw both tokens
	said "$1" "$auth_token"
	said "$1" "$sign_token"
}

one() { # WHO: it saw the one and not the other
	said "$1" "$auth_token"
	! grep -q "$sign_token" "$work/said" || fail "$1 sees the signature token"
}

try "p11-kit list-modules" p11-kit list-modules
both "p11-kit list-modules"
[ "$(grep -cE '^(module: )?inkan' "$work/said")" = 2 ] || fail "p11-kit: $(cat "$work/said")"
try "p11tool" p11tool --list-tokens
both p11tool
say "p11-kit list-modules, p11tool --list-tokens: both tokens"

# p11-kit goes by the name of the program: signers see both, all others, those that nobody thought of too, the one.
signers=$(sed -n 's/^enable-in: *//p' "$config/modules/inkan-sign.module")
[ -n "$signers" ] || fail "everybody sees the signature token"
for name in $signers; do
	[ "$name" != p11-kit ] || continue
	[ "$name" = p11tool ] || cp "$(command -v p11tool)" "$work/$name"
	try "as $name" env PATH="$work:$PATH" "$name" --list-tokens
	both "$name"
done
for name in firefox-esr ssh-pkcs11-helper p11_child wpa_supplicant openconnect gdm-session-worker whatever; do
	cp "$(command -v p11tool)" "$work/$name"
	try "as $name" "$work/$name" --list-tokens
	one "$name"
done
try "the proxy" pkcs11-tool --module "$proxy" --list-token-slots
one "the proxy"
try "ssh-keygen -D" ssh-keygen -D "$proxy"
[ "$(grep -c "$auth_key" "$work/said")" -ge 1 ] || fail "ssh-keygen -D: $(cat "$work/said")"
[ "$(sort "$work/said" | uniq | grep -c "$auth_key")" = 1 ] || fail "ssh gets more than one key: $(cat "$work/said")"
say "the proxy, ssh-keygen -D and programs of other names than $signers: the authentication token alone"
[ "$(ask_card verifies)" = 0 ] || fail "a PIN was asked for"
