# SPDX-License-Identifier: BSD-2-Clause
# The relying party's daemon: by inkan.h and the shared library, as any program, and the helpers of the lowest room. The
# room's library is for its tests, too.
if AUTHD
sbin_PROGRAMS += inkan-authd
noinst_LTLIBRARIES += libauthd.la
libauthd_la_SOURCES = src/authd/conf.h src/authd/conf.c src/authd/header.h src/authd/header.c src/authd/answer.h \
  src/authd/answer.c src/authd/log.h src/authd/log.c src/authd/decision.h src/authd/decision.c src/authd/serve.h \
  src/authd/http.c src/authd/fcgi.c src/authd/webeid.h src/authd/webeid.c
libauthd_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
libauthd_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(MICROHTTPD_CFLAGS)
inkan_authd_SOURCES = src/authd/main.c
inkan_authd_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE
inkan_authd_LDADD = libauthd.la libinkan.la libbase.la $(MICROHTTPD_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS) -lpthread
endif
