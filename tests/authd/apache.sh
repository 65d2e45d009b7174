#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan-authd as the FastCGI authorizer of Apache's mod_authnz_fcgi: who gets in, what the application is told, and the
# body of a refusal, which is the page that is shown.
# shellcheck disable=SC2046 # card gives words
. "${srcdir:-.}/tests/authd/common.sh"
at_length
need apache2
modules=/usr/lib/apache2/modules
for module in ssl authnz_fcgi authn_core authz_core authz_user setenvif headers mpm_event socache_shmcb; do
	[ -e $modules/mod_$module.so ] || skip "Apache's mod_$module is missing"
done
make_pki
take_lists "$work/before"
make_server_certificate
set -- $(free_ports 2)
https=$1 fastcgi=$2
write_conf "listen = unix:$socket" 'header = X-Client-Cert' "fastcgi = 127.0.0.1:$fastcgi"
stop_more() { [ ! -s "$work/apache.pid" ] || kill "$(cat "$work/apache.pid")"; }

mkdir "$work/htdocs" "$work/htdocs/patients"
echo 'the page' | tee "$work/htdocs/index.html" >"$work/htdocs/patients/index.html"
chmod 755 "$work" "$work/htdocs" "$work/htdocs/patients"
{
	for module in ssl authnz_fcgi authn_core authz_core authz_user setenvif headers mpm_event socache_shmcb dir mime; do
		[ ! -e $modules/mod_$module.so ] || echo "LoadModule ${module}_module $modules/mod_$module.so"
	done
	[ "$(id -u)" != 0 ] || printf 'User nobody\nGroup nogroup\n'
	cat <<END
ServerName localhost
PidFile $work/apache.pid
DefaultRuntimeDir $work
Mutex file:$work default
ErrorLog $work/apache.log
Listen 127.0.0.1:$https
DocumentRoot $work/htdocs
DirectoryIndex index.html
TypesConfig /dev/null
AddType text/html .html
SSLEngine on
SSLCertificateFile $work/server.pem
SSLCertificateKeyFile $work/server.key
SSLCACertificateFile $work/cas.pem
SSLVerifyClient optional
SSLVerifyDepth 3
SSLOptions +StdEnvVars +ExportCertData
AuthnzFcgiDefineProvider authn inkan fcgi://127.0.0.1:$fastcgi/
SetEnvIfExpr "%{SSL_CLIENT_CERT} =~ /^(?s)(.*)\$/" SSL_CLIENT_CERT=\$1
SetEnvIfExpr true INKAN_RULE=doctors
SetEnvIfExpr true suppress-error-charset
SetEnvIfExpr "%{REQUEST_URI} =~ m#^/patients/#" INKAN_RULE=patients
<Location />
	AuthType None
	AuthnzFcgiCheckAuthnProvider inkan Authoritative On RequireBasicAuth Off UserExpr "%{reqenv:REMOTE_USER}"
	Require valid-user
	Header always set X-Seen "user=%{REMOTE_USER}e; name=%{REMOTE_NAME}e; groups=%{REMOTE_GROUPS}e; profile=%{INKAN_PROFILE}e; test=%{INKAN_TEST}e;"
</Location>
END
} >"$work/apache.conf"
start "$work/authd.conf"
apache2 -d "$work" -f "$work/apache.conf" -k start >"$work/out" 2>&1 || { cat "$work/out" "$work/apache.log"; bad "Apache does not start"; finish; }
for _ in $(seq 100); do
	page /
	[ "$status" = 000 ] || break
	sleep 0.1
done

seen() { grep -qiF "X-Seen: $1" "$work/headers" || { bad "not seen: $1"; grep -i x-seen "$work/headers"; }; }
id=$(openssl x509 -in "$doctor" -noout -subject -nameopt multiline | sed -n 's/ *serialNumber *= //p')
scope=$(openssl x509 -in "$doctor" -noout -issuer -nameopt rfc2253,sep_comma_plus_space | sed 's/^issuer=//' | tr -d '\n' | sha256sum | cut -c 1-8)
shows 200 'the page' / $(card doctor)
seen "user=hpki-$scope-$id; name=%E6%A1%9C%E8%8A%B1%E5%AD%90; groups=Medical Doctor; profile=hpki-auth-person; test="
shows 403 'other health professions' / $(card pharmacist) -H 'Accept-Language: en'
shows 403 '資格' / $(card pharmacist) -H 'Accept-Language: ja'
shows 403 'test card' / $(card trial) -H 'Accept-Language: en'
shows 401 'No card was presented' / -H 'Accept-Language: en'
shows 403 'another kind' /patients/ $(card doctor) -H 'Accept-Language: en'
for made_up in 'Remote-User: root' 'SSL_CLIENT_CERT: x' "X-Client-Cert: $(pem_url "$doctor")" 'INKAN_RULE: patients' 'Inkan-Rule: patients'; do
	shows 200 'the page' / $(card doctor) -H "$made_up"
	seen "user=hpki-$scope-$id;"
	shows 403 '' / $(card pharmacist) -H "$made_up"
	shows 401 '' / -H "$made_up"
done

# on the wire: junk, half a request, many that wait; and good ones go on
cat >"$work/junk.py" <<'END'
import os, random, socket, sys
port = int(sys.argv[1])
random.seed(1)
def record(kind, body, id=1):
    return bytes([1, kind, id >> 8, id & 255, len(body) >> 8, len(body) & 255, 0, 0]) + body
def pair(name, value):
    def length(n):
        return bytes([n]) if n < 128 else (n | 1 << 31).to_bytes(4, "big")
    return length(len(name)) + length(len(value)) + name + value
begin = record(1, bytes([0, 2, 0, 0, 0, 0, 0, 0]))
good = begin + record(4, pair(b"INKAN_RULE", b"doctors") + pair(b"SSL_CLIENT_CERT", b"hello")) + record(4, b"")
def talk(data, wait=True):
    s = socket.create_connection(("127.0.0.1", port), timeout=20)
    try:
        s.sendall(data)
        if not wait:
            return s
        got = b""
        while chunk := s.recv(65536):
            got += chunk
        return got
    except ConnectionError:
        return b""
assert b"Status: 403" in talk(good) and b"Inkan-Reason: malformed" in talk(good)
assert b"Inkan-Reason: twice" in talk(begin + record(4, pair(b"INKAN_RULE", b"doctors") * 2) + record(4, b""))
assert b"Inkan-Reason: no-rule" in talk(begin + record(4, pair(b"X", b"Y")) + record(4, b""))
assert b"Inkan-Reason: no-certificate" in talk(begin + record(4, pair(b"INKAN_RULE", b"doctors")[:-1]) + record(4, b"s") + record(4, b""))
responder = talk(record(1, bytes([0, 1, 0, 0, 0, 0, 0, 0])) + record(4, b""))
assert responder[1] == 3 and responder[12] == 3, responder # FCGI_END_REQUEST, FCGI_UNKNOWN_ROLE
for i in range(3000):
    data = bytearray(good)
    for k in range(random.randrange(1, 6)):
        data[random.randrange(len(data))] = random.randrange(256)
    s = talk(bytes(data[:random.randrange(1, len(data) + 1)]), wait=False)
    if s:
        s.close()
assert talk(begin + record(4, b"x" * 65535) * 8) == b""
waiting = [talk(good[:20], wait=False) for i in range(50)]
assert b"Status: 403" in talk(good) # after at most (50 / 16 + 1) * 2 seconds
END
if ! timeout 300 python3 "$work/junk.py" "$fastcgi"; then
	bad "junk"
fi
kill -0 "$daemon" || bad "the daemon has died: $(cat "$work/stderr")"
shows 200 'the page' / $(card doctor)
take_lists "$pki"
kill -HUP "$daemon"
told 'read again'
shows 403 'has been revoked' / $(card lost) -H 'Accept-Language: en'
kill "$daemon"
wait "$daemon"
daemon=
page / $(card doctor)
case $status in 5??) ;; *) bad "without the daemon: $status" ;; esac
finish
