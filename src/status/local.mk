# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libstatus.la
libstatus_la_SOURCES = src/status/crl.h src/status/crl.c src/status/crl_scope.c \
  src/status/store.h src/status/store.c \
  src/status/store_shelf.h src/status/store_shelf.c src/status/store_put.c src/status/store_walk.c \
  src/status/status.h src/status/status.c
