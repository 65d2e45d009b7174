/* SPDX-License-Identifier: BSD-2-Clause */
/* For the tables: each function of the standard as one that is not supported, which
 * simply returns CKR_FUNCTION_NOT_SUPPORTED (PKCS#11 5). The compiler drops those that
 * a table has no use for. */
#ifndef INKAN_PKCS11_UNSUPPORTED_H
#define INKAN_PKCS11_UNSUPPORTED_H

#include "pkcs11/pkcs11.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"

#define UNSUPPORTED(name, parameters) \
	static CK_RV unsupported_##name parameters \
	{ \
		return CKR_FUNCTION_NOT_SUPPORTED; \
	}
CK_FUNCTIONS_2_40(UNSUPPORTED)
CK_FUNCTIONS_3_0(UNSUPPORTED)
#undef UNSUPPORTED

#pragma GCC diagnostic pop

/* Rows of a table. */
#define OURS(name) .name = inkan_##name
#define NONE(name) .name = unsupported_##name

#endif
