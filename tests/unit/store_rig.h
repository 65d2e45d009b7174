/* SPDX-License-Identifier: BSD-2-Clause */
/* A folder, an authority and a store for the tests of the store. */
#ifndef INKAN_TESTS_STORE_RIG_H
#define INKAN_TESTS_STORE_RIG_H

#include <check.h>
#include "make_crl.h"
#include "status/store.h"

#define NOW ((time_t)1790000000)
#define DAY ((time_t)86400)
#define CA "Test CA"

/* As the Ministry's: a critical IDP with a directoryName alone, authorities only. */
#define SCOPE(cn) "[exts]\nissuingDistributionPoint=critical,@i\n[dn]\nC=JP\nCN=" cn "\n[i]\nfullname=dirName:dn\nonlyCA=TRUE\n"

struct rig {
	struct crypto *crypto;
	char folder[64], crl[80], other[80]; /* other: a second place, in it */
	struct trusted_ca cas[3];            /* Test CA, another of its name, Other CA */
	struct trusted_ca *list[3];
	struct trust trust;
	struct store *store;                 /* looks at the disk each time */
};
extern struct rig rig;

void rig_start(void);
void rig_stop(void);
void rig_reopen(void);

/* A list of cas[i], number n, issued n hours after NOW - DAY. */
struct bytes rig_list(size_t ca, unsigned n, const char *conf);
enum error rig_put(struct bytes der, enum store_put *what); /* frees der */
void rig_file(char path[512], size_t ca, const char *conf); /* where the list is kept */
void rig_write(const char *path, struct bytes content);
size_t rig_count(size_t ca, enum error *why); /* lists of this CA in the store */
unsigned rig_newest(struct store_lists *lists); /* the highest number; frees */
unsigned rig_number(size_t ca);         /* that of the lists in the store */

/* What the clock shows, NOW unless told, where the test is linked with --wrap=time. */
extern time_t rig_clock;
time_t __wrap_time(time_t *out);
time_t __wrap___time64(time_t *out); /* what glibc calls it where time_t is asked to have 64 bits */

#endif
