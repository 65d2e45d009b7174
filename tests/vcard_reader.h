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

/* Another reader in the place of this one, in one step that nobody can see: its
 * insertions count on as if it were the same. */
void vcard_readers_replace(struct vreader *out, struct vreader *in);

/* A transaction of another program on that reader: begins (and waits for one that
 * lasts) or ends. */
void vcard_readers_hold(const struct vreader *r, bool held);

/* begin answers that at once; E_OK: not any more. Another program's exclusive connection: E_BUSY. */
void vcard_readers_refuse(const struct vreader *r, enum error why);

/* What becomes of a command: it is carried out or, LOST, not; and the program gets
 * its answer, a broken link, or an answer of no byte or of one. */
enum vcard_outcome { VCARD_ARRIVES, VCARD_LOST, VCARD_CUT, VCARD_NO_BYTE, VCARD_ONE_BYTE };

/* Asked before each command and, with apdu NULL and no use for the answer, before
 * each connection (n 0) and after it (n 1). No lock is held: it may insert, pull and
 * replace. */
typedef enum vcard_outcome vcard_fate(void *arg, const char *reader, const uint8_t *apdu, size_t n);
void vcard_readers_fate(vcard_fate *fate, void *arg);

/* Whether the last who opened the way was allowed threads. */
bool vcard_readers_may_create_threads(void);

/* Called once, before the nth list from now on (1: the next). No lock is held. */
void vcard_readers_listed(unsigned nth, void (*call)(void *arg), void *arg);

/* Connections begun so far, on all readers. */
unsigned vcard_readers_begun(void);

#endif
