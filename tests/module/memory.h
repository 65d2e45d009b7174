/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the program whose memory is searched and the one that searches it, which
 * has the card. A message is this and, where there are any, bytes: neither program
 * keeps them anywhere but where they are needed. */
#ifndef INKAN_TESTS_MEMORY_H
#define INKAN_TESTS_MEMORY_H

#include <stdint.h>

enum memory_what {
	MEMORY_INITIALIZE, MEMORY_OPEN, MEMORY_LOGIN, MEMORY_CONSENT, MEMORY_SIGN_INIT, MEMORY_SIGN, MEMORY_SET_PIN,
	MEMORY_LOOK, MEMORY_LOGOUT, MEMORY_CLOSE, MEMORY_FINALIZE,
	MEMORY_BEGIN, MEMORY_TRANSMIT, MEMORY_END, MEMORY_LIST, /* from here on, of the searched program */
	MEMORY_DONE
};

struct memory_head {
	enum memory_what what;
	uint32_t insertion; /* 0: no card */
	unsigned long value; /* a CK_RV, an enum error; of MEMORY_SET_PIN, the old PIN's length */
};

#define MEMORY_READER "Searched Reader 00"

#endif
