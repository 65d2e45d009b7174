#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The manifest for Firefox: an extension that it names installs the module by its
# name, and another extension cannot.
. "${srcdir:-.}/tests/clients/lib.sh"
need firefox-esr firefox-esr
need zip zip
need modutil libnss3-tools
on_cards hpki

mkdir -p "$HOME/.mozilla/pkcs11-modules"
sed "s|$module_home/|$module_dir/|" "${inkan%/bin/inkan}/share/inkan/mozilla/inkan.json" \
	>"$HOME/.mozilla/pkcs11-modules/inkan.json"

profile_of() { # EXTENSION-ID: a profile in which it waits
	profile=$work/profile-$1
	mkdir -p "$profile/extensions" "$work/$1"
	cat >"$work/$1/manifest.json" <<-END
		{ "manifest_version": 2, "name": "Test", "version": "1", "permissions": ["pkcs11"],
		  "browser_specific_settings": { "gecko": { "id": "$1" } }, "background": { "scripts": ["run.js"] } }
	END
	echo 'browser.pkcs11.installModule("inkan");' >"$work/$1/run.js"
	(cd "$work/$1" && zip -q "$profile/extensions/$1.xpi" manifest.json run.js) || fail "no extension"
	cat >"$profile/user.js" <<-END
		user_pref("xpinstall.signatures.required", false);
		user_pref("extensions.autoDisableScopes", 0);
		user_pref("extensions.startupScanScopes", 15);
		user_pref("extensions.installDistroAddons", false);
		user_pref("app.normandy.enabled", false);
		user_pref("datareporting.policy.dataSubmissionEnabled", false);
		user_pref("network.captive-portal-service.enabled", false);
	END
}

# Runs Firefox until the module is there, or for so many seconds.
browse() { # SECONDS
	firefox-esr --headless --no-remote --profile "$profile" about:blank >"$work/firefox" 2>&1 </dev/null 9>&- &
	browser=$!
	waited=0
	while [ $waited -lt $(($1 * 10)) ] && ! grep -q inkan "$profile/pkcs11.txt" 2>/dev/null; do
		sleep 0.1
		waited=$((waited + 1))
	done
	kill "$browser"
	wait "$browser" 2>/dev/null
}

profile_of your-extension@example.org
browse 60
try "modutil" modutil -force -dbdir "sql:$profile" -list
said "the profile" "library name: $module_dir/inkan-pkcs11.so"
said "the profile" 'Inkan: signing in with HPKI and My Number cards'
took=$((waited / 10 + 5))
say "the extension that the manifest names installs the module"

profile_of another@example.org
browse $((2 * took))
try "modutil" modutil -force -dbdir "sql:$profile" -list
! grep -q inkan "$work/said" || fail "an extension that is not named installs the module"
say "another cannot"
[ "$(ask_card verifies)" = 0 ] || fail "a PIN was asked for"
