# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libstatus.la
libstatus_la_SOURCES = src/status/crl.h src/status/crl.c src/status/crl_scope.c
