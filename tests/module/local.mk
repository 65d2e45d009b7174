# SPDX-License-Identifier: BSD-2-Clause
# The modules' core in one process with the virtual card for a reader.
module_tests = tests/module/test_sign tests/module/test_login tests/module/test_consent \
  tests/module/test_budget tests/module/test_faults \
  tests/module/test_slots tests/module/test_tables tests/module/test_objects \
  tests/module/test_threads tests/module/test_status tests/module/test_digest tests/module/test_mech tests/module/test_edges tests/module/test_jahis \
  tests/module/test_swap tests/module/test_link tests/module/test_states tests/module/test_occupied tests/module/test_wipes tests/module/test_calls \
  tests/module/test_no_memory tests/module/test_profiles
check_PROGRAMS += $(module_tests)
TESTS += $(module_tests)

dist_check_SCRIPTS += tests/module/valgrind.sh
TESTS += tests/module/valgrind.sh
AM_TESTS_ENVIRONMENT += INKAN_MODULE_TESTS='$(module_tests)'; export INKAN_MODULE_TESTS;
tests/module/valgrind.log: $(module_tests:=.log)

check_LTLIBRARIES += tests/module/librig.la
tests_module_librig_la_SOURCES = tests/module/rig.h tests/module/rig.c tests/module/rig_inkan.c
tests_module_librig_la_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

module_test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS)
module_test_ldadd = tests/module/librig.la $(MODULE_CORE) libtestreader.la libvcard.la libbase.la \
  $(CHECK_LIBS) $(CRYPTO_LIBS)

tests_module_test_sign_CFLAGS = $(module_test_cflags)
tests_module_test_sign_LDADD = $(module_test_ldadd)
tests_module_test_login_CFLAGS = $(module_test_cflags)
tests_module_test_login_LDADD = $(module_test_ldadd)
tests_module_test_consent_CFLAGS = $(module_test_cflags)
tests_module_test_consent_LDADD = $(module_test_ldadd)
tests_module_test_budget_CFLAGS = $(module_test_cflags)
tests_module_test_budget_LDADD = $(module_test_ldadd)
tests_module_test_faults_CFLAGS = $(module_test_cflags)
tests_module_test_faults_LDADD = $(module_test_ldadd)
tests_module_test_slots_CFLAGS = $(module_test_cflags)
tests_module_test_slots_LDADD = $(module_test_ldadd)
tests_module_test_tables_CFLAGS = $(module_test_cflags)
tests_module_test_tables_LDADD = $(module_test_ldadd)
tests_module_test_objects_CFLAGS = $(module_test_cflags)
tests_module_test_objects_LDADD = $(module_test_ldadd)
tests_module_test_threads_CFLAGS = $(module_test_cflags)
tests_module_test_threads_LDADD = $(module_test_ldadd)
tests_module_test_status_CFLAGS = $(module_test_cflags)
tests_module_test_status_LDADD = $(module_test_ldadd)
tests_module_test_digest_CFLAGS = $(module_test_cflags)
tests_module_test_digest_LDADD = $(module_test_ldadd)
tests_module_test_mech_CFLAGS = $(module_test_cflags)
tests_module_test_mech_LDADD = $(module_test_ldadd)
tests_module_test_edges_CFLAGS = $(module_test_cflags)
tests_module_test_edges_LDADD = $(module_test_ldadd)
tests_module_test_swap_CFLAGS = $(module_test_cflags)
tests_module_test_swap_LDADD = $(module_test_ldadd)
tests_module_test_link_CFLAGS = $(module_test_cflags)
tests_module_test_link_LDADD = $(module_test_ldadd)
tests_module_test_states_CFLAGS = $(module_test_cflags)
tests_module_test_states_LDADD = $(module_test_ldadd)
tests_module_test_occupied_CFLAGS = $(module_test_cflags)
tests_module_test_occupied_LDADD = $(module_test_ldadd)
tests_module_test_profiles_CFLAGS = $(module_test_cflags)
tests_module_test_profiles_LDADD = $(module_test_ldadd)
# musl's linker looks for __wrap_malloc from shared libraries, too
tests_module_test_wipes_CFLAGS = $(module_test_cflags) -fvisibility=default
tests_module_test_wipes_LDADD = $(module_test_ldadd)
tests_module_test_calls_CFLAGS = $(module_test_cflags)
tests_module_test_calls_LDADD = $(module_test_ldadd)
tests_module_test_wipes_LDFLAGS = $(AM_LDFLAGS) \
  -Wl,--wrap=malloc,--wrap=calloc,--wrap=free,--wrap=mmap,--wrap=munmap,--wrap=vreader_transmit

# The allocations of what is linked into a test, and libcrypto's, which fail when the test says so.
no_memory_ldflags = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup,--wrap=mmap
tests_module_test_no_memory_SOURCES = tests/module/test_no_memory.c tests/no_memory.h tests/no_memory.c
tests_module_test_no_memory_CFLAGS = $(module_test_cflags)
tests_module_test_no_memory_LDADD = $(module_test_ldadd)
tests_module_test_no_memory_LDFLAGS = $(no_memory_ldflags) -Wl,--wrap=vreader_transmit

# With the table and the conventions of the JAHIS modules, which keeps the archive's out.
tests_module_test_jahis_SOURCES = tests/module/test_jahis.c
tests_module_test_jahis_CFLAGS = $(module_test_cflags)
tests_module_test_jahis_LDADD = $(module_test_ldadd)

# The model of PIN tries, and modules as they are shipped with a way to its readers.
check_PROGRAMS += tests/module/model
TESTS += tests/module/model
tests_module_model_SOURCES = tests/module/model.h tests/module/model.c tests/module/model_world.c \
  tests/module/model_client.c
tests_module_model_CPPFLAGS = $(AM_CPPFLAGS) -DMODULE_DIR='"$(abs_builddir)/tests/module/.libs"' \
  -DCONF_DIR='"$(abs_top_srcdir)/tests/module/model.conf"'
EXTRA_DIST += tests/module/model.conf
tests_module_model_LDADD = libvcard.la libbase.la $(CRYPTO_LIBS) -ldl
tests_module_model_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_module_model_DEPENDENCIES = libvcard.la libbase.la $(model_modules)

model_modules = tests/module/model-auth.la tests/module/model-sign.la tests/module/model-auth-2.la
check_LTLIBRARIES += $(model_modules)
model_ldflags = $(MAIN_LDFLAGS) -rpath /nowhere
tests_module_model_auth_la_SOURCES = tests/module/model_module.c
tests_module_model_auth_la_CPPFLAGS = $(AM_CPPFLAGS) -DMODEL_PROFILES=profiles_auth
tests_module_model_auth_la_LDFLAGS = $(model_ldflags)
tests_module_model_auth_la_LIBADD = $(MODULE_CORE)
tests_module_model_auth_2_la_SOURCES = $(tests_module_model_auth_la_SOURCES)
tests_module_model_auth_2_la_CPPFLAGS = $(tests_module_model_auth_la_CPPFLAGS)
tests_module_model_auth_2_la_LDFLAGS = $(model_ldflags)
tests_module_model_auth_2_la_LIBADD = $(MODULE_CORE)
tests_module_model_sign_la_SOURCES = $(tests_module_model_auth_la_SOURCES)
tests_module_model_sign_la_CPPFLAGS = $(AM_CPPFLAGS) -DMODEL_PROFILES=profiles_sign
tests_module_model_sign_la_LDFLAGS = $(model_ldflags)
tests_module_model_sign_la_LIBADD = $(MODULE_CORE)

# PINs and persons in the memory of another process, which loads the model's modules.
check_PROGRAMS += tests/module/memory-client tests/module/test_memory
TESTS += tests/module/test_memory
tests_module_memory_client_SOURCES = tests/module/memory.h tests/module/memory_client.c
tests_module_memory_client_LDADD = -ldl
tests_module_memory_client_LDFLAGS = $(AM_LDFLAGS) -export-dynamic
tests_module_test_memory_SOURCES = tests/module/memory.h tests/module/test_memory.c
tests_module_test_memory_CPPFLAGS = $(AM_CPPFLAGS) -DMODULE_DIR='"$(abs_builddir)/tests/module/.libs"' \
  -DCLIENT='"$(abs_builddir)/tests/module/memory-client"'
tests_module_test_memory_CFLAGS = $(module_test_cflags)
tests_module_test_memory_LDADD = libvcard.la libbase.la $(CHECK_LIBS) $(CRYPTO_LIBS)
tests_module_test_memory_DEPENDENCIES = libvcard.la libbase.la tests/module/memory-client $(model_modules)

# The functions between C_Sign and the card, counted as they are written.
check_PROGRAMS += tests/module/test_depth
TESTS += tests/module/test_depth
tests_module_test_depth_SOURCES = tests/module/test_depth.c tests/module/rig.h tests/module/rig.c \
  tests/module/rig_inkan.c tests/vcard_reader.h tests/vcard_reader.c \
  $(libpkcs11_la_SOURCES) $(libcard_la_SOURCES)
tests_module_test_depth_CFLAGS = $(module_test_cflags) $(PCSC_CFLAGS) -fno-inline -fno-optimize-sibling-calls
tests_module_test_depth_LDADD = libstatus.la libcert.la libcards.la libinkancrypto.la libvcard.la libbase.la \
  $(CHECK_LIBS) $(CRYPTO_LIBS) $(PCSC_LIBS)
