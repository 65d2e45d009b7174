/* SPDX-License-Identifier: BSD-2-Clause */
/* The families of cards, a row each: ROW(x), x being its word, uses x_family, x_auth
 * and x_sign of the family's own file. A foreign card gets at most one SELECT per row. */
#include "base/conf.h"
#include "cards/family.h"

#define FAMILIES(ROW) \
	ROW(hpki) \
	ROW(jpki)

#define DECLARE(x) extern const struct family x##_family; extern const struct profile x##_auth, x##_sign;
#define FAMILY(x) &x##_family,
#define AUTH(x) &x##_auth,
#define SIGN(x) &x##_sign,
#define WORD(x) #x,
#define LIST(array) {(array), sizeof(array) / sizeof *(array)}

FAMILIES(DECLARE)

const struct family *const families[] = {FAMILIES(FAMILY) NULL};
const char *const conf_cards[] = {"any", FAMILIES(WORD) NULL};

static const struct profile *const auth[] = {FAMILIES(AUTH)};
static const struct profile *const sign[] = {FAMILIES(SIGN)};

const struct profile_set profiles_auth = LIST(auth);
const struct profile_set profiles_sign = LIST(sign);
