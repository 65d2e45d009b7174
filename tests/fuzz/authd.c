/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines: src/authd/header.c src/authd/conf.c */
/* What a proxy hands over to inkan-authd as a certificate, in every form, and authd.conf. */
#include <openssl/evp.h>
#include "authd/conf.h"
#include "authd/header.h"
#include "authd/log.h"
#include "fuzz.h"

void __wrap_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What is wrong with a file is written out, and read by nobody here. */
void __wrap_tell(const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
}

static void check_certs(const struct certs *certs)
{
	MUST(certs->n <= CERTS_MAX && certs->n_memory <= 2);
	for (size_t i = 0; i < certs->n; i++) {
		bool inside = false;

		for (size_t k = 0; k < certs->n_memory; k++)
			inside |= lies_in(certs->der[i], (struct bytes){certs->memory[k].data, certs->memory[k].len});
		MUST(inside && certs->der[i].len > 0);
		for (size_t k = 0; k < i; k++) /* none lies in another */
			MUST(certs->der[k].data + certs->der[k].len <= certs->der[i].data ||
			     certs->der[i].data + certs->der[i].len <= certs->der[k].data);
	}
}

/* The same bytes written as this form has them come out again. */
static void check_written(struct bytes der, enum form form)
{
	struct certs certs = {0};
	size_t n = 0;
	char *base64 = malloc(2 * der.len + 64), *text = malloc(3 * (2 * der.len + 64) + 200);
	enum header ok;

	if (der.len == 0 || der.len > 4096)
		goto out;
	EVP_EncodeBlock((uint8_t *)base64, der.data, (int)der.len);
	if (form == FORM_PEM_BLANKS || form == FORM_PEM_URL)
		n = (size_t)sprintf(text, "-----BEGIN CERTIFICATE-----%s%s%s-----END CERTIFICATE-----", form == FORM_PEM_URL ? "%0A" : " ",
		                    base64, form == FORM_PEM_URL ? "%0a" : " ");
	else if (form == FORM_XFCC)
		n = (size_t)sprintf(text, "Hash=00;Cert=\"-----BEGIN%%20CERTIFICATE-----%%0A%s%%0A-----END%%20CERTIFICATE-----\"", base64);
	else
		n = (size_t)sprintf(text, form == FORM_RFC9440 ? ":%s:" : "%s", base64);
	ok = header_read(form, text, n, &certs);
	if (der.len < 5 || memcmp(der.data, "-----", 5) != 0) {
		MUST(ok == HEADER_READ && certs.n == 1);
		MUST(certs.der[0].len == der.len && memcmp(certs.der[0].data, der.data, der.len) == 0);
	}
	certs_free(&certs);
out:
	free(base64);
	free(text);
}

static void check_header(struct bytes in)
{
	struct certs certs = {0};
	enum form form = feed_byte(&in) % (FORM_XFCC + 1);
	enum header ok = header_read(form, (const char *)in.data, in.len, &certs);

	MUST(ok != HEADER_READ || certs.n > 0);
	check_certs(&certs);
	if (in.len % 2)
		header_read(FORM_AUTO, (const char *)in.data, in.len, &certs);
	check_certs(&certs);
	certs_free(&certs);
	check_written(in, form == FORM_AUTO ? FORM_DER_BASE64 : form);
}

static void check_conf(struct bytes in)
{
	char path[128], key[128];
	struct conf *conf;

	snprintf(path, sizeof path, "%s/authd.conf", fuzz_folder());
	snprintf(key, sizeof key, "%s/authd.key", fuzz_folder());
	fuzz_write(key, (struct bytes){(const uint8_t *)"0123456789012345678901234567890123456789", in.len % 41});
	setenv("CREDENTIALS_DIRECTORY", fuzz_folder(), 1);
	fuzz_write(path, in);
	conf = conf_new(path);
	if (!conf)
		return;
	MUST(conf->n_rules > 0 && conf->n_rules <= RULES_MAX && (conf->header || conf->fastcgi[0]));
	for (size_t i = 0; i < conf->n_rules; i++) {
		const struct rule *rule = &conf->rules[i];

		MUST(rule->profiles && strlen(rule->name) <= RULE_NAME_MAX && conf_rule(conf, rule->name) == rule);
		MUST(!(rule->profiles & 1u << INKAN_PROFILE_JPKI_AUTH) || conf->key_len >= KEY_MIN);
		MUST(rule->grace >= 0 && rule->grace <= (int64_t)366 * 86400 && rule->allow_test <= 1);
	}
	MUST(!conf->listen[LISTEN_MAX] && !conf->anchors[FOLDERS_MAX] && conf->threads <= 256);
	conf_free(&conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};

	if (feed_byte(&in) & 1)
		check_conf(in);
	else
		check_header(in);
	return 0;
}
