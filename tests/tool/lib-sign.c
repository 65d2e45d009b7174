/* SPDX-License-Identifier: BSD-2-Clause */
/* libinkan signs with a card: what is refused before a PIN is asked, and an empty file. By the public header and the
 * shared library alone. The exit status is the number of what was not as it should be. */
#include <inkan-sign.h>
#include <stdio.h>
#include <string.h>

static size_t asked;
static int wrong;

static int ask(void *arg, const struct inkan_pin_question *question, char *pin, size_t room)
{
	(void)arg, (void)question, (void)room;
	asked++;
	memcpy(pin, "123456", 6);
	return 6;
}

static void expect_number(const char *what, size_t got, size_t wanted)
{
	if (got == wanted)
		return;
	printf("%s: %zu, not %zu\n", what, got, wanted);
	wrong++;
}

static void expect(const char *what, enum inkan_error got, enum inkan_error wanted)
{
	if (got == wanted)
		return;
	printf("%s: %s, not %s\n", what, inkan_error_text(got), inkan_error_text(wanted));
	wrong++;
}

int main(void)
{
	static const char *const no_authorities[] = {"", "file:///etc/passwd", "ftp://tsa.example/", "tsa.example",
	                                             "http://", "http://user@tsa.example/", "http://tsa.example/ x"};
	struct inkan_signer_options options = {.size = sizeof options, .ask_pin = ask};
	struct inkan_part none = {NULL, NULL, 0}, lacking = {NULL, NULL, 1}, named = {"a", NULL, 0}, two[2] = {{0}};
	struct inkan_check_options covers = {.size = sizeof covers, .content = ""};
	struct inkan_signer *signer = NULL;
	struct inkan_check *check = NULL;
	struct inkan *ctx = NULL;
	unsigned char *out = NULL;
	size_t n = 0;

	expect("inkan_new", inkan_new(NULL, &ctx), INKAN_OK);
	for (size_t i = 0; i < sizeof no_authorities / sizeof *no_authorities; i++) {
		options.tsa = no_authorities[i];
		expect(options.tsa, inkan_signer_new(ctx, &options, &signer), INKAN_E_ARGUMENT);
		inkan_signer_free(&signer);
	}
	options.tsa = NULL;
	expect("inkan_signer_new", inkan_signer_new(ctx, &options, &signer), INKAN_OK);
	expect("no data", inkan_sign(signer, INKAN_SIGN_CADES_DETACHED, &lacking, 1, &out, &n), INKAN_E_ARGUMENT);
	expect("an empty prescription", inkan_sign(signer, INKAN_SIGN_PRESCRIPTION, &none, 1, &out, &n),
	       INKAN_E_FORMAT);
	expect("an empty document", inkan_sign(signer, INKAN_SIGN_XADES, &none, 1, &out, &n), INKAN_E_FORMAT);
	expect("an empty dispensing", inkan_sign(signer, INKAN_SIGN_DISPENSING, two, 2, &out, &n), INKAN_E_FORMAT);
	expect_number("questions for a PIN", asked, 0);
	for (int form = INKAN_SIGN_CADES_DETACHED; form <= INKAN_SIGN_CADES; form++) {
		expect("an empty file", inkan_sign(signer, (enum inkan_sign_form)form, &none, 1, &out, &n), INKAN_OK);
		expect("its check", inkan_check(ctx, out, n, &covers, &check), INKAN_OK);
		expect_number("its signature", inkan_check_count(check), 1);
		inkan_check_free(&check);
		inkan_sign_free(&out);
	}
	expect("an empty file by its name", inkan_sign(signer, INKAN_SIGN_XADES_DETACHED, &named, 1, &out, &n),
	       INKAN_OK);
	inkan_sign_free(&out);
	expect("nothing to check", inkan_check(ctx, NULL, 0, NULL, &check), INKAN_E_FORMAT);
	expect("no data to check", inkan_check(ctx, NULL, 1, NULL, &check), INKAN_E_ARGUMENT);
	inkan_signer_free(&signer);
	inkan_free(&ctx);
	return wrong;
}
