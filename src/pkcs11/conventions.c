/* SPDX-License-Identifier: BSD-2-Clause */
#include "pkcs11/personality.h"

/* Without CKF_RNG: NSS would call C_GenerateRandom at each start. */
const struct conventions conventions_inkan = {
	.slot_manufacturer = "Inkan",
	.spare_slot = true,
	.token_flags = CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED | CKF_TOKEN_INITIALIZED,
	.mechanism_flags = CKF_HW | CKF_SIGN,
};

/* Japanese medical programs use the first slot of the list, some of the list of all
 * slots, and have room for four: one slot per reader and no spare one. */
const struct conventions conventions_jahis = {
	.slot_manufacturer = "",
	.label_of_card = true,
	.token_flags = CKF_RNG | CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED,
	.rsa_pkcs_only = true,
	.mechanism_flags = CKF_SIGN,
	.shows_root = true,
	.keys_and_certs_only = true,
	.functions_2_20 = true,
};
