/* One request to the core and its response. Any thread. */
#ifndef EVERGRASS_NATIVE_HTTP_CLIENT_H
#define EVERGRASS_NATIVE_HTTP_CLIENT_H

#include "connection.h"
#include "http_reader.h"

struct http_request {
    struct buffer head; /* request line and headers with their line ends, without the empty line */
    const void* body;
    size_t body_size;
    struct patience patience;
};

struct http_failure {
    char reason[160]; /* for the log */
};

/* GGE_SUCCESS: `response`, a zeroed reader, is complete, whatever its status. Besides
   GGE_OUT_OF_MEMORY, GGE_TERMINATE and GGE_INTERNAL_FAILURE, which has its reason in `failure`. */
gg_error http_exchange(struct http_request* request, struct http_reader* response,
                       struct http_failure* failure);

#endif
