/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys and signature schemes, with libcrypto's default context for the other side: it
 * takes our blocks to the private key as they are, as a card does, and verifies. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "tests/check_case.h"
#include "crypto/scheme.h"

static struct crypto *crypto;

static const unsigned sizes[] = {1024, 1536, 2048, 4096};

#define N_SIZES (sizeof sizes / sizeof *sizes)

static struct {
	EVP_PKEY *pkey;
	struct bytes spki; /* libcrypto's encoding */
	struct key key;
} keys[N_SIZES];

/* The caller's to free. */
static struct bytes encode(EVP_PKEY *pkey)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);

	ck_assert_int_gt(len, 0);
	return (struct bytes){der, (size_t)len};
}

static void start(void)
{
	ck_assert_int_eq(crypto_new(&crypto), E_OK);
	for (size_t i = 0; i < N_SIZES; i++) {
		keys[i].spki = encode(keys[i].pkey);
		ck_assert_int_eq(key_read(crypto, keys[i].spki, NULL, &keys[i].key), E_OK);
	}
}

static void stop(void)
{
	for (size_t i = 0; i < N_SIZES; i++) {
		key_free(&keys[i].key);
		OPENSSL_free((void *)(uintptr_t)keys[i].spki.data);
	}
	crypto_free(&crypto);
}

static const uint8_t text[600] = "what is to be signed";

static const EVP_MD *md_of(enum hash h)
{
	const char *const names[HASH_COUNT] = {"SHA1", "SHA224", "SHA256", "SHA384", "SHA512"};

	return EVP_get_digestbyname(names[h]);
}

static struct bytes hash_text(enum hash h, uint8_t *hash)
{
	unsigned len;

	ck_assert_int_eq(EVP_Digest(text, sizeof text, hash, &len, md_of(h), NULL), 1);
	return (struct bytes){hash, len};
}

/* The block and the private key alone. */
static struct bytes sign_raw(EVP_PKEY *pkey, struct bytes block, uint8_t *signature)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	size_t len = SIGNATURE_MAX;

	ck_assert_int_eq(EVP_PKEY_sign_init(ctx), 1);
	ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 0);
	ck_assert_int_eq(EVP_PKEY_sign(ctx, signature, &len, block.data, block.len), 1);
	EVP_PKEY_CTX_free(ctx);
	return (struct bytes){signature, len};
}

static bool verifies(EVP_PKEY *pkey, const struct scheme_params *p, struct bytes signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	bool good;

	ck_assert_int_eq(EVP_DigestVerifyInit(ctx, &pctx, md_of(p->hash), NULL, pkey), 1);
	if (p->scheme == SCHEME_PSS) {
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 0);
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, md_of(p->mgf1)), 0);
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, (int)p->salt_len), 0);
	}
	good = EVP_DigestVerify(ctx, signature.data, signature.len, text, sizeof text) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

static void refuses_others(const struct scheme_params *p, size_t i, const struct encoded *encoded,
                           struct bytes signature)
{
	struct encoded other = *encoded;
	uint8_t damaged[SIGNATURE_MAX], hash[EVP_MAX_MD_SIZE], message[SIGNATURE_MAX];
	const struct key *key = &keys[i].key;

	memcpy(damaged, signature.data, signature.len);
	damaged[signature.len / 2] ^= 1;
	ck_assert_int_eq(scheme_check(crypto, p, key, encoded, (struct bytes){damaged, signature.len}), E_SIGNATURE);
	ck_assert_int_eq(scheme_check(crypto, p, &keys[(i + 1) % N_SIZES].key, encoded, signature), E_SIGNATURE);
	signature.len--;
	ck_assert_int_eq(scheme_check(crypto, p, key, encoded, signature), E_SIGNATURE);
	ck_assert_int_eq(scheme_check(crypto, p, key, encoded, (struct bytes){signature.data, 0}), E_SIGNATURE);
	signature.len++;
	if (encoded->hash.len) {
		memcpy(hash, encoded->hash.data, encoded->hash.len);
		hash[0] ^= 1;
		other.hash.data = hash;
	} else {
		memcpy(message, encoded->message.data, encoded->message.len);
		message[encoded->message.len - 1] ^= 1;
		other.message.data = message;
	}
	ck_assert_int_eq(scheme_check(crypto, p, key, &other, signature), E_SIGNATURE);
}

/* Prepares, signs and checks, by both sides. */
static void signs(struct scheme_params *p, size_t i)
{
	uint8_t hash[EVP_MAX_MD_SIZE], bytes[SIGNATURE_MAX];
	struct bytes input = hash_text(p->hash, hash), signature;
	struct encoded encoded;

	ck_assert_int_eq(scheme_begin(p, &keys[i].key), E_OK);
	ck_assert_uint_eq(p->signature_len, sizes[i] / 8);
	ck_assert_uint_eq(p->input_max, input.len);
	ck_assert_int_eq(scheme_prepare(crypto, p, input, &encoded), E_OK);
	ck_assert_uint_eq(encoded.block.len, p->signature_len);
	signature = sign_raw(keys[i].pkey, encoded.block, bytes);
	ck_assert(verifies(keys[i].pkey, p, signature));
	ck_assert_int_eq(scheme_check(crypto, p, &keys[i].key, &encoded, signature), E_OK);
	refuses_others(p, i, &encoded, signature);

	for (size_t len = 0; len <= sizeof hash; len++)
		if (len != input.len)
			ck_assert_int_eq(scheme_prepare(crypto, p, (struct bytes){hash, len}, &encoded), E_ARGUMENT);
	ck_assert(encoded.block.len == 0 && encoded.message.len == 0 && encoded.hash.len == 0);
}

START_TEST(pkcs1_of_a_hash)
{
	for (enum hash h = 0; h < HASH_COUNT; h++) {
		struct scheme_params p = {.scheme = SCHEME_PKCS1, .hash = h};

		signs(&p, (size_t)_i);
	}
}
END_TEST

/* Any message, as the card that pads gets it too: libcrypto finds it in the signature. */
START_TEST(pkcs1_of_a_message)
{
	struct scheme_params p = {.scheme = SCHEME_PKCS1, .hash = HASH_NONE};
	size_t max = sizes[_i] / 8 - 11;
	uint8_t bytes[SIGNATURE_MAX], found[SIGNATURE_MAX];
	struct encoded encoded;
	struct bytes signature;

	ck_assert_int_eq(scheme_begin(&p, &keys[_i].key), E_OK);
	ck_assert_uint_eq(p.input_max, max);
	for (size_t n = 1; n <= max; n += n + 37 > max && n < max ? max - n : 37) {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(keys[_i].pkey, NULL);
		size_t found_len = sizeof found;

		ck_assert_int_eq(scheme_prepare(crypto, &p, (struct bytes){text, n}, &encoded), E_OK);
		ck_assert(encoded.message.len == n && encoded.hash.len == 0);
		ck_assert_mem_eq(encoded.message.data, text, n);
		signature = sign_raw(keys[_i].pkey, encoded.block, bytes);
		ck_assert_int_eq(EVP_PKEY_verify_recover_init(ctx), 1);
		ck_assert_int_gt(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 0);
		ck_assert_int_eq(EVP_PKEY_verify_recover(ctx, found, &found_len, bytes, signature.len), 1);
		ck_assert(found_len == n && memcmp(found, text, n) == 0);
		ck_assert_int_eq(scheme_check(crypto, &p, &keys[_i].key, &encoded, signature), E_OK);
		refuses_others(&p, (size_t)_i, &encoded, signature);
		EVP_PKEY_CTX_free(ctx);
	}
	ck_assert_int_eq(scheme_prepare(crypto, &p, (struct bytes){text, 0}, &encoded), E_ARGUMENT);
	ck_assert_int_eq(scheme_prepare(crypto, &p, (struct bytes){text, max + 1}, &encoded), E_ARGUMENT);
}
END_TEST

/* Salts of no length, of the hash's and of all that fits, with each hash for MGF1. */
START_TEST(pss)
{
	for (enum hash h = 0; h < HASH_COUNT; h++) {
		size_t len = crypto_hash_len(h), room = sizes[_i] / 8 - len - 2, salts[] = {0, 1, len, room};

		for (size_t i = 0; i < 4; i++) {
			enum hash mgf1 = (enum hash)((h + i) % HASH_COUNT);
			struct scheme_params p = {SCHEME_PSS, h, mgf1, (unsigned)salts[i], 0, 0};

			if (salts[i] <= room)
				signs(&p, (size_t)_i);
		}
		for (size_t more = 1; more < 700; more += 233) {
			struct scheme_params p = {SCHEME_PSS, h, h, (unsigned)(room + more), 0, 0};

			ck_assert_int_eq(scheme_begin(&p, &keys[_i].key), E_ARGUMENT);
		}
	}
}
END_TEST

START_TEST(salts_differ)
{
	struct scheme_params p = {SCHEME_PSS, HASH_SHA256, HASH_SHA256, 32, 0, 0};
	uint8_t hash[EVP_MAX_MD_SIZE], bytes[SIGNATURE_MAX];
	struct bytes input = hash_text(HASH_SHA256, hash), signature;
	struct encoded a, b;

	ck_assert_int_eq(scheme_begin(&p, &keys[2].key), E_OK);
	ck_assert_int_eq(scheme_prepare(crypto, &p, input, &a), E_OK);
	ck_assert_int_eq(scheme_prepare(crypto, &p, input, &b), E_OK);
	ck_assert_mem_ne(a.data, b.data, p.signature_len);
	ck_assert(a.hash.data == hash && a.hash.len == 32 && a.message.len == 0);

	/* made with other parameters than it is checked with */
	signature = sign_raw(keys[2].pkey, a.block, bytes);
	p.salt_len = 20;
	ck_assert_int_eq(scheme_check(crypto, &p, &keys[2].key, &a, signature), E_SIGNATURE);
	p.salt_len = 32;
	p.mgf1 = HASH_SHA1;
	ck_assert_int_eq(scheme_check(crypto, &p, &keys[2].key, &a, signature), E_SIGNATURE);
}
END_TEST

START_TEST(parameters_without_sense)
{
	struct scheme_params all[] = {
		{SCHEME_PKCS1, HASH_COUNT + 1, 0, 0, 0, 0}, {SCHEME_PSS, HASH_COUNT + 1, 0, 0, 0, 0},
		{SCHEME_PSS, HASH_NONE, HASH_SHA256, 32, 0, 0}, {SCHEME_PSS, HASH_SHA256, HASH_NONE, 32, 0, 0},
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		ck_assert_int_eq(scheme_begin(&all[i], &keys[2].key), E_ARGUMENT);
}
END_TEST

/* Too short, too long, not of whole bytes: cards have none, and PSS would want another mask. */
START_TEST(sizes_that_are_refused)
{
	const unsigned bits[] = {0, 1016, 2041, 2047, 2049, 4104};

	for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
		struct scheme_params pkcs1 = {.scheme = SCHEME_PKCS1, .hash = HASH_SHA256};
		struct scheme_params padded = {SCHEME_PSS, HASH_SHA256, HASH_SHA256, 32, 0, 0};
		struct key key = {.kind = KEY_RSA, .bits = bits[i]};

		ck_assert_int_eq(scheme_begin(&pkcs1, &key), E_UNSUPPORTED);
		ck_assert_int_eq(scheme_begin(&padded, &key), E_UNSUPPORTED);
	}
}
END_TEST

START_TEST(numbers)
{
	const struct key *key = &keys[_i].key;
	uint8_t number[SIGNATURE_MAX];
	BIGNUM *n = NULL, *e = NULL;
	struct key other;

	ck_assert_int_eq(EVP_PKEY_get_bn_param(keys[_i].pkey, "n", &n), 1);
	ck_assert_int_eq(EVP_PKEY_get_bn_param(keys[_i].pkey, "e", &e), 1);
	ck_assert(key->kind == KEY_RSA && key->bits == sizes[_i]);
	ck_assert_uint_eq(key->parts[0].len, (size_t)BN_bn2bin(n, number));
	ck_assert_mem_eq(key->parts[0].data, number, key->parts[0].len);
	ck_assert_uint_eq(key->parts[1].len, (size_t)BN_bn2bin(e, number));
	ck_assert_mem_eq(key->parts[1].data, number, key->parts[1].len);
	ck_assert_int_eq(EVP_PKEY_eq(key->pkey, keys[_i].pkey), 1);
	BN_free(n);
	BN_free(e);

	/* what libcrypto has read already is kept beside its owner */
	ck_assert_int_eq(key_read(crypto, keys[_i].spki, key->pkey, &other), E_OK);
	ck_assert_ptr_eq(other.pkey, key->pkey);
	ck_assert_ptr_eq(other.parts[0].data, key->parts[0].data);
	key_free(&other);
	ck_assert(!other.pkey && other.kind == KEY_OTHER && other.parts[0].len == 0);
	key_free(&other);
	ck_assert_int_eq(EVP_PKEY_get_bits(key->pkey), (int)sizes[_i]);
}
END_TEST

START_TEST(keys_of_other_kinds)
{
	static const char *const curves[] = {"P-256", "P-384"};

	for (size_t i = 0; i < 2; i++) {
		struct scheme_params p = {.scheme = SCHEME_PKCS1, .hash = HASH_SHA256};
		EVP_PKEY *pkey = EVP_EC_gen(curves[i]);
		struct encoded none = {0};
		struct bytes spki = encode(pkey);
		struct key key;

		ck_assert_int_eq(key_read(crypto, spki, NULL, &key), E_OK);
		ck_assert(key.kind == KEY_OTHER && key.bits == (i ? 384 : 256) && key.parts[0].len == 0);
		ck_assert_int_eq(EVP_PKEY_eq(key.pkey, pkey), 1);
		ck_assert_int_eq(scheme_begin(&p, &key), E_UNSUPPORTED);
		p.scheme = SCHEME_PSS;
		ck_assert_int_eq(scheme_begin(&p, &key), E_UNSUPPORTED);
		ck_assert_int_eq(scheme_check(crypto, &p, &key, &none, (struct bytes){text, 256}), E_UNSUPPORTED);
		key_free(&key);
		OPENSSL_free((void *)(uintptr_t)spki.data);
		EVP_PKEY_free(pkey);
	}
}
END_TEST

/* Cut at every length, in a block of its own for the memory checkers. */
START_TEST(cut_keys)
{
	uint8_t changed[256];
	struct key key;

	for (size_t n = 0; n < keys[0].spki.len; n++) {
		uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, keys[0].spki.data, n);
		ck_assert_int_eq(key_read(crypto, (struct bytes){cut, n}, NULL, &key), E_OK);
		ck_assert(key.kind == KEY_OTHER && !key.pkey);
		ck_assert_int_eq(key_read(crypto, (struct bytes){cut, n}, keys[0].key.pkey, &key), E_FORMAT);
		ck_assert(key.kind == KEY_OTHER && !key.pkey);
		free(cut);
	}
	/* RSAPublicKey is a SEQUENCE: behind two headers, the algorithm and the count of unused bits */
	memcpy(changed, keys[0].spki.data, keys[0].spki.len);
	ck_assert_uint_eq(changed[22], 0x30);
	changed[22] = 0x31;
	ck_assert_int_eq(key_read(crypto, (struct bytes){changed, keys[0].spki.len}, keys[0].key.pkey, &key), E_FORMAT);
}
END_TEST

START_TEST(host_errors_stay)
{
	struct scheme_params p = {.scheme = SCHEME_PKCS1, .hash = HASH_NONE};
	struct encoded encoded;
	struct key key;

	ERR_clear_error();
	ERR_raise(ERR_LIB_USER, 7);
	ck_assert_int_eq(key_read(crypto, (struct bytes){text, sizeof text}, NULL, &key), E_OK);
	ck_assert_int_eq(scheme_begin(&p, &keys[2].key), E_OK);
	ck_assert_int_eq(scheme_prepare(crypto, &p, (struct bytes){text, 20}, &encoded), E_OK);
	ck_assert_int_eq(scheme_check(crypto, &p, &keys[2].key, &encoded, encoded.block), E_SIGNATURE);
	ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 7);
	ck_assert_uint_eq(ERR_get_error(), 0);
}
END_TEST

static struct {
	struct scheme_params p;
	struct encoded encoded;
	uint8_t signature[SIGNATURE_MAX];
} shared;

static void *check_much(void *none)
{
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(scheme_check(crypto, &shared.p, &keys[2].key, &shared.encoded,
		                              (struct bytes){shared.signature, 256}), E_OK);
	return none;
}

START_TEST(many_threads)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	pthread_t threads[4];

	shared.p = (struct scheme_params){SCHEME_PSS, HASH_SHA256, HASH_SHA256, 32, 0, 0};
	ck_assert_int_eq(scheme_begin(&shared.p, &keys[2].key), E_OK);
	ck_assert_int_eq(scheme_prepare(crypto, &shared.p, hash_text(HASH_SHA256, hash), &shared.encoded), E_OK);
	sign_raw(keys[2].pkey, shared.encoded.block, shared.signature);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, check_much, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

int main(void)
{
	const struct cases cases = {.suite = suite_create("scheme"), .setup = start, .teardown = stop, .seconds = 120};
	SRunner *r = srunner_create(cases.suite);
	int failed;

	for (size_t i = 0; i < N_SIZES; i++)
		keys[i].pkey = EVP_RSA_gen(sizes[i]);
	add_loop_case(&cases, numbers, N_SIZES);
	add_case(&cases, keys_of_other_kinds);
	add_case(&cases, cut_keys);
	add_loop_case(&cases, pkcs1_of_a_hash, N_SIZES);
	add_loop_case(&cases, pkcs1_of_a_message, N_SIZES);
	add_loop_case(&cases, pss, N_SIZES);
	add_case(&cases, salts_differ);
	add_case(&cases, parameters_without_sense);
	add_case(&cases, sizes_that_are_refused);
	add_case(&cases, host_errors_stay);
	add_case(&cases, many_threads);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	for (size_t i = 0; i < N_SIZES; i++)
		EVP_PKEY_free(keys[i].pkey);
	return failed != 0;
}
