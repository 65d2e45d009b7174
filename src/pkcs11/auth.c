/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan-pkcs11.so: the authentication tokens. */
#include "pkcs11/personality.h"

const struct personality personality = {
	.program = "inkan-pkcs11",
	.description = "Inkan authentication tokens",
	.profiles = &profiles_auth,
	.readers = &pcsc_reader_ops,
	.conventions = &conventions_inkan,
};
