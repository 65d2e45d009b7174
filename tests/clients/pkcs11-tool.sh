#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# OpenSC's own suites: signatures by every mechanism, threads, a forked child.
. "${srcdir:-.}/tests/clients/lib.sh"
need pkcs11-tool opensc
on_cards hpki jpki

suites() { # MODULE TOKEN PIN
	try "--test on $2" pkcs11-tool --module "$1" --token-label "$2" --login --pin "$3" --test
	said "--test on $2" '^No errors'
	try "--test-fork on $2" pkcs11-tool --module "$1" --token-label "$2" --login --pin "$3" --test-fork
	say "$2: --test, --test-fork"
}
suites "$auth_module" "$auth_token" "$auth_pin"
suites "$sign_module" "$sign_token" "$sign_pin"

# Two threads: initialise, info, slots and tokens, log in, sessions, objects.
try "--test-threads" pkcs11-tool --module "$auth_module" --test-threads ILGISLT0 --test-threads ILGISLT0
say "$auth_token: --test-threads"
