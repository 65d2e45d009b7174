/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan-sign-pkcs11.so: the signature tokens. A module of its own, since
 * browsers and agents try one PIN on every token that wants a login, and would
 * burn tries of the signature PIN. */
#include "pkcs11/personality.h"

const struct personality personality = {
	.program = "inkan-sign-pkcs11",
	.description = "Inkan signature tokens",
	.profiles = &profiles_sign,
	.readers = &pcsc_reader_ops,
	.conventions = &conventions_inkan,
};
