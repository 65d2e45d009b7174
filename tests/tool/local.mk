# SPDX-License-Identifier: BSD-2-Clause
tool_tests = tests/tool/usage.sh tests/tool/show-file.sh
dist_check_SCRIPTS += $(tool_tests)
EXTRA_DIST += tests/tool/common.sh
TESTS += $(tool_tests)
