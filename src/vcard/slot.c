/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "vcard/frame.h"
#include "vcard/slot.h"

void slot_changed(struct slot *slot)
{
	const uint8_t one = 1;

	pthread_mutex_lock(&slot->lock);
	slot->idle = false;
	if (slot->events >= 0 && send(slot->events, &one, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EPIPE)
		pthread_cond_broadcast(&slot->moved);
	pthread_mutex_unlock(&slot->lock);
}

bool slot_settle(struct slot *slot, unsigned timeout_ms)
{
	struct timespec end;
	int rv = 0;
	bool idle;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += timeout_ms / 1000;
	end.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&slot->lock);
	while (!slot->idle && rv == 0)
		rv = pthread_cond_timedwait(&slot->moved, &slot->lock, &end);
	idle = slot->idle;
	pthread_mutex_unlock(&slot->lock);
	return idle;
}

/* What pcscd is told. A card that was changed between two questions is told to
 * be gone until pcscd has acted on that: it would not notice the exchange. */
static bool tell_present(struct slot *slot)
{
	unsigned events = vreader_events(slot->reader);
	bool present = vreader_card(slot->reader);

	pthread_mutex_lock(&slot->lock);
	slot->hiding = present && (slot->hiding || events - slot->told >= 2);
	present = present && !slot->hiding;
	if (!slot->hiding)
		slot->told = events;
	slot->met = slot->met && present;
	pthread_mutex_unlock(&slot->lock);
	return present;
}

/* The driver begins to wait: pcscd has acted on what it was told. */
static void note_waiting(struct slot *slot)
{
	unsigned events = vreader_events(slot->reader);
	bool present = vreader_card(slot->reader), hidden;

	pthread_mutex_lock(&slot->lock);
	hidden = slot->hiding;
	if (hidden)
		slot->told = events - 1;
	slot->hiding = false;
	slot->idle = slot->told == events && (slot->met || !present);
	pthread_cond_broadcast(&slot->moved);
	pthread_mutex_unlock(&slot->lock);
	if (hidden)
		slot_changed(slot);
}

static bool power(struct slot *slot, uint8_t op, uint8_t *out, size_t *n)
{
	size_t len = vreader_atr(slot->reader, out, *n);

	if (op == FRAME_RESET)
		vreader_reset(slot->reader);
	else
		vreader_power_off(slot->reader);
	*n = op == FRAME_POWER_DOWN ? 0 : len;
	pthread_mutex_lock(&slot->lock);
	if (op != FRAME_POWER_DOWN)
		slot->met = len > 0 && !slot->hiding;
	pthread_mutex_unlock(&slot->lock);
	return len > 0 || op == FRAME_POWER_DOWN;
}

/* Only on the card that pcscd has powered up, not on one that took its place. */
static bool transmit(struct slot *slot, const uint8_t *in, size_t n, uint8_t *out, size_t *len)
{
	unsigned events = vreader_events(slot->reader);
	bool same;

	pthread_mutex_lock(&slot->lock);
	same = slot->met && slot->told == events;
	pthread_mutex_unlock(&slot->lock);
	return same && vreader_transmit(slot->reader, in, n, out, len);
}

/* One request of the driver; false when the connection is over. */
static bool serve_one(struct slot *slot, int fd, uint8_t *in, uint8_t *out)
{
	size_t n = FRAME_MAX, len = FRAME_MAX;
	unsigned before;
	uint8_t op;
	bool done;

	if (!frame_receive(fd, &op, in, &n))
		return false;
	before = vreader_events(slot->reader);
	switch (op) {
	case FRAME_PRESENT:
		len = 0;
		done = tell_present(slot);
		break;
	case FRAME_TRANSMIT:
		done = transmit(slot, in, n, out, &len);
		explicit_bzero(in, n); /* it may have been a PIN */
		break;
	default:
		done = power(slot, op, out, &len);
		break;
	}
	if (vreader_events(slot->reader) != before)
		slot_changed(slot);
	return frame_send(fd, done, out, done ? len : 0);
}

static void drop_events(struct slot *slot)
{
	pthread_mutex_lock(&slot->lock);
	if (slot->events >= 0)
		close(slot->events);
	slot->events = -1;
	slot->idle = false;
	slot->met = slot->hiding = false;
	pthread_mutex_unlock(&slot->lock);
}

/* Serves the driver's two connections until one of them ends. */
static void serve(struct slot *slot, int commands)
{
	uint8_t in[FRAME_MAX], out[FRAME_MAX], bytes[16];

	for (;;) {
		struct pollfd fds[] = {{.fd = commands, .events = POLLIN},
		                       {.fd = slot->events, .events = POLLIN},
		                       {.fd = slot->stop[0], .events = POLLIN}};
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return;
		if (fds[2].revents)
			return;
		if (fds[0].revents && !serve_one(slot, commands, in, out))
			return;
		if (fds[1].revents) {
			if (recv(slot->events, bytes, sizeof bytes, MSG_DONTWAIT) <= 0)
				return;
			note_waiting(slot);
		}
	}
}

static void receive(struct slot *slot, int fd)
{
	uint8_t what = 0;

	if (recv(fd, &what, 1, 0) == 1 && what == FRAME_EVENTS) {
		drop_events(slot);
		pthread_mutex_lock(&slot->lock);
		slot->events = fd;
		slot->told = vreader_events(slot->reader);
		pthread_mutex_unlock(&slot->lock);
		return;
	}
	if (what == FRAME_COMMANDS) {
		serve(slot, fd);
		vreader_power_off(slot->reader); /* pcscd is gone, and its reader without power */
		drop_events(slot);
	}
	close(fd);
}

static void *run(void *arg)
{
	struct slot *slot = arg;

	for (;;) {
		struct pollfd fds[] = {{.fd = slot->listener, .events = POLLIN},
		                       {.fd = slot->stop[0], .events = POLLIN}};
		int fd;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			break;
		fd = fds[0].revents ? accept4(slot->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (fd >= 0)
			receive(slot, fd);
	}
	drop_events(slot);
	return NULL;
}

static bool listen_at(struct slot *slot, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	memcpy(slot->path, path, strlen(path) + 1);
	slot->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return slot->listener >= 0 && bind(slot->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
	       listen(slot->listener, 4) == 0;
}

bool slot_start(struct slot *slot, const char *path)
{
	slot->events = -1;
	pthread_mutex_init(&slot->lock, NULL);
	pthread_cond_init(&slot->moved, NULL);
	slot->stop[0] = slot->stop[1] = -1;
	if (!listen_at(slot, path) || pipe2(slot->stop, O_CLOEXEC) != 0)
		return false;
	errno = pthread_create(&slot->thread, NULL, run, slot);
	slot->running = errno == 0;
	return slot->running;
}

void slot_stop(struct slot *slot)
{
	if (slot->running) {
		close(slot->stop[1]);
		pthread_join(slot->thread, NULL);
		close(slot->stop[0]);
		close(slot->listener);
		unlink(slot->path);
		pthread_cond_destroy(&slot->moved);
		pthread_mutex_destroy(&slot->lock);
	}
	slot->running = false;
	vcard_free(slot->out);
	slot->out = NULL;
	vreader_free(slot->reader);
	slot->reader = NULL;
}
