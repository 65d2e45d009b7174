# SPDX-License-Identifier: BSD-2-Clause
dist_man_MANS += doc/inkan-pkcs11.7
