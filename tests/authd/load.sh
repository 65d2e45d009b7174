#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan-authd while everything happens at once: many connections, half requests, certificates with a bit turned over,
# restarts on a socket that stays, reloads, lists that go and come. No good request is refused, no bad one admitted.
. "${srcdir:-.}/tests/authd/common.sh"
at_length
make_pki
take_lists "$pki"
write_conf 'header = X-Client-Cert' 'form = pem-url'
cat >"$work/load.py" <<'END'
import base64, os, random, resource, signal, socket, subprocess, sys, threading, time
from urllib.parse import quote
work, daemon, lists, doctor, pharmacist, lost = sys.argv[1:]
random.seed(int(os.environ.get("INKAN_TEST_SEED", "1")))
path, conf = work + "/load.sock", work + "/authd.conf"
listening = socket.socket(socket.AF_UNIX)
listening.bind(path)
listening.listen(4096)
failed = []

def spawn():
    def place():
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)
    # LISTEN_PID is the pid that exec keeps
    return subprocess.Popen(["sh", "-c", 'LISTEN_PID=$$ exec "$0" --config "$1"', daemon, conf], pass_fds=(3,), preexec_fn=place,
                            env=dict(os.environ, LISTEN_FDS="1", LISTEN_FDNAMES="http"), stderr=open(work + "/stderr", "a"))
def request(value, last=True):
    return (f"GET /rule/doctors HTTP/1.1\r\nHost: x\r\nX-Client-Cert: {value}\r\n" + ("Connection: close\r\n" if last else "") + "\r\n").encode("latin-1")
def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    end = time.time() + 60
    while True:
        try:
            s.connect(path)
            return s
        except BlockingIOError: # the queue is full
            if time.time() > end:
                raise
            time.sleep(0.005)
def answer(value):
    s = connect()
    s.sendall(request(value))
    got = b""
    while chunk := s.recv(65536):
        got += chunk
    s.close()
    return got
def ask(value):
    got = answer(value)
    return int(got[9:12]) if got.startswith(b"HTTP/1.1 ") else 0
def user(got):
    return next((line for line in got.split(b"\r\n") if line.startswith(b"Remote-User:")), None)
def pem(path):
    return open(path).read()
good, other, revoked = quote(pem(doctor), safe=""), quote(pem(pharmacist), safe=""), quote(pem(lost), safe="")

# restarts and reloads, while threads ask
served, over = [0], False
def client(value, want):
    while not over:
        try:
            got = ask(value)
        except OSError as e:
            got = repr(e)
        if got != want:
            failed.append(("under restarts", got, want))
        served[0] += 1
process = spawn()
threads = [threading.Thread(target=client, args=a) for a in [(good, 200), (good, 200), (other, 403), (revoked, 403)]]
for t in threads:
    t.start()
for i in range(5):
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    if process.wait(30) != 0:
        failed.append(("exit", process.returncode))
    process = spawn()
    time.sleep(0.5)
    process.send_signal(signal.SIGHUP)
over = True
for t in threads:
    t.join()
if served[0] < 100:
    failed.append(("only", served[0]))

# as many connections at once as it takes, but for the one that asks beside them; each with half a request first
n = min(int(os.environ.get("INKAN_TEST_CONNECTIONS", "9999")), 9999, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200)
resource.setrlimit(resource.RLIMIT_NOFILE, (n + 200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
many = [connect() for i in range(n)]
for s in many:
    s.sendall(request(good, False)[:50])
if ask(good) != 200:
    failed.append("beside half requests")
for s in many:
    s.sendall(request(good, False)[50:])
if (answered := sum(s.recv(65536).startswith(b"HTTP/1.1 200") for s in many)) != n:
    failed.append(("at once", answered, n))
for s in many:
    s.close()

# lists that go and come, while threads ask: refused without them after a reload, never admitted who is revoked, and
# whoever is good gets 200 or 403, nothing else
held = os.path.join(lists, "crl")
asked, over = [0], False
def watch(value, may):
    while not over:
        try:
            got = ask(value)
        except OSError as e:
            got = repr(e)
        if got not in may:
            failed.append(("while lists change", got, may))
        asked[0] += 1
threads = [threading.Thread(target=watch, args=a) for a in [(good, (200, 403)), (revoked, (403,)), (revoked, (403,)), (other, (403,))]]
for t in threads:
    t.start()
for i in range(3):
    os.rename(held, held + ".away")
    process.send_signal(signal.SIGHUP)
    end = time.time() + 20
    while (got := ask(good)) == 200 and time.time() < end:
        pass
    if got != 403 or ask(revoked) != 403:
        failed.append(("without lists", got))
    os.rename(held + ".away", held)
    process.send_signal(signal.SIGHUP)
    end = time.time() + 20
    while (got := ask(good)) == 403 and time.time() < end:
        pass
    if got != 200 or ask(revoked) != 403:
        failed.append(("with lists again", got))
for i in range(30): # reloads as fast as they go, and a list that goes and comes under them
    os.rename(held, held + ".away")
    process.send_signal(signal.SIGHUP)
    time.sleep(random.random() / 50)
    os.rename(held + ".away", held)
    process.send_signal(signal.SIGHUP)
    time.sleep(random.random() / 50)
end = time.time() + 20
while ask(good) != 200 and time.time() < end:
    pass
over = True
for t in threads:
    t.join()
if ask(good) != 200 or asked[0] < 100:
    failed.append(("after reloads", ask(good), asked[0]))

# one bit of the certificate is another one
der = base64.b64decode("".join(pem(doctor).split("\n")[1:-2]))
changes = int(os.environ.get("INKAN_TEST_CHANGES", "3000"))
for i in range(changes):
    bit = random.randrange(len(der) * 8)
    changed = bytearray(der)
    changed[bit // 8] ^= 1 << bit % 8
    text = "-----BEGIN CERTIFICATE-----\n" + base64.b64encode(changed).decode() + "\n-----END CERTIFICATE-----\n"
    if (got := ask(quote(text, safe=""))) != 403:
        failed.append(("bit", bit, got))

# the header cut, filled, repeated and turned over: whoever is admitted is the doctor, whose certificate is still in it
doctor_is = user(answer(good))
for i in range(changes):
    text, at, size = good, random.randrange(len(good)), random.choice((1, 2, 3, 40, 4000))
    how = random.randrange(4)
    junk = "".join(random.choice("%0129AFaf+/=-: \t,;\"{}BEGIN\xe9") for k in range(size))
    text = (text[:at], text[:at] + text[at + size:], text[:at] + junk + text[at:], text[:at] + junk + text[at + size:])[how]
    got = answer(text)
    if not got.startswith(b"HTTP/1.1 4") and not (got.startswith(b"HTTP/1.1 200") and user(got) == doctor_is):
        failed.append(("changed", how, at, size, got[:60]))
if ask(good) != 200 or user(answer(good)) != doctor_is:
    failed.append("in the end")
process.terminate()
if process.wait(30) != 0:
    failed.append(("exit", process.returncode))
print(served[0], "requests under restarts,", asked[0], "under 66 reloads and changes of lists,", n, "connections at once")
for f in failed[:20]:
    print(f)
sys.exit(len(failed) > 0)
END
timeout $((500 + ${INKAN_TEST_CHANGES-0} / 50)) python3 "$work/load.py" "$work" ./inkan-authd "$lists" "$doctor" "$pharmacist" "$lost" ||
	{ bad "under load"; tail -n 5 "$work/stderr"; }
python3 -c 'import json, sys
for line in open(sys.argv[1], encoding="utf-8"): json.loads(line)' "$work/access.log" || bad "a line of the log is no JSON"
finish
