/* SPDX-License-Identifier: BSD-2-Clause */
/* A program on libxmlsec1 with NSS: puts an enveloped XML signature with the
 * signer's certificate into each document, all with one key of one login, and
 * answers NSS's questions for the PIN from its command line.
 *
 *   nss-xml DB TOKEN:LABEL PIN FILE...     writes FILE.signed
 *
 * Exit status: how many documents it could not sign. */
#include <stdio.h>
#include <string.h>
#include <cert.h>
#include <pk11pub.h>
#include <prerror.h>
#include <libxml/parser.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/templates.h>
#include <xmlsec/nss/app.h>
#include <xmlsec/nss/crypto.h>
#include <xmlsec/nss/pkikeys.h>
#include <xmlsec/nss/x509.h>

/* PIN: the answer, given once for each question; a wrong one is not repeated. */
static char *answer_pin(PK11SlotInfo *slot, PRBool retry, void *arg)
{
	(void)arg;
	printf("asked for %s: %s\n", PK11_GetTokenName(slot), retry ? "cancelled" : "answered");
	return retry ? NULL : PORT_Strdup(arg);
}

/* The key with its certificate; NULL when the token or the PIN is not there. */
static xmlSecKeyPtr find_key(const char *nickname, char *pin)
{
	xmlSecKeyPtr key = NULL;
	xmlSecKeyDataPtr value = NULL, x509 = NULL;
	CERTCertificate *cert = PK11_FindCertFromNickname(nickname, pin);
	SECKEYPrivateKey *private = cert == NULL ? NULL : PK11_FindKeyByAnyCert(cert, pin);

	if (private == NULL)
		goto out;
	private->wincx = pin; /* what NSS hands to answer_pin */
	value = xmlSecNssPKIAdoptKey(private, CERT_ExtractPublicKey(cert));
	x509 = xmlSecKeyDataCreate(xmlSecNssKeyDataX509Id);
	key = xmlSecKeyCreate();
	if (value == NULL || x509 == NULL || key == NULL ||
	    xmlSecNssKeyDataX509AdoptKeyCert(x509, CERT_DupCertificate(cert)) < 0 ||
	    xmlSecNssKeyDataX509AdoptCert(x509, CERT_DupCertificate(cert)) < 0 || /* this one is written */
	    xmlSecKeySetValue(key, value) < 0 || xmlSecKeyAdoptData(key, x509) < 0) {
		xmlSecKeyDestroy(key);
		key = NULL;
	}
out:
	if (cert != NULL)
		CERT_DestroyCertificate(cert);
	return key;
}

/* The place of the signature: the last child of the document's root. */
static xmlNodePtr add_template(xmlDocPtr document)
{
	xmlNodePtr reference, info;
	xmlNodePtr node = xmlSecTmplSignatureCreate(document, xmlSecTransformExclC14NId,
	                                            xmlSecNssTransformRsaSha256Id, NULL);

	if (node == NULL)
		return NULL;
	xmlAddChild(xmlDocGetRootElement(document), node);
	reference = xmlSecTmplSignatureAddReference(node, xmlSecNssTransformSha256Id, NULL, BAD_CAST "", NULL);
	info = xmlSecTmplSignatureEnsureKeyInfo(node, NULL);
	if (reference == NULL || info == NULL ||
	    xmlSecTmplReferenceAddTransform(reference, xmlSecTransformEnvelopedId) == NULL ||
	    xmlSecTmplKeyInfoAddX509Data(info) == NULL)
		return NULL;
	return node;
}

/* 0, or 1 when the document was not signed; then no file is written. */
static int sign(const char *file, xmlSecKeyPtr key)
{
	char name[4096];
	int failed = 1;
	xmlDocPtr document = xmlReadFile(file, NULL, XML_PARSE_NONET);
	xmlNodePtr node = document == NULL ? NULL : add_template(document);
	xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);

	if (node == NULL || context == NULL)
		goto out;
	context->signKey = xmlSecKeyDuplicate(key);
	snprintf(name, sizeof name, "%s.signed", file);
	if (xmlSecDSigCtxSign(context, node) == 0 && xmlSaveFile(name, document) > 0)
		failed = 0;
out:
	if (failed)
		printf("%s: not signed: %s\n", file, PR_ErrorToName(PR_GetError()));
	if (context != NULL)
		xmlSecDSigCtxDestroy(context);
	xmlFreeDoc(document);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = argc - 4;
	xmlSecKeyPtr key;

	if (argc < 5 || xmlSecInit() < 0 || xmlSecNssAppInit(argv[1]) < 0 || xmlSecNssInit() < 0) {
		fprintf(stderr, "usage: nss-xml DB TOKEN:LABEL PIN FILE...\n");
		return 99;
	}
	PK11_SetPasswordFunc(answer_pin);
	key = find_key(argv[2], argv[3]);
	if (key == NULL) {
		printf("no key for %s: %s\n", argv[2], PR_ErrorToName(PR_GetError()));
	} else {
		failed = 0;
		for (int i = 4; i < argc; i++)
			failed += sign(argv[i], key);
	}
	xmlSecKeyDestroy(key);
	xmlSecNssShutdown();
	xmlSecNssAppShutdown();
	xmlSecShutdown();
	return failed;
}
