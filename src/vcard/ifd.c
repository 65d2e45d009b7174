/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader driver that pcscd loads: an IFD handler (version 3) that passes
 * everything on to inkan-vcard. The device's name is its socket. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#pragma GCC visibility push(default)
#include <ifdhandler.h>
#include <reader.h>
#pragma GCC visibility pop
#include "vcard/frame.h"

#define READERS_MAX 16

/* Per reader; pcscd calls one function of a reader at a time, but the one that
 * waits and the one that stops the waiting. */
struct channel {
	bool open;
	int events, commands, stop;
	uint8_t atr[MAX_ATR_SIZE];
	size_t atr_len;
};

static struct {
	struct channel channels[READERS_MAX];
} driver;

static struct channel *channel_of(DWORD lun)
{
	size_t i = lun >> 16;

	return i < READERS_MAX && driver.channels[i].open ? &driver.channels[i] : NULL;
}

static int connect_as(const char *path, uint8_t what)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof address.sun_path)
		return -1;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 || send(fd, &what, 1, MSG_NOSIGNAL) != 1) {
		close(fd);
		return -1;
	}
	return fd;
}

static void close_all(struct channel *c)
{
	int *const fds[] = {&c->events, &c->commands, &c->stop};

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	c->open = false;
}

RESPONSECODE IFDHCreateChannelByName(DWORD lun, LPSTR name)
{
	size_t i = lun >> 16;
	struct channel *c = &driver.channels[i < READERS_MAX ? i : 0];

	if (i >= READERS_MAX || (lun & 0xFFFF) || c->open)
		return IFD_NO_SUCH_DEVICE;
	*c = (struct channel){.events = -1, .commands = -1};
	c->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->events = connect_as(name, FRAME_EVENTS);
	c->commands = connect_as(name, FRAME_COMMANDS);
	if (c->stop < 0 || c->events < 0 || c->commands < 0) {
		close_all(c);
		return IFD_NO_SUCH_DEVICE;
	}
	c->open = true;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannel(DWORD lun, DWORD channel)
{
	(void)lun;
	(void)channel;
	return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHCloseChannel(DWORD lun)
{
	struct channel *c = channel_of(lun);

	if (!c)
		return IFD_NO_SUCH_DEVICE;
	close_all(c);
	return IFD_SUCCESS;
}

/* One request and its answer. False: the link is broken, or "not done". */
static bool ask(struct channel *c, uint8_t op, const void *in, size_t n, void *out, size_t *len)
{
	uint8_t done = 0;

	return frame_send(c->commands, op, in, n) && frame_receive(c->commands, &done, out, len) && done;
}

/* Blocks until presence may have changed; pcscd calls it instead of asking
 * again and again. */
static RESPONSECODE wait_for_change(DWORD lun, int timeout_ms)
{
	struct channel *c = channel_of(lun);
	const uint8_t waiting = 'w';
	uint8_t events[16];
	uint64_t stops;

	if (!c)
		return IFD_NO_SUCH_DEVICE;
	if (send(c->events, &waiting, 1, MSG_NOSIGNAL) != 1)
		return IFD_NO_SUCH_DEVICE;
	struct pollfd fds[] = {{.fd = c->events, .events = POLLIN}, {.fd = c->stop, .events = POLLIN}};
	if (poll(fds, 2, timeout_ms) <= 0)
		return IFD_SUCCESS;
	if (fds[1].revents && read(c->stop, &stops, sizeof stops) < 0 && errno != EAGAIN)
		return IFD_COMMUNICATION_ERROR;
	if (fds[0].revents && recv(c->events, events, sizeof events, MSG_DONTWAIT) == 0)
		return IFD_NO_SUCH_DEVICE;
	return IFD_SUCCESS;
}

static RESPONSECODE stop_waiting(DWORD lun)
{
	struct channel *c = channel_of(lun);
	const uint64_t one = 1;

	if (!c || write(c->stop, &one, sizeof one) != sizeof one)
		return IFD_COMMUNICATION_ERROR;
	return IFD_SUCCESS;
}

static RESPONSECODE give(const void *value, size_t n, PDWORD length, PUCHAR out)
{
	if (*length < n)
		return IFD_ERROR_INSUFFICIENT_BUFFER;
	memcpy(out, value, n);
	*length = n;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD length, PUCHAR value)
{
	static const char vendor[] = "Inkan";
	static RESPONSECODE (*const waiter)(DWORD, int) = wait_for_change;
	static RESPONSECODE (*const stopper)(DWORD) = stop_waiting;
	const UCHAR one = 1, many = READERS_MAX;
	struct channel *c = channel_of(lun);

	switch (tag) {
	case TAG_IFD_ATR:
	case SCARD_ATTR_ATR_STRING:
		return c ? give(c->atr, c->atr_len, length, value) : IFD_NO_SUCH_DEVICE;
	case TAG_IFD_SIMULTANEOUS_ACCESS:
		return give(&many, 1, length, value);
	case TAG_IFD_SLOTS_NUMBER:
	case TAG_IFD_THREAD_SAFE:
		return give(&one, 1, length, value);
	case TAG_IFD_POLLING_THREAD_WITH_TIMEOUT:
		return give(&waiter, sizeof waiter, length, value);
	case TAG_IFD_STOP_POLLING_THREAD:
		return give(&stopper, sizeof stopper, length, value);
	case SCARD_ATTR_VENDOR_NAME:
		return give(vendor, sizeof vendor, length, value);
	default:
		return IFD_ERROR_TAG;
	}
}

RESPONSECODE IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD length, PUCHAR value)
{
	(void)lun;
	(void)tag;
	(void)length;
	(void)value;
	return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD lun, DWORD protocol, UCHAR flags, UCHAR pts1, UCHAR pts2, UCHAR pts3)
{
	(void)flags;
	(void)pts1;
	(void)pts2;
	(void)pts3;
	if (!channel_of(lun))
		return IFD_NO_SUCH_DEVICE;
	return protocol == SCARD_PROTOCOL_T0 || protocol == SCARD_PROTOCOL_T1 ? IFD_SUCCESS :
	                                                                        IFD_PROTOCOL_NOT_SUPPORTED;
}

RESPONSECODE IFDHPowerICC(DWORD lun, DWORD action, PUCHAR atr, PDWORD length)
{
	struct channel *c = channel_of(lun);
	size_t n = sizeof c->atr;
	uint8_t op = action == IFD_RESET ? FRAME_RESET : FRAME_POWER_UP;

	*length = 0;
	if (!c)
		return IFD_NO_SUCH_DEVICE;
	c->atr_len = 0;
	if (action == IFD_POWER_DOWN) {
		n = 0;
		return ask(c, FRAME_POWER_DOWN, NULL, 0, NULL, &n) ? IFD_SUCCESS : IFD_COMMUNICATION_ERROR;
	}
	if (action != IFD_POWER_UP && action != IFD_RESET)
		return IFD_NOT_SUPPORTED;
	if (!ask(c, op, NULL, 0, c->atr, &n))
		return IFD_ERROR_POWER_ACTION;
	c->atr_len = n;
	memcpy(atr, c->atr, n);
	*length = n;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER send_pci, PUCHAR tx, DWORD tx_len, PUCHAR rx,
                               PDWORD rx_len, PSCARD_IO_HEADER receive_pci)
{
	struct channel *c = channel_of(lun);
	size_t n = *rx_len;

	*rx_len = 0;
	if (!c)
		return IFD_NO_SUCH_DEVICE;
	if (!ask(c, FRAME_TRANSMIT, tx, tx_len, rx, &n))
		return IFD_COMMUNICATION_ERROR;
	if (receive_pci)
		receive_pci->Protocol = send_pci.Protocol;
	*rx_len = n;
	return IFD_SUCCESS;
}

/* No PIN pad: CM_IOCTL_GET_FEATURE_REQUEST is answered with an empty list. */
RESPONSECODE IFDHControl(DWORD lun, DWORD code, PUCHAR tx, DWORD tx_len, PUCHAR rx, DWORD rx_len, LPDWORD returned)
{
	(void)tx;
	(void)tx_len;
	(void)rx;
	(void)rx_len;
	*returned = 0;
	if (!channel_of(lun))
		return IFD_NO_SUCH_DEVICE;
	return code == CM_IOCTL_GET_FEATURE_REQUEST ? IFD_SUCCESS : IFD_ERROR_NOT_SUPPORTED;
}

RESPONSECODE IFDHICCPresence(DWORD lun)
{
	struct channel *c = channel_of(lun);
	uint8_t present = 0;
	size_t n = 0;

	if (!c)
		return IFD_NO_SUCH_DEVICE;
	if (!frame_send(c->commands, FRAME_PRESENT, NULL, 0) || !frame_receive(c->commands, &present, NULL, &n))
		return IFD_COMMUNICATION_ERROR;
	return present ? IFD_ICC_PRESENT : IFD_ICC_NOT_PRESENT;
}
