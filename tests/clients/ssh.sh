#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock OpenSSH: a login at a private sshd on 127.0.0.1 with the card's key.
. "${srcdir:-.}/tests/clients/lib.sh"
need ssh openssh-client
need sshd openssh-server
if [ "$(id -u)" = 0 ]; then
	[ -d /run/sshd ] || mkdir -m 755 /run/sshd || skip "sshd as root needs the folder /run/sshd"
	case $(getent shadow root | cut -d : -f 2) in
	'!'*) skip "sshd lets nobody in whose account is locked, and root's is" ;;
	esac
fi
on_cards hpki jpki

# The PIN comes from a program, as from a desktop's dialog.
printf '#!/bin/sh\necho %s\n' "$auth_pin" >"$work/askpass"
chmod 700 "$work/askpass"
SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force
export SSH_ASKPASS SSH_ASKPASS_REQUIRE
unset SSH_AUTH_SOCK

ssh-keygen -q -t ed25519 -N '' -f "$work/host_key" || fail "ssh-keygen"
ssh-keygen -D "$auth_module" >"$work/authorized_keys" 2>"$work/said" || fail "ssh-keygen -D: $(cat "$work/said")"

port=$(free_port)
cat >"$work/sshd_config" <<END
ListenAddress 127.0.0.1:$port
HostKey $work/host_key
PidFile $work/sshd.pid
AuthorizedKeysFile $work/authorized_keys
AuthenticationMethods publickey
PermitRootLogin yes
StrictModes no
UsePAM no
END
echo "[127.0.0.1]:$port $(cat "$work/host_key.pub")" >"$work/known_hosts"
servers=$work/sshd.pid
"$(command -v sshd)" -f "$work/sshd_config" -E "$work/sshd.log" 9>&- || fail "sshd does not start: $(cat "$work/sshd.log")"

# shellcheck disable=SC2016 # for the shell of the server
try "ssh -I" ssh -F none -I "$auth_module" -p "$port" -o UserKnownHostsFile="$work/known_hosts" \
	-o GlobalKnownHostsFile=none -o PreferredAuthentications=publickey \
	127.0.0.1 'echo at home with $SSH_CONNECTION'
said "ssh -I" '^at home with 127.0.0.1'
grep -q 'Accepted publickey.*RSA' "$work/sshd.log" || fail "sshd did not see the card's key: $(cat "$work/sshd.log")"
[ "$(ask_card verifies),$(ask_card signatures)" = 2,1 ] || fail "a login takes two VERIFYs and one signature"
say "$auth_token: ssh -I"
