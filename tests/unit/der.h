/* SPDX-License-Identifier: BSD-2-Clause */
/* DER written as a person would draw it: hex digits are bytes, TAG{ … } is an
 * object whose length is worked out, "…" is text, blanks are for the eye. */
#ifndef INKAN_TESTS_DER_H
#define INKAN_TESTS_DER_H

#include <stddef.h>
#include <stdint.h>

#define DER_MAX 4096

struct der {
	uint8_t data[DER_MAX];
	size_t len;
};

/* Aborts on a drawing that makes no sense: it is the test that is wrong. */
struct der der_draw(const char *drawing);

#endif
