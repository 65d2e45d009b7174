/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INKAN_TOOL_INPUT_H
#define INKAN_TOOL_INPUT_H

#include "cert/x509.h"
#include "tool.h"

/* The first certificate in a file, or on standard input for "-": PEM (whatever
 * stands around it) or DER. What went wrong has been said. */
enum exit_code input_certificate(const struct crypto *c, const char *path, struct cert **out);

/* The same for each certificate of a PEM text. An exit code of `each` that is not 0 does
 * not end it; the first such one is the answer. */
enum exit_code input_each_certificate(const struct crypto *c, const char *path,
                                      enum exit_code (*each)(void *arg, const struct cert *cert), void *arg);

#endif
