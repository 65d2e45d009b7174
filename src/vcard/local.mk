# SPDX-License-Identifier: BSD-2-Clause
noinst_LTLIBRARIES += libvcard.la
libvcard_la_SOURCES = src/vcard/vcard.h src/vcard/iso7816.h \
  src/vcard/card.c src/vcard/command.c src/vcard/files.c src/vcard/security.c \
  src/vcard/hpki.c src/vcard/jpki.c src/vcard/like.h src/vcard/like.c src/vcard/like_card.c \
  src/vcard/der.h src/vcard/der.c src/vcard/cia.h src/vcard/cia.c \
  src/vcard/pki.h src/vcard/authority.c src/vcard/crl.c src/vcard/person.c src/vcard/issue.c \
  src/vcard/folder.h src/vcard/folder.c src/vcard/x509w.h src/vcard/x509w.c \
  src/vcard/vreader.c
libvcard_la_LIBADD = $(CRYPTO_LIBS) -lpthread

if VCARD
bin_PROGRAMS += inkan-vcard
pkglib_LTLIBRARIES += inkan-vcard-ifd.la
vcard_place =
else
check_PROGRAMS += inkan-vcard
check_LTLIBRARIES += inkan-vcard-ifd.la
vcard_place = -rpath /nowhere
endif
inkan_vcard_SOURCES = src/vcard/main.c src/vcard/options.h src/vcard/options.c \
  src/vcard/daemon.h src/vcard/daemon.c src/vcard/service.c \
  src/vcard/control.h src/vcard/control.c src/vcard/verbs.c \
  src/vcard/slot.h src/vcard/slot.c src/vcard/frame.h src/vcard/frame.c
inkan_vcard_CPPFLAGS = $(AM_CPPFLAGS) -DBINDIR='"$(bindir)"'
inkan_vcard_LDADD = libvcard.la libbase.la

# pcscd loads the driver: no sanitizer, whose runtime pcscd has not.
inkan_vcard_ifd_la_SOURCES = src/vcard/ifd.c src/vcard/frame.h src/vcard/frame.c
inkan_vcard_ifd_la_CFLAGS = $(INKAN_PLAIN_CFLAGS) $(PCSC_CFLAGS)
inkan_vcard_ifd_la_LDFLAGS = -module -avoid-version -shared -Wl,-z,relro,-z,now $(vcard_place)

# libtool's own files are of no use: pcscd is told the driver's name, and inkan.pc knows what libinkan needs.
install-exec-hook:
	rm -f $(DESTDIR)$(pkglibdir)/inkan-vcard-ifd.la $(DESTDIR)$(libdir)/libinkan.la

uninstall-local: uninstall-completion
	rm -f $(DESTDIR)$(pkglibdir)/inkan-vcard-ifd.so $(DESTDIR)$(libdir)/libinkan.so*
