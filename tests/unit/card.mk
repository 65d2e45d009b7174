# SPDX-License-Identifier: BSD-2-Clause
check_LTLIBRARIES += libtestreader.la
libtestreader_la_SOURCES = tests/vcard_reader.h tests/vcard_reader.c
