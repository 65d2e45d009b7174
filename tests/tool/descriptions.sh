#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What other programs read about us: AppStream's description, AppArmor's abstraction, the rule for polkit.
. "${srcdir:-.}/tests/tool/common.sh"
there=$(cd "${srcdir:-.}" && pwd)
done_one=no

if command -v appstreamcli >/dev/null; then
	done_one=yes
	# no homepage is known, and none is made up
	appstreamcli validate --no-net --pedantic "$there"/dist/metainfo/*.metainfo.xml 2>&1 | grep '^[EW]: ' |
		grep -v url-homepage-missing && bad "appstreamcli has something to say"
fi
version=$("$inkan" --version)
grep -q "<release version=\"${version#inkan }\"" "$there"/dist/metainfo/*.metainfo.xml || bad "no release ${version#inkan } in the description"

if command -v apparmor_parser >/dev/null && [ -e /etc/apparmor.d/abstractions/openssl ]; then
	done_one=yes
	grep -n '@[a-z]*@' dist/apparmor/inkan && bad "something is left in dist/apparmor/inkan"
	mkdir -p "$work/etc/abstractions"
	cp dist/apparmor/inkan "$work/etc/abstractions"
	printf 'include <tunables/global>\nprofile inkan-test /bin/inkan-test {\n  include <abstractions/inkan>\n}\n' >"$work/profile"
	run 0 apparmor_parser --skip-kernel-load --skip-cache --base /etc/apparmor.d -I "$work/etc" -I /etc/apparmor.d "$work/profile"
fi

# The rule, with a polkit of the test's own: a member of the group may, and nobody else, and nothing else.
if command -v node >/dev/null; then
	done_one=yes
	cat - "$there/dist/polkit/50-inkan-pcscd.rules" >"$work/rule.js" <<-'JS'
		const polkit = {Result: {YES: "yes"}, addRule(f) { polkit.rule = f; }};
		setImmediate(() => {
			for (const id of ["org.debian.pcsc-lite.access_pcsc", "org.debian.pcsc-lite.access_card", "org.freedesktop.udisks2.eject-media"])
				for (const member of [true, false])
					console.log(id.split(".").pop(), member, polkit.rule({id}, {isInGroup: g => g === "scard" && member}));
		});
	JS
	run 0 node "$work/rule.js"
	wrote 'access_pcsc true yes'
	wrote 'access_pcsc false undefined'
	wrote 'access_card true yes'
	wrote 'access_card false undefined'
	wrote 'eject-media true undefined'
fi
[ $done_one = yes ] || skip "appstreamcli, apparmor_parser and node are missing"
finish
