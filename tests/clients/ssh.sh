#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Stock OpenSSH at a private sshd on 127.0.0.1, which runs as this user: the guide's commands, by ssh -I,
# a configuration file and the agent; what is offered and what the card sees, and a card beside it.
. "${srcdir:-.}/tests/clients/lib.sh"
need ssh openssh-client
need ssh-agent openssh-client
need sshd openssh-server
need openssl openssl
need pgrep procps
[ -z "$(LD_PRELOAD=libnss_wrapper.so true 2>&1)" ] || skip "libnss_wrapper is missing (package libnss-wrapper)"
hpki_auth_pin=7777 # a My Number Card takes four digits, too
on_cards hpki jpki "hpki before other-kind" "hpki after other-kind" "hpki after other-person" "jpki after foreign"

# ---- A person, a server, and a program that knows the PIN

person() {
	mkdir -p "$HOME/.ssh"
	echo "doctor:x:$(id -u):$(id -g)::$HOME:/bin/sh" >"$work/passwd"
	echo "doctor:x:$(id -g):" >"$work/group"
	LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD=$work/passwd NSS_WRAPPER_GROUP=$work/group
	printf '#!/bin/sh\necho asked >>%s\ncat %s\n' "$work/asked" "$work/pin" >"$work/askpass"
	chmod 700 "$work/askpass"
	echo "$auth_pin" >"$work/pin"
	SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force
	export SSH_ASKPASS SSH_ASKPASS_REQUIRE LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
	unset SSH_AUTH_SOCK
}

server() { # the commands say server.example; the configuration file says where that is
	port=$(free_port)
	ssh-keygen -q -t ed25519 -N '' -f "$work/host_key" || fail "ssh-keygen"
	echo "[127.0.0.1]:$port $(cat "$work/host_key.pub")" >"$HOME/.ssh/known_hosts"
	cat >"$work/sshd_config" <<-END
		ListenAddress 127.0.0.1:$port
		HostKey $work/host_key
		PidFile $work/sshd.pid
		AuthorizedKeysFile $HOME/authorized_keys
		AuthenticationMethods publickey
		ForceCommand echo at home with \$SSH_CONNECTION
		StrictModes no
		UsePAM no
	END
	printf 'Host server.example\n\tHostName 127.0.0.1\n\tPort %s\n' "$port" >"$work/where"
	cp "$work/where" "$HOME/.ssh/config"
	# From 9.8 on it shuts out who has been refused, which is what the test is about.
	! "$(command -v sshd)" -t -f "$work/sshd_config" -o PerSourcePenalties=no 2>/dev/null ||
		echo PerSourcePenalties no >>"$work/sshd_config"
	servers="$servers $work/sshd.pid"
	"$(command -v sshd)" -f "$work/sshd_config" -E "$work/sshd.log" 9>&- ||
		fail "sshd does not start: $(cat "$work/sshd.log")"
}

agent() {
	eval "$(env -u LD_PRELOAD ssh-agent -P "$module_dir/*" 9>&-)" >/dev/null || fail "ssh-agent"
	echo "$SSH_AGENT_PID" >"$work/agent.pid"
	servers="$servers $work/agent.pid"
}

# ---- Steps

here="1i cd $HOME"
count() { # what the card saw and the person was asked since the last time
	verifies=$(ask_card verifies) signatures=$(ask_card signatures) left=$(ask_card tries)
	: >"$work/asked"
}

since() { # NAME VERIFYS SIGNATURES TRIES-LOST QUESTIONS
	seen=$(($(ask_card verifies) - verifies)),$(($(ask_card signatures) - signatures)),$((left - $(ask_card tries)))
	seen=$seen,$(wc -l <"$work/asked")
	[ "$seen" = "$2,$3,$4,$5" ] || fail "$1: VERIFYs, signatures, tries lost, questions: $seen, not $2,$3,$4,$5"
	[ "$(ask_app verifies sign)" = 0 ] || fail "$1: a VERIFY went to the signature application"
	said_to_signature "$1"
}

# The same from the trace: the PIN of which application, by what was selected before.
said_to_signature() {
	! awk -v reader="Virtual Reader $reader:" 'index($0, reader) == 0 { next }
		/: 00A4040010E828BD080FA00000039100000000000100 / || /: 00A4020C02001B / { signature = 1 }
		/: 00A4040010E828BD080FA00000039100000000000200 / || /: 00A4020C02001[78A] / { signature = 0 }
		/: 002000(80|88)\[/ && signature { print }' "$trace" | grep . ||
		fail "$1: a VERIFY went to the signature application"
}

logged_in() { # NAME, after a login
	said "$1" '^at home with 127.0.0.1'
	grep -q 'Accepted publickey.*RSA' "$work/sshd.log" || fail "$1: sshd did not see the card's key"
	: >"$work/sshd.log"
}

refused() { # NAME PATTERN: no way in, and said why
	! timeout 60 ssh doctor@server.example >"$work/said" 2>&1 </dev/null || fail "$1: let in"
	said "$1" "$2"
}

public_key() { # CERTIFICATE: as ssh writes it
	openssl x509 -in "$1" -noout -pubkey >"$work/public" && ssh-keygen -i -m PKCS8 -f "$work/public" | cut -d ' ' -f 1-2
}

# ---- Which keys

own_first() { # NAME, after a list of keys: the holder's first, of JPKI alone
	grep '^ssh-rsa' "$work/said" | cut -d ' ' -f 1-2 >"$work/keys"
	name=$1
	holder_first "$pki/$card-auth"-*-*.pem || fail "$name does not begin with the holder's key: $(cat "$work/keys")"
	[ "$card" = jpki ] || public_key "$pki/hpki-auth-ca.pem" >>"$work/expected"
	cmp -s "$work/keys" "$work/expected" || fail "$name lists other keys: $(cat "$work/keys")"
}

# The PKI may have made other cards, too: one of these is in the reader.
holder_first() { # CERTIFICATE...
	for certificate; do
		public_key "$certificate" >"$work/expected"
		[ "$(head -n 1 "$work/keys")" != "$(cat "$work/expected")" ] || return 0
	done
	return 1
}

offered() { # NAME: to a server that takes none
	: >"$HOME/authorized_keys"
	! timeout 60 ssh -v doctor@server.example >"$work/said" 2>&1 </dev/null || fail "$1: let in"
	grep -o 'Offering public key: .*SHA256:[^ ]*' "$work/said" | grep -o 'SHA256:.*' >"$work/keys"
	while read -r key; do
		echo "$key" >"$work/key"
		ssh-keygen -l -f "$work/key" | cut -d ' ' -f 2
	done <"$work/expected" | cmp -s - "$work/keys" || fail "$1 offers other keys: $(cat "$work/said")"
	cp "$work/authorized_keys" "$HOME/authorized_keys"
}

by_module() {
	try "ssh-keygen -D" ssh-keygen -D "$auth_module"
	own_first "ssh-keygen -D"
	guide_run ssh key "$here"
	[ "$(wc -l <"$HOME/authorized_keys")" = 1 ] || fail "not one key"
	cp "$HOME/authorized_keys" "$work/authorized_keys"
	count
	guide_run ssh login
	logged_in "ssh -I"
	since "ssh -I" 2 1 0 1
	cell 'OpenSSH ssh -I' login
}

by_configuration() {
	guide_block ssh configuration | sed "s|/usr/local/lib/pkcs11/|$module_dir/|" >"$HOME/.ssh/config"
	cat "$work/where" >>"$HOME/.ssh/config"
	count
	try "PKCS11Provider" ssh doctor@server.example
	logged_in "PKCS11Provider"
	since "PKCS11Provider" 2 1 0 1
	offered "PKCS11Provider"
	since "offering keys" 2 1 0 1
	echo "9${auth_pin#?}" >"$work/pin"
	refused "wrong PIN" "PIN incorrect"
	since "wrong PIN" 3 1 1 2
	echo "$auth_pin" >"$work/pin"
	try "the right PIN again" ssh doctor@server.example
	since "the right PIN again" 5 2 0 3
	cell 'OpenSSH PKCS11Provider' login
	cp "$work/where" "$HOME/.ssh/config"
}

# ---- The agent

by_agent() {
	count
	echo "9${auth_pin#?}" >"$work/pin"
	! timeout 60 ssh-add -s "$auth_module" >"$work/said" 2>&1 </dev/null || fail "the agent takes a wrong PIN"
	since "a wrong PIN in ssh-add -s" 1 0 1 1
	echo "$auth_pin" >"$work/pin"
	guide_run ssh agent
	since "ssh-add -s" 2 0 0 2
	try "ssh-add -L" ssh-add -L
	own_first "ssh-add -L"
	for _ in first second; do
		try "with the agent" ssh doctor@server.example
		logged_in "with the agent"
	done
	since "two logins" 4 2 0 2
	offered "the agent"
	cell 'OpenSSH ssh-agent' login
}

signed() {
	date >"$HOME/letter.txt"
	guide_run ssh sign "$here"
	guide_run ssh verify "$here"
	said "ssh-keygen -Y verify" 'Good "file" signature for doctor@hospital.example with RSA key'
	date +%N >>"$HOME/letter.txt"
	! (cd "$HOME" && sh "$work/block") >"$work/said" 2>&1 || fail "another letter has the same signature"
	since "ssh-keygen -Y" 5 3 0 2
	cell 'OpenSSH ssh-keygen -Y' signature
}

pulled() {
	remove_card
	refused "card pulled" "agent refused operation"
	insert_card
	refused "card back" "agent refused operation"
	since "without a new login" 5 3 0 2
	guide_run ssh again
	try "the agent again" ssh doctor@server.example
	logged_in "the agent again"
	since "the agent again" 7 4 0 3
	guide_run ssh forget
	[ "$(ssh-add -L)" = "The agent has no identities." ] || fail "ssh-add -e leaves a key"
}

# Of two cards of a kind, by the public key in a file.
by_public_key() {
	: >"$HOME/.config/inkan/inkan.conf"
	serial=$(serials "$reader" | awk 'NR == 1 { print $1 }')
	for certificate in "$pki/$card"-auth-taro-sample-*.pem; do # other tests may have made cards for the same name
		fingerprint=$(openssl x509 -in "$certificate" -outform DER | sha256sum | cut -c 1-16 | tr a-f A-F)
		[ "$fingerprint" != "$serial" ] || public_key "$certificate" >"$HOME/.ssh/card.pub"
	done
	guide_block ssh configuration | sed "s|/usr/local/lib/pkcs11/|$module_dir/|" >"$HOME/.ssh/config"
	{ guide_block ssh identity && cat "$work/where"; } >>"$HOME/.ssh/config"
	count
	SSH_AUTH_SOCK='' try "IdentityFile" ssh doctor@server.example
	logged_in "IdentityFile"
	since "IdentityFile" 2 1 0 1
}

# The agent gives one PIN to every token that it sees.
all_cards() {
	kill "$(cat "$work/agent.pid")"
	: >"$HOME/.config/inkan/inkan.conf"
	agent
	for pause in 0 0 4; do # the PIN of one card is not sent to another within three seconds
		sleep $pause
		timeout 60 ssh-add -s "$auth_module" >"$work/said" 2>&1 </dev/null
		timeout 60 ssh-add -e "$auth_module" >"$work/said" 2>&1 </dev/null
	done
	neighbour_got=$((other_tries - $(ask_card tries "$other_reader")))
	# From 9.4 on ssh-add -e ends the agent's helper, and the next one knows of no refusal: what remains is that the last try is not used
	most=1
	pgrep -r D,R,S -P "$SSH_AGENT_PID" >/dev/null || most=2
	[ $neighbour_got -le $most ] || fail "a PIN of the one card cost $neighbour_got tries of the other"
	try "ssh-add -s, two cards" ssh-add -s "$auth_module"
	try "the agent, two cards" ssh doctor@server.example
	logged_in "the agent, two cards"
	say "one PIN, two cards: tries lost on the other card: $neighbour_got"
}

person
only_this_card ssh ssh-keygen ssh-pkcs11-helper
server
by_module
by_configuration
agent
by_agent
signed
pulled
case $neighbour in
other-person) by_public_key ;;
other-kind) all_cards ;;
esac
