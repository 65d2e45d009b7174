#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The guide's page on single sign-on: LemonLDAP::NG as an OpenID Connect provider behind nginx and inkan-authd. A client
# of the test's own gets tokens of the right person, with his licences; revoked cards and made-up headers get none.
# shellcheck disable=SC2046 # card gives words
. "${srcdir:-.}/tests/authd/common.sh"
at_length
need nginx
need perl
need llng-fastcgi-server
portal=/usr/share/lemonldap-ng/portal
[ -e $portal/htdocs/index.psgi ] || skip "LemonLDAP::NG's portal is missing (liblemonldap-ng-portal-perl)"
perl -e 'require Lemonldap::NG::Portal::Password::Null; require Lemonldap::NG::Portal::Issuer::OpenIDConnect' 2>/dev/null ||
	skip "LemonLDAP::NG lacks Perl modules, which the guide's page names"
make_pki
issue none --card hpki --role ''
issue many --card hpki --role Pharmacist --role 'Test, 100%; x'
take_lists "$work/before"
make_server_certificate
write_conf "listen = unix:$socket" 'header = X-Client-Cert' 'address-header = X-Real-IP'
guide_block sso rule >>"$work/authd.conf"
set -- $(free_ports 1)
https=$1
provider=
stop_more() {
	[ ! -s "$work/nginx.pid" ] || kill "$(cat "$work/nginx.pid")"
	[ -z "$provider" ] || kill "$provider" 2>/dev/null
}

# The provider, in a folder of its own; it refuses to run as root.
llng=$work/llng
state="s|/var/lib/lemonldap-ng|$llng|"
mkdir -p "$llng/conf" "$llng/cache" "$llng/sessions/lock" "$llng/psessions/lock"
guide_block sso settings | sed "$state; s|sso.example.jp|localhost:$https|" >"$work/sso.json"
sed -i "s|\"domain\": .*|\"domain\": \"localhost\",|" "$work/sso.json"
guide_block sso key | sed "$state" >"$work/key.sh"
(cd "$work" && sh -eu key.sh) || bad "the provider's key"
cat >"$llng/lemonldap-ng.ini" <<END
[all]
logLevel = warn
[configuration]
type = File
dirName = $llng/conf
[portal]
staticPrefix = /static
templateDir = $portal/templates
languages = en
[handler]
status = 0
END
set --
if [ "$(id -u)" = 0 ]; then
	set -- --user nobody --group nogroup
	chmod 711 "$work"
	chown -R nobody:nogroup "$llng"
fi
env -u USER -u GROUP LLNG_DEFAULTCONFFILE="$llng/lemonldap-ng.ini" LLNG_DEFAULTLOGGER=Lemonldap::NG::Common::Logger::Std \
	llng-fastcgi-server --foreground --proc 1 --pid "$llng/pid" --socket "$llng/sock" "$@" >"$work/llng.log" 2>&1 &
provider=$!

{
	cat <<-END
		pid $work/nginx.pid;
		$([ "$(id -u)" != 0 ] || echo "user root;")
		error_log $work/nginx.log;
		worker_processes 1;
		events {}
		http {
		access_log off;
		client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
	END
	guide_block sso nginx | sed "s|listen 443 ssl|listen 127.0.0.1:$https ssl|; s|sso.example.jp|localhost|
		s|/run/inkan-authd/http.sock|$socket|; s|/run/llng-fastcgi-server/llng-fastcgi.sock|$llng/sock|
		s|/etc/nginx/sso.pem|$work/server.pem|; s|/etc/nginx/sso.key|$work/server.key|; s|/etc/nginx/card-cas.pem|$work/cas.pem|"
	echo '}'
} >"$work/nginx.conf"
start "$work/authd.conf"
nginx -p "$work" -e "$work/nginx.log" -c "$work/nginx.conf" >"$work/out" 2>&1 || { cat "$work/out"; bad "nginx does not start"; finish; }
for _ in $(seq 300); do
	page /.well-known/openid-configuration
	case $status in 200 | 500) break ;; esac
	kill -0 "$provider" 2>/dev/null || break
	sleep 0.1
done
grep -q '"issuer"' "$work/body" || { bad "the provider does not start: $status"; tail -n 20 "$work/llng.log" "$work/nginx.log"; finish; }

# The client: what an application does, in Python's standard library. Its visitor is curl, with a card.
ask='response_type=code&client_id=app&scope=openid&redirect_uri=https%3A%2F%2Fapp.example.jp%2Fcallback'
cat >"$work/client.py" <<'END'
import base64, hashlib, json, re, ssl, sys, urllib.parse, urllib.request
base, ca, code, nonce = sys.argv[1:]
tls = ssl.create_default_context(cafile=ca)
def get(url, data=None, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), context=tls) as r:
        return json.load(r)
def unbase(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
known = get(base + "/.well-known/openid-configuration")
secret = base64.b64encode(b"app:a long random secret").decode()
token = get(known["token_endpoint"], urllib.parse.urlencode({"grant_type": "authorization_code", "code": code,
    "redirect_uri": "https://app.example.jp/callback"}).encode(), Authorization="Basic " + secret)
head, body, signature = token["id_token"].split(".")
kid = json.loads(unbase(head))
assert kid["alg"] == "RS256", kid
key, = [k for k in get(known["jwks_uri"])["keys"] if k["kid"] == kid["kid"]]
n, e = (int.from_bytes(unbase(key[x]), "big") for x in "ne")
digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256((head + "." + body).encode()).digest()
size = (n.bit_length() + 7) // 8
assert pow(int.from_bytes(unbase(signature), "big"), e, n) == int.from_bytes(
    b"\0\1" + b"\xff" * (size - 3 - len(digest)) + b"\0" + digest, "big"), "the signature"
claims = json.loads(unbase(body))
assert claims["iss"].rstrip("/") == known["issuer"].rstrip("/") and "app" in claims["aud"] and claims["nonce"] == nonce, claims
user = get(known["userinfo_endpoint"], Authorization="Bearer " + token["access_token"])
for name in "sub", "groups", "name":
    assert claims.get(name) == user.get(name), (claims, user)
print(json.dumps([user["sub"], user.get("groups"), user.get("name")], ensure_ascii=False))
END

# code [CURL OPTIONS]: of an authorization; empty if there is none
code() {
	page "/oauth2/authorize?$ask&state=s1&nonce=n1" "$@"
	code=$(sed -n 's/^[Ll]ocation: https:\/\/app.example.jp\/callback?.*code=\([^&]*\).*/\1/p' "$work/headers" | tr -d '\r')
}
is() { # WANT [CURL OPTIONS]: what the client learns
	want=$1
	shift
	code "$@"
	[ -n "$code" ] || { bad "$status, no code: $*"; cat "$work/headers"; return; }
	python3 "$work/client.py" "https://localhost:$https" "$work/server.pem" "$code" n1 >"$work/out" 2>&1
	[ "$(cat "$work/out")" = "$want" ] || { bad "not $want: $*"; cat "$work/out"; }
}
nothing() { # STATUS [CURL OPTIONS]
	want=$1
	shift
	code "$@"
	[ "$status$code" = "$want" ] || bad "$status, not $want: $*"
	grep -qi '^set-cookie: lemonldap=' "$work/headers" && bad "a session: $*"
}
user() { # CERTIFICATE: as inkan-authd(8) has it
	scope=$(openssl x509 -in "$1" -noout -issuer -nameopt rfc2253,sep_comma_plus_space | sed 's/^issuer=//' | tr -d '\n' | sha256sum | cut -c 1-8)
	echo "hpki-$scope-$(field serialNumber "$1")"
}
field() { openssl x509 -in "$2" -noout -subject -nameopt multiline | sed -n "s/ *$1 *= //p"; }
name() { field commonName "$1"; }

is "[\"$(user "$doctor")\", [\"Medical Doctor\"], \"桜花子\"]" $(card doctor)
[ "$failures" = 0 ] || { tail -n 20 "$work/llng.log" "$work/nginx.log"; finish; }
cookie=$(sed -n 's/^[Ss]et-[Cc]ookie: \(lemonldap=[^;]*\).*/\1/p' "$work/headers")
[ -n "$cookie" ] || bad "no session"
pharmacist_is="[\"$(user "$pharmacist")\", [\"Pharmacist\"], \"$(name "$pharmacist")\"]"
is "$pharmacist_is" $(card pharmacist)
is "$pharmacist_is" $(card pharmacist) -d 'a body'
none=$(of hpki-auth none)
many=$(of hpki-auth many)
is "[\"$(user "$none")\", null, \"$(name "$none")\"]" $(card none)
is "[\"$(user "$many")\", [\"Pharmacist\", \"Test%2C 100%25; x\"], \"$(name "$many")\"]" $(card many)
nothing 401
nothing 403 $(card patient)
nothing 403 $(card trial)
nothing 403 $(card late)
shows 403 'another kind' "/oauth2/authorize?$ask" $(card patient) -H 'Accept-Language: en'
shows 403 'カード' "/oauth2/authorize?$ask" $(card patient) -H 'Accept-Language: ja'
shows 403 'expired' "/oauth2/authorize?$ask" $(card late) -H 'Accept-Language: en'
shows 200 '' /static/common/favicon.ico

# what a visitor makes up: the doctor's name, his session on a shared machine
for made_up in "Remote-User: $(user "$doctor")" "REMOTE_USER: $(user "$doctor")" "Remote_User: $(user "$doctor")" "X-Remote-User: $(user "$doctor")" \
	"Auth-User: $(user "$doctor")" 'Remote-Groups: Medical Doctor' "X-Client-Cert: $(pem_url "$doctor")" "Cookie: $cookie"; do
	nothing 401 -H "$made_up"
	nothing 403 $(card trial) -H "$made_up"
	is "$pharmacist_is" $(card pharmacist) -H "$made_up"
	for path in /oauth2/token /oauth2/userinfo /oauth2/token/../authorize //oauth2/authorize /oauth2/authorize/ /oauth2/authorize%3f \
		/oauth2/token%3f/../authorize /oauth2/x /index.psgi/oauth2/authorize / /session/my/global; do
		page "$path?$ask" -H "$made_up" --path-as-is
		case $status in 4??) ;; *) bad "$status: $path with $made_up" ;; esac
		grep -qiE '^(location|set-cookie: lemonldap=)' "$work/headers" && bad "$path with $made_up"
	done
done

# a card that has been revoked
is "[\"$(user "$lost")\", [\"Medical Doctor\"], \"$(name "$lost")\"]" $(card lost)
cookie=$(sed -n 's/^[Ss]et-[Cc]ookie: \(lemonldap=[^;]*\).*/\1/p' "$work/headers")
take_lists "$pki"
kill -HUP "$daemon"
told 'read again'
nothing 403 $(card lost)
nothing 403 $(card lost) -H "Cookie: $cookie"
shows 403 'has been revoked' "/oauth2/authorize?$ask" $(card lost) -H 'Accept-Language: en'
is "$pharmacist_is" $(card pharmacist)

# the daemon is away: nobody gets in
kill "$daemon"
wait "$daemon"
daemon=
nothing 500 $(card doctor)
finish
