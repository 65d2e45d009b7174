/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual card as a way to card readers: what pcsc_reader_ops is to the
 * shipped modules, this is to the tests that run in one process. */
#ifndef INKAN_TESTS_VCARD_READER_H
#define INKAN_TESTS_VCARD_READER_H

#include <stdbool.h>
#include "card/reader.h"
#include "vcard/vcard.h"

extern const struct reader_ops vcard_reader_ops;

/* Readers are shown in the order in which they were added. They are not owned:
 * remove one before it is freed. Threads may be inside the functions above
 * meanwhile; a transaction on a removed reader breaks with E_LINK. */
void vcard_readers_add(struct vreader *r);
void vcard_readers_remove(struct vreader *r);

/* Stops and starts what stands for pcscd: while it is stopped list and begin
 * answer E_NO_SERVICE; after a restart every insertion is another one. */
void vcard_readers_run(bool running);

/* Connections begun so far, on all readers. */
unsigned vcard_readers_begun(void);

#endif
