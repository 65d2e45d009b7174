/* SPDX-License-Identifier: BSD-2-Clause */
/* libinkan on a card: what inkan_cert_from_card gives, a line each. By the public
 * header and the shared library alone. Usage: lib-card login|sign [READER] */
#include <inkan.h>
#include <stdio.h>
#include <string.h>

static int say_error(enum inkan_error e)
{
	printf("error %d: %s\n", (int)e, inkan_error_text(e));
	return (int)e;
}

static void say_role(const struct inkan_cert *cert, size_t i)
{
	size_t n = 0;
	const unsigned char *der = inkan_role_der(cert, i, &n);

	printf("role %s scheme %s code %s der ", inkan_role_text(cert, i), inkan_role_scheme(cert, i),
	       inkan_role_code(cert, i) ? inkan_role_code(cert, i) : "none");
	for (size_t k = 0; der && k < n; k++)
		printf("%02X", der[k]);
	printf("\n");
}

int main(int argc, char **argv)
{
	enum inkan_purpose purpose = argc > 1 && strcmp(argv[1], "sign") == 0 ? INKAN_PURPOSE_SIGN : INKAN_PURPOSE_LOGIN;
	struct inkan_cert *cert = NULL;
	struct inkan *ctx = NULL;
	enum inkan_error e = inkan_new(NULL, &ctx);

	if (e == INKAN_OK)
		e = inkan_cert_from_card(ctx, argc > 2 ? argv[2] : NULL, purpose, &cert);
	if (e != INKAN_OK) {
		inkan_free(&ctx);
		return say_error(e);
	}
	printf("profile %d production %d roles %zu\n", (int)inkan_cert_profile(cert), inkan_cert_is_production(cert),
	       inkan_role_count(cert));
	for (size_t i = 0; i < inkan_role_count(cert); i++)
		say_role(cert, i);
	printf("doctor %d\nsha256 ", inkan_has_role(cert, "Medical Doctor"));
	for (int i = 0; i < 32; i++)
		printf("%02X", inkan_cert_sha256(cert)[i]);
	printf("\n");
	inkan_cert_free(&cert);
	inkan_free(&ctx);
	return 0;
}
