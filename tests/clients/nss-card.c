/* SPDX-License-Identifier: BSD-2-Clause */
/* An NSS program, as a browser or a mailer is one: signs with a token's key, or
 * logs in over TLS again and again, and answers NSS's questions for a PIN from
 * its command line, "-" being the Cancel button.
 *
 *   nss-card sign  DB TOKEN:LABEL TIMES PIN...
 *   nss-card login DB TOKEN:LABEL TIMES PORT VERSION PIN...   VERSION: 1.2 1.3 any
 *
 * One line per try; exit status: how many failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cert.h>
#include <cryptohi.h>
#include <nss.h>
#include <pk11pub.h>
#include <prerror.h>
#include <prio.h>
#include <prnetdb.h>
#include <prthread.h>
#include <ssl.h>
#include <sslproto.h>

static char **pins; /* the answers that are left */
static const char *nickname;

static char *answer_pin(PK11SlotInfo *slot, PRBool retry, void *arg)
{
	const char *pin = *pins;

	(void)arg;
	if (retry) {
		printf("asked for %s again: cancelled\n", PK11_GetTokenName(slot));
		return NULL;
	}
	if (pin != NULL && pins[1] != NULL)
		pins++; /* the last answer is given for ever */
	if (pin == NULL || strcmp(pin, "-") == 0) {
		printf("asked for %s: cancelled\n", PK11_GetTokenName(slot));
		return NULL;
	}
	printf("asked for %s: answered\n", PK11_GetTokenName(slot));
	return PORT_Strdup(pin);
}

static void say_error(int i)
{
	printf("%d: failed: %s\n", i, PR_ErrorToName(PR_GetError()));
}

/* ---- sign */

static int sign_once(int i, CERTCertificate *cert, SECKEYPrivateKey *key)
{
	unsigned char message[] = "referral letter";
	SECItem signature = {siBuffer, NULL, 0};
	SECKEYPublicKey *public = CERT_ExtractPublicKey(cert);
	SECStatus status = SEC_SignData(&signature, message, sizeof message, key,
	                                SEC_OID_PKCS1_SHA256_WITH_RSA_ENCRYPTION);

	if (status == SECSuccess)
		status = VFY_VerifyData(message, sizeof message, public, &signature,
		                        SEC_OID_PKCS1_SHA256_WITH_RSA_ENCRYPTION, NULL);
	if (status == SECSuccess)
		printf("%d: signed, %u bytes\n", i, signature.len);
	else
		say_error(i);
	SECITEM_FreeItem(&signature, PR_FALSE);
	SECKEY_DestroyPublicKey(public);
	return status == SECSuccess ? 0 : 1;
}

static int sign(int times)
{
	int failed = 0;
	CERTCertificate *cert = PK11_FindCertFromNickname(nickname, NULL);
	SECKEYPrivateKey *key = cert == NULL ? NULL : PK11_FindKeyByAnyCert(cert, NULL);

	if (key == NULL) {
		printf("no key for %s: %s\n", nickname, PR_ErrorToName(PR_GetError()));
		return times;
	}
	for (int i = 1; i <= times; i++)
		failed += sign_once(i, cert, key);
	SECKEY_DestroyPrivateKey(key);
	CERT_DestroyCertificate(cert);
	return failed;
}

/* ---- login */

static SECStatus accept_server(void *arg, PRFileDesc *fd, PRBool check, PRBool is_server)
{
	(void)arg, (void)fd, (void)check, (void)is_server;
	return SECSuccess; /* the server is not what is tested here */
}

static SECStatus give_certificate(void *arg, PRFileDesc *fd, CERTDistNames *cas, CERTCertificate **cert,
                                  SECKEYPrivateKey **key)
{
	(void)arg, (void)fd, (void)cas;
	*cert = PK11_FindCertFromNickname(nickname, NULL);
	*key = *cert == NULL ? NULL : PK11_FindKeyByAnyCert(*cert, NULL);
	return *key == NULL ? SECFailure : SECSuccess;
}

static PRFileDesc *connect_tls(PRUint16 port, const char *version)
{
	PRNetAddr address;
	SSLVersionRange range = {SSL_LIBRARY_VERSION_TLS_1_2, SSL_LIBRARY_VERSION_TLS_1_3};
	PRFileDesc *fd = SSL_ImportFD(NULL, PR_NewTCPSocket());

	if (strcmp(version, "1.2") == 0)
		range.max = SSL_LIBRARY_VERSION_TLS_1_2;
	if (strcmp(version, "1.3") == 0)
		range.min = SSL_LIBRARY_VERSION_TLS_1_3;
	PR_InitializeNetAddr(PR_IpAddrLoopback, port, &address);
	if (fd == NULL || SSL_VersionRangeSet(fd, &range) != SECSuccess ||
	    SSL_OptionSet(fd, SSL_NO_CACHE, PR_TRUE) != SECSuccess ||
	    SSL_AuthCertificateHook(fd, accept_server, NULL) != SECSuccess ||
	    SSL_GetClientAuthDataHook(fd, give_certificate, NULL) != SECSuccess ||
	    SSL_SetURL(fd, "localhost") != SECSuccess ||
	    PR_Connect(fd, &address, PR_SecondsToInterval(5)) != PR_SUCCESS ||
	    SSL_ResetHandshake(fd, PR_FALSE) != SECSuccess) {
		printf("no connection: %s\n", PR_ErrorToName(PR_GetError()));
		exit(99);
	}
	return fd;
}

/* Asks for the page and prints its first line. */
static int login_once(int i, PRUint16 port, const char *version)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	char page[16384];
	char *body = NULL;
	PRInt32 got = -1, len = 0;
	PRFileDesc *fd = connect_tls(port, version);

	if (SSL_ForceHandshake(fd) == SECSuccess && PR_Write(fd, request, sizeof request - 1) > 0)
		while (len < (PRInt32)sizeof page - 1 &&
		       (got = PR_Read(fd, page + len, (PRInt32)sizeof page - 1 - len)) > 0)
			len += got;
	page[len] = '\0';
	if (got >= 0)
		body = strstr(page, "\r\n\r\n");
	if (body != NULL)
		printf("%d: %.*s\n", i, (int)strcspn(body + 4, "\n"), body + 4);
	else
		say_error(i);
	PR_Close(fd);
	return body != NULL && strstr(body, "SUCCESS") != NULL ? 0 : 1;
}

static int login(int times, PRUint16 port, const char *version)
{
	int failed = 0;

	for (int i = 1; i <= times; i++) {
		if (failed > 0) /* NSS looks again at a token after a second */
			PR_Sleep(PR_MillisecondsToInterval(1200));
		failed += login_once(i, port, version);
	}
	return failed;
}

int main(int argc, char **argv)
{
	int result = 99;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 6 || NSS_Init(argv[2]) != SECSuccess) {
		printf("usage, or no database: %s\n", PR_ErrorToName(PR_GetError()));
		return 99;
	}
	PK11_SetPasswordFunc(answer_pin);
	nickname = argv[3];
	if (strcmp(argv[1], "sign") == 0) {
		pins = argv + 5;
		result = sign(atoi(argv[4]));
	} else if (strcmp(argv[1], "login") == 0 && argc > 7) {
		pins = argv + 7;
		result = login(atoi(argv[4]), (PRUint16)atoi(argv[5]), argv[6]);
	}
	SSL_ClearSessionCache();
	if (NSS_Shutdown() != SECSuccess)
		printf("NSS was not shut down: %s\n", PR_ErrorToName(PR_GetError()));
	return result;
}
