/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INKAN_TOOL_FACTS_H
#define INKAN_TOOL_FACTS_H

#include "lib/names.h"

#define fact_dn name_text /* for setup_pam.c, until it says so itself */

#endif
