# SPDX-License-Identifier: BSD-2-Clause
portal_tests = tests/portal/nginx.sh tests/portal/apache.sh tests/portal/haproxy.sh tests/portal/caddy.sh \
  tests/portal/audit.sh tests/portal/web-eid.sh
dist_check_SCRIPTS += $(portal_tests)
EXTRA_DIST += tests/portal/common.sh
dist_check_SCRIPTS += tests/portal/demo
TESTS += $(portal_tests)
