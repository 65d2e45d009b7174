/* SPDX-License-Identifier: BSD-2-Clause */
/* Several PKCS#11 modules in one process, each with its PIN, used in turns: all are
 * started, then logged in, then sign. Every entry of a module's table must lie in
 * that module's file, and libcrypto must take each signature for that of the
 * certificate that the module shows. A line per module says what it shows.
 * Options: -g loads with RTLD_GLOBAL, -k loads libp11-kit so before. */
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef LINKED_WITH_P11_KIT
#include <p11-kit/p11-kit.h> /* with a pkcs11.h of its own */
#else
#include "pkcs11/pkcs11.h"
#endif

#define MODULES_MAX 8

static struct module {
	char *file, *pin;
	CK_FUNCTION_LIST *f;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	X509 *cert;
} modules[MODULES_MAX];
static size_t n_modules;

static void stop(const struct module *m, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

static void stop(const struct module *m, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", m->file);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void must(const struct module *m, const char *what, CK_RV rv)
{
	if (rv != CKR_OK)
		stop(m, "%s: 0x%lx", what, rv);
}

/* No entry leads into another library. */
static void check_table(const struct module *m)
{
	char *home = realpath(m->file, NULL), *there;
	Dl_info info;
	void *entry;

	for (size_t at = sizeof entry; at < sizeof *m->f; at += sizeof entry) {
		memcpy(&entry, (char *)m->f + at, sizeof entry);
		if (!dladdr(entry, &info))
			stop(m, "entry %zu leads nowhere", at / sizeof entry);
		there = realpath(info.dli_fname, NULL);
		if (!home || !there || strcmp(home, there) != 0)
			stop(m, "entry %zu leads into %s", at / sizeof entry, info.dli_fname);
		free(there);
	}
	free(home);
}

static void load(struct module *m, int flags)
{
	void *handle = dlopen(m->file, RTLD_NOW | flags);
	CK_C_GetFunctionList get;

	if (!handle)
		stop(m, "%s", dlerror());
	*(void **)&get = dlsym(handle, "C_GetFunctionList");
	if (!get)
		stop(m, "no C_GetFunctionList");
	must(m, "C_GetFunctionList", get(&m->f));
	check_table(m);
}

static void start(struct module *m)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_SLOT_ID slots[32];
	CK_ULONG n = 32;

	must(m, "C_Initialize", m->f->C_Initialize(&args));
	must(m, "C_GetSlotList", m->f->C_GetSlotList(CK_TRUE, slots, &n));
	if (n == 0)
		stop(m, "no token");
	m->slot = slots[0];
	must(m, "C_OpenSession", m->f->C_OpenSession(m->slot, CKF_SERIAL_SESSION, NULL, NULL, &m->session));
}

/* The first object of a class: of certificates the holder's own. */
static CK_OBJECT_HANDLE find(const struct module *m, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof class};
	CK_OBJECT_HANDLE found = 0;
	CK_ULONG n = 0;

	must(m, "C_FindObjectsInit", m->f->C_FindObjectsInit(m->session, &template, 1));
	must(m, "C_FindObjects", m->f->C_FindObjects(m->session, &found, 1, &n));
	must(m, "C_FindObjectsFinal", m->f->C_FindObjectsFinal(m->session));
	if (n != 1)
		stop(m, "no object of class %lu", class);
	return found;
}

static void login(struct module *m)
{
	must(m, "C_Login", m->f->C_Login(m->session, CKU_USER, (CK_UTF8CHAR *)m->pin, strlen(m->pin)));
}

static void read_cert(struct module *m)
{
	CK_BYTE der[8192];
	const CK_BYTE *p = der;
	CK_ATTRIBUTE value = {CKA_VALUE, der, sizeof der};

	must(m, "C_GetAttributeValue", m->f->C_GetAttributeValue(m->session, find(m, CKO_CERTIFICATE), &value, 1));
	m->cert = d2i_X509(NULL, &p, (long)value.ulValueLen);
	if (!m->cert)
		stop(m, "its certificate is none");
}

static void sign(struct module *m)
{
	CK_BYTE info[51] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	                    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	CK_BYTE signature[512];
	CK_ULONG len = sizeof signature;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned n;

	EVP_Digest(m->file, strlen(m->file), info + 19, &n, EVP_sha256(), NULL);
	must(m, "C_SignInit", m->f->C_SignInit(m->session, &mechanism, find(m, CKO_PRIVATE_KEY)));
	must(m, "C_Sign", m->f->C_Sign(m->session, info, sizeof info, signature, &len));
	if (EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(m->cert)) != 1 ||
	    EVP_DigestVerify(ctx, signature, len, (CK_BYTE *)m->file, strlen(m->file)) != 1)
		stop(m, "libcrypto refuses the signature");
	EVP_MD_CTX_free(ctx);
}

static int blank_cut(const CK_UTF8CHAR *field, int size)
{
	while (size > 0 && field[size - 1] == ' ')
		size--;
	return size;
}

/* FILE version|description|slot's maker|token|key usage */
static void tell(const struct module *m)
{
	const char *name = strrchr(m->file, '/');
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO token;
	CK_INFO info;
	uint32_t usage = X509_get_key_usage(m->cert);

	must(m, "C_GetInfo", m->f->C_GetInfo(&info));
	must(m, "C_GetSlotInfo", m->f->C_GetSlotInfo(m->slot, &slot));
	must(m, "C_GetTokenInfo", m->f->C_GetTokenInfo(m->slot, &token));
	printf("%s %d.%d|%.*s|%.*s|%.*s|%s\n", name ? name + 1 : m->file, info.cryptokiVersion.major,
	       info.cryptokiVersion.minor, blank_cut(info.libraryDescription, 32), info.libraryDescription,
	       blank_cut(slot.manufacturerID, 32), slot.manufacturerID, blank_cut(token.label, 32), token.label,
	       usage == KU_NON_REPUDIATION ? "signature" : usage == KU_DIGITAL_SIGNATURE ? "authentication" : "?");
}

static void end(struct module *m)
{
	must(m, "C_Logout", m->f->C_Logout(m->session));
	must(m, "C_Finalize", m->f->C_Finalize(NULL));
	X509_free(m->cert);
}

static void each(void (*step)(struct module *m))
{
	for (size_t i = 0; i < n_modules; i++)
		step(&modules[i]);
}

static void tell_all(void)
{
	for (size_t i = 0; i < n_modules; i++)
		tell(&modules[i]);
}

static int usage(void)
{
	fprintf(stderr, "usage: together [-g] [-k] MODULE PIN [MODULE PIN]...\n");
	return 2;
}

int main(int argc, char **argv)
{
	int option, flags = RTLD_LOCAL;

#ifdef LINKED_WITH_P11_KIT
	p11_kit_be_quiet(); /* so that the linker keeps it */
#endif
	while ((option = getopt(argc, argv, "gk")) != -1) {
		if (option == 'g')
			flags = RTLD_GLOBAL;
		else if (option != 'k' || !dlopen("libp11-kit.so.0", RTLD_NOW | RTLD_GLOBAL))
			return usage();
	}
	if (optind == argc || (argc - optind) % 2 != 0 || argc - optind > 2 * MODULES_MAX)
		return usage();
	for (int i = optind; i < argc; i += 2)
		modules[n_modules++] = (struct module){.file = argv[i], .pin = argv[i + 1]};
	for (size_t i = 0; i < n_modules; i++)
		load(&modules[i], flags);
	each(start);
	each(login);
	each(read_cert);
	each(sign);
	tell_all();
	each(end);
	return 0;
}
