#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan-authd behind nginx's auth_request: who gets in, the page of a refusal, headers that a client has made up, a card
# that is revoked while its connection is open.
# shellcheck disable=SC2046 # card gives words
. "${srcdir:-.}/tests/authd/common.sh"
at_length
need nginx
make_pki
take_lists "$work/before"
make_server_certificate
write_conf "listen = unix:$socket" 'header = X-Client-Cert' 'address-header = X-Real-IP'
set -- $(free_ports 2)
https=$1 app=$2
stop_more() { [ ! -s "$work/nginx.pid" ] || kill "$(cat "$work/nginx.pid")"; }

cat >"$work/nginx.conf" <<END
pid $work/nginx.pid;
$([ "$(id -u)" != 0 ] || echo "user root;")
error_log $work/nginx.log;
worker_processes 1;
events {}
http {
	access_log off;
	client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
	upstream authd { server unix:$socket; keepalive 8; }
	server { # the application: what it is told
		listen 127.0.0.1:$app;
		location / { return 200 "user=\$http_remote_user; name=\$http_remote_name; groups=\$http_remote_groups; test=\$http_inkan_test;"; }
	}
	server {
		listen 127.0.0.1:$https ssl;
		ssl_certificate $work/server.pem;
		ssl_certificate_key $work/server.key;
		ssl_client_certificate $work/cas.pem;
		ssl_verify_client optional;
		ssl_verify_depth 3;
		ssl_session_cache shared:tls:1m;
		location / {
			auth_request /_authd;
			auth_request_set \$user \$upstream_http_remote_user;
			auth_request_set \$name \$upstream_http_remote_name;
			auth_request_set \$groups \$upstream_http_remote_groups;
			auth_request_set \$test \$upstream_http_inkan_test;
			error_page 401 403 @why;
			proxy_set_header Remote-User \$user;
			proxy_set_header Remote-Name \$name;
			proxy_set_header Remote-Groups \$groups;
			proxy_set_header Inkan-Test \$test;
			proxy_pass http://127.0.0.1:$app;
		}
		location = /_authd {
			internal;
			rewrite ^ /rule/doctors? break;
			proxy_pass http://authd;
			proxy_method GET;
			proxy_pass_request_body off;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Content-Length "";
			proxy_set_header X-Client-Cert \$ssl_client_escaped_cert;
			proxy_set_header X-Real-IP \$remote_addr;
			proxy_set_header X-Original-URI \$request_uri;
			proxy_set_header X-Request-ID \$request_id;
		}
		location @why { # the same question once more, for its page
			rewrite ^ /rule/doctors? break;
			proxy_pass http://authd;
			proxy_method GET;
			proxy_pass_request_body off;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Content-Length "";
			proxy_set_header X-Client-Cert \$ssl_client_escaped_cert;
			proxy_set_header X-Real-IP \$remote_addr;
			proxy_set_header X-Original-URI \$request_uri;
			proxy_set_header X-Request-ID \$request_id;
		}
	}
}
END
start "$work/authd.conf"
nginx -p "$work" -e "$work/nginx.log" -c "$work/nginx.conf" >"$work/out" 2>&1 || { cat "$work/out"; bad "nginx does not start"; finish; }

id=$(openssl x509 -in "$doctor" -noout -subject -nameopt multiline | sed -n 's/ *serialNumber *= //p')
shows 200 "-$id; name=%E6%A1%9C" / $(card doctor)
shows 200 'groups=Medical Doctor; test=;' '/a%2Fb?x=/rule/patients' $(card doctor)
shows 200 "-$id;" / $(card doctor) -X POST -d 'a body'
shows 403 'other health professions' / $(card pharmacist) -H 'Accept-Language: en'
shows 403 'カード' / $(card pharmacist) -H 'Accept-Language: ja' -d 'a body'
shows 403 'another kind' / $(card patient) -H 'Accept-Language: en'
shows 403 'test card' / $(card trial) -H 'Accept-Language: en'
shows 401 'No card' / -H 'Accept-Language: en'
shows 404 '' /_authd $(card doctor)

# what a client makes up
for made_up in 'Remote-User: root' 'remote-user: root' 'Remote-Groups: Medical Doctor' 'Inkan-Test: no' "X-Client-Cert: $(pem_url "$doctor")" \
	"Client-Cert: $(pem_url "$doctor")" "X-Forwarded-Client-Cert: Cert=\"$(pem_url "$doctor")\"" 'Content-Length: 0' 'X-Request-ID: <b>'; do
	shows 200 "-$id; name=%E6%A1%9C" / $(card doctor) -H "$made_up"
	grep -q root "$work/body" && bad "$made_up is believed"
	shows 401 '' / -H "$made_up"
	shows 403 '' / $(card pharmacist) -H "$made_up"
done

revoked_while_open / || bad "a revoked card on an open connection"
shows 403 'has been revoked' / $(card lost) -H 'Accept-Language: en'
python3 - "$work/access.log" <<'END' || bad "the log"
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1], encoding="utf-8")]
assert all(l["address"] == "127.0.0.1" and len(l["request"]) == 32 for l in lines), lines
assert any(l["uri"] == "/a%2Fb" for l in lines)
assert lines[-1]["reason"] == "revoked"
END

# the daemon is away: nobody gets in
kill "$daemon"
wait "$daemon"
daemon=
page / $(card doctor)
[ "$status" = 500 ] || bad "without the daemon: $status"
finish
