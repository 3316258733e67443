#ifndef EVERGRASS_NATIVE_REQUEST_H
#define EVERGRASS_NATIVE_REQUEST_H

#include "buffer.h"
#include "include/greengrasssdk.h"
#include "ipc.h"

struct _gg_request {
    struct buffer body; /* of the last answer */
    size_t position;    /* up to which it was read */
    bool answered;
};

/* Forgets the last response. Only programs that declare it themselves know it: the published SDK
   exports it, without a word in its header. */
gg_error gg_request_reuse(gg_request ggreq);

/* GGE_INVALID_PARAMETER and GGE_INVALID_STATE as every call with a request has them. */
gg_error request_check(gg_request ggreq, const gg_request_result* result);

/* Forgets the last response, calls and keeps the new one. `result` is set in any case. */
gg_error request_call(gg_request ggreq, const struct ipc_call* call, gg_request_result* result);

/*
 * The same with a service of the core, which tells its errors in a JSON body with the members
 * `code_name` and `message_name` (spec/lambda-ipc.md §3.2, §3.3): GG_REQUEST_HANDLED.
 */
struct service_call {
    const char* arn;
    const char* client_context;
    const char* body;
    const char* code_name;
    const char* message_name;
};
gg_error request_call_service(gg_request ggreq, const struct service_call* call,
                              gg_request_result* result);

#endif
