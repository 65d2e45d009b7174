/* SPDX-License-Identifier: BSD-2-Clause */
/* peak COMMAND...: runs it, its output thrown away, and prints its wall time in microseconds and the most memory that it
 * had, in KiB. A program of its own: a shell's or Python's memory would count as the command's. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec begun, ended;
	struct rusage usage;
	int status, out;
	pid_t child;

	if (argc < 2)
		return 64;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	child = fork();
	if (child == 0) {
		out = open("/dev/null", O_WRONLY);
		dup2(out, 1);
		dup2(out, 2);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
		return 70;
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%lld %ld\n", (ended.tv_sec - begun.tv_sec) * 1000000LL + (ended.tv_nsec - begun.tv_nsec) / 1000, usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 70;
}
