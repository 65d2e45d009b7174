/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include "tests/check_case.h"
#include "crypto/crypto.h"
#include "der.h"

/* FIPS 180-4's example "abc". */
static const char *const abc[HASH_COUNT] = {
	[HASH_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
	[HASH_SHA224] = "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
	[HASH_SHA256] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	[HASH_SHA384] = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	                "8086072ba1e7cc2358baeca134c825a7",
	[HASH_SHA512] = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	                "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

static void check_hashes(const struct crypto *c)
{
	for (enum hash h = 0; h < HASH_COUNT; h++) {
		struct der want = der_draw(abc[h]);
		uint8_t got[64];

		ck_assert_uint_eq(crypto_hash_len(h), want.len);
		ck_assert_int_eq(crypto_hash(c, h, (struct bytes){(const uint8_t *)"abc", 3}, got), E_OK);
		ck_assert_mem_eq(got, want.data, want.len);
	}
}

START_TEST(hashes)
{
	struct crypto *c;
	uint8_t out[64];

	ck_assert_int_eq(crypto_new(&c), E_OK);
	check_hashes(c);
	ck_assert_int_eq(crypto_hash(c, HASH_COUNT, (struct bytes){0}, out), E_ARGUMENT);
	ck_assert_uint_eq(crypto_hash_len(HASH_COUNT), 0);
	crypto_free(&c);
	ck_assert_ptr_null(c);
	crypto_free(&c);
}
END_TEST

START_TEST(random_bytes_differ)
{
	uint8_t a[32] = {0}, b[32] = {0};
	struct crypto *c;

	ck_assert_int_eq(crypto_new(&c), E_OK);
	ck_assert_int_eq(crypto_random(c, a, sizeof a), E_OK);
	ck_assert_int_eq(crypto_random(c, b, sizeof b), E_OK);
	ck_assert_mem_ne(a, b, sizeof a);
	ck_assert_int_eq(crypto_random(c, a, 0), E_OK);
	crypto_free(&c);
}
END_TEST

static void *hash_much(void *c)
{
	for (int i = 0; i < 200; i++)
		check_hashes(c);
	return NULL;
}

START_TEST(many_threads)
{
	pthread_t threads[4];
	struct crypto *c;

	ck_assert_int_eq(crypto_new(&c), E_OK);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hash_much, c), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	crypto_free(&c);
}
END_TEST

/* libcrypto keeps things per thread: none of them may look into a context that is gone. */
static struct {
	struct crypto *c;
	pthread_barrier_t used, gone;
} outlived;

static void *use_and_stay(void *arg)
{
	uint8_t some[8];

	(void)arg;
	check_hashes(outlived.c);
	ck_assert_int_eq(crypto_random(outlived.c, some, sizeof some), E_OK);
	pthread_barrier_wait(&outlived.used);
	pthread_barrier_wait(&outlived.gone);
	return NULL;
}

START_TEST(thread_outlives_the_context)
{
	pthread_t thread;

	pthread_barrier_init(&outlived.used, NULL, 2);
	pthread_barrier_init(&outlived.gone, NULL, 2);
	ck_assert_int_eq(crypto_new(&outlived.c), E_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, use_and_stay, NULL), 0);
	pthread_barrier_wait(&outlived.used);
	crypto_free(&outlived.c);
	pthread_barrier_wait(&outlived.gone);
	pthread_join(thread, NULL);
}
END_TEST

static unsigned frees; /* what libcrypto gave back */

static void *plain_malloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return malloc(n);
}

static void *plain_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return realloc(p, n);
}

static void counting_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	frees++;
	free(p);
}

/* As when a host unloads us after libcrypto's own exit handler has run: what
 * libcrypto has given us is not touched any more. */
START_TEST(libcrypto_gone_before)
{
	static struct crypto leaked; /* on purpose: no leak checker need complain */
	struct crypto *c;

	ck_assert_int_eq(CRYPTO_set_mem_functions(plain_malloc, plain_realloc, counting_free), 1);
	ck_assert_int_eq(crypto_new(&c), E_OK);
	leaked = *c;
	OPENSSL_cleanup();
	ck_assert_uint_gt(frees, 0);
	frees = 0;
	crypto_free(&c);
	ck_assert_uint_eq(frees, 0);
	ck_assert_ptr_null(c);
	ck_assert_ptr_nonnull(leaked.lib);
}
END_TEST

/* A host that has switched off every algorithm for itself. */
START_TEST(host_configuration_stays_out)
{
	static const char text[] = "openssl_conf = c\n[c]\nproviders = p\nalg_section = a\n"
				   "[p]\nnull = n\n[n]\nactivate = 1\n[a]\ndefault_properties = fips=yes\n";
	char path[] = "/tmp/inkan-test-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	struct crypto *c;

	fputs(text, f);
	fclose(f);
	setenv("OPENSSL_CONF", path, 1);
	ck_assert_ptr_null(EVP_MD_fetch(NULL, "SHA2-256", NULL)); /* else the test tests nothing */
	ck_assert_int_eq(crypto_new(&c), E_OK);
	check_hashes(c);
	crypto_free(&c);
	remove(path);
}
END_TEST

START_TEST(host_errors_stay)
{
	struct crypto *c;

	ERR_raise(ERR_LIB_USER, 7);
	ck_assert_int_eq(crypto_new(&c), E_OK);
	crypto_free(&c);
	ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 7);
	ck_assert_uint_eq(ERR_get_error(), 0);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("crypto"), .seconds = 60};
	SRunner *r = srunner_create(cases.suite);
	int failed;

	add_case(&cases, hashes);
	add_case(&cases, random_bytes_differ);
	add_case(&cases, many_threads);
	add_case(&cases, host_errors_stay);
	add_case(&cases, thread_outlives_the_context);
	if (srunner_fork_status(r) == CK_FORK) { /* these spoil the process */
		add_case(&cases, libcrypto_gone_before);
		add_case(&cases, host_configuration_stays_out);
	}
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
