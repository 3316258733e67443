/*
 * calls VERB ARGUMENTS: one call to the core. Prints "ERROR STATUS RESPONSE", where RESPONSE is
 * "(none)" when it can't be read.
 *
 *   publish TOPIC PAYLOAD | publish_best TOPIC PAYLOAD | publish_all TOPIC PAYLOAD
 *   publish_numbered COUNT             COUNT times, to the topics 0, 1, ..., with one request
 *   invoke ARN QUALIFIER CONTEXT PAYLOAD | invoke_event ...      "-": NULL
 *   get_shadow THING | update_shadow THING JSON | delete_shadow THING
 *   secret ID VERSION_ID STAGE                                   "-": NULL
 */
#include "read_all.h"
#include <stdio.h>
#include <string.h>

static char** argument;

static const char* optional(int i) {
    return strcmp(argument[i], "-") == 0 ? NULL : argument[i];
}

static gg_error publish(gg_request request, const char* verb, gg_request_result* result) {
    const char* topic = argument[0];
    const char* payload = argument[1];
    if (strcmp(verb, "publish") == 0) {
        return gg_publish(request, topic, payload, strlen(payload), result);
    }
    gg_publish_options options;
    gg_publish_options_init(&options);
    gg_publish_options_set_queue_full_policy(options, strcmp(verb, "publish_all") == 0
                                                          ? GG_QUEUE_FULL_POLICY_ALL_OR_ERROR
                                                          : GG_QUEUE_FULL_POLICY_BEST_EFFORT);
    const gg_error error =
        gg_publish_with_options(request, topic, payload, strlen(payload), options, result);
    gg_publish_options_free(options);
    return error;
}

static gg_error invoke(gg_request request, gg_invoke_type type, gg_request_result* result) {
    gg_invoke_options options;
    memset(&options, 0, sizeof(options));
    options.function_arn = argument[0];
    options.qualifier = optional(1);
    options.customer_context = optional(2);
    options.type = type;
    options.payload = optional(3);
    options.payload_size = options.payload == NULL ? 0 : strlen(argument[3]);
    return gg_invoke(request, &options, result);
}

static gg_error call(const char* verb, gg_request request, gg_request_result* result) {
    if (strncmp(verb, "publish", 7) == 0) {
        return publish(request, verb, result);
    }
    if (strcmp(verb, "invoke") == 0) {
        return invoke(request, GG_INVOKE_REQUEST_RESPONSE, result);
    }
    if (strcmp(verb, "invoke_event") == 0) {
        return invoke(request, GG_INVOKE_EVENT, result);
    }
    if (strcmp(verb, "get_shadow") == 0) {
        return gg_get_thing_shadow(request, argument[0], result);
    }
    if (strcmp(verb, "update_shadow") == 0) {
        return gg_update_thing_shadow(request, argument[0], argument[1], result);
    }
    if (strcmp(verb, "delete_shadow") == 0) {
        return gg_delete_thing_shadow(request, argument[0], result);
    }
    return gg_get_secret_value(request, argument[0], optional(1), optional(2), result);
}

static void tell(gg_request request, gg_error error, const gg_request_result* result) {
    printf("%d %d ", (int)error, (int)result->request_status);
    if (print_response(request, stdout) != GGE_SUCCESS) {
        printf("(none)");
    }
    printf("\n");
}

int main(int count, char** arguments) {
    gg_request request;
    gg_request_result result = {GG_REQUEST_RESERVED_MAX};
    if (count < 3 || gg_global_init(0) != GGE_SUCCESS || gg_request_init(&request) != GGE_SUCCESS) {
        return 1;
    }
    argument = arguments + 2;
    if (strcmp(arguments[1], "publish_numbered") == 0) {
        const int times = atoi(argument[0]);
        int i;
        for (i = 0; i < times; ++i) {
            char topic[16];
            snprintf(topic, sizeof(topic), "%d", i);
            tell(request, gg_publish(request, topic, "x", 1, &result), &result);
        }
    } else {
        tell(request, call(arguments[1], request, &result), &result);
    }
    return gg_request_close(request);
}
