# SPDX-License-Identifier: BSD-2-Clause
dist_check_SCRIPTS += tests/webeid/host.sh tests/webeid/login.sh
EXTRA_DIST += tests/webeid/host.py tests/webeid/pinentry
TESTS += tests/webeid/host.sh tests/webeid/login.sh
