/* SPDX-License-Identifier: BSD-2-Clause */
/* How near an address is: what only this machine or its network reaches. */
#ifndef INKAN_STATUS_FETCH_NEAR_H
#define INKAN_STATUS_FETCH_NEAR_H

#include <sys/socket.h>

enum nearness {
	NEAR_WORLD,   /* reached from everywhere, or not known */
	NEAR_PRIVATE, /* RFC 1918, 4193, 6598 */
	NEAR_LINK,    /* RFC 3927, 4291 2.5.6 */
	NEAR_SELF,    /* loopback, unspecified */
};

enum nearness fetch_nearness(const struct sockaddr *address);

#endif
