/* SPDX-License-Identifier: BSD-2-Clause */
/* Our functions, under names of their own (inkan_C_Sign): a process may hold
 * another C_Sign (libp11-kit's, a sister module's), and ours must not be it. */
#ifndef INKAN_PKCS11_FUNCTIONS_H
#define INKAN_PKCS11_FUNCTIONS_H

#include "pkcs11/pkcs11.h"

/* Declares also functions that no module has: table.c. */
#define DECLARE(name, parameters) CK_RV inkan_##name parameters;
CK_FUNCTIONS_2_40(DECLARE)
CK_FUNCTIONS_3_0(DECLARE)
#undef DECLARE

/* C_GetInfo returns the version of its table. */
CK_RV inkan_C_GetInfo_2_20(CK_INFO *info);
CK_RV inkan_C_GetInfo_2_40(CK_INFO *info);
CK_RV inkan_C_GetInfo_3_0(CK_INFO *info);

#endif
