/* SPDX-License-Identifier: BSD-2-Clause */
/* How long C_GetAttributeValue takes: CKA_INKAN_STATUS again, beside CKA_LABEL. */
#include <stdio.h>
#include <time.h>
#include "inkan-pkcs11.h"
#include "tests/module/rig.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double microseconds(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
	enum { TIMES = 200000 };
	uint8_t value[64];
	double begun = now();

	for (int i = 0; i < TIMES; i++) {
		CK_ATTRIBUTE a = {type, value, sizeof value};

		if (p11->C_GetAttributeValue(session, object, &a, 1) != CKR_OK)
			ck_abort();
	}
	return (now() - begun) / TIMES * 1e6;
}

START_TEST(bench_attributes)
{
	CK_OBJECT_HANDLE cert;
	struct vcard_spec spec;
	double first;
	struct rig r;

	rig_spec(&spec, VCARD_HPKI);
	rig_start(&r, &spec, VCARD_AUTH);
	cert = rig_find(r.session, CKO_CERTIFICATE);
	first = now();
	p11->C_GetAttributeValue(r.session, cert, &(CK_ATTRIBUTE){CKA_INKAN_STATUS, NULL, 0}, 1);
	first = (now() - first) * 1e6;
	printf("C_GetAttributeValue:\n  CKA_INKAN_STATUS, the first time  %8.2f us\n", first);
	printf("  CKA_INKAN_STATUS, again           %8.2f us\n", microseconds(r.session, cert, CKA_INKAN_STATUS));
	printf("  CKA_LABEL                         %8.2f us\n", microseconds(r.session, cert, CKA_LABEL));
	rig_stop(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("attribute");
	TCase *t = tcase_create("attribute");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, bench_attributes);
	suite_add_tcase(s, t);
	return rig_run(s);
}
