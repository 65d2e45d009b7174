/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INKAN_TOOL_INPUT_H
#define INKAN_TOOL_INPUT_H

#include "cert/x509.h"
#include "tool.h"

/* The first certificate in a file, or on standard input for "-": PEM (whatever
 * stands around it) or DER. What went wrong has been said. */
enum exit_code input_certificate(const struct crypto *c, const char *path, struct cert **out);

#endif
