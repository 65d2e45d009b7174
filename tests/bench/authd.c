/* SPDX-License-Identifier: BSD-2-Clause */
/* How many requests a second a server answers over kept connections, and how long the slowest in a hundred take.
 * Usage: authd SOCKET|PORT PATH HEADER SECONDS CONNECTIONS same|fresh FILE...
 * Each FILE holds a value of the header, percent-encoded PEM; each request takes the next. "fresh": blanks behind it make
 * each different, so that nothing can be remembered. Prints: rate p50 p99, times in microseconds. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define VALUE_MAX 65536
#define TIMES_MAX 4000000

static const char *where, *path, *header;
static char **values;
static int n_values, fresh;
static double until;
static float *times;
static long n_times, n_wrong;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int join(void)
{
	struct sockaddr_un u = {.sun_family = AF_UNIX};
	struct sockaddr_in i = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(where)),
	                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(where[0] == '/' ? AF_UNIX : AF_INET, SOCK_STREAM, 0);

	snprintf(u.sun_path, sizeof u.sun_path, "%s", where);
	if (fd < 0 || (where[0] == '/' ? connect(fd, (struct sockaddr *)&u, sizeof u)
	                               : connect(fd, (struct sockaddr *)&i, sizeof i)) != 0)
		die(where);
	return fd;
}

/* Reads one answer; its status. */
static int answer(int fd, char *buf, size_t room)
{
	size_t n = 0, whole = 0;
	char *end;

	do {
		ssize_t got = read(fd, buf + n, room - 1 - n);

		if (got <= 0)
			die("read");
		n += (size_t)got;
		buf[n] = '\0';
		end = strstr(buf, "\r\n\r\n");
		if (end && !whole) {
			char *length = strcasestr(buf, "\r\nContent-Length:");

			whole = (size_t)(end - buf) + 4 + (length ? (size_t)atol(length + 17) : 0);
		}
	} while (!whole || n < whole);
	return atoi(buf + 9);
}

static void *work(void *self)
{
	char *request = malloc(VALUE_MAX + 1024), buf[16384];
	int fd = join();

	for (long k = (long)self; now() < until; k++) {
		char blanks[128] = "";
		double begun = now();
		long at;
		int n;

		for (int i = 0; fresh && i < 32; i++)
			strcat(blanks, (k + (long)self * 10000000) >> i & 1 ? "%09" : "%0A");
		n = snprintf(request, VALUE_MAX + 1024, "GET %s HTTP/1.1\r\nHost: x\r\n%s: %s%s\r\n\r\n", path, header,
		             values[k % n_values], blanks);

		if (write(fd, request, (size_t)n) != n)
			die("write");
		if (answer(fd, buf, sizeof buf) / 100 != 2)
			__atomic_fetch_add(&n_wrong, 1, __ATOMIC_RELAXED);
		at = __atomic_fetch_add(&n_times, 1, __ATOMIC_RELAXED);
		if (at < TIMES_MAX)
			times[at] = (float)((now() - begun) * 1e6);
	}
	close(fd);
	free(request);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	pthread_t threads[256];
	double seconds, begun;
	long n, connections;

	if (argc < 8)
		return 64;
	where = argv[1];
	path = argv[2];
	header = argv[3];
	seconds = atof(argv[4]);
	connections = atol(argv[5]);
	fresh = strcmp(argv[6], "fresh") == 0;
	n_values = argc - 7;
	values = calloc((size_t)n_values, sizeof *values);
	times = malloc(TIMES_MAX * sizeof *times);
	for (int i = 0; i < n_values; i++) {
		FILE *f = fopen(argv[7 + i], "r");

		values[i] = calloc(1, VALUE_MAX);
		if (!f || !fgets(values[i], VALUE_MAX, f))
			die(argv[7 + i]);
		values[i][strcspn(values[i], "\n")] = '\0';
		fclose(f);
	}
	begun = now();
	until = begun + seconds;
	for (long i = 0; i < connections && i < 256; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (long i = 0; i < connections && i < 256; i++)
		pthread_join(threads[i], NULL);
	seconds = now() - begun;
	n = n_times < TIMES_MAX ? n_times : TIMES_MAX;
	qsort(times, (size_t)n, sizeof *times, compare);
	printf("%.0f %.0f %.0f\n", (double)n_times / seconds, times[n / 2], times[n * 99 / 100]);
	if (n_wrong)
		fprintf(stderr, "authd: %ld answers were no admission\n", n_wrong);
	return n_wrong > 0;
}
