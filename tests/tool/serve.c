/* SPDX-License-Identifier: BSD-2-Clause */
/* serve FOLDER: the tests' web server; its port is the line that it prints. */
#include <stdio.h>
#include <sys/wait.h>
#include "../unit/http_server.h"

int main(int argc, char **argv)
{
	int port;

	if (argc != 2 || http_serve(argv[1], &port) < 0)
		return 1;
	printf("%d\n", port);
	fclose(stdout);
	return wait(NULL) < 0;
}
