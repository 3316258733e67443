#include "http_client.h"

#include "settings.h"
#include "stop.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RECEIVE_BYTES 16384

/* For GGE_INTERNAL_FAILURE with its errno. */
static gg_error explain(gg_error error, struct http_failure* failure, const char* what) {
    if (error == GGE_INTERNAL_FAILURE) {
        char text[96] = "";
        const char* known = strerror_r(errno, text, sizeof(text)); /* GNU's: may not use `text` */
        snprintf(failure->reason, sizeof(failure->reason), "%s: %s", what, known);
    }
    return error;
}

static gg_error conclude(enum http_progress progress, const struct http_reader* response,
                         struct http_failure* failure) {
    if (progress == HTTP_OUT_OF_MEMORY) {
        return GGE_OUT_OF_MEMORY;
    }
    if (progress == HTTP_MALFORMED) {
        snprintf(failure->reason, sizeof(failure->reason), "the answer cannot be used: %s",
                 response->fault);
        return GGE_INTERNAL_FAILURE;
    }
    return GGE_SUCCESS;
}

static gg_error read_response(int descriptor, const struct http_request* request,
                              struct http_reader* response, struct http_failure* failure) {
    char data[RECEIVE_BYTES];
    enum http_progress progress = HTTP_MORE;
    while (progress == HTTP_MORE) {
        size_t received = 0;
        const gg_error error =
            connection_receive(descriptor, data, sizeof(data), &request->patience, &received);
        if (error != GGE_SUCCESS) {
            return explain(error, failure, "no answer");
        }
        if (received == 0) {
            progress = http_reader_end(response);
            break;
        }
        size_t used = 0;
        progress = http_reader_feed(response, data, received, &used);
        if (progress == HTTP_DONE && used < received) {
            response->keep_alive = false; /* nobody asked for what follows */
        }
    }
    return conclude(progress, response, failure);
}

static gg_error run(int descriptor, const struct http_request* request,
                    struct http_reader* response, struct http_failure* failure) {
    size_t sent = 0;
    gg_error error = connection_send(descriptor, request->head.data, request->head.size,
                                     request->body, request->body_size, &request->patience, &sent);
    if (error == GGE_TERMINATE) {
        return error;
    }
    /* A core that refuses a body may close while it is sent: the reason may still be there. */
    const bool whole = error == GGE_SUCCESS && sent == request->head.size + request->body_size;
    error = read_response(descriptor, request, response, failure);
    if (!whole) {
        response->keep_alive = false;
    }
    return error;
}

static gg_error finish_head(struct http_request* request) {
    struct buffer* head = &request->head;
    const bool good = buffer_append_text(head, "Content-Length: ") &&
                      buffer_append_number(head, request->body_size) &&
                      buffer_append_text(head, "\r\n\r\n");
    return good ? GGE_SUCCESS : GGE_OUT_OF_MEMORY;
}

static gg_error open_connection(const struct http_request* request, int* descriptor,
                                struct http_failure* failure) {
    const struct settings* s = settings_get();
    return explain(connection_open(s->host, s->port, &request->patience, descriptor), failure,
                   "no connection to the core");
}

gg_error http_exchange(struct http_request* request, struct http_reader* response,
                       struct http_failure* failure) {
    if (request->patience.deadline == 0 && stop_is_requested()) {
        return GGE_TERMINATE;
    }
    gg_error error = finish_head(request);
    if (error != GGE_SUCCESS) {
        return error;
    }
    int descriptor = connection_take_idle();
    bool used_before = descriptor >= 0;
    for (;;) {
        if (!used_before) {
            error = open_connection(request, &descriptor, failure);
            if (error != GGE_SUCCESS) {
                return error;
            }
        }
        error = run(descriptor, request, response, failure);
        if (error == GGE_SUCCESS && response->keep_alive) {
            connection_keep(descriptor);
        } else {
            close(descriptor);
        }
        /* The core closed a connection that lay idle, before it saw this request: once more. */
        if (error != GGE_INTERNAL_FAILURE || !used_before || response->begun) {
            return error;
        }
        http_reader_free(response);
        used_before = false;
    }
}
