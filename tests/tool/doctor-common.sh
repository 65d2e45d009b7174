# SPDX-License-Identifier: BSD-2-Clause
# What the tests of inkan doctor share; sourced after common.sh.
# shellcheck shell=sh
# shellcheck disable=SC2154 # common.sh sets what is used here
need python3
world=$PWD/tests/tool/.libs/doctor-world.so
[ -e "$world" ] || skip "$world is not built"
root=$work/root
HOME=/home/taro # below the root
mkdir -p "$root$HOME" "$root/etc" "$root/usr/sbin"
export HOME

# in_world NAME=VALUE... COMMAND...: with another clock or another pcscd
in_world() { env LD_PRELOAD="$world" ASAN_OPTIONS=verify_asan_link_order=0 "$@"; }

# examined STATUS COMMAND...: inkan doctor with --json; its findings as lines
# "result id subject | message | remedy" in $work/found
examined() {
	want=$1
	shift
	run "$want" "$@" --json
	[ -s "$work/err" ] && { bad "on standard error: $*"; cat "$work/err"; }
	python3 - "$work/out" >"$work/found" <<-'END' || { bad "no good JSON: $*"; cat "$work/out"; }
		import json, sys
		report = json.load(open(sys.argv[1]))
		assert report["version"] == 1 and set(report) == {"version", "software", "checks", "summary"}, report
		count = {"ok": 0, "note": 0, "problem": 0}
		for c in report["checks"]:
		    assert set(c) == {"id", "result", "subject", "message", "remedy"}, c
		    assert (c["remedy"] is None) == (c["result"] == "ok"), c
		    count[c["result"]] += 1
		    print(c["result"], c["id"], c["subject"], "|", c["message"], "|", c["remedy"] or "")
		assert count == report["summary"], report["summary"]
	END
	cut -d ' ' -f 2 "$work/found" >>"${INKAN_TEST_SEEN:-$work/seen}"
}

doctor() { # STATUS [OPTION...]
	want=$1
	shift
	examined "$want" "$inkan" doctor --root "$root" "$@"
}

# found 'RESULT ID', lacks ID, advised_to ID TEXT
found() { grep -q "^$1[ ,]" "$work/found" || { bad "not found: $1"; sed 's/^/  | /' "$work/found"; }; }
lacks() { ! grep -q "^[a-z]* $1 " "$work/found" || { bad "found, and should not be: $1"; grep " $1 " "$work/found"; }; }
advised_to() {
	grep "^[a-z]* $1 " "$work/found" | grep -qF -e "$2" ||
		{ bad "no such remedy of $1: $2"; grep " $1 " "$work/found"; }
}

# The command in the remedy of that finding, behind its words.
remedy_of() {
	python3 - "$work/out" "$1" <<-'END'
		import json, sys
		for c in json.load(open(sys.argv[1]))["checks"]:
		    if c["id"] == sys.argv[2]:
		        print(c["remedy"].rsplit(": ", 1)[-1])
		        break
	END
}

# helps ID: what the remedy says is done, as it stands there
helps() {
	remedy_of "$1" | sed 's/sudo //g' >"$work/remedy"
	sh -eu "$work/remedy" >"$work/said" 2>&1 || { bad "the remedy of $1 fails"; cat "$work/remedy" "$work/said"; }
}

# The modules of this build where they would be installed.
install_modules() {
	modules=$("$inkan" doctor --root "$work/empty" | sed -n 's,^[a-z]* *.*/empty\(/.*\)/inkan-pkcs11.so.*,\1,p')
	[ -n "$modules" ] || bad "the doctor does not say where modules are installed"
	mkdir -p "$root$modules"
	cp .libs/inkan-pkcs11.so .libs/inkan-sign-pkcs11.so "$root$modules"
}

# The ids of the table, one per line.
all_ids() { grep -oE '"[a-z-]+", (OK|NOTE|PROBLEM)' "${srcdir:-.}/src/tool/doctor_findings.c" | sed 's/"\(.*\)".*/\1/' | sort -u; }

# all_seen PATTERN: every finding whose id begins so has been found by this test
all_seen() {
	sort -u "${INKAN_TEST_SEEN:-$work/seen}" >"$work/seen-ids"
	all_ids | grep -E "^($1)(-|\$)" | while read -r id; do
		grep -qx "$id" "$work/seen-ids" || echo "$id"
	done >"$work/unseen"
	[ ! -s "$work/unseen" ] || bad "never found by this test: $(tr '\n' ' ' <"$work/unseen")"
}
