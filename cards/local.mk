# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libcards.la
libcards_la_SOURCES = cards/profile.h cards/family.h cards/hpki.c cards/jpki.c cards/families.c
