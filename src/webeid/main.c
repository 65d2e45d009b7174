/* SPDX-License-Identifier: BSD-2-Clause */
/* inkan-web-eid: the native messaging host of the Web eID extension. A process answers one request; what is said
 * on standard output is said to the browser. */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include "base/log.h"
#include "base/text.h"
#include "request.h"
#include "tool/say.h"
#include "tool/show.h"
#include "tool/tool.h"

/* The protocol's version, which must not be lower than the extension's; strict SemVer. */
#define PROTOCOL_VERSION "2.9.0+inkan." PACKAGE_VERSION

#define MESSAGE_MAX 8192
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

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = number;
}

/* Firefox sends SIGTERM, Chrome closes standard input. */
static bool gone(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char unwanted[256];

	while (!stopped && poll(&input, 1, 0) > 0)
		stopped = read(STDIN_FILENO, unwanted, sizeof unwanted) <= 0;
	return stopped;
}

/* ---- Messages: a length of 32 bits in the machine's order, and JSON in UTF-8 */

/* Frees the message. */
static enum exit_code send_message(int fd, json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	uint32_t n = text ? (uint32_t)strlen(text) : 0;
	struct buf frame = {0};
	bool sent = text && buf_append(&frame, &n, sizeof n) == E_OK && buf_append(&frame, text, n) == E_OK &&
	            write(fd, frame.data, frame.len) == (ssize_t)frame.len;

	buf_wipe(&frame);
	free(text);
	json_decref(message);
	return sent ? EXIT_DONE : EXIT_OUTPUT;
}

static bool read_exactly(void *to, size_t n)
{
	size_t done = 0;
	ssize_t got;

	while (done < n) {
		got = read(STDIN_FILENO, (char *)to + done, n - done);
		if (got == 0 || (got < 0 && errno != EINTR) || stopped)
			return false;
		done += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static json_t *error_message(const char *code, const char *text)
{
	log_error("%s: %s", code, text);
	return json_pack("{s{ss+ss}}", "error", "code", "ERR_WEBEID_", code, "message", text);
}

static json_t *invalid(const char *text)
{
	return error_message("NATIVE_INVALID_ARGUMENT", text);
}

/* ---- Arguments */

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
	uint8_t bytes[MESSAGE_MAX];

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

/* NULL, or what is wrong. */
static const char *take(struct request *r, const json_t *message)
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

/* The page's language, where we have it. gettext looks at LANGUAGE in other locales than C alone. */
static void use_language(const char *lang)
{
	const char *locale = setlocale(LC_MESSAGES, NULL);

	if (!lang || (strcmp(lang, "ja") != 0 && strcmp(lang, "en") != 0))
		return;
	setenv("LANGUAGE", lang, 1);
	if (locale && (locale[0] == 'C' || strcmp(locale, "POSIX") == 0) && !setlocale(LC_ALL, "ja_JP.UTF-8"))
		setlocale(LC_ALL, "en_US.UTF-8");
}

/* ---- Answers */

static json_t *algorithm(const char *hash)
{
	return json_pack("{ssssss}", "cryptoAlgorithm", "RSA", "hashFunction", hash, "paddingScheme", "PKCS1.5");
}

static json_t *answer(const struct request *r, const struct consent *c)
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

/* NULL: nobody waits for an answer. */
static json_t *run(const json_t *message)
{
	struct request r = {.gone = gone};
	struct consent c = {.cert.hidden = true};
	const char *wrong = take(&r, message);
	json_t *json = NULL;
	enum error e;

	if (wrong)
		return invalid(wrong);
	if (r.command == QUIT)
		return json_object();
	use_language(argument(json_object_get(message, "arguments"), "lang"));
	e = consent_ask(&r, &c);
	if (gone())
		log_info("the browser waits no longer: no answer");
	else if (e == E_OK)
		json = answer(&r, &c);
	else if (e == E_CANCELLED)
		json = error_message("USER_CANCELLED", "the user did not agree");
	else if (e == E_IO)
		json = error_message("NATIVE_FATAL", "no dialog can be shown: a pinentry is needed");
	else
		json = error_message("NATIVE_FATAL", error_text(e));
	buf_wipe(&c.cert);
	return json;
}

static enum exit_code serve(int out)
{
	char text[MESSAGE_MAX];
	json_t *message, *said;
	uint32_t n;
	enum exit_code code = send_message(out, json_pack("{ss}", "version", PROTOCOL_VERSION));

	if (code != EXIT_DONE || !read_exactly(&n, sizeof n))
		return code;
	if (n < 2 || n > sizeof text)
		return send_message(out, error_message("NATIVE_FATAL", "a message has 2 to 8192 bytes"));
	if (!read_exactly(text, n))
		return EXIT_DONE;
	message = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	said = message ? run(message) : invalid("the message is not JSON");
	json_decref(message);
	return said ? send_message(out, said) : EXIT_DONE;
}

int main(int argc, char **argv)
{
	int out;

	setlocale(LC_ALL, "");
	bindtextdomain(INKAN_DOMAIN, LOCALEDIR);
	bind_textdomain_codeset(INKAN_DOMAIN, "UTF-8");
	log_start("inkan-web-eid");
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("inkan-web-eid %s\n", PACKAGE_VERSION);
		return EXIT_DONE;
	}
	if (isatty(STDIN_FILENO)) {
		complain(_("inkan-web-eid is started by a browser, for the Web eID extension."));
		advise(_("See: man inkan-web-eid"));
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < 3; i++)
		sigaction((int[]){SIGTERM, SIGHUP, SIGINT}[i], &(struct sigaction){.sa_handler = stop}, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* jansson's copies of a certificate are not wiped */
	out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) { /* nobody else writes there */
		log_error("standard output: %s", strerror(errno));
		return EXIT_OUTPUT;
	}
	return (int)serve(out);
}
