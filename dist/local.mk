# SPDX-License-Identifier: BSD-2-Clause
# The units are made always, and installed where configure was told to.
systemd_units = dist/system/inkan-status.service dist/user/inkan-status.service dist/system/inkan-authd.service
noinst_DATA = $(systemd_units)
CLEANFILES += $(systemd_units)
EXTRA_DIST += dist/system/inkan-status.service.in dist/user/inkan-status.service.in \
  dist/system/inkan-status.timer dist/user/inkan-status.timer dist/system/inkan-authd.service.in \
  dist/system/inkan-authd.socket dist/system/inkan-authd-fastcgi.socket

$(systemd_units): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's|@bindir[@]|$(bindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
	  -e 's|@localstatedir[@]|$(localstatedir)|g' -e 's|@sbindir[@]|$(sbindir)|g' $(srcdir)/$@.in >$@
dist/system/inkan-status.service: dist/system/inkan-status.service.in
dist/user/inkan-status.service: dist/user/inkan-status.service.in
dist/system/inkan-authd.service: dist/system/inkan-authd.service.in

if TOOL
if SYSTEMD_SYSTEM
systemdsystemunit_DATA = dist/system/inkan-status.service dist/system/inkan-status.timer
if AUTHD
systemdsystemunit_DATA += dist/system/inkan-authd.service dist/system/inkan-authd.socket \
  dist/system/inkan-authd-fastcgi.socket
endif
endif
if SYSTEMD_USER
systemduserunit_DATA = dist/user/inkan-status.service dist/user/inkan-status.timer
endif
endif

# How other programs learn of the modules. Nothing is registered unasked: without
# --with-p11-kit-module-dir these lie in our own folder, to be copied. A native manifest of
# Mozilla's is an extension's: its maker puts the extension's name in.
p11kitmodule_DATA = dist/p11-kit/inkan.module dist/p11-kit/inkan-sign.module
mozilladir = $(pkgdatadir)/mozilla
mozilla_DATA = dist/mozilla/inkan.json
# What a profile of AppArmor includes for a program that loads a module; an example of a rule for polkit.
apparmordir = $(pkgdatadir)/apparmor
apparmor_DATA = dist/apparmor/inkan
polkitdir = $(pkgdatadir)/polkit
dist_polkit_DATA = dist/polkit/50-inkan-pcscd.rules
# What browsers start for the extension Web eID. A package puts these where they look, as eu.webeid.json; inkan setup writes the same.
web_eid_manifests = dist/web-eid/mozilla.json dist/web-eid/chromium.json
if TOOL
webeiddir = $(pkgdatadir)/web-eid
webeid_DATA = $(web_eid_manifests)
endif
registrations = $(p11kitmodule_DATA) $(mozilla_DATA) $(apparmor_DATA) $(web_eid_manifests)
CLEANFILES += $(registrations)
EXTRA_DIST += dist/p11-kit/inkan.module.in dist/p11-kit/inkan-sign.module.in dist/mozilla/inkan.json.in dist/apparmor/inkan.in \
  dist/web-eid/mozilla.json.in dist/web-eid/chromium.json.in

$(registrations): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's|@moduledir[@]|$(moduledir)|g' -e 's|@libdir[@]|$(libdir)|g' -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g' \
	  -e 's|@sysconfdir[@]|$(sysconfdir)|g' -e 's|@localstatedir[@]|$(localstatedir)|g' $(srcdir)/$@.in >$@
dist/p11-kit/inkan.module: dist/p11-kit/inkan.module.in
dist/p11-kit/inkan-sign.module: dist/p11-kit/inkan-sign.module.in
dist/apparmor/inkan: dist/apparmor/inkan.in
dist/web-eid/mozilla.json: dist/web-eid/mozilla.json.in
dist/web-eid/chromium.json: dist/web-eid/chromium.json.in
dist/mozilla/inkan.json: dist/mozilla/inkan.json.in dist/apparmor/inkan.in

# Settings of inkan-authd to begin with. Nothing goes to /etc: without them nobody is admitted.
EXTRA_DIST += dist/authd/authd.conf
if AUTHD
authdexamplesdir = $(docdir)/examples
authdexamples_DATA = dist/authd/authd.conf
endif

# A portal that asks for cards: settings of web servers, of inkan-authd, an application.
portal_files = dist/portal/README dist/portal/portal.conf dist/portal/app.py dist/portal/nginx.conf \
  dist/portal/inkan-server.conf dist/portal/inkan-app.conf dist/portal/inkan-ask.conf \
  dist/portal/apache.conf dist/portal/apache-app.conf dist/portal/haproxy.cfg dist/portal/inkan.lua dist/portal/Caddyfile \
  dist/portal/web-eid.py dist/portal/web-eid.html dist/portal/web-eid-page.js dist/portal/web-eid.conf \
  dist/portal/envoy.yaml dist/portal/traefik.yaml
EXTRA_DIST += $(portal_files)
if AUTHD
portaldir = $(docdir)/examples/portal
portal_DATA = $(portal_files)
endif

# For shells and software centres: inkan's words and description.
EXTRA_DIST += dist/completion/inkan.bash
if TOOL
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = dist/completion/_inkan
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_fishcompletion_DATA = dist/completion/inkan.fish
metainfodir = $(datadir)/metainfo
dist_metainfo_DATA = dist/metainfo/example.inkan.inkan.metainfo.xml
install-data-local:
	$(MKDIR_P) $(DESTDIR)$(bashcompletiondir) && \
	$(INSTALL_DATA) $(srcdir)/dist/completion/inkan.bash $(DESTDIR)$(bashcompletiondir)/inkan
uninstall-completion:
	rm -f $(DESTDIR)$(bashcompletiondir)/inkan
else
uninstall-completion:
endif
.PHONY: uninstall-completion

# Recipes for distributions other than Debian.
EXTRA_DIST += dist/packages/README dist/packages/inkan.spec dist/packages/APKBUILD dist/packages/PKGBUILD \
  dist/packages/inkan.nix dist/packages/inkan.rpmlintrc
