/* SPDX-License-Identifier: BSD-2-Clause */
/* Chains of certificates made with libcrypto's own means, good ones and ones with
 * something wrong: what test_chain compares answers on. */
#ifndef INKAN_TESTS_MAKE_CHAIN_H
#define INKAN_TESTS_MAKE_CHAIN_H

#include <stdbool.h>
#include <time.h>
#include <openssl/x509.h>

#define LINKS_MAX 4
#define POLICY_LOGIN "1.2.392.100495.1.5.1.2.3.1"
#define POLICY_SIGN "1.2.392.100495.1.5.1.1.3.1"
#define POLICY_OTHER "1.2.3.4"
#define CHAIN_KEY_RSA 6 /* RSA of 2048 bits; the others are EC keys, which cost a hundredth of the time */
#define CHAIN_KEY_P384 7
#define CHAIN_KEY_P521 8
#define CHAIN_KEY_K256 9 /* secp256k1 */

struct link {                 /* one certificate; NULL: without that extension */
	int key, signer;      /* indexes of keys */
	const char *subject, *issuer;
	const char *basic, *usage, *ext_usage, *policies, *names, *constraints, *mapping, *unknown;
	bool no_key_ids, wrong_aki;
	bool twice;           /* an extension of its own, two times */
	bool sha1, mangled;   /* signature by SHA-1; with a bit turned over */
	bool version1;
	time_t from, to;
};

/* What can be wrong with one link. */
enum mutation {
	M_NONE, M_EXPIRED, M_FUTURE, M_LAST_SECOND, M_NO_BASIC, M_NOT_CA, M_PATHLEN_0, M_PATHLEN_1, M_NO_USAGE,
	M_WRONG_USAGE, M_EKU_SERVER, M_EKU_CLIENT, M_EKU_ANY, M_NO_POLICY, M_OTHER_POLICY, M_ANY_POLICY,
	M_MORE_POLICIES, M_UNKNOWN_CRITICAL, M_UNKNOWN, M_BROKEN, M_TWICE, M_SHA1, M_SMALL_KEY, M_MANGLED,
	M_WRONG_SIGNER, M_WRONG_AKI, M_NO_KEY_IDS, M_OTHER_ISSUER, M_NAMES_IN, M_NAMES_OUT, M_EXPLICIT_POLICY,
	M_INHIBIT_ANY, M_MAPPING, M_VERSION_1, M_SELF_ISSUED, M_COUNT
};

/* A good chain of n certificates, the anchor first, the person's last. */
void chain_plan(struct link *links, size_t n, const char *policy, time_t at);
void chain_mutate(struct link *links, size_t n, size_t which, enum mutation m, time_t at);

EVP_PKEY *chain_key(int i); /* the process's; not to be freed */

/* In libcrypto's default context; to be freed. */
void chain_make(const struct link *links, size_t n, X509 **out);

#endif
