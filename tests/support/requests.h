#ifndef SUPPORT_REQUESTS_H
#define SUPPORT_REQUESTS_H

#include <lattn/wire.h>

enum { REQUESTS_COUNT = 22 };

/* Each method with each of its shapes, as the line that lattn_write_request() makes of it. */
extern const char *const requests[REQUESTS_COUNT];

/* Read a line that is a request, or fail the test. To be closed with lattn_request_done(). */
struct lattn_request requests_read(const char *line);

#endif
