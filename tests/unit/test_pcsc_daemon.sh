#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs pcsc_daemon against two virtual cards behind the real pcscd.
set -u
PATH=$PATH:/usr/sbin:/sbin
export PATH

command -v pcscd >/dev/null || { echo "skipped: pcscd is missing (package pcscd)"; exit 77; }
[ "${INKAN_SANITIZERS-no}" = no ] || { echo "skipped: pcscd cannot load a driver that has sanitizers"; exit 77; }
INKAN_VCARD=$PWD/inkan-vcard
export INKAN_VCARD
exec timeout 120 ./inkan-vcard --pki "${INKAN_TEST_PKI:-tests/pki}" --card hpki --card jpki -- tests/unit/pcsc_daemon
