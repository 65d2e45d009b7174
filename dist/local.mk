# SPDX-License-Identifier: BSD-2-Clause
# The units are made always, and installed where configure was told to.
systemd_units = dist/system/inkan-status.service dist/user/inkan-status.service
noinst_DATA = $(systemd_units)
CLEANFILES += $(systemd_units)
EXTRA_DIST += dist/system/inkan-status.service.in dist/user/inkan-status.service.in \
  dist/system/inkan-status.timer dist/user/inkan-status.timer

$(systemd_units): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's|@bindir[@]|$(bindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
	  -e 's|@localstatedir[@]|$(localstatedir)|g' $(srcdir)/$@.in >$@
dist/system/inkan-status.service: dist/system/inkan-status.service.in
dist/user/inkan-status.service: dist/user/inkan-status.service.in

if SYSTEMD_SYSTEM
systemdsystemunit_DATA = dist/system/inkan-status.service dist/system/inkan-status.timer
endif
if SYSTEMD_USER
systemduserunit_DATA = dist/user/inkan-status.service dist/user/inkan-status.timer
endif
