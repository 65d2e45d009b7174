/* SPDX-License-Identifier: BSD-2-Clause */
#include "cards/profile.h"

#define LIST(array) {(array), sizeof(array) / sizeof *(array)}

/* One SELECT per row at most: a card that is none of ours is left after two. */
static const struct profile *const auth[] = {&hpki_auth, &jpki_auth};
static const struct profile *const sign[] = {&hpki_sign, &jpki_sign};
static const struct profile *const hpki_auth_only[] = {&hpki_auth};
static const struct profile *const hpki_sign_only[] = {&hpki_sign};

const struct profile_set profiles_auth = LIST(auth);
const struct profile_set profiles_sign = LIST(sign);
const struct profile_set profiles_hpki_auth = LIST(hpki_auth_only);
const struct profile_set profiles_hpki_sign = LIST(hpki_sign_only);
