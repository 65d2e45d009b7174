/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INKAN_TOOL_SETUP_POLICY_H
#define INKAN_TOOL_SETUP_POLICY_H

#include "setup_plan.h"

/* c: Firefox's policies.json. What else is in it stays, byte for byte; what cannot be
 * understood is left alone, and that has been said. */
enum exit_code policy_add(struct change *c, const char *library);
enum exit_code policy_drop(struct change *c);

#endif
