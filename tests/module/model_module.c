/* SPDX-License-Identifier: BSD-2-Clause */
/* A module of ours as it is shipped, but for its way to card readers: the program that
 * loads it has that. MODEL_PROFILES says whose tokens it shows. */
#include "pkcs11/personality.h"

extern const struct reader_ops model_reader_ops;

const struct personality personality = {
	.program = "inkan-model",
	.description = "Inkan under test",
	.profiles = &MODEL_PROFILES,
	.readers = &model_reader_ops,
	.conventions = &conventions_inkan,
};
