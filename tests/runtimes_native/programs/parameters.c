/* Prints the line of each call that doesn't give the error that it must. Sends nothing. */
#include "greengrasssdk.h"
#include <stdio.h>
#include <string.h>

extern gg_error gg_request_reuse(gg_request request); /* exported, in no header */

#define MUST(wanted, call)                                               \
    do {                                                                 \
        const gg_error got = (call);                                     \
        if (got != (wanted)) {                                           \
            printf("line %d: %s gives %d\n", __LINE__, #call, (int)got); \
        }                                                                \
    } while (0)

#define ARN "arn:aws:lambda:eu-west-1:123456789012:function:other"

static gg_request request;
static gg_request_result result;

static gg_error invoke(const char* arn, const char* qualifier, const char* context, int type,
                       const void* payload, size_t size) {
    gg_invoke_options options;
    options.function_arn = arn;
    options.qualifier = qualifier;
    options.customer_context = context;
    options.type = (gg_invoke_type)type;
    options.payload = payload;
    options.payload_size = size;
    return gg_invoke(request, &options, &result);
}

static void handler(const gg_lambda_context* context) {
    (void)context;
}

static void before_init(void) {
    gg_request none = NULL;
    MUST(GGE_SUCCESS, gg_log(GG_LOG_INFO, "a line before gg_global_init"));
    MUST(GGE_INVALID_STATE, gg_request_init(&none));
    MUST(GGE_INVALID_STATE, gg_runtime_start(handler, 0));
    MUST(GGE_INVALID_PARAMETER, gg_global_init(1));
    MUST(GGE_SUCCESS, gg_global_init(0));
    MUST(GGE_SUCCESS, gg_global_init(0));
}

static void requests(void) {
    char byte;
    size_t amount = 7;
    MUST(GGE_INVALID_PARAMETER, gg_request_init(NULL));
    MUST(GGE_INVALID_PARAMETER, gg_request_close(NULL));
    MUST(GGE_INVALID_PARAMETER, gg_request_reuse(NULL));
    MUST(GGE_SUCCESS, gg_request_init(&request));
    MUST(GGE_INVALID_PARAMETER, gg_request_read(NULL, &byte, 1, &amount));
    MUST(GGE_INVALID_PARAMETER, gg_request_read(request, NULL, 1, &amount));
    MUST(GGE_INVALID_PARAMETER, gg_request_read(request, &byte, 1, NULL));
    MUST(GGE_INVALID_STATE, gg_request_read(request, &byte, 1, &amount));
    if (amount != 0) {
        printf("amount_read is %zu without a response\n", amount);
    }
    MUST(GGE_SUCCESS, gg_request_reuse(request));
}

static void logs(void) {
    const char* volatile no_format = NULL;
    MUST(GGE_INVALID_PARAMETER, gg_log(GG_LOG_INFO, no_format));
    MUST(GGE_INVALID_PARAMETER, gg_log(GG_LOG_RESERVED_NOTSET, "x"));
    MUST(GGE_INVALID_PARAMETER, gg_log(GG_LOG_RESERVED_MAX, "x"));
}

static void handlers(void) {
    char byte;
    size_t amount;
    MUST(GGE_INVALID_PARAMETER, gg_runtime_start(NULL, 0));
    MUST(GGE_INVALID_PARAMETER, gg_runtime_start(handler, 2));
    MUST(GGE_INVALID_PARAMETER, gg_lambda_handler_read(NULL, 1, &amount));
    MUST(GGE_INVALID_PARAMETER, gg_lambda_handler_read(&byte, 1, NULL));
    MUST(GGE_INVALID_STATE, gg_lambda_handler_read(&byte, 1, &amount));
    MUST(GGE_INVALID_PARAMETER, gg_lambda_handler_write_response(NULL, 1));
    MUST(GGE_INVALID_STATE, gg_lambda_handler_write_response(NULL, 0));
    MUST(GGE_INVALID_STATE, gg_lambda_handler_write_response("x", 1));
    MUST(GGE_INVALID_PARAMETER, gg_lambda_handler_write_error(NULL));
    MUST(GGE_INVALID_STATE, gg_lambda_handler_write_error("x"));
}

static void invokes(void) {
    gg_invoke_options options;
    memset(&options, 0, sizeof(options));
    options.function_arn = ARN ":1";
    MUST(GGE_INVALID_PARAMETER, gg_invoke(NULL, &options, &result));
    MUST(GGE_INVALID_PARAMETER, gg_invoke(request, &options, NULL));
    MUST(GGE_INVALID_PARAMETER, gg_invoke(request, NULL, &result));
    MUST(GGE_INVALID_PARAMETER, invoke(NULL, NULL, NULL, 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke("other", NULL, NULL, 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER,
         invoke("arn:aws:lambda:eu-west-1:1:function", "1", NULL, 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN ":1/work", NULL, NULL, 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN ":1 HTTP/1.1\r\nX: y", NULL, NULL, 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN ":", NULL, NULL, 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN ":1:2", NULL, NULL, 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN ":1", "2", NULL, 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN, "1\r\n", NULL, 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN, "1", "{}", 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN, "1", "e30", 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN, "1", "e=0=", 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN, "1", "=", 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN, "1", "====", 0, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN, "1", NULL, 2, "x", 1));
    MUST(GGE_INVALID_PARAMETER, invoke(ARN, "1", NULL, 0, NULL, 1));
}

static void publishes(void) {
    gg_publish_options options;
    MUST(GGE_INVALID_PARAMETER, gg_publish(NULL, "a", "x", 1, &result));
    MUST(GGE_INVALID_PARAMETER, gg_publish(request, NULL, "x", 1, &result));
    MUST(GGE_INVALID_PARAMETER, gg_publish(request, "", "x", 1, &result));
    MUST(GGE_INVALID_PARAMETER, gg_publish(request, "\xC3", "x", 1, &result));
    MUST(GGE_INVALID_PARAMETER, gg_publish(request, "\xED\xA0\x80", "x", 1, &result));
    MUST(GGE_INVALID_PARAMETER, gg_publish(request, "\xC0\xAF", "x", 1, &result));
    MUST(GGE_INVALID_PARAMETER, gg_publish(request, "a", NULL, 1, &result));
    MUST(GGE_INVALID_PARAMETER, gg_publish(request, "a", "x", 1, NULL));
    MUST(GGE_INVALID_PARAMETER, gg_publish_options_init(NULL));
    MUST(GGE_INVALID_PARAMETER, gg_publish_options_free(NULL));
    MUST(GGE_INVALID_PARAMETER,
         gg_publish_options_set_queue_full_policy(NULL, GG_QUEUE_FULL_POLICY_BEST_EFFORT));
    MUST(GGE_SUCCESS, gg_publish_options_init(&options));
    MUST(GGE_INVALID_PARAMETER,
         gg_publish_options_set_queue_full_policy(options, GG_QUEUE_FULL_POLICY_RESERVED_MAX));
    MUST(GGE_INVALID_PARAMETER, gg_publish_with_options(request, NULL, "x", 1, options, &result));
    MUST(GGE_SUCCESS, gg_publish_options_free(options));
}

static void services(void) {
    char long_name[130];
    memset(long_name, 'a', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    MUST(GGE_INVALID_PARAMETER, gg_get_thing_shadow(NULL, "thing", &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_thing_shadow(request, NULL, &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_thing_shadow(request, "", &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_thing_shadow(request, "a/shadow/get", &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_thing_shadow(request, "a\"", &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_thing_shadow(request, long_name, &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_thing_shadow(request, "thing", NULL));
    MUST(GGE_INVALID_PARAMETER, gg_update_thing_shadow(NULL, "thing", "{}", &result));
    MUST(GGE_INVALID_PARAMETER, gg_update_thing_shadow(request, NULL, "{}", &result));
    MUST(GGE_INVALID_PARAMETER, gg_update_thing_shadow(request, "thing", NULL, &result));
    MUST(GGE_INVALID_PARAMETER, gg_update_thing_shadow(request, "thing", "{}", NULL));
    MUST(GGE_INVALID_PARAMETER, gg_delete_thing_shadow(NULL, "thing", &result));
    MUST(GGE_INVALID_PARAMETER, gg_delete_thing_shadow(request, NULL, &result));
    MUST(GGE_INVALID_PARAMETER, gg_delete_thing_shadow(request, "thing", NULL));
    MUST(GGE_INVALID_PARAMETER, gg_get_secret_value(NULL, "id", NULL, NULL, &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_secret_value(request, NULL, NULL, NULL, &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_secret_value(request, "", NULL, NULL, &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_secret_value(request, "\xFF", NULL, NULL, &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_secret_value(request, "id", "\xFF", NULL, &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_secret_value(request, "id", NULL, "\xFF", &result));
    MUST(GGE_INVALID_PARAMETER, gg_get_secret_value(request, "id", NULL, NULL, NULL));
}

int main(void) {
    before_init();
    requests();
    logs();
    handlers();
    invokes();
    publishes();
    services();
    MUST(GGE_SUCCESS, gg_request_close(request));
    printf("checked\n");
    return 0;
}
