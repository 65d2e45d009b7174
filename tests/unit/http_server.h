/* SPDX-License-Identifier: BSD-2-Clause */
/* A web server on 127.0.0.1 with every bad habit, for tests. It serves a folder:
 *   /file/NAME    as it should: ETag, Last-Modified, 304
 *   /slow/NAME    the same after a second
 *   /hops/N/NAME  the same after N redirects;  /loop  redirects to itself
 *   /scheme       redirects to file:///etc/passwd;  /ftp  to ftp;  /turn  to /garbage
 *   /user         redirects to a URL with a user's name;  /to/NAME  to the one in that file
 *   /hang         no answer;  /drip  a byte a second;  /cut  less than announced
 *   /endless      a body without length and end;  /long  one announced as 10 GB
 *   /heads        header lines without end;  /noise  no HTTP
 *   /garbage      noise as the body;  /empty  no body;  /bare304, /code/NNN
 * As a proxy it takes every host for itself: http://HOST/NAME is /file/NAME.
 * Each request is appended to FOLDER/requests as it came. */
#ifndef INKAN_TEST_HTTP_SERVER_H
#define INKAN_TEST_HTTP_SERVER_H

#include <sys/types.h>

/* Forks; the child serves until it is killed. */
pid_t http_serve(const char *folder, int *port);

#endif
