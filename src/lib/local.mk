# SPDX-License-Identifier: BSD-2-Clause
# the decision, which the tool shares with the library
noinst_LTLIBRARIES += libdecide.la
libdecide_la_SOURCES = src/lib/decide.h src/lib/decide.c
