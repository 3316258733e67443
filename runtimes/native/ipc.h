/* A function's calls to the core (spec/lambda-ipc.md §2.3). Any thread, once the settings are
   loaded. Errors are in the log when these return. */
#ifndef EVERGRASS_NATIVE_IPC_H
#define EVERGRASS_NATIVE_IPC_H

#include "buffer.h"
#include "include/greengrasssdk.h"

/* What the other side answered. */
struct ipc_answer {
    gg_request_status status;
    struct buffer body; /* the response, or the error's text */
};

struct ipc_call {
    const char* function_arn;   /* can be sent */
    const char* client_context; /* base64 or "" */
    gg_invoke_type type;
    const void* payload;
    size_t payload_size;
};

/* Waits for the result of GG_INVOKE_REQUEST_RESPONSE. With GGE_SUCCESS the caller frees the
   answer's body. GGE_OUT_OF_MEMORY, GGE_INTERNAL_FAILURE, GGE_TERMINATE. */
gg_error ipc_invoke(const struct ipc_call* call, struct ipc_answer* answer);

struct ipc_work {
    struct buffer invocation_id;
    struct buffer client_context; /* base64; may be empty */
    struct buffer payload;
};

/* Waits for this function's next work. GGE_INTERNAL_FAILURE is worth another try. */
gg_error ipc_get_work(struct ipc_work* work);
void ipc_work_free(struct ipc_work* work);

/* Gives the result of an invocation, or, with `failed`, its JSON error object. Also works when the
   process is to end, but not for long. GGE_INTERNAL_FAILURE is worth another try;
   GGE_INVALID_STATE: the core doesn't wait for this result any more. */
gg_error ipc_post_result(const char* invocation_id, bool failed, const struct buffer* body);

#endif
