#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A word that is begun is finished with Tab, in bash, zsh and fish; and --help, from which the words come, names every
# option of the tables.
. "${srcdir:-.}/tests/tool/common.sh"
need python3
there=$(cd "${srcdir:-.}" && pwd)
case $inkan in /*) ;; *) inkan=$PWD/$inkan ;; esac

for verb in list show pin verify trust doctor sign check status watch portal setup; do
	LC_ALL=C "$inkan" $verb --help
done >"$work/help"
for option in $(grep -ohE '^	*\{"[a-z-]+", (no|required|optional)_argument' "$there"/src/tool/*.c | cut -d '"' -f 2 | sort -u); do
	grep -qE -e "--$option( |\]|\$)" "$work/help" || [ "$option" = help ] || bad "--help does not name --$option"
done

# typed SHELL TEXT: the line after Tab, by a terminal; with an echo put before it
cat >"$work/type.py" <<'PY'
import os, pty, re, select, sys, time
shell, text = sys.argv[1:3]
start = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", PS1="READY> ", PROMPT="READY> ")
    os.execvp(start[0], start)
seen = b""
def until(pattern):
    global seen
    end = time.monotonic() + 30
    while not re.search(pattern, seen):
        if time.monotonic() > end or not select.select([fd], [], [], 30)[0]:
            sys.exit("nothing came: %r" % seen)
        seen += os.read(fd, 4096)
def send(line, pattern):
    global seen
    seen = b""
    os.write(fd, line.encode())
    until(pattern)
until(rb"READY> ")
setup = {"bash": "bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; . \"$COMPLETION/inkan.bash\"; echo LO''ADED\n",
         "zsh": "fpath=($COMPLETION $fpath); autoload -Uz compinit; compinit -u -d $DUMP; unsetopt zle_bracketed_paste; echo LO''ADED\n"}[shell]
send(setup, rb"LOADED\r?\n(.|\n)*READY> ")
os.write(fd, (text + "\t").encode())
send("\x01echo GOT: \x05\n", rb"GOT: [^\r\n]*\r?\n(.|\n)*GOT: [^\r\n]*\r?\n|\nGOT: [^\r\n]*\r?\n")
print(re.findall(rb"GOT: ([^\r\n]*)", seen)[-1].decode().rstrip())
os.write(fd, b"exit\n")
PY
COMPLETION=$there/dist/completion DUMP=$work/dump
PATH=$(dirname "$inkan"):$PATH HOME=$work
export COMPLETION DUMP PATH HOME

finished() { # TEXT LINE: in each shell
	for shell in bash zsh; do
		command -v $shell >/dev/null || continue
		[ "$(python3 "$work/type.py" $shell "$1" 2>"$work/err")" = "$2" ] ||
			bad "$shell makes of '$1': $(python3 "$work/type.py" $shell "$1" 2>&1)"
	done
	command -v fish >/dev/null || return 0
	# shellcheck disable=SC2016 # fish's
	got=$(fish -c 'source $COMPLETION/inkan.fish; complete -C $argv[1]' "$1" 2>&1 | cut -f 1)
	[ "$got" = "${2##* }" ] || bad "fish makes of '$1': $got"
}
finished 'inkan stat' 'inkan status'
finished 'inkan status refr' 'inkan status refresh'
finished 'inkan status refresh --du' 'inkan status refresh --due'
finished 'inkan status export --bundle ng' 'inkan status export --bundle nginx'
finished 'inkan pin ch' 'inkan pin change'
finished 'inkan setup fire' 'inkan setup firefox'
finished 'inkan sign --prof' 'inkan sign --profile'
for shell in bash zsh fish; do
	command -v $shell >/dev/null || echo "skipped in part: $shell is not installed"
done
finish
