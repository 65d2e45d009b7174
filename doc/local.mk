# SPDX-License-Identifier: BSD-2-Clause
dist_man_MANS += doc/inkan.1 doc/inkan.conf.5
dist_man_MANS += doc/inkan-pkcs11.7
dist_man_MANS += doc/inkan-vcard.1
EXTRA_DIST += doc/CARDS.md
dist_man_MANS += doc/inkan-status.timer.8
