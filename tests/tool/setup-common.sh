# SPDX-License-Identifier: BSD-2-Clause
# What the tests of inkan setup share: a home of their own, and what holds for every client.
# shellcheck shell=sh
. "${srcdir:-.}/tests/tool/common.sh"
HOME=$work/home
XDG_CONFIG_HOME=$HOME/.config XDG_DATA_HOME=$HOME/.local/share
export HOME XDG_CONFIG_HOME XDG_DATA_HOME
root=$work/root
mkdir -p "$HOME" "$root"
# shellcheck disable=SC2034 # the tests use it
sysconfdir=$(sed -n 's/^sysconfdir = //p' Makefile | sed "s|\${prefix}|$(sed -n 's/^prefix = //p' Makefile)|")
module=$PWD/.libs/inkan-pkcs11.so
sign_module=$PWD/.libs/inkan-sign-pkcs11.so
[ -e "$module" ] || skip "$module is not built"
mkdir -p "$root${module%/*}" && cp "$module" "$sign_module" "$root${module%/*}"

# Everything below HOME and the root but empty folders: names, kinds, modes, links, contents.
tree() {
	find "$HOME" "$root" ! -type d -printf '%p %y %m %l\n' | sort
	find "$HOME" "$root" -type f -exec cksum {} + | sort
}

unchanged() { # WHAT: since the tree was noted in $work/before
	tree >"$work/after"
	cmp -s "$work/before" "$work/after" && return 0
	bad "$1: something has changed"
	diff "$work/before" "$work/after"
}

setup() { # STATUS ARGUMENT...
	status=$1
	shift
	run "$status" "$inkan" setup "$@"
}

# cycle ARGUMENT...: shown, not asked, done, done twice, taken back byte for byte.
# `check`, a function of the test's, is called while it is done. `undo`: the arguments
# of --undo where they are others.
undo=
cycle() {
	what=$*
	tree >"$work/before"
	setup 0 "$@" --dry-run
	wrote "Nothing was changed"
	unchanged "$what --dry-run"
	setup 77 "$@"
	said "no terminal"
	advised
	unchanged "$what without a yes"
	setup 0 "$@" --yes
	wrote "Done."
	check
	mv "$work/before" "$work/at-first"
	tree >"$work/before"
	setup 0 "$@" --yes
	wrote "Already set up"
	unchanged "$what twice"
	# shellcheck disable=SC2086 # words
	[ -z "$undo" ] || set -- $undo
	setup 0 "$@" --undo --dry-run
	unchanged "$what --undo --dry-run"
	setup 0 "$@" --undo --yes
	mv "$work/at-first" "$work/before"
	unchanged "$what --undo"
	setup 0 "$@" --undo --yes
	wrote "nothing to undo"
	unchanged "$what --undo twice"
	left=$(find "$HOME" "$root" -type f -name '*.??????' ! -name '*.module')
	[ -z "$left" ] || bad "left behind: $left"
}
