# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libstatus.la
libstatus_la_SOURCES = src/status/crl.h src/status/crl.c src/status/crl_scope.c src/status/snapshot.h \
  src/status/store.h src/status/store.c src/status/store_write.c src/status/status.h src/status/status.c
