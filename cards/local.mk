# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libcards.la
libcards_la_SOURCES = cards/profile.h cards/hpki.c cards/jpki.c cards/profiles.c
