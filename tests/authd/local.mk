# SPDX-License-Identifier: BSD-2-Clause
authd_tests = tests/authd/authd.sh tests/authd/web-eid.sh tests/authd/many.sh tests/authd/apache.sh tests/authd/lemonldap.sh \
  tests/authd/load.sh
dist_check_SCRIPTS += $(authd_tests)
dist_check_SCRIPTS += tests/authd/token.py
EXTRA_DIST += tests/authd/common.sh
TESTS += $(authd_tests)
