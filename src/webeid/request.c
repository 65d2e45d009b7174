/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include "base/text.h"
#include "request.h"
#include "tool/show.h"

#define NONCE_MIN 44
#define NONCE_MAX 128
#define ARGUMENTS_MAX 4

static const struct command_row {
	const char *name;
	const char *arguments[ARGUMENTS_MAX + 1];
} commands[] = {
	[AUTHENTICATE] = {"authenticate", {"origin", "challengeNonce"}},
	[GET_SIGNING_CERTIFICATE] = {"get-signing-certificate", {"origin"}},
	[SIGN] = {"sign", {"origin", "hash", "hashFunction", "certificate"}},
	[QUIT] = {"quit", {NULL}},
};

static const struct {
	const char *name;
	enum hash hash;
} hashes[] = {{"SHA-256", HASH_SHA256}, {"SHA-384", HASH_SHA384}, {"SHA-512", HASH_SHA512}};

/* Canonical base64 of up to `room` bytes; how many, 0: it is none. */
static size_t decode(const char *text, uint8_t *out, size_t room)
{
	size_t n = strlen(text), len;
	char *again;
	int got;

	if (n == 0 || n % 4 != 0 || n / 4 * 3 > room)
		return 0;
	got = EVP_DecodeBlock(out, (const unsigned char *)text, (int)n);
	len = got < 0 ? 0 : (size_t)got - (text[n - 1] == '=') - (text[n - 2] == '=');
	again = malloc(n + 1);
	if (!again || EVP_EncodeBlock((unsigned char *)again, out, (int)len) != (int)n || strcmp(again, text) != 0)
		len = 0;
	free(again);
	return len;
}

/* What authenticate signs: the hash of two hashes, of the texts as they came. */
static void hash_challenge(const char *origin, const char *nonce, uint8_t out[SHA256_DIGEST_LENGTH])
{
	uint8_t both[2 * SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)origin, strlen(origin), both);
	SHA256((const uint8_t *)nonce, strlen(nonce), both + SHA256_DIGEST_LENGTH);
	SHA256(both, sizeof both, out);
}

static const char *argument(const json_t *arguments, const char *name)
{
	return json_string_value(json_object_get(arguments, name));
}

/* NULL, or what is wrong. */
static const char *take_hash(struct request *r, const json_t *arguments)
{
	const char *name = argument(arguments, "hashFunction");
	uint8_t bytes[REQUEST_MAX];

	r->cert = argument(arguments, "certificate");
	if (decode(r->cert, bytes, sizeof bytes) == 0)
		return "certificate is not base64";
	for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
		if (strcmp(name, hashes[i].name) == 0) {
			r->hash = hashes[i].hash;
			if (decode(argument(arguments, "hash"), bytes, sizeof bytes) != crypto_hash_len(r->hash))
				return "hash is not base64 of a hash of this length";
			memcpy(r->digest, bytes, crypto_hash_len(r->hash));
			return NULL;
		}
	return "hashFunction must be SHA-256, SHA-384 or SHA-512";
}

const char *request_read(const json_t *message, struct request *r)
{
	const char *name = argument(message, "command"), *nonce, *value;
	const json_t *arguments = json_object_get(message, "arguments");
	const struct command_row *row = commands;
	size_t n = 0;

	for (; name && row->name && strcmp(row->name, name) != 0; row++)
		if (row == &commands[QUIT])
			return "there is no such command";
	if (!name || !json_is_object(arguments) || json_object_size(message) != 2)
		return "a message is an object of a command and its arguments";
	r->command = (enum command)(row - commands);
	for (; row->arguments[n]; n++)
		if (!(value = argument(arguments, row->arguments[n])) || !value[0])
			return "an argument is missing or is no text";
	value = argument(arguments, "lang");
	r->lang = value;
	if (json_object_size(arguments) != n + (json_object_get(arguments, "lang") != NULL) ||
	    (json_object_get(arguments, "lang") && (!value || !value[0])))
		return "there is an argument that is not known";
	if (r->command == QUIT)
		return NULL;
	value = argument(arguments, "origin");
	r->site = origin_host(value, "https");
	if (!r->site && !(r->site = origin_host(value, "wss")))
		return "origin must be https://host[:port]";
	if (r->command == SIGN)
		return take_hash(r, arguments);
	nonce = argument(arguments, "challengeNonce");
	if (r->command == AUTHENTICATE && (strlen(nonce) < NONCE_MIN || strlen(nonce) > NONCE_MAX))
		return "challengeNonce must have 44 to 128 characters";
	r->hash = HASH_SHA256;
	if (r->command == AUTHENTICATE)
		hash_challenge(argument(arguments, "origin"), nonce, r->digest);
	return NULL;
}

static json_t *algorithm(const char *hash)
{
	return json_pack("{ssssss}", "cryptoAlgorithm", "RSA", "hashFunction", hash, "paddingScheme", "PKCS1.5");
}

json_t *request_answer(const struct request *r, const struct consent *c)
{
	json_t *cert = json_base64(c->cert.data, c->cert.len), *list;

	if (r->command == AUTHENTICATE)
		return json_pack("{sosssossss}", "unverifiedCertificate", cert, "algorithm", "RS256", "signature",
		                 json_base64(c->signature, c->signature_len), "format", "web-eid:1.0", "appVersion",
		                 "inkan/" PACKAGE_VERSION);
	list = json_array();
	for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
		if (r->command == GET_SIGNING_CERTIFICATE)
			json_array_append_new(list, algorithm(hashes[i].name));
		else if (hashes[i].hash == r->hash)
			json_array_append_new(list, algorithm(hashes[i].name));
	}
	if (r->command == GET_SIGNING_CERTIFICATE)
		return json_pack("{soso}", "certificate", cert, "supportedSignatureAlgorithms", list);
	json_decref(cert);
	cert = json_pack("{sosO}", "signature", json_base64(c->signature, c->signature_len), "signatureAlgorithm",
	                 json_array_get(list, 0));
	json_decref(list);
	return cert;
}
