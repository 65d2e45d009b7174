# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libpkcs11.la
libpkcs11_la_SOURCES = \
  src/pkcs11/compat.h src/pkcs11/functions.h src/pkcs11/personality.h \
  src/pkcs11/table.c src/pkcs11/unsupported.h src/pkcs11/unsupported.c \
  src/pkcs11/module.h src/pkcs11/module.c src/pkcs11/slots.c src/pkcs11/session.h src/pkcs11/sessions.c \
  src/pkcs11/login.c src/pkcs11/objects.c src/pkcs11/sign.c \
  src/pkcs11/slot.h src/pkcs11/slot.c src/pkcs11/token.h src/pkcs11/token.c \
  src/pkcs11/refused.h src/pkcs11/refused.c src/pkcs11/ckr.h src/pkcs11/ckr.c \
  src/pkcs11/object.h src/pkcs11/object.c src/pkcs11/build.h src/pkcs11/build.c \
  src/pkcs11/cert_status.h src/pkcs11/cert_status.c \
  src/pkcs11/attr.h src/pkcs11/attr.c src/pkcs11/mech.h src/pkcs11/mech.c
libpkcs11_la_LIBADD = $(CRYPTO_LIBS)

include_HEADERS += include/inkan-pkcs11.h

# Real, unversioned files. -Bsymbolic: our tables never hold another library's
# functions. The .la files are of no use to anybody and are not installed.
MODULE_CORE = libpkcs11.la libstatus.la libcard.la libcards.la libcert.la libbase.la
module_LTLIBRARIES = inkan-pkcs11.la inkan-sign-pkcs11.la
MODULE_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -no-undefined \
  -export-symbols-regex '^C_Get(FunctionList|Interface|InterfaceList)$$' -Wl,-Bsymbolic

inkan_pkcs11_la_SOURCES = src/pkcs11/auth.c
inkan_pkcs11_la_LDFLAGS = $(MODULE_LDFLAGS)
inkan_pkcs11_la_LIBADD = $(MODULE_CORE)

inkan_sign_pkcs11_la_SOURCES = src/pkcs11/signature.c
inkan_sign_pkcs11_la_LDFLAGS = $(MODULE_LDFLAGS)
inkan_sign_pkcs11_la_LIBADD = $(MODULE_CORE)

install-data-hook:
	rm -f $(DESTDIR)$(moduledir)/inkan-pkcs11.la $(DESTDIR)$(moduledir)/inkan-sign-pkcs11.la

uninstall-hook:
	rm -f $(DESTDIR)$(moduledir)/inkan-pkcs11.so $(DESTDIR)$(moduledir)/inkan-sign-pkcs11.so
