# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libpkcs11.la
libpkcs11_la_SOURCES = \
  src/pkcs11/pkcs11.h src/pkcs11/functions.h src/pkcs11/personality.h src/pkcs11/conventions.c \
  src/pkcs11/table.c \
  src/pkcs11/module.h src/pkcs11/general.c src/pkcs11/slots.c src/pkcs11/sessions.c \
  src/pkcs11/objects.c src/pkcs11/sign.c src/pkcs11/digest.c \
  src/pkcs11/slot.h src/pkcs11/slot.c src/pkcs11/session.h src/pkcs11/session.c \
  src/pkcs11/token.h src/pkcs11/token.c src/pkcs11/object.h src/pkcs11/object.c \
  src/pkcs11/attr.h src/pkcs11/attr.c src/pkcs11/mech.h src/pkcs11/mech.c src/pkcs11/ckr.h src/pkcs11/ckr.c
libpkcs11_la_LIBADD = $(CRYPTO_LIBS)

include_HEADERS += include/inkan-pkcs11.h

# Real, unversioned files. -Bsymbolic: our tables never hold another library's
# functions. The .la files are of no use to anybody and are not installed.
MODULE_CORE = libpkcs11.la libstatus.la libcert.la libcard.la libcards.la libinkancrypto.la libbase.la
module_LTLIBRARIES = inkan-pkcs11.la inkan-sign-pkcs11.la HpkiAuthP11_inkan.la HpkiSigP11_inkan.la
MODULE_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -no-undefined -Wl,-Bsymbolic -Wl,-z,nodelete
MAIN_LDFLAGS = $(MODULE_LDFLAGS) -export-symbols-regex '^C_Get(FunctionList|Interface|InterfaceList)$$'
JAHIS_LDFLAGS = $(MODULE_LDFLAGS) -export-symbols-regex '^C_GetFunctionList$$'

inkan_pkcs11_la_SOURCES = src/pkcs11/auth.c
inkan_pkcs11_la_LDFLAGS = $(MAIN_LDFLAGS)
inkan_pkcs11_la_LIBADD = $(MODULE_CORE)

inkan_sign_pkcs11_la_SOURCES = src/pkcs11/signature.c
inkan_sign_pkcs11_la_LDFLAGS = $(MAIN_LDFLAGS)
inkan_sign_pkcs11_la_LIBADD = $(MODULE_CORE)

# The names are those of JAHIS 24-002, 5.2.2.
HpkiAuthP11_inkan_la_SOURCES = src/pkcs11/jahis_auth.c
HpkiAuthP11_inkan_la_LDFLAGS = $(JAHIS_LDFLAGS)
HpkiAuthP11_inkan_la_LIBADD = $(MODULE_CORE)

HpkiSigP11_inkan_la_SOURCES = src/pkcs11/jahis_signature.c
HpkiSigP11_inkan_la_LDFLAGS = $(JAHIS_LDFLAGS)
HpkiSigP11_inkan_la_LIBADD = $(MODULE_CORE)

install-data-hook: install-pages
	cd $(DESTDIR)$(moduledir) && rm -f $(module_LTLIBRARIES)

uninstall-hook:
	for la in $(module_LTLIBRARIES); do rm -f $(DESTDIR)$(moduledir)/$${la%.la}.so; done
