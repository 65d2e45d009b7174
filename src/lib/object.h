/* SPDX-License-Identifier: BSD-2-Clause */
/* The objects behind inkan.h's names. */
#ifndef INKAN_LIB_OBJECT_H
#define INKAN_LIB_OBJECT_H

#include "inkan.h"
#include "lib/decide.h"

struct inkan {
	struct crypto *crypto;
	struct trust *trust;
	struct store *store;
};

struct inkan_cert {
	struct cert *cert;
	struct trust *trust; /* the context's and the CAs of the card that it came from; NULL: the context's */
};

struct inkan_decision {
	struct decision d;
};

enum inkan_error inkan_error_of(enum error e);

/* Takes the certificate over, also on failure. */
enum inkan_error inkan_cert_wrap(struct cert *cert, struct trust *trust, struct inkan_cert **out);

#endif
