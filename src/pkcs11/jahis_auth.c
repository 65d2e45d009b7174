/* SPDX-License-Identifier: BSD-2-Clause */
/* HpkiAuthP11_inkan.so: the HPKI authentication token as JAHIS 24-002 wants it. */
#include "pkcs11/personality.h"

const struct personality personality = {
	.program = "HpkiAuthP11_inkan",
	.description = "HPKI 3.0",
	.profiles = &profiles_hpki_auth,
	.readers = &pcsc_reader_ops,
	.conventions = &conventions_jahis,
};
