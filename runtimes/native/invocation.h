/* The invocation that a handler works on: what gg_lambda_handler_* read and write. */
#ifndef EVERGRASS_NATIVE_INVOCATION_H
#define EVERGRASS_NATIVE_INVOCATION_H

#include "buffer.h"
#include "include/greengrasssdk.h"

struct invocation {
    const struct buffer* event;
    size_t position;        /* up to which the event was read */
    struct buffer response; /* or, when it failed, the error object as JSON */
    bool failed;
};

/* Calls the handler; `i` is the thread's invocation meanwhile. */
void invocation_run(struct invocation* i, gg_lambda_handler handler,
                    const gg_lambda_context* context);

#endif
