#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Twenty instances of inkan-authd, each with its own folders and no other state, behind one load balancer; one ordinary HTTP
# cache between them and the CAs. Each list leaves its CA once per period; instances end and come back under load without
# a wrong answer; a list that revokes reaches all of them.
# shellcheck disable=SC2046
. "${srcdir:-.}/tests/authd/common.sh"
at_length
need nginx
unset HTTP_PROXY https_proxy all_proxy ALL_PROXY no_proxy NO_PROXY http_proxy
instances=$(seq 20)
make_pki
lost_before=$work/before
./inkan-authd --make-key "$work/key" || bad "no key"

# ---- The CAs' web server, and the cache, whose period ends when its files go
web=$work/web
mkdir "$web" "$work/nginx"
cp "$lost_before"/*.crl "$web"
./tests/tool/serve "$web" >"$work/port" &
server=$!
stop_more() {
	kill "$server" 2>/dev/null
	for i in $instances; do [ ! -s "$work/$i/pid" ] || kill "$(cat "$work/$i/pid")" 2>/dev/null; done
	[ ! -s "$work/nginx/pid" ] || kill "$(cat "$work/nginx/pid")" 2>/dev/null
}
while [ ! -s "$work/port" ]; do sleep 0.05; done
set -- $(free_ports 1)
cache=$1
cat >"$work/nginx/conf" <<END
pid $work/nginx/pid;
$([ "$(id -u)" != 0 ] || echo "user root;")
error_log $work/nginx/log;
worker_processes 1;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path $work/nginx/1; proxy_temp_path $work/nginx/2; fastcgi_temp_path $work/nginx/3;
	uwsgi_temp_path $work/nginx/4; scgi_temp_path $work/nginx/5;
	proxy_cache_path $work/nginx/cache keys_zone=lists:1m;
	server { # the cache
		listen 127.0.0.1:$cache;
		location / {
			proxy_pass http://127.0.0.1:$(cat "$work/port")/file/;
			proxy_cache lists;
			proxy_cache_key \$uri;
			proxy_cache_valid 200 1h;
			proxy_cache_lock on;
			proxy_ignore_headers Cache-Control Expires Set-Cookie;
		}
	}
	upstream authd {
$(for i in $instances; do echo "		server unix:$work/$i/sock max_fails=0;"; done)
		keepalive 40;
	}
	server { # the load balancer
		listen unix:$work/balancer;
		keepalive_requests 1000000;
		location / {
			proxy_pass http://authd;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_next_upstream error timeout;
			proxy_next_upstream_tries 10;
		}
	}
}
END
nginx -p "$work/nginx" -e "$work/nginx/log" -c "$work/nginx/conf" || { bad "nginx"; finish; }

# ---- The instances
fetch() { # I
	XDG_CACHE_HOME=$work/$1/cache http_proxy=http://127.0.0.1:$cache "$inkan" status refresh --quiet \
		--certificate "$doctor" >"$work/$1/refresh" 2>&1
}
begin() { # I
	./inkan-authd --config "$work/$1/conf" >"$work/$1/said" 2>&1 &
	echo $! >"$work/$1/pid"
}
for i in $instances; do
	mkdir -p "$work/$i"
	cat >"$work/$i/conf" <<-END
		[server]
		listen = unix:$work/$i/sock
		header = X-Client-Cert
		access-log = $work/$i/log
		anchors = $anchors
		lists = $work/$i/cache/inkan
		threads = 1
		[rule doctors]
		profile = hpki
		role = Medical Doctor
	END
done
requests() { grep -c "^GET .*$1" "$web/requests"; }
all_fetch() {
	fetches=
	for i in $instances; do
		fetch "$i" &
		fetches="$fetches $!"
	done
	# shellcheck disable=SC2086
	for pid in $fetches; do wait "$pid" || bad "a refresh failed: $(cat "$work"/*/refresh)"; done
}
all_fetch
for list in sarl.crl rarl.crl hpki-auth.crl; do
	[ "$(requests $list)" = 1 ] || bad "$list was asked for $(requests $list) times, not once"
done
for i in $instances; do begin "$i"; done
for i in $instances; do
	for _ in $(seq 100); do [ -S "$work/$i/sock" ] && break; sleep 0.1; done
done

# ---- Load, while instances end and come back
cat >"$work/load.py" <<'END'
import http.client, socket, sys, threading, time
path, until, wrong, count = sys.argv[1], time.monotonic() + float(sys.argv[2]), [], []
cards = [(name.partition("=")[0], int(name.partition("=")[2].partition(":")[0]),
          open(name.partition(":")[2]).read().strip()) for name in sys.argv[3:]]
class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
def work(k):
    connection = Unix("authd")
    n = k
    while time.monotonic() < until:
        name, want, value = cards[n % len(cards)]
        connection.request("GET", "/rule/doctors", headers={"X-Client-Cert": value})
        answer = connection.getresponse()
        answer.read()
        if answer.status != want:
            wrong.append((name, answer.status, answer.getheader("Inkan-Reason")))
        n += 1
    count.append(n - k)
threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
[t.start() for t in threads]
[t.join() for t in threads]
print(sum(count), "answers,", len(wrong), "wrong", wrong[:5])
sys.exit(bool(wrong) or sum(count) < 100)
END
for who in doctor pharmacist lost; do pem_url "$(of hpki-auth $who)" >"$work/$who.url"; done
load() { python3 "$work/load.py" "$work/balancer" "$@"; }
load 8 "doctor=200:$work/doctor.url" "pharmacist=403:$work/pharmacist.url" "lost=200:$work/lost.url" >"$work/loaded" 2>&1 &
loading=$!
sleep 0.5
for i in 3 7 11 19; do
	kill -TERM "$(cat "$work/$i/pid")"
	sleep 0.6
	begin "$i"
	kill -HUP "$(cat "$work/$((i + 1 > 20 ? 1 : i + 1))/pid")" # and its neighbour reads everything anew
	sleep 0.6
done
wait $loading || bad "under load: $(cat "$work/loaded")"
cat "$work/loaded"

# ---- The next period: the lists of after the revocation
cp "$pki"/*.crl "$web"
find "$work/nginx/cache" -type f -delete
: >"$web/requests"
all_fetch
for list in sarl.crl rarl.crl hpki-auth.crl; do
	[ "$(requests $list)" = 1 ] || bad "the next period: $list was asked for $(requests $list) times, not once"
done
for i in $instances; do kill -HUP "$(cat "$work/$i/pid")"; done
sleep 1
for i in $instances; do
	for who in doctor=200 lost=403; do
		got=$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$work/$i/sock" \
			-H "X-Client-Cert: $(cat "$work/${who%=*}.url")" http://authd/rule/doctors)
		[ "$got" = "${who#*=}" ] || bad "instance $i answers $got about the ${who%=*} card"
	done
done
load 2 "doctor=200:$work/doctor.url" "lost=403:$work/lost.url" || bad "after the revocation"
finish
