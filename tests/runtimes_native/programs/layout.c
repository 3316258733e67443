/* Values and layouts that compiled programs rely on (spec/lambda-ipc.md §11). C89 and C++. */
#include "greengrasssdk.h"
#include <stddef.h>

#define HOLDS(name, condition) typedef char name[(condition) ? 1 : -1]

HOLDS(errors, GGE_SUCCESS == 0 && GGE_OUT_OF_MEMORY == 1 && GGE_INVALID_PARAMETER == 2 &&
                  GGE_INVALID_STATE == 3 && GGE_INTERNAL_FAILURE == 4 && GGE_TERMINATE == 5 &&
                  GGE_RESERVED_MAX == 6 && sizeof(gg_error) == 4);
HOLDS(statuses, GG_REQUEST_SUCCESS == 0 && GG_REQUEST_HANDLED == 1 && GG_REQUEST_UNHANDLED == 2 &&
                    GG_REQUEST_UNKNOWN == 3 && GG_REQUEST_AGAIN == 4 &&
                    GG_REQUEST_RESERVED_MAX == 5 && sizeof(gg_request_status) == 4);
HOLDS(types, GG_INVOKE_EVENT == 0 && GG_INVOKE_REQUEST_RESPONSE == 1 &&
                 GG_INVOKE_RESERVED_MAX == 2 && sizeof(gg_invoke_type) == 4);
HOLDS(options, GG_RT_OPT_ASYNC == 1 && sizeof(gg_runtime_opt) == 4);
HOLDS(policies, GG_QUEUE_FULL_POLICY_BEST_EFFORT == 0 && GG_QUEUE_FULL_POLICY_ALL_OR_ERROR == 1 &&
                    GG_QUEUE_FULL_POLICY_RESERVED_MAX == 2 &&
                    sizeof(gg_queue_full_policy_options) == 4);
HOLDS(levels, GG_LOG_RESERVED_NOTSET == 0 && GG_LOG_DEBUG == 1 && GG_LOG_INFO == 2 &&
                  GG_LOG_WARN == 3 && GG_LOG_ERROR == 4 && GG_LOG_FATAL == 5 &&
                  GG_LOG_RESERVED_MAX == 6 && sizeof(gg_log_level) == 4);

HOLDS(result, offsetof(gg_request_result, request_status) == 0 && sizeof(gg_request_result) == 4);
HOLDS(context, offsetof(gg_lambda_context, function_arn) == 0 &&
                   offsetof(gg_lambda_context, client_context) == sizeof(void*) &&
                   sizeof(gg_lambda_context) == 2 * sizeof(void*));
HOLDS(invoke_arn, offsetof(gg_invoke_options, function_arn) == 0);
HOLDS(invoke_context, offsetof(gg_invoke_options, customer_context) == sizeof(void*));
HOLDS(invoke_qualifier, offsetof(gg_invoke_options, qualifier) == 2 * sizeof(void*));
HOLDS(invoke_type, offsetof(gg_invoke_options, type) == 3 * sizeof(void*));
HOLDS(invoke_payload, offsetof(gg_invoke_options, payload) == 4 * sizeof(void*));
HOLDS(invoke_size, offsetof(gg_invoke_options, payload_size) == 5 * sizeof(void*));

/* The types of the functions, as programs call them. */
void use(void);
void use(void) {
    gg_error (*start)(gg_lambda_handler, uint32_t) = gg_runtime_start;
    gg_error (*log)(gg_log_level, const char*, ...) = gg_log;
    gg_error (*invoke)(gg_request, const gg_invoke_options*, gg_request_result*) = gg_invoke;
    gg_error (*publish)(gg_request, const char*, const void*, size_t, const gg_publish_options,
                        gg_request_result*) = gg_publish_with_options;
    struct _gg_request* request = (gg_request)0;
    struct _gg_publish_options* publish_options = (gg_publish_options)0;
    (void)start;
    (void)log;
    (void)invoke;
    (void)publish;
    (void)request;
    (void)publish_options;
}
