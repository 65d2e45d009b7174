/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include "vcard/frame.h"

static bool receive_all(int fd, uint8_t *p, size_t n)
{
	while (n) {
		ssize_t got = recv(fd, p, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool send_all(int fd, const uint8_t *p, size_t n, int flags)
{
	while (n) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL | flags);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

bool frame_send(int fd, uint8_t head, const void *p, size_t n)
{
	const uint8_t header[5] = {head, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	return send_all(fd, header, sizeof header, n ? MSG_MORE : 0) && send_all(fd, p, n, 0);
}

bool frame_receive(int fd, uint8_t *head, void *p, size_t *n)
{
	uint8_t header[5];
	size_t len;

	if (!receive_all(fd, header, sizeof header))
		return false;
	len = (size_t)header[1] << 24 | (size_t)header[2] << 16 | (size_t)header[3] << 8 | header[4];
	if (len > *n || !receive_all(fd, p, len))
		return false;
	*head = header[0];
	*n = len;
	return true;
}
