# SPDX-License-Identifier: BSD-2-Clause
dist_man_MANS += doc/inkan.1 doc/inkan.conf.5
dist_man_MANS += doc/inkan-pkcs11.7
dist_man_MANS += doc/inkan-vcard.1
EXTRA_DIST += doc/CARDS.md
dist_man_MANS += doc/inkan-status.timer.8
dist_man_MANS += doc/libinkan.3 doc/inkan_new.3 doc/inkan_cert.3 doc/inkan_role.3 doc/inkan_decide.3
dist_man_MANS += doc/inkan-setup.1
dist_man_MANS += doc/inkan-doctor.1
