/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions that these modules do not have, one for each shape of arguments.
 * PKCS#11 5 wants that they simply return CKR_FUNCTION_NOT_SUPPORTED, 5.16 that the
 * two functions of old simply return CKR_FUNCTION_NOT_PARALLEL (unsupported_parallel);
 * unsupported_random is what 5.15 wants of a token without a random number generator,
 * on a session that there is: CKR_RANDOM_NO_RNG. */
#ifndef INKAN_PKCS11_UNSUPPORTED_H
#define INKAN_PKCS11_UNSUPPORTED_H

#include "pkcs11/pkcs11.h"

CK_RV unsupported_session(CK_SESSION_HANDLE s);
CK_RV unsupported_key(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o);
CK_RV unsupported_size(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ULONG *n);
CK_RV unsupported_mechanism(CK_SESSION_HANDLE s, CK_MECHANISM *m);
CK_RV unsupported_init(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE key);
CK_RV unsupported_in(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG n);
CK_RV unsupported_out(CK_SESSION_HANDLE s, CK_BYTE *out, CK_ULONG *room);
CK_RV unsupported_in_out(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *room);
CK_RV unsupported_in_in(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG n, CK_BYTE *signature, CK_ULONG
        len);
CK_RV unsupported_token(CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG n, CK_UTF8CHAR *label);
CK_RV unsupported_state(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG n, CK_OBJECT_HANDLE a,
        CK_OBJECT_HANDLE b);
CK_RV unsupported_create(CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *o);
CK_RV unsupported_copy(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE from, CK_ATTRIBUTE *t, CK_ULONG n,
        CK_OBJECT_HANDLE *o);
CK_RV unsupported_set(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *t, CK_ULONG n);
CK_RV unsupported_generate(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *t, CK_ULONG n,
        CK_OBJECT_HANDLE *o);
CK_RV unsupported_pair(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *t, CK_ULONG n,
        CK_ATTRIBUTE *u, CK_ULONG k, CK_OBJECT_HANDLE *a, CK_OBJECT_HANDLE *b);
CK_RV unsupported_wrap(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE a, CK_OBJECT_HANDLE b,
        CK_BYTE *out, CK_ULONG *room);
CK_RV unsupported_unwrap(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE a, CK_BYTE *in,
        CK_ULONG n, CK_ATTRIBUTE *t, CK_ULONG k, CK_OBJECT_HANDLE *o);
CK_RV unsupported_derive(CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE a, CK_ATTRIBUTE *t,
        CK_ULONG n, CK_OBJECT_HANDLE *o);
CK_RV unsupported_event(CK_FLAGS f, CK_SLOT_ID *slot, void *reserved);
CK_RV unsupported_parallel(CK_SESSION_HANDLE s);
CK_RV unsupported_random(CK_SESSION_HANDLE s, CK_BYTE *bytes, CK_ULONG n);
CK_RV unsupported_message(CK_SESSION_HANDLE s, void *p, CK_ULONG p_len, CK_BYTE *aad, CK_ULONG
        aad_len, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *room);
CK_RV unsupported_message_begin(CK_SESSION_HANDLE s, void *p, CK_ULONG p_len, CK_BYTE *aad, CK_ULONG
        aad_len);
CK_RV unsupported_message_next(CK_SESSION_HANDLE s, void *p, CK_ULONG p_len, CK_BYTE *in, CK_ULONG
        n, CK_BYTE *out, CK_ULONG *room, CK_FLAGS f);
CK_RV unsupported_message_sign(CK_SESSION_HANDLE s, void *p, CK_ULONG p_len, CK_BYTE *in, CK_ULONG
        n, CK_BYTE *out, CK_ULONG *room);
CK_RV unsupported_message_open(CK_SESSION_HANDLE s, void *p, CK_ULONG p_len);
CK_RV unsupported_message_verify(CK_SESSION_HANDLE s, void *p, CK_ULONG p_len, CK_BYTE *in, CK_ULONG
        n, CK_BYTE *signature, CK_ULONG len);

#endif
