# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# shellcheck disable=SC2034 # what is set here is used there
# What the tests of this folder and the demo share. A test names what it needs,
# then calls on_cards, which runs it again for each card, inside a private
# pcscd with that virtual card in the reader, and perhaps another one beside it.
# Tests run in the build folder, with what "make install DESTDIR" put into
# tests/installed, never as root: root runs them as an unprivileged user, from a copy.
set -u
umask 077
LC_ALL=C.UTF-8
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH
srcdir=$(cd "${srcdir:-.}" && pwd)
builddir=$PWD
export srcdir

. "$srcdir/tests/clients/guide-block.sh"

# ---- Saying

say() { echo "$*"; }
skip() { echo "$*"; exit 77; }
fail() { echo "FAILED: $*" >&2; exit 1; }

need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null || skip "$1 is missing (package $2)"
}

# A command that must succeed; what it said is shown when it does not.
try() { # NAME COMMAND...
	what=$1
	shift
	timeout -k 5 "${patience-60}" "$@" >"$work/said" 2>&1 </dev/null && return 0
	code=$?
	sed 's/^/    /' "$work/said"
	fail "$what (exit $code)"
}

said() { # NAME PATTERN: the command before printed it
	grep -q -e "$2" "$work/said" && return 0
	sed 's/^/    /' "$work/said"
	fail "$1: no line matches '$2'"
}

# ---- What is installed

know_installed() {
	installed=$builddir/tests/installed
	[ -e "$installed/paths" ] || fail "nothing is installed in $installed: make check TESTS="
	module_home=$(sed -n 's/^module_dir=//p' "$installed/paths") # without the DESTDIR
	module_dir=$installed$module_home
	auth_module=$module_dir/inkan-pkcs11.so
	sign_module=$module_dir/inkan-sign-pkcs11.so
	vcard=$installed$(sed -n 's/^bin_dir=//p' "$installed/paths")/inkan-vcard
	inkan=${vcard%-vcard}
}
know_installed

# ---- The card

know_card() { # hpki|jpki
	card=$1
	case $card in
	hpki)
		family=HPKI auth_pin=${hpki_auth_pin-123456} sign_pin=876543 auth_id=17 sign_id=17
		auth_key='Private key of HPKI' sign_key='Private key of HPKI'
		;;
	jpki)
		family=JPKI auth_pin=1234 sign_pin=SIGN12345 auth_id=17 sign_id=1a
		auth_key='User Authentication Key' sign_key='Digital Signature Key'
		;;
	esac
	auth_token="$family Authentication" sign_token="$family Signature"
	know_addresses '' ''
}

# $address is a sed script that puts this card into the addresses of the guide.
know_addresses() { # SERIAL-OF-AUTHENTICATION-TOKEN SERIAL-OF-SIGNATURE-TOKEN, where there is another such card
	auth_uri="pkcs11:token=$family%20Authentication${1:+;serial=$1};id=%$auth_id"
	sign_uri="pkcs11:token=$family%20Signature${2:+;serial=$2};id=%$sign_id"
	address="s|HPKI%20Authentication|$family%20Authentication${1:+;serial=$1}|g
		s|HPKI%20Signature|$family%20Signature${2:+;serial=$2}|g"
}

# The serials of the tokens of the card in a reader: authentication, signature.
serials() { # READER
	"$inkan" list | awk -v reader="Virtual Reader $1 " '/^[^ ]/ { here = index($0, reader) } here && $1 ~ /^Serial/ { print $NF }' | xargs
}

loadable() { # pcscd can run; a module built with sanitizers needs a program built with them
	[ "${INKAN_CLIENTS-}" != no ] || skip "not wanted this time (INKAN_CLIENTS=no)"
	[ -x "$vcard" ] || skip "inkan-vcard is not installed (--without-vcard)"
	need pcscd pcscd
	[ "$(id -u)" != 0 ] || mkdir -p /run/pcscd
	[ -d /run/pcscd ] || skip "pcscd needs the folder /run/pcscd, which only root can make"
	[ -e "$auth_module" ] || fail "$auth_module is not there"
	! nm -D "$auth_module" | grep -q __asan_init ||
		skip "built with --enable-sanitizers: foreign programs cannot load the module"
}

# on_cards "KIND OPTIONS [before|after NEIGHBOUR]"...: the rest of the script, once on each card. A
# NEIGHBOUR is the card in the reader after or before that one: other-kind, other-person (whose card
# is an HPKI card too) or foreign. Its PINs are others, and in the end it must have got none.
on_cards() {
	if [ -n "${INKAN_TEST_CARD-}" ]; then
		begin_inside
		return
	fi
	prepare
	worst=0
	for options; do
		say "== $options"
		neighbour='' order=''
		case $options in
		*' before '* | *' after '*) neighbour=${options##* } order=${options% *} order=${order##* } ;;
		esac
		# shellcheck disable=SC2086 # options are words
		run_on_card ${options%" $order $neighbour"} || worst=$?
		[ $worst != 77 ] || break
	done
	keep_cells
	exit $worst
}

prepare() {
	loadable
	make_work
	pki=${INKAN_TEST_PKI:+$INKAN_TEST_PKI-clients} # of these scripts alone: one card for each name
	pki=${pki:-$work/pki}
	script=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
	[ "$(id -u)" != 0 ] || stage
}

make_work() {
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'kill $limited 2>/dev/null; wait; exit 1' HUP INT TERM
}

# For root: a copy that an unprivileged user can read, owned by that user, and with it, in $srcdir/roots, the folder
# $roots_alone of programs that root alone may run.
unprivileged='' roots_alone=''
stage() {
	need setpriv util-linux
	timeout 60 "$vcard" --pki "$pki" --card hpki --card jpki -- true || fail "no PKI in $pki"
	mkdir -p "$work/src/tests" "$work/src/doc" "$work/build/tests/clients"
	cp -R "$srcdir/tests/clients" "$srcdir/tests/bench" "$srcdir/tests/demo" "$srcdir/tests/signer" "$work/src/tests"
	[ ! -d "$srcdir/doc/guide" ] || cp -R "$srcdir/doc/guide" "$work/src/doc"
	[ -z "$roots_alone" ] || cp -R "$roots_alone" "$work/src/roots"
	cp -R "$installed" "$work/build/tests"
	[ ! -d "$builddir/tests/libreswan" ] || cp -R "$builddir/tests/libreswan" "$work/build/tests"
	find "$builddir/tests/clients" -maxdepth 1 -type f -perm -u=x ! -name '*.sh' -exec cp {} "$work/build/tests/clients" ';'
	[ "$pki" = "$work/pki" ] || cp -R "$pki" "$work/pki"
	chmod -R go=u,go-w "$work"
	chown -R 65534:65534 "$work"
	chown -R 0:0 "$work/build/tests/installed"
	script=$work/src${script#"$srcdir"} srcdir=$work/src pki=$work/pki
	builddir=$work/build
	know_installed
	unprivileged='setpriv --reuid=65534 --regid=65534 --clear-groups --'
}

# This script again, inside, with the neighbour before or after. The time limit ends all that is in its process
# group: a shell that waits for a program that hangs hears no signal before that program has ended.
neighbour='' order='' limited=''
run_on_card() { # KIND OPTIONS...
	know_card "$1"
	words=$* reader=1
	set -- --card "$@" --pin-auth "$auth_pin" --pin-sign "$sign_pin"
	# shellcheck disable=SC2046 # options are words
	case $order in
	before) set -- "$@" $(neighbour_options) ;;
	after) set -- $(neighbour_options) "$@" && reader=2 ;;
	esac
	rm -rf "${work:?}/$card"
	$unprivileged mkdir -p "$work/$card/home"
	# shellcheck disable=SC2086 # $unprivileged is words
	HOME=$work/$card/home INKAN_TEST_CARD=$card INKAN_TEST_OPTIONS=$words INKAN_TEST_WORK=$work/$card INKAN_TEST_PKI=$pki \
		INKAN_TEST_CELLS=$work/cells INKAN_TEST_READER=$reader INKAN_TEST_NEIGHBOUR=$neighbour \
		in_build timeout -k 20 "${time_limit:-300}" $unprivileged \
		"$vcard" "$@" --pki "$pki" --trace "$work/$card/trace" -- "$script" &
	limited=$!
	wait $limited
}

neighbour_options() {
	case $card-$neighbour in
	hpki-other-kind) echo --card jpki --name JIRO --pin-auth 9513 --pin-sign OTHER9513 ;;
	jpki-other-kind | hpki-other-person) echo --card hpki --name JIRO --pin-auth 951357 --pin-sign 753159 ;;
	*-foreign) echo --card foreign ;;
	*) fail "no neighbour of $card: $neighbour" ;;
	esac
}

in_build() (
	cd "$builddir" && unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR && exec "$@"
)

# ---- What the guide says

# One cell of the guide's table, only after it was shown: for the card that is in, or for its neighbour.
cell() { # CLIENT 'TLS 1.2'|'TLS 1.3'|login|signature
	set -- "$1" "$card" "$2"
	[ -z "$neighbour" ] || set -- "$1" beside "$neighbour"
	printf '%s\t%s\t%s\n' "$@" >>"$INKAN_TEST_CELLS"
}

# How often a program asked for the PIN while it signed so many documents.
batch() { # CLIENT DOCUMENTS PROMPTS
	[ -n "$neighbour" ] ||
		printf '%s\t%s\tbatch\t%s\t%s\n' "$1" "$card" "$2" "$3" >>"$INKAN_TEST_CELLS"
}

cells=$builddir/tests/clients/cells pictures=$builddir
keep_cells() { # of this script's last run; none when it failed
	[ ! -e "$work/portal.png" ] || cp "$work/portal.png" "$pictures/portal.png"
	mkdir -p "$cells"
	rm -f "$cells/$(basename "$0" .sh)"
	[ "$worst" != 0 ] || [ ! -e "$work/cells" ] || cp "$work/cells" "$cells/$(basename "$0" .sh)"
}

# Runs the block that follows the line <!-- test: NAME --> in a page of the guide,
# with the paths of what is installed here, and edited by SED-SCRIPT.
guide_run() { # PAGE NAME [SED-SCRIPT]
	guide_write "$@"
	try "doc/guide/$1.md, $2" sh -eu "$work/block"
}

# The same, and ANSWER to what it asks: without a terminal a program asks on its input.
guide_answer() { # PAGE NAME ANSWER [SED-SCRIPT]
	printf '%s\n' "$3" >"$work/answer"
	guide_write "$1" "$2" "${4-}"
	# shellcheck disable=SC2016 # for the shell inside
	try "doc/guide/$1.md, $2" sh -c 'exec setsid -w timeout "$0" sh -eu "$1" <"$2"' "$((${patience-60} - 5))" "$work/block" "$work/answer"
}

guide_write() { # PAGE NAME [SED-SCRIPT]: into $work/block
	guide_block "$1" "$2" | sed -e "s|/usr/local/lib/pkcs11/|$module_dir/|g" -e "${3-}" >"$work/block"
	[ -s "$work/block" ] || fail "doc/guide/$1.md has no block '$2'"
}

begin_inside() {
	work=$INKAN_TEST_WORK pki=$INKAN_TEST_PKI trace=$INKAN_TEST_WORK/trace
	know_card "$INKAN_TEST_CARD"
	reader=$INKAN_TEST_READER neighbour=$INKAN_TEST_NEIGHBOUR
	tries=$(ask_card tries)
	meet_neighbour
	trusted_for auth >"$work/auth-cas.pem"
	trusted_for sign >"$work/sign-cas.pem"
	server_ca=$pki/server-ca.pem
	mkfifo "$work/hold"
	trap end_inside EXIT
	trap 'exit 1' HUP INT TERM
	start_witness
}

# ---- The card in the other reader

meet_neighbour() {
	case $neighbour in
	'' | foreign) return ;;
	esac
	other_reader=$((3 - reader))
	other_tries=$(ask_card tries $other_reader)
	# shellcheck disable=SC2046 # two words
	[ "$neighbour" != other-person ] || know_addresses $(serials "$reader")
}

# It got no PIN, but those that the script has said, and made no signature.
neighbour_got=0
spare_neighbour() {
	case $neighbour in
	'' | foreign) return ;;
	esac
	seen="VERIFYs: $(ask_card verifies "$other_reader"), signatures: $(ask_card signatures "$other_reader")"
	seen="$seen, PIN tries lost: $((other_tries - $(ask_card tries "$other_reader")))"
	say "    the card in the other reader: $seen"
	[ "$seen" = "VERIFYs: $neighbour_got, signatures: 0, PIN tries lost: $neighbour_got" ]
}

# What the guide says for a program that cannot name a card: it sees this kind, or this reader, alone.
only_this_card() { # PROGRAM...
	mkdir -p "$HOME/.config/inkan"
	case $neighbour in
	other-kind) printf '[program %s]\ncard = %s\n' "$*" "$card" ;;
	other-person) printf '[program %s]\nreader = Inkan Virtual Reader %s *\n' "$*" "$reader" ;;
	esac >>"$HOME/.config/inkan/inkan.conf"
}

trusted_for() { # auth|sign: the certificates from the card's CA up to its root
	cat "$pki/$card-$1-ca.pem" || fail "no CA of $card in $pki"
	[ "$card" = jpki ] || cat "$pki/root.pem"
}

# A second program, on descriptor 9, holds the card open all the while (so pcscd does not power
# it off) and in the end tries to sign without a PIN.
start_witness() {
	refused=
	"$builddir/tests/clients/witness" "$card" "$reader" <"$work/hold" >"$work/witness" 2>&1 &
	witness=$!
	exec 9>"$work/hold"
	for _ in $(seq 40); do
		! grep -q watching "$work/witness" || return 0
		sleep 0.1
	done
	fail "no witness: $(cat "$work/witness")"
}

# True when the card refused the witness.
ask_witness() {
	if [ -z "${refused-}" ]; then
		exec 9>&-
		wait "$witness"
		refused=$?
	fi
	return "$refused"
}

remove_card() { # the witness goes first: it held this insertion
	ask_witness || fail "the card was left unlocked: $(cat "$work/witness")"
	"$vcard" --send "remove $reader" >/dev/null || fail "the virtual card stays in"
}

insert_card() {
	"$vcard" --send "insert $reader" >/dev/null || fail "the virtual card stays out"
	start_witness
}

end_inside() {
	code=$?
	trap - EXIT
	trap '' HUP INT TERM
	stop_servers
	ask_witness || code=1
	lost=$((tries - $(ask_card tries)))
	[ $lost = 0 ] || code=1
	report_inside
	spare_neighbour || code=1
	[ $code = 0 ] || [ $code = 77 ] || tail -n 40 "$trace" | cut -c 1-110 | sed 's/^/    trace: /'
	exit $code
}

report_inside() {
	sed 's/^/    /' "$work/witness"
	say "    VERIFYs: $(ask_card verifies), signatures: $(ask_card signatures), PIN tries lost: $lost"
}

# ---- What the card saw

ask_app() { # verifies|signatures|tries auth|sign [READER]
	answer=$("$vcard" --send "$1 ${3-$reader} $2") || fail "the virtual card does not answer"
	echo "${answer#ok }"
}

ask_card() { # verifies|signatures|tries [READER]: of both applications, added up
	echo $(($(ask_app "$1" auth "${2-$reader}") + $(ask_app "$1" sign "${2-$reader}")))
}

# Exactly so many VERIFYs and signatures, since it was asked the last time.
verified=0 signed=0
card_did() { # WHAT VERIFYS SIGNATURES
	did=$(($(ask_card verifies) - verified)),$(($(ask_card signatures) - signed))
	verified=$(ask_card verifies) signed=$(ask_card signatures)
	[ "$did" = "$2,$3" ] || fail "$1: $did VERIFYs and signatures, expected $2,$3"
}

# A wrong PIN went to the card once: one VERIFY, one try. The next login gives the try back.
lost_one_try() { # WHAT
	card_did "$1" 1 0
	[ $((tries - $(ask_card tries))) = 1 ] || fail "$1: $((tries - $(ask_card tries))) tries are lost, expected 1"
}

# ---- Servers on 127.0.0.1, stopped at the end

servers=
stop_servers() {
	for pidfile in $servers; do
		! is_alive "$pidfile" || kill "$pid" 2>/dev/null
	done
	for pidfile in $servers; do
		for _ in $(seq 50); do
			is_alive "$pidfile" || continue 2
			sleep 0.1
		done
		kill -9 "$pid"
	done
	servers=
}

# The process that wrote the file, or another that got its number later? On a busy
# machine numbers come round again within minutes.
is_alive() { # PIDFILE; sets $pid
	pid=$(cat "$1" 2>/dev/null) && state=$(cat "/proc/$pid/stat" 2>/dev/null) || return 1
	state=${state##*) }
	[ "${state%% *}" != Z ] || return 1
	ticks=$(echo "$state" | cut -d ' ' -f 20) # since the machine started
	started=$(($(sed -n 's/^btime //p' /proc/stat) + ticks / $(getconf CLK_TCK)))
	[ $started -le $(($(stat -c %Y "$1" 2>/dev/null) + 1)) ]
}

# A port on which nobody listens (10000 to 32000: below the ephemeral ones).
free_port() {
	while :; do
		port=$((10000 + $(od -An -N2 -tu2 /dev/urandom) % 22000))
		grep -qi "$(printf ':%04X 0*:0000 0A' $port)" /proc/net/tcp /proc/net/tcp6 2>/dev/null || break
	done
	echo "$port"
}

# ---- A machine of a test's own: $here are the words before a command that runs as root of it, and of nothing else. What is mounted
# there is seen there alone.

start_root() {
	unshare -rm mount -t tmpfs none /run 2>/dev/null || skip "this machine gives its users no namespaces"
	hold_namespace near unshare -rm
	here="nsenter --preserve-credentials -U -m -t $(cat "$work/near.pid")"
}

# ---- Two networks of a test's own, with a cable between them: $here and $there are the words before a command
# that runs in one of them, as root of that network and of nothing else. What is mounted $here is seen there alone.

start_networks() {
	need ip iproute2
	unshare -rn ip link set lo up 2>/dev/null || skip "this machine gives its users no network namespaces"
	hold_namespace near unshare -rnm
	here="nsenter --preserve-credentials -U -n -m -t $(cat "$work/near.pid")"
	hold_namespace far $here unshare -n
	there="nsenter --preserve-credentials -U -n -t $(cat "$work/far.pid")"
	$here ip link add near type veth peer name far netns "$(cat "$work/far.pid")" || fail "no cable"
	$here ip addr add 192.0.2.1/24 dev near && $there ip addr add 192.0.2.2/24 dev far || fail "no addresses"
	for side in near far; do
		[ $side = near ] && in=$here || in=$there
		$in ip link set lo up && $in ip link set $side up || fail "the cable is not connected"
	done
}

# What root of $here finds registered with p11-kit: the files that are shipped, and nothing of the machine's.
register_here() {
	mkdir -p "$work/p11-kit"
	for name in inkan inkan-sign; do
		sed "s|$module_home/|$module_dir/|" "${inkan%/bin/inkan}/share/inkan/p11-kit/$name.module" >"$work/p11-kit/$name.module"
	done
	$here mount --bind "$work/p11-kit" /usr/share/p11-kit/modules || skip "p11-kit has no folder for modules here"
}

hold_namespace() { # NAME COMMAND...: a process that stays in it
	held=$1
	shift
	# shellcheck disable=SC2016 # for the shell inside
	"$@" sh -c 'echo $$ >"$0.new" && mv "$0.new" "$0" && exec sleep 1000' "$work/$held.pid" 9>&- &
	servers="$servers $work/$held.pid"
	for _ in $(seq 100); do
		[ ! -e "$work/$held.pid" ] || return 0
		sleep 0.05
	done
	fail "no namespace $held"
}

# Until so many lines of the file match.
await_line() { # NAME FILE PATTERN [TIMES]
	for _ in $(seq 300); do
		lines=$(grep -c -e "$3" "$2" 2>/dev/null)
		[ "${lines:-0}" -lt "${4-1}" ] || return 0
		sleep 0.1
	done
	sed 's/^/    /' "$2"
	fail "$1: '$3' is not in $(basename "$2") ${4-1} times"
}

# An nginx that asks for a certificate of the card's PKI and hands it back.
start_nginx() { # TLS-VERSION
	need nginx nginx
	web=$work/nginx
	mkdir -p "$web"
	port=$(free_port)
	# strsclnt takes the first address of localhost, and no other
	ipv6=$(sed -n "s/^0*1 .* lo$/listen [::1]:$port ssl;/p" /proc/net/if_inet6 2>/dev/null)
	cat >"$web/nginx.conf" <<-END
		worker_processes 1;
		pid $web/pid;
		error_log $web/error.log info;
		events { worker_connections 64; }
		http {
			access_log off;
			client_body_temp_path $web/body;
			proxy_temp_path $web/proxy;
			fastcgi_temp_path $web/fastcgi;
			uwsgi_temp_path $web/uwsgi;
			scgi_temp_path $web/scgi;
			server {
				listen 127.0.0.1:$port ssl;
				$ipv6
				server_name localhost;
				ssl_certificate $pki/server.pem;
				ssl_certificate_key $pki/server.key;
				ssl_client_certificate $work/auth-cas.pem;
				ssl_verify_client on;
				ssl_verify_depth 4;
				ssl_protocols $1;
				ssl_session_cache off;
				ssl_session_tickets off;
				${nginx_lines-}
				default_type text/plain;
				location / { return 200 "\$ssl_protocol \$ssl_client_verify\n\$ssl_client_raw_cert"; }
			}
		}
	END
	servers="$servers $web/pid"
	nginx -e "$web/error.log" -p "$web" -c "$web/nginx.conf" >"$web/start" 2>&1 9>&- ||
		fail "nginx does not start: $(cat "$web/start" "$web/error.log")"
}

stop_nginx() {
	kill "$(cat "$web/pid")" && while [ -e "$web/pid" ]; do sleep 0.05; done
}

# ---- A time stamp authority of openssl's, throw-away, with a key of its own

# In the folder: tsa.cnf with section tsa, tsa.pem, tsa.key, and the root tsa-ca.pem.
make_authority() { # FOLDER
	mkdir -p "$1"
	echo 01 >"$1/serial"
	cat >"$1/tsa.cnf" <<-END
		[req]
		distinguished_name = none
		[none]
		[use]
		extendedKeyUsage = critical, timeStamping
		keyUsage = critical, digitalSignature
		[tsa]
		serial = $1/serial
		crypto_device = builtin
		signer_digest = sha256
		default_policy = 1.3.6.1.4.1.99999.1
		digests = sha256
		ess_cert_id_alg = sha256
	END
	for name in tsa-ca tsa; do
		try "a key for $name" openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/$name.key"
	done
	try "the authority's CA" openssl req -x509 -new -key "$1/tsa-ca.key" -subj /CN=Throw-away -days 2 -out "$1/tsa-ca.pem"
	openssl req -new -config "$1/tsa.cnf" -key "$1/tsa.key" -subj /CN=Stamps -out "$1/tsa.csr" || fail "no request"
	try "the authority" openssl x509 -req -in "$1/tsa.csr" -CA "$1/tsa-ca.pem" -CAkey "$1/tsa-ca.key" -CAcreateserial \
		-days 2 -extfile "$1/tsa.cnf" -extensions use -out "$1/tsa.pem"
}

# On 127.0.0.1; $tsa is its address, $work/tsa its folder.
start_authority() {
	make_authority "$work/tsa"
	python3 "$srcdir/tests/signer/authority.py" "$work/tsa" - >"$work/tsa/port" 2>"$work/tsa/error" 9>&- &
	echo $! >"$work/tsa/pid"
	servers="$servers $work/tsa/pid"
	for _ in $(seq 100); do
		[ ! -s "$work/tsa/port" ] || break
		sleep 0.1
	done
	[ -s "$work/tsa/port" ] || fail "no time stamp authority: $(cat "$work/tsa/error")"
	tsa=http://127.0.0.1:$(cat "$work/tsa/port")/as/tsa
	no_proxy=127.0.0.1
	export no_proxy
}

# ---- inkan sign and inkan check: programs beside inkan, as in the folder of a build

copy_signer() { # puts $work/bin with them into the PATH
	mkdir -p "$work/bin"
	cp "$inkan" "${inkan%/bin/inkan}"/libexec/inkan/* "$work/bin" || fail "no programs of inkan's"
	inkan=$work/bin/inkan PATH=$work/bin:$PATH
}

# The CA certificates and lists of the throw-away PKI, and the authority's root.
trust_signers() {
	XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache
	export XDG_DATA_HOME XDG_CACHE_HOME
	try "anchors" "$inkan" trust add --yes "$pki/root.pem" "$pki/hpki-sign-ca.pem"
	try "the authority's anchor" "$inkan" trust add --tsa --yes "$work/tsa/tsa-ca.pem"
	try "lists" "$inkan" status import "$pki/sarl.crl" "$pki/rarl.crl" "$pki/hpki-sign.crl"
}

# ---- OpenSSL with pkcs11-provider, or with libp11's engine

# One that has no decoder for a key's URI is older than 1.0, and does not work: setup_has_provider() takes none, either.
has_provider() {
	openssl list -decoders -provider pkcs11 2>/dev/null | grep -q pk11-uri
}

need_provider() {
	has_provider || skip "the OpenSSL provider pkcs11 is missing, or older than 1.0 (package pkcs11-provider, from Debian 13 on)"
}

need_provider_or_engine() {
	has_provider || engine_path >/dev/null ||
		skip "OpenSSL has no PKCS#11 (package pkcs11-provider, or in Debian 12 libengine-pkcs11-openssl)"
}

# What the guide's page about proxies takes from that about OpenSSL.
files_for_proxy() {
	guide_run openssl certificate "$address; s|card.pem|$work/card.pem|"
	if has_provider; then
		guide_run openssl config
		guide_run openssl key-file "$address; s|/etc/inkan/pin|$HOME/.config/inkan/pin|; s|key.cnf|$work/&|; s|key.der|$work/&|
			s|>card-key.pem|>$work/card-key.pem|"
	else
		guide_run openssl config-engine
	fi
}

engine_path() {
	path=$(openssl version -e | sed 's/.*"\(.*\)"/\1/')/pkcs11.so
	[ -e "$path" ] && echo "$path"
}

# init = 0: our module is loaded at the first use of a key. Without the line
# the engine loads it while libcrypto reads its configuration.
engine_config() { # FILE MODULE PIN [INIT-LINE]
	cat >"$1" <<-END
		openssl_conf = start
		[start]
		engines = engines
		[engines]
		pkcs11 = pkcs11
		[pkcs11]
		engine_id = pkcs11
		dynamic_path = $(engine_path)
		MODULE_PATH = $2
		PIN = $3
		${4-}
	END
}

# That of the provider, where there is one. $engine is what the commands need on their line without.
openssl_config() { # FILE MODULE PIN
	engine=
	if ! has_provider; then
		engine='-engine pkcs11 -keyform engine'
		engine_config "$@" 'init = 0'
		return
	fi
	cat >"$1" <<-END
		openssl_conf = start
		[start]
		providers = providers
		[providers]
		default = builtin
		pkcs11 = pkcs11
		[builtin]
		activate = 1
		[pkcs11]
		module = pkcs11.so
		pkcs11-module-path = $2
		pkcs11-module-token-pin = $3
		activate = 1
	END
}

# ---- NSS

nss_database() { # FOLDER MODULE: a database without a password, with the module
	mkdir -p "$1"
	try "certutil -N" certutil -N -d "sql:$1" --empty-password
	try "modutil -add" modutil -force -dbdir "sql:$1" -add Inkan -libfile "$2"
}

need_nss() {
	need modutil libnss3-tools
	need certutil libnss3-tools
	[ -x "$builddir/tests/clients/nss-card" ] || skip "built without NSS (package libnss3-dev)"
}
