/* SPDX-License-Identifier: BSD-2-Clause */
/* authd.conf, as inkan-authd.conf(5) describes it. Everything that is wrong in it is told on standard error with
 * file and line: a service that decides who comes in does not guess what was meant. */
#ifndef INKAN_AUTHD_CONF_H
#define INKAN_AUTHD_CONF_H

#include <inkan.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LISTEN_MAX 8
#define FOLDERS_MAX 8
#define ORIGINS_MAX 8
#define ROLES_MAX 64
#define RULES_MAX 256
#define RULE_NAME_MAX 63
#define KEY_MIN 32
#define KEY_MAX 4096

/* In what form a proxy hands a certificate over. */
enum form { FORM_AUTO, FORM_PEM_URL, FORM_PEM_BLANKS, FORM_DER_BASE64, FORM_RFC9440, FORM_XFCC };

/* What an answer carries. */
enum {
	CARRY_USER = 1 << 0,
	CARRY_NAME = 1 << 1,
	CARRY_GROUPS = 1 << 2,
	CARRY_PROFILE = 1 << 3,
	CARRY_STATUS = 1 << 4,
	CARRY_CERTIFICATE = 1 << 5,
	CARRY_ALL = (1 << 6) - 1,
};

struct rule {
	char *name;
	unsigned profiles; /* 1 << enum inkan_profile, of those that may come in */
	char *roles[ROLES_MAX + 1];
	unsigned status; /* enum inkan_status_rule */
	int64_t grace;   /* seconds */
	unsigned allow_test;
	unsigned carries;
	int line; /* where it begins */
};

/* Lists end with NULL; a text that is not set is NULL. */
struct conf {
	char *listen[LISTEN_MAX + 1], *fastcgi[LISTEN_MAX + 1];
	char *header, *chain_header, *address_header, *fastcgi_param;
	char *access_log; /* NULL: standard output */
	char *key_file, *anchors[FOLDERS_MAX + 1], *lists[FOLDERS_MAX + 1];
	char *origins[ORIGINS_MAX + 1]; /* of Web eID; none: off */
	unsigned form;                  /* enum form */
	unsigned threads;               /* 0: as many as processors */
	unsigned latin_name, bare_id;
	struct rule rules[RULES_MAX];
	size_t n_rules;
	uint8_t *key; /* of pseudonyms; NULL: none is needed */
	size_t key_len;
};

/* NULL: something is wrong, and has been told. */
struct conf *conf_new(const char *path);
void conf_free(struct conf **conf);

const struct rule *conf_rule(const struct conf *conf, const char *name); /* NULL: there is none */

#endif
