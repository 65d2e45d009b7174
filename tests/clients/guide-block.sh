# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# The block of a page of the guide that follows the line <!-- test: NAME -->.
guide_block() { # PAGE NAME
	awk -v start="<!-- test: $2 -->" '$0 == start { found = 1; next }
		found && /^```/ { if (inside) exit; inside = 1; next }
		inside' "${srcdir:-.}/doc/guide/$1.md"
}
