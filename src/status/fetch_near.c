/* SPDX-License-Identifier: BSD-2-Clause */
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include "status/fetch_near.h"

static enum nearness of_v4(uint32_t a)
{
	static const struct {
		uint32_t net;
		int bits;
		enum nearness near;
	} nets[] = {
		{0x00000000, 8, NEAR_SELF},     {0x7F000000, 8, NEAR_SELF},     {0xA9FE0000, 16, NEAR_LINK},
		{0x0A000000, 8, NEAR_PRIVATE},  {0xAC100000, 12, NEAR_PRIVATE}, {0xC0A80000, 16, NEAR_PRIVATE},
		{0x64400000, 10, NEAR_PRIVATE},
	};

	for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
		if ((a ^ nets[i].net) >> (32 - nets[i].bits) == 0)
			return nets[i].near;
	return NEAR_WORLD;
}

static enum nearness of_v6(const struct in6_addr *a)
{
	uint32_t v4;

	if (IN6_IS_ADDR_V4MAPPED(a)) {
		memcpy(&v4, a->s6_addr + 12, sizeof v4);
		return of_v4(ntohl(v4));
	}
	if (IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_UNSPECIFIED(a))
		return NEAR_SELF;
	if (IN6_IS_ADDR_LINKLOCAL(a))
		return NEAR_LINK;
	return (a->s6_addr[0] & 0xFE) == 0xFC || IN6_IS_ADDR_SITELOCAL(a) ? NEAR_PRIVATE : NEAR_WORLD;
}

enum nearness fetch_nearness(const struct sockaddr *address)
{
	/* copied: what libcurl hands over has the alignment of its beginning alone */
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof v4);
		return of_v4(ntohl(v4.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof v6);
		return of_v6(&v6.sin6_addr);
	}
	return NEAR_WORLD;
}
