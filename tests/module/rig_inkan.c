/* SPDX-License-Identifier: BSD-2-Clause */
/* The main modules' conventions, for test programs that have no others. */
#include "pkcs11/personality.h"
#include "tests/module/rig.h"
#include "tests/vcard_reader.h"

const struct personality personality = {
	.program = "inkan-test",
	.description = "Inkan under test",
	.profiles = &rig_set,
	.readers = &vcard_reader_ops,
	.conventions = &conventions_inkan,
};
