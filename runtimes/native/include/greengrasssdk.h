/*
 * The interface between a native function and the core, by the names, values and layouts of the
 * Greengrass SDK for C 1.2, so that sources and programs written for that one work here.
 * docs/native-functions.md says how to build and run a function. C89.
 *
 * Every function says by its gg_error whether the call itself worked. What the other side answered
 * is told apart from that, by gg_request_result.
 */
#ifndef _GREENGRASS_SDK_H_
#define _GREENGRASS_SDK_H_

/* Programs lean on what this header brings along. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gg_error {
    GGE_SUCCESS = 0,
    GGE_OUT_OF_MEMORY = 1,
    /* An argument is NULL or has a value that it can't have; nothing was sent. */
    GGE_INVALID_PARAMETER = 2,
    /* The call is not possible now: before gg_global_init, outside of a handler, twice. */
    GGE_INVALID_STATE = 3,
    /* The core can't be reached, or its answer makes no sense. The log says which. */
    GGE_INTERNAL_FAILURE = 4,
    /* The core stops this process: clean up and end. */
    GGE_TERMINATE = 5,

    GGE_RESERVED_MAX = 6,
    GGE_RESERVED_PAD = 0x7FFFFFFF
} gg_error;

/* How a request ended at its receiver. */
typedef enum gg_request_status {
    GG_REQUEST_SUCCESS = 0,
    /* The receiver answered with an error of its own; gg_request_read gives its text. */
    GG_REQUEST_HANDLED = 1,
    /* The receiver ended or ran out of time before it answered. */
    GG_REQUEST_UNHANDLED = 2,
    /* The core refused the request; the log says why. */
    GG_REQUEST_UNKNOWN = 3,
    /* A queue of the core is full: try again later. */
    GG_REQUEST_AGAIN = 4,

    GG_REQUEST_RESERVED_MAX = 5,
    GG_REQUEST_RESERVED_PAD = 0x7FFFFFFF
} gg_request_status;

typedef struct gg_request_result {
    gg_request_status request_status;
} gg_request_result;

/* One request and its response. Not to be used by two threads at once. */
typedef struct _gg_request* gg_request;

/* What a handler is told of its invocation; valid until it returns. Neither is NULL. */
typedef struct gg_lambda_context {
    const char* function_arn; /* of this function */
    /* JSON text of the invoker, "" without one. For a message, custom.subject is its topic. */
    const char* client_context;
} gg_lambda_context;

typedef void (*gg_lambda_handler)(const gg_lambda_context* cxt);

typedef enum gg_runtime_opt {
    /* gg_runtime_start returns at once and the handler runs on a thread of its own. */
    GG_RT_OPT_ASYNC = 0x1,
    GG_RT_OPT_RESERVED_PAD = 0x7FFFFFFF
} gg_runtime_opt;

typedef enum gg_invoke_type {
    GG_INVOKE_EVENT = 0,            /* don't wait for a result */
    GG_INVOKE_REQUEST_RESPONSE = 1, /* wait for it */

    GG_INVOKE_RESERVED_MAX = 2,
    GG_INVOKE_RESERVED_PAD = 0x7FFFFFFF
} gg_invoke_type;

typedef struct gg_invoke_options {
    const char* function_arn;
    const char* customer_context; /* base64 of a JSON object; may be NULL */
    const char* qualifier;        /* the function's version; NULL when the ARN ends with it */
    gg_invoke_type type;
    const void* payload; /* may be NULL when payload_size is 0 */
    size_t payload_size; /* bytes */
} gg_invoke_options;

/* What a publish does when the queue of one of its targets is full. */
typedef enum gg_queue_full_policy_options {
    /* The message goes to the targets that have room, and counts as a success. */
    GG_QUEUE_FULL_POLICY_BEST_EFFORT = 0,
    /* It goes to all of them, or to none and the status is GG_REQUEST_AGAIN. */
    GG_QUEUE_FULL_POLICY_ALL_OR_ERROR = 1,

    GG_QUEUE_FULL_POLICY_RESERVED_MAX = 2,
    GG_QUEUE_FULL_POLICY_RESERVED_PAD = 0x7FFFFFFF
} gg_queue_full_policy_options;

typedef struct _gg_publish_options* gg_publish_options;

typedef enum gg_log_level {
    GG_LOG_RESERVED_NOTSET = 0,

    GG_LOG_DEBUG = 1,
    GG_LOG_INFO = 2,
    GG_LOG_WARN = 3,
    GG_LOG_ERROR = 4,
    GG_LOG_FATAL = 5,

    GG_LOG_RESERVED_MAX = 6,
    GG_LOG_RESERVED_PAD = 0x7FFFFFFF
} gg_log_level;

/*
 * To be called first, while the process has one thread. `opt` is 0. GGE_INVALID_STATE when the
 * process was not started by a core.
 */
gg_error gg_global_init(uint32_t opt);

/*
 * Writes one line to the function's log, printf-like; any thread, also before gg_global_init. What
 * is below the level of the group's logger is left out, with GGE_SUCCESS.
 */
gg_error gg_log(gg_log_level level, const char* format, ...);

/* Makes a request, to be given back with gg_request_close. It serves any number of calls, one after
   the other. */
gg_error gg_request_init(gg_request* ggreq);
gg_error gg_request_close(gg_request ggreq);

/*
 * The next piece of the response of the last call with `ggreq`, or of its error text. 0 in
 * `amount_read` is the end. GGE_INVALID_STATE before a call.
 */
gg_error gg_request_read(gg_request ggreq, void* buffer, size_t buffer_size, size_t* amount_read);

/*
 * Takes work from the core and calls `handler` for each invocation, never for two at once. Replaces
 * the handler of SIGTERM. Without GG_RT_OPT_ASYNC it returns when the process is to end:
 * GGE_TERMINATE after SIGTERM, GGE_INTERNAL_FAILURE when the core is gone.
 */
gg_error gg_runtime_start(gg_lambda_handler handler, uint32_t opt);

/*
 * Only on the handler's thread while it runs, else GGE_INVALID_STATE.
 *
 * The event comes piece by piece, 0 in `amount_read` is its end. Responses of several writes follow
 * each other; without one the result is empty. An error replaces the response and is the last that
 * can be written; its invoker sees GG_REQUEST_HANDLED.
 */
gg_error gg_lambda_handler_read(void* buffer, size_t buffer_size, size_t* amount_read);
gg_error gg_lambda_handler_write_response(const void* response, size_t response_size);
gg_error gg_lambda_handler_write_error(const char* error_message);

gg_error gg_invoke(gg_request ggreq, const gg_invoke_options* opts, gg_request_result* result);

gg_error gg_publish_options_init(gg_publish_options* opts);
gg_error gg_publish_options_free(gg_publish_options opts);
gg_error gg_publish_options_set_queue_full_policy(gg_publish_options opts,
                                                  gg_queue_full_policy_options policy);

/* Where the message goes is said by the group's subscriptions. `opts` may be NULL. */
gg_error gg_publish_with_options(gg_request ggreq, const char* topic, const void* payload,
                                 size_t payload_size, const gg_publish_options opts,
                                 gg_request_result* result);
gg_error gg_publish(gg_request ggreq, const char* topic, const void* payload, size_t payload_size,
                    gg_request_result* result);

/* The response is JSON: the document, or {"code", "message"} when the status is not success. */
gg_error gg_get_thing_shadow(gg_request ggreq, const char* thing_name, gg_request_result* result);
gg_error gg_update_thing_shadow(gg_request ggreq, const char* thing_name,
                                const char* update_payload, gg_request_result* result);
gg_error gg_delete_thing_shadow(gg_request ggreq, const char* thing_name,
                                gg_request_result* result);

/*
 * `secret_id` is a name or an ARN; `version_id` and `version_stage` may be NULL. The response is
 * JSON: the secret, or {"Status", "Message"} when the status is not success.
 */
gg_error gg_get_secret_value(gg_request ggreq, const char* secret_id, const char* version_id,
                             const char* version_stage, gg_request_result* result);

#ifdef __cplusplus
}
#endif

#endif
