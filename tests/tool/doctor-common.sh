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
# "result id subject | message | remedy" in $work/found. Python reads all of it again in the end: seen_well
examined() {
	want=$1
	shift
	run "$want" "$@" --json
	[ -s "$work/err" ] && { bad "on standard error: $*"; cat "$work/err"; }
	mkdir -p "$work/answers"
	answers=$((answers + 1))
	cp "$work/out" "$work/answers/$answers"
	sed -n -e 's/^ *"\(id\|subject\|message\)": "\(.*\)",$/\1 \2/p; s/^ *"result": "\(.*\)",$/result \1/p' \
		-e 's/^ *"remedy": "\(.*\)"$/remedy \1/p; s/^ *"remedy": null$/remedy /p' "$work/out" |
		awk '{ name = $1; sub(/^[a-z]* /, ""); gsub(/\\"/, "\""); value[name] = $0 }
			name == "remedy" { print value["result"], value["id"], value["subject"], "|", value["message"], "|", $0 }' \
			>"$work/found"
	cp "$work/found" "$work/answers/$answers.found"
	cut -d ' ' -f 2 "$work/found" >>"${INKAN_TEST_SEEN:-$work/seen}"
}
answers=0

# All answers are good JSON, which Python reads as `examined` has read it.
seen_well() {
	python3 - "$work/answers" <<-'END' || bad "no good JSON"
		import glob, json, sys
		for path in glob.glob(sys.argv[1] + "/*"):
		    if path.endswith(".found"):
		        continue
		    report = json.load(open(path))
		    assert report["version"] == 1 and set(report) == {"version", "software", "checks", "summary"}, report
		    count, found = {"ok": 0, "note": 0, "problem": 0}, ""
		    for c in report["checks"]:
		        assert set(c) == {"id", "result", "subject", "message", "remedy"}, c
		        assert (c["remedy"] is None) == (c["result"] == "ok"), c
		        count[c["result"]] += 1
		        found += " ".join((c["result"], c["id"], c["subject"], "|", c["message"], "|", c["remedy"] or "")) + "\n"
		    assert count == report["summary"], report["summary"]
		    assert found == open(path + ".found").read().replace("\\u2026", "…"), found
	END
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
remedy_of() { sed -n "s/^[a-z]* $1 .* | .*: //p" "$work/found" | head -n 1; }

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

# The ids of the source, one per line.
all_ids() {
	grep -oE '(fine\(f|NOTE|PROBLEM|add_writable\(f|find_folders\(f), "[a-z-]+"' "${srcdir:-.}/src/tool/doctor_findings.c" |
		sed 's/.*"\(.*\)"/\1/' | sort -u
}

# all_seen PATTERN: every finding whose id begins so has been found by this test
all_seen() {
	sort -u "${INKAN_TEST_SEEN:-$work/seen}" >"$work/seen-ids"
	all_ids | grep -E "^($1)(-|\$)" | while read -r id; do
		grep -qx "$id" "$work/seen-ids" || echo "$id"
	done >"$work/unseen"
	[ ! -s "$work/unseen" ] || bad "never found by this test: $(tr '\n' ' ' <"$work/unseen")"
}
