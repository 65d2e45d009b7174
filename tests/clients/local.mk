# SPDX-License-Identifier: BSD-2-Clause
# Other people's programs with our modules, on the virtual card behind pcscd.
client_tests = \
  tests/clients/limit.sh \
  tests/clients/steps.sh \
  tests/clients/pkcs11-tool.sh tests/clients/few-resources.sh tests/clients/crowd.sh tests/clients/pcscd.sh \
  tests/clients/pkcs11-tool-sign.sh \
  tests/clients/openssl.sh \
  tests/clients/curl.sh \
  tests/clients/openssl-provider.sh \
  tests/clients/curl-provider.sh \
  tests/clients/java.sh \
  tests/clients/gnutls.sh \
  tests/clients/wget.sh \
  tests/clients/nss-tools.sh \
  tests/clients/nginx.sh \
  tests/clients/stunnel.sh \
  tests/clients/ssh.sh \
  tests/clients/pam.sh \
  tests/clients/sssd.sh \
  tests/clients/p11-kit.sh \
  tests/clients/openvpn.sh \
  tests/clients/ipsec.sh \
  tests/clients/ipsec-libreswan.sh \
  tests/clients/dot1x.sh \
  tests/clients/kerberos.sh \
  tests/clients/openconnect.sh \
  tests/clients/status.sh \
  tests/clients/nss-pss.sh \
  tests/clients/nss-consent.sh \
  tests/clients/jahis.sh \
  tests/clients/p11-kit-modules.sh \
  tests/clients/firefox-manifest.sh
# With the signature module.
client_tests += \
  tests/clients/sign-pdf.sh \
  tests/clients/sign-cms.sh \
  tests/clients/sign-code.sh \
  tests/clients/sign-mail.sh \
  tests/clients/sign-xml.sh \
  tests/clients/sign-office.sh \
  tests/clients/sign-inkan.sh
client_tests += tests/clients/setup.sh tests/clients/setup-pam.sh
client_tests += tests/clients/firefox.sh tests/clients/chromium.sh tests/clients/portal.sh tests/clients/thunderbird.sh \
  tests/clients/web-eid.sh
EXTRA_DIST += tests/clients/browser.sh tests/clients/thunderbird.js tests/clients/firefox.py tests/clients/chromium.py \
  tests/clients/web-eid/manifest.json tests/clients/web-eid/background.js tests/clients/web-eid/content.js \
  tests/clients/web-eid/page.html tests/clients/web-eid/pinentry tests/clients/web-eid/server.py
dist_check_SCRIPTS += $(client_tests) tests/demo
TESTS += $(client_tests) tests/demo
EXTRA_DIST += tests/clients/lib.sh tests/clients/ipsec-server.sh

check_PROGRAMS += tests/clients/witness
tests_clients_witness_SOURCES = tests/clients/witness.c
tests_clients_witness_CFLAGS = $(AM_CFLAGS) $(PCSC_CFLAGS)
tests_clients_witness_LDADD = $(PCSC_LIBS)

check_PROGRAMS += tests/clients/steps
tests_clients_steps_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_clients_steps_LDADD = -lpthread -ldl

check_PROGRAMS += tests/clients/crowd
tests_clients_crowd_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_clients_crowd_LDADD = $(CRYPTO_LIBS) -lpthread -ldl

# The same program twice: libp11-kit's names are there from the start, or not.
check_PROGRAMS += tests/clients/together
tests_clients_together_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
tests_clients_together_LDADD = $(CRYPTO_LIBS) -ldl
if HAVE_P11_KIT
check_PROGRAMS += tests/clients/together-p11-kit
tests_clients_together_p11_kit_SOURCES = tests/clients/together.c
tests_clients_together_p11_kit_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE -DLINKED_WITH_P11_KIT $(P11_CFLAGS)
tests_clients_together_p11_kit_LDADD = $(CRYPTO_LIBS) $(P11_LIBS) -ldl
endif

if HAVE_NSS
check_PROGRAMS += tests/clients/nss-card
tests_clients_nss_card_SOURCES = tests/clients/nss-card.c
tests_clients_nss_card_CFLAGS = $(AM_CFLAGS) $(NSS_CFLAGS)
tests_clients_nss_card_LDADD = $(NSS_LIBS)
endif
if HAVE_XMLSEC_NSS
check_PROGRAMS += tests/clients/nss-xml
tests_clients_nss_xml_CFLAGS = $(AM_CFLAGS) $(XMLSEC_NSS_CFLAGS)
tests_clients_nss_xml_LDADD = $(XMLSEC_NSS_LIBS)
endif

# The tests use what is installed, as a person's programs do.
check_DATA = tests/installed/paths
tests/installed/paths: $(module_LTLIBRARIES) $(bin_PROGRAMS) $(pkglib_LTLIBRARIES) $(lib_LTLIBRARIES)
	$(AM_V_GEN)rm -rf tests/installed && \
	$(MAKE) $(AM_MAKEFLAGS) install DESTDIR='$(abs_builddir)/tests/installed' >tests/installed.log 2>&1 && \
	printf 'module_dir=%s\nbin_dir=%s\n' '$(moduledir)' '$(bindir)' >$@
CLEANFILES += tests/installed.log portal.png
CLEAN_TARGETS += clean-installed
clean-installed:
	rm -rf tests/installed tests/clients/cells tests/libreswan

# After the tests that it tells about.
dist_check_SCRIPTS += tests/clients/guide.sh
TESTS += tests/clients/guide.sh
EXTRA_DIST += tests/clients/table tests/clients/seen/debian-12 tests/clients/seen/debian-13 \
  tests/clients/seen/ubuntu-24.04
EXTRA_DIST += tests/clients/signing.sh tests/clients/office.py
tests/clients/guide.log: $(client_tests:.sh=.log)
guide-tables:
	srcdir='$(srcdir)' $(srcdir)/tests/clients/table write
