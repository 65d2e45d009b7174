/* SPDX-License-Identifier: BSD-2-Clause */
/* Modules in NSS databases, where Firefox, Chromium and document signers look. */
#ifndef INKAN_TOOL_SETUP_NSS_H
#define INKAN_TOOL_SETUP_NSS_H

#include "setup_plan.h"

#define NSS_NAME "Inkan" /* what the module is called there */

/* c: a file pkcs11.txt. Whether a module of this name, of this library, or both, is
 * there; NULL: any. */
bool nss_names(const struct change *c, const char *name, const char *library);

/* Adds it, in place of another library of this name. A library that somebody has added
 * under a name of his own is there already. */
enum exit_code nss_add(struct change *c, const char *name, const char *library);
void nss_drop(struct change *c, const char *name);

/* A new database in this folder, which is not there yet. */
enum exit_code nss_make(struct plan *p, const char *folder, const char *name, const char *library);

/* Takes the module out of this pkcs11.txt; a database that nss_make made, and nobody
 * has touched, goes altogether. */
enum exit_code nss_undo(struct plan *p, const char *file, const char *name);

#endif
