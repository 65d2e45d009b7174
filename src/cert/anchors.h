/* SPDX-License-Identifier: BSD-2-Clause */
/* The files behind the trust store. */
#ifndef INKAN_CERT_ANCHORS_H
#define INKAN_CERT_ANCHORS_H

#include "cert/trust.h"

/* Adds a copy, unless it is there. E_FORMAT: no certificate; E_UNSUPPORTED: no CA's. */
enum error trust_add(struct trust *trust, struct bytes der, const char *file, bool may_anchor);

/* Adds what is in a folder, in the order of the files' names. E_OK also when it
 * is not there, or not to be trusted: then the log says so. */
enum error anchors_read(struct trust *trust, const char *folder);

#endif
