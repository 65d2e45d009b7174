/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/module/rig.h"
int main(void)
{
	return 0;
}
