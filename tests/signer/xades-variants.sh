#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# XML signatures as other makers may write them, all of them right: xmlsec1 and openssl take them, and so do we.
. "${srcdir:-.}/tests/tool/common.sh"
need openssl
need xmlsec1
/usr/bin/python3 -c 'import lxml' 2>/dev/null || skip "python3-lxml is missing"
here=$(cd "${srcdir:-.}/tests/signer" && pwd)
show=$(pwd)/tests/signer/show-problems
[ -x "$show" ] || skip "tests/signer/show-problems is not built"
mkdir "$work/variants"
/usr/bin/python3 "$here/make_variants.py" "$work/variants" || bad make_variants.py
/usr/bin/python3 "$here/compare_problems.py" list "$show" "$work/variants" || bad variants
finish
