# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# shellcheck disable=SC2154,SC2086 # what is used here is set there; $here and $there are words
# The server of the guide's page about IPsec, a stock strongSwan in a network of its own; sourced after lib.sh and on_cards.
XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache
export XDG_DATA_HOME XDG_CACHE_HOME

# ---- Two machines

folders() { # NAME: what a package makes in /etc
	for folder in x509 x509ca x509crl x509ocsp x509aa x509ac pubkey private rsa ecdsa bliss pkcs8 pkcs12; do
		mkdir -p "$work/$1/$folder"
	done
	cp "$server_ca" "$work/$1/x509ca"
	cat >"$work/$1/strongswan.conf" <<-END
		charon {
			plugins {
				include /etc/strongswan.d/charon/*.conf
				vici { socket = unix://$work/$1/vici }
				resolve { load = no }
			}
		}
		include $work/$1/inkan.conf
		charon-systemd { filelog { file { path = $work/$1/log
			default = 1
			flush_line = yes } } }
	END
}

at() { # NAME COMMAND: the commands of the guide, at one of the machines
	[ "$1" = client ] && in=$here || in=$there
	echo "s|^swanctl .*|SWANCTL_DIR=$work/$1 $in & --uri unix://$work/$1/vici|; s|/etc/swanctl|$work/$1|g; s|^inkan |$inkan |; s|--child|--${initiate-child}|"
}

start_charon() { # NAME
	[ "$1" = client ] && in=$here || in=$there
	STRONGSWAN_CONF=$work/$1/strongswan.conf $in charon-systemd >"$work/$1/output" 2>&1 9>&- &
	echo $! >"$work/$1.pid"
	servers="$servers $work/$1.pid"
	for _ in $(seq 100); do
		[ ! -S "$work/$1/vici" ] || return 0
		sleep 0.1
	done
	fail "charon of the $1 does not start: $(cat "$work/$1/output" "$work/$1/log")"
}

names="s|remote_addrs = .*|remote_addrs = 192.0.2.2|; s|vpn.example.jp|localhost|"

start_server() {
	folders server
	: >"$work/server/inkan.conf"
	cp "$pki/server.pem" "$work/server/x509"
	cp "$pki/server.key" "$work/server/private"
	[ "$card" = jpki ] || cp "$pki/root.pem" "$work/server/x509ca"
	cp "$pki/$card-auth-ca.pem" "$work/server/x509ca"
	try "the card's certificate" p11tool --provider "$auth_module" --export "$auth_uri;type=cert" --outfile "$work/server/x509/doctor.pem"
	guide_block ipsec server | sed "$names" >"$work/server/swanctl.conf"
	[ "$card" = hpki ] || sed -i /revocation/d "$work/server/swanctl.conf"
	start_charon server
	at_server --load-all
	[ "$card" = jpki ] || lists
}

lists() {
	mkdir -p "$XDG_DATA_HOME/inkan/anchors"
	cp "$pki/root.pem" "$pki/hpki-auth-ca.pem" "$XDG_DATA_HOME/inkan/anchors"
	try "import" "$inkan" status import "$pki/sarl.crl" "$pki/rarl.crl" "$pki/hpki-auth.crl"
	guide_run ipsec lists "$(at server)"
}

at_server() { try "swanctl $*" env SWANCTL_DIR="$work/server" $there swanctl "$@" --uri "unix://$work/server/vici"; }
at_client() { try "swanctl $*" env SWANCTL_DIR="$work/client" $here swanctl "$@" --uri "unix://$work/client/vici"; }

has_esp() { # in the kernel
	$here ip xfrm state add src 192.0.2.9 dst 192.0.2.8 proto esp spi 1 enc 'cbc(aes)' 0x00112233445566778899aabbccddeeff \
		auth 'hmac(sha256)' 0x00112233445566778899aabbccddeeff 2>/dev/null
}
