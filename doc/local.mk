# SPDX-License-Identifier: BSD-2-Clause
dist_man_MANS += doc/inkan.conf.5 doc/inkan-pkcs11.7
EXTRA_DIST += doc/CARDS.md doc/CARD-REPORT.md doc/reliability.md
dist_man_MANS += doc/libinkan.3 doc/inkan_new.3 doc/inkan_cert.3 doc/inkan_role.3 doc/inkan_decide.3 \
  doc/inkan_person.3 doc/inkan_evidence.3 doc/inkan_web_eid_decide.3 doc/inkan_sign.3 doc/inkan_check.3
if VCARD
dist_man_MANS += doc/inkan-vcard.1
endif
if TOOL
dist_man_MANS += doc/inkan.1 doc/inkan-sign.1 doc/inkan-check.1 doc/inkan-setup.1 doc/inkan-doctor.1 doc/inkan-status.timer.8 \
  doc/inkan-web-eid.8
# What --help points to, in Japanese.
jaman1dir = $(mandir)/ja/man1
dist_jaman1_DATA = doc/ja/inkan.1 doc/ja/inkan-doctor.1 doc/ja/inkan-setup.1 doc/ja/inkan-sign.1 doc/ja/inkan-check.1
endif
if AUTHD
dist_man_MANS += doc/inkan-authd.8 doc/inkan-authd.conf.5
endif

# The guide, in two languages.
guidedir = $(docdir)/guide
guidejadir = $(guidedir)/ja
dist_guide_DATA = doc/guide/README.md doc/guide/audit.md doc/guide/portal.md doc/guide/portal-web-eid.md doc/guide/portal.png doc/guide/web-eid.png doc/guide/checking.md doc/guide/chromium.md doc/guide/cms.md doc/guide/code.md \
  doc/guide/existing.md doc/guide/firefox.md doc/guide/gnutls.md doc/guide/ipsec.md doc/guide/openconnect.md doc/guide/kerberos.md doc/guide/dot1x.md doc/guide/java.md \
  doc/guide/libreoffice.md doc/guide/mail.md doc/guide/nss.md doc/guide/openssl.md \
  doc/guide/openvpn.md doc/guide/p11-kit.md doc/guide/pam.md doc/guide/pdf.md doc/guide/prescription.md doc/guide/programs.md \
  doc/guide/proxy.md doc/guide/reception.md doc/guide/referral.md doc/guide/setup.md doc/guide/ssh.md doc/guide/sso.md doc/guide/sssd.md doc/guide/timestamps.md doc/guide/trouble.md doc/guide/web-eid.md doc/guide/xml.md
dist_guideja_DATA = doc/guide/ja/README.md doc/guide/ja/audit.md doc/guide/ja/portal.md doc/guide/ja/portal-web-eid.md doc/guide/ja/checking.md doc/guide/ja/chromium.md doc/guide/ja/cms.md \
  doc/guide/ja/code.md doc/guide/ja/existing.md doc/guide/ja/firefox.md doc/guide/ja/gnutls.md doc/guide/ja/ipsec.md doc/guide/ja/openconnect.md doc/guide/ja/kerberos.md doc/guide/ja/dot1x.md \
  doc/guide/ja/java.md doc/guide/ja/libreoffice.md doc/guide/ja/mail.md doc/guide/ja/nss.md \
  doc/guide/ja/openssl.md doc/guide/ja/openvpn.md doc/guide/ja/p11-kit.md doc/guide/ja/pam.md \
  doc/guide/ja/pdf.md doc/guide/ja/prescription.md doc/guide/ja/programs.md doc/guide/ja/proxy.md doc/guide/ja/reception.md doc/guide/ja/referral.md doc/guide/ja/setup.md \
  doc/guide/ja/ssh.md doc/guide/ja/sso.md doc/guide/ja/sssd.md doc/guide/ja/timestamps.md doc/guide/ja/trouble.md doc/guide/ja/web-eid.md doc/guide/ja/xml.md

# The pages and the examples name paths of a build without options. Installed, they name those of this build.
install-pages:
	for page in $$(find $(DESTDIR)$(mandir) -name 'inkan*.[1-8]' -o -name 'libinkan*.[1-8]') \
	    $$(find $(DESTDIR)$(guidedir) -name '*.md') $$(find $(DESTDIR)$(docdir)/examples -type f 2>/dev/null); do \
	  sed -e 's|/usr/local/lib/pkcs11|$(moduledir)|g' -e 's|/usr/local/share/inkan|$(pkgdatadir)|g' -e 's|/usr/local/bin/|$(bindir)/|g' -e 's|/usr/local/share/doc/inkan|$(docdir)|g' \
	    -e 's|/usr/local/etc/inkan|@etc@|g' -e 's|/etc/inkan|@etc@|g' -e 's|@etc@|$(sysconfdir)/inkan|g' \
	    -e 's|/var/cache/inkan|$(localstatedir)/cache/inkan|g' $$page >$$page.new && \
	  cat $$page.new >$$page && rm $$page.new || exit 1; \
	done
.PHONY: install-pages
