#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Installed manual pages and guides name the paths of the build that installed them.
. "${srcdir:-.}/tests/tool/common.sh"
[ -e Makefile ] || skip "no Makefile here"
need make
paths="mandir=/opt/man bindir=/opt/bin guidedir=/opt/guide guidejadir=/opt/guide/ja moduledir=/opt/modules pkgdatadir=/opt/data sysconfdir=/opt/settings localstatedir=/opt/state docdir=/opt/doc"
examples=
! grep -q "^portal_DATA" Makefile || examples=install-portalDATA
# shellcheck disable=SC2086 # words
MAKEFLAGS='' make -s install-man install-dist_guideDATA install-dist_guidejaDATA $examples install-pages DESTDIR="$work" $paths \
	>"$work/log" 2>&1 || { bad "make"; cat "$work/log"; }
pages=$(find "$work/opt" -type f)
[ "$(echo "$pages" | wc -l)" -gt 40 ] || bad "pages are missing: $pages"
has() { # TEXT PAGE
	grep -qF -e "$1" "$work/opt/$2" || bad "$2 does not name $1"
}
has /opt/settings/inkan/inkan.conf man/man5/inkan.conf.5
has /opt/state/cache/inkan man/man5/inkan.conf.5
has /opt/modules/inkan-pkcs11.so man/man7/inkan-pkcs11.7
has /opt/data/p11 man/man7/inkan-pkcs11.7
has /opt/modules/inkan-pkcs11.so guide/ssh.md
has /opt/modules/inkan-pkcs11.so guide/ja/ssh.md
has /opt/settings/inkan/inkan.conf guide/pam.md
has /opt/data/p11-kit guide/p11-kit.md
[ -z "$examples" ] || has /opt/settings/inkan/portal/cas.pem doc/examples/portal/inkan-server.conf
has /opt/bin/inkan man/man8/inkan-status.timer.8
# what a build with other paths has not (ssh-agent's own list names /usr/local/lib; an administrator's scripts are in
# /usr/local/sbin)
# shellcheck disable=SC2086 # words
grep -nE '/usr/local/|/etc/inkan|/var/cache/inkan|@etc@' $pages | grep -vE '/etc/(nginx|apache2|haproxy)/inkan|`/usr/local/lib`|/usr/local/sbin/' >"$work/out" &&
	{ bad "paths of another build:"; cat "$work/out"; }
finish
