/* SPDX-License-Identifier: BSD-2-Clause */
/* The two protocols in which a proxy asks. Each server takes a listening socket, which stays the caller's. */
#ifndef INKAN_AUTHD_SERVE_H
#define INKAN_AUTHD_SERVE_H

#include <stdbool.h>

#define CONNECTIONS_MAX 10000
#define IDLE_SECONDS 75 /* longer than nginx keeps a connection open: so nginx is the one that closes it */

/* HTTP/1.1: /rule/NAME, /health, /metrics. */
bool http_start(int listening, unsigned threads);
void http_stop(void); /* requests that have come are answered, for two seconds at the most */

/* A FastCGI 1.0 authorizer. Its threads end with the process. */
bool fcgi_start(int listening, unsigned threads);
void fcgi_stop(void); /* the same */

#endif
