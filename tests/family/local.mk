# SPDX-License-Identifier: BSD-2-Clause
# A family of cards that only this folder knows: its file takes the place of cards/ in
# the tool, the library and both modules, of which nothing else is built anew.
check_LTLIBRARIES += tests/family/libclinic.la
tests_family_libclinic_la_SOURCES = tests/family/clinic.c

check_PROGRAMS += tests/family/inkan
tests_family_inkan_SOURCES =
tests_family_inkan_LDADD = $(inkan_OBJECTS) $(inkan_LDADD:libcards.la=tests/family/libclinic.la)
tests_family_inkan_DEPENDENCIES = $(inkan_OBJECTS) $(inkan_DEPENDENCIES) tests/family/libclinic.la

FAMILY_CORE = $(MODULE_CORE:libcards.la=tests/family/libclinic.la)
FAMILY_LDFLAGS = $(MAIN_LDFLAGS) -rpath /nowhere
check_LTLIBRARIES += tests/family/clinic-pkcs11.la tests/family/clinic-sign-pkcs11.la
tests_family_clinic_pkcs11_la_SOURCES = src/pkcs11/auth.c
tests_family_clinic_pkcs11_la_LDFLAGS = $(FAMILY_LDFLAGS)
tests_family_clinic_pkcs11_la_LIBADD = $(FAMILY_CORE)
tests_family_clinic_sign_pkcs11_la_SOURCES = src/pkcs11/signature.c
tests_family_clinic_sign_pkcs11_la_LDFLAGS = $(FAMILY_LDFLAGS)
tests_family_clinic_sign_pkcs11_la_LIBADD = $(FAMILY_CORE)

dist_check_SCRIPTS += tests/family/family.sh
TESTS += tests/family/family.sh
