/* SPDX-License-Identifier: BSD-2-Clause */
/* Inkan's vendor attributes, for applications that load one of its PKCS#11
 * modules. Include a PKCS#11 header before this one.
 *
 * All are attributes of a certificate object (CKO_CERTIFICATE), read-only, and
 * read from the certificate alone: the module never decides by them. An
 * attribute that the certificate does not have answers CKR_ATTRIBUTE_TYPE_INVALID. */
#ifndef INKAN_PKCS11_H
#define INKAN_PKCS11_H

#define CKA_INKAN (CKA_VENDOR_DEFINED | 0x494B0000UL)

/* hcRole (ISO 17090-2) as text: UTF-8, no terminating NUL, one role per line,
 * lines separated by a line feed. In the template of C_FindObjectsInit it
 * matches when any one line equals the value byte for byte. */
#define CKA_INKAN_HCROLE (CKA_INKAN + 1)

/* The value of the attribute 1.0.17090.0.1, SET OF HCActor: the DER as it
 * stands in the certificate. Each role alone is a CKO_DATA object:
 * CKA_APPLICATION "HPKI", CKA_LABEL the role, CKA_OBJECT_ID 1.0.17090.0.1. */
#define CKA_INKAN_HCROLE_DER (CKA_INKAN + 2)

/* CK_ULONG: what kind of certificate this is by its policy. */
#define CKA_INKAN_PROFILE (CKA_INKAN + 3)
#define CKI_PROFILE_UNKNOWN 0UL
#define CKI_PROFILE_HPKI_SIGN 1UL
#define CKI_PROFILE_HPKI_AUTH_PERSON 2UL
#define CKI_PROFILE_HPKI_AUTH_ORGANISATION 3UL
#define CKI_PROFILE_JPKI_AUTH 4UL
#define CKI_PROFILE_JPKI_SIGN 5UL

/* CK_BBOOL: CK_FALSE for a test certificate (policy level 0) and for an
 * unknown profile. It is what the policy says and no proof of anything: the
 * chain up to a trusted root is for the application to check. */
#define CKA_INKAN_PRODUCTION (CKA_INKAN + 4)

/* CK_ULONG: the certificate's status and that of the CAs above it, by the
 * revocation lists that lie on this machine (`inkan status refresh` fetches
 * them) and the trust store (`inkan trust add`). Reading it sends nothing to the
 * card and opens no connection. Good is said by a list that is in force; a
 * revocation stands when its list is old. JPKI's is unknown: its lists are for
 * registered verifiers. */
#define CKA_INKAN_STATUS (CKA_INKAN + 16)
#define CKI_STATUS_UNKNOWN 0UL
#define CKI_STATUS_GOOD 1UL
#define CKI_STATUS_REVOKED 2UL
#define CKI_STATUS_ON_HOLD 3UL

/* GeneralizedTime text, UTC, YYYYMMDDHHMMSSZ: nextUpdate of the list that
 * answered. */
#define CKA_INKAN_STATUS_NEXT_UPDATE (CKA_INKAN + 17)

#endif
