#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A pcscd that goes wrong on its socket, below the real libpcsclite: it closes at a byte, sends one byte changed, a huge number,
# or noise. A login and a signature end, one way or another: no crash, no hang, no try lost. What waits for bytes
# that never come is libpcsclite, without a limit: so a connection that went wrong is closed once nobody says anything.
# What crashes in libpcsclite itself is left out: the length of an ATR, which SCardGetStatusChange copies unseen (1.9.9).
. "${srcdir:-.}/tests/clients/lib.sh"
need python3 python3
on_cards hpki

cat >"$work/between.py" <<'END'
import os, random, select, socket, struct, subprocess, sys, threading
steps, module, pin, path, runs = sys.argv[1:6]
real, seed = os.environ["PCSCLITE_CSOCK_NAME"], int(os.environ.get("INKAN_FUZZ_SEED", "1"))
random.seed(seed)
plan, fired, replies = None, 0, [] # where and what goes wrong; [command, length]

# Each reader's state is 184 bytes. Its last but one number is the length of an ATR, which libpcsclite believes.
def spare(data, old, command, begin):
    return bytes(o if command in (0x12, 0x13) and (begin + i) % 184 // 4 == 44 else d for i, (d, o) in enumerate(zip(data, old))) + data[len(old):]

def changed(data, at, how):
    if how == "byte":
        return data[:at] + bytes([data[at] ^ random.randrange(1, 256)]) + data[at + 1:]
    if how == "huge":
        return data[:at] + random.choice((b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\1\0"))[:len(data) - at] + data[at + 4:]
    return data[:at] + random.randbytes(len(data) - at) + (random.randbytes(40) if how == "more" else b"")

def between(client):
    global fired
    server = socket.socket(socket.AF_UNIX)
    server.connect(real)
    number, asked, wrong = None, False, False
    while True:
        ready = select.select([client, server], [], [], 0.2 if wrong else 60)[0]
        if not ready:
            break
        try:
            data = ready[0].recv(65536)
            if not data:
                break
            if ready[0] is client:
                if not asked: # a message begins with its length and the command
                    number, asked = len(replies), True
                    replies.append([struct.unpack_from("<I", data, 4)[0] if len(data) >= 8 else 0, 0])
                server.sendall(data)
                continue
            asked, reply = False, replies[number]
            at = plan[1] - reply[1] if plan and plan[0] == number else -1
            reply[1] += len(data)
            if 0 <= at < len(data):
                fired, wrong = fired + 1, True
                if plan[2] == "close":
                    client.sendall(data[:at])
                    break
                data = spare(changed(data, at, plan[2]), data, reply[0], reply[1] - len(data))
            client.sendall(data)
        except OSError:
            break
    client.close()
    server.close()

def listen():
    while True:
        threading.Thread(target=between, args=(listening.accept()[0],), daemon=True).start()
listening = socket.socket(socket.AF_UNIX)
listening.bind(path)
listening.listen(64)
threading.Thread(target=listen, daemon=True).start()

def run(what):
    global plan, replies
    plan, replies = what, []
    return subprocess.run([steps, module], input=f"init\nopen\nlogin {pin}\nsign\nlogout\nfinalize\n", text=True, capture_output=True,
                          timeout=60, env=dict(os.environ, PCSCLITE_CSOCK_NAME=path))
good = run(None)
if good.stdout != "0\n" * 6:
    sys.exit("undisturbed: " + good.stdout)
known = list(replies)
plans, seen = [], set()
for number, (command, length) in enumerate(known):
    if command not in seen:
        seen.add(command)
        plans += [(number, at, "close") for at in (range(length) if length < 60 else sorted(random.sample(range(length), 12)))]
while len(plans) < int(runs):
    number = random.randrange(len(known))
    plans.append((number, random.randrange(known[number][1] or 1), random.choice(("byte", "byte", "huge", "noise", "more", "close"))))
bad, ends = [], {}
for what in plans:
    try:
        done = run(what)
        end = done.stdout.split()
        if done.returncode != 0 or len(end) != 6:
            bad.append((what, hex(known[what[0]][0]), known[what[0]][1], done.returncode, end))
        ends[" ".join(end)] = ends.get(" ".join(end), 0) + 1
    except subprocess.TimeoutExpired:
        bad.append((what, hex(known[what[0]][0]), "hangs"))
print(f"{len(known)} answers of {len(seen)} kinds; {len(plans)} times wrong, {fired} reached; {ends.get('0 0 0 0 0 0', 0)} signed all the same")
for b in bad[:20]:
    print(b)
sys.exit(len(bad) > 0)
END
patience=300
try "a pcscd that goes wrong" python3 "$work/between.py" "$builddir/tests/clients/steps" "$auth_module" "$auth_pin" "$work/between" \
	"${INKAN_FUZZ_RUNS-300}"
sed 's/^/    /' "$work/said"
