/* SPDX-License-Identifier: BSD-2-Clause */
/* HpkiSigP11_inkan.so: the HPKI signature token as JAHIS 24-002 wants it. */
#include "pkcs11/personality.h"

const struct personality personality = {
	.program = "HpkiSigP11_inkan",
	.description = "HPKI 3.0",
	.profiles = &profiles_hpki_sign,
	.readers = &pcsc_reader_ops,
	.conventions = &conventions_jahis,
};
