#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# inkan-web-eid with virtual cards behind the real pcscd: every command, error and end of input.
. "${srcdir:-.}/tests/tool/common.sh"
need pcscd
need python3
need openssl
[ -x ./inkan-vcard ] || skip "inkan-vcard is not built"
[ -x ./inkan-web-eid ] || skip "inkan-web-eid is not built"
srcdir=$(cd "${srcdir:-.}" && pwd)
TEST_FOLDER=$work pki=${INKAN_TEST_PKI:-$work/pki}
export srcdir TEST_FOLDER

part() { # PART CARD-OPTIONS...
	name=$1
	shift
	echo "== $name"
	timeout 300 ./inkan-vcard --pki "$pki" "$@" -- python3 "$srcdir/tests/webeid/host.py" "$name" || bad "$name: $*"
}

hanako='--card hpki --pin-auth 123456 --pin-sign 876543 --role'
# shellcheck disable=SC2086 # options are words
part protocol $hanako 'Medical Doctor' --name 'HANAKO YAMADA'
# shellcheck disable=SC2086
part hpki $hanako 'Medical Doctor' --name 'HANAKO YAMADA'
part jpki --card jpki --pin-sign SIGN12345
part several --card hpki --card jpki
part unusable --card hpki --expired

"./inkan-web-eid" --version | grep -q '^inkan-web-eid [0-9]' || bad "--version"
finish
