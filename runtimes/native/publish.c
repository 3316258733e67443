#include "base64.h"
#include "json_escape.h"
#include "request.h"
#include "settings.h"
#include "utf8.h"

struct _gg_publish_options {
    const char* queue_full_policy; /* as the core spells it; NULL: the core's default */
};

gg_error gg_publish_options_init(gg_publish_options* opts) {
    if (opts == NULL) {
        return GGE_INVALID_PARAMETER;
    }
    *opts = calloc(1, sizeof(**opts));
    return *opts == NULL ? GGE_OUT_OF_MEMORY : GGE_SUCCESS;
}

gg_error gg_publish_options_free(gg_publish_options opts) {
    if (opts == NULL) {
        return GGE_INVALID_PARAMETER;
    }
    free(opts);
    return GGE_SUCCESS;
}

gg_error gg_publish_options_set_queue_full_policy(gg_publish_options opts,
                                                  gg_queue_full_policy_options policy) {
    if (opts == NULL) {
        return GGE_INVALID_PARAMETER;
    }
    switch (policy) {
        case GG_QUEUE_FULL_POLICY_BEST_EFFORT:
            opts->queue_full_policy = "BestEffort";
            return GGE_SUCCESS;
        case GG_QUEUE_FULL_POLICY_ALL_OR_ERROR:
            opts->queue_full_policy = "AllOrError";
            return GGE_SUCCESS;
        default:
            return GGE_INVALID_PARAMETER;
    }
}

/* The client context that names the topic, in base64 (spec/lambda-ipc.md §2.7). */
static bool make_context(const char* topic, const char* policy, struct buffer* out) {
    struct buffer json = {0};
    bool good = buffer_append_text(&json, "{\"custom\":{\"source\":") &&
                json_append_string(&json, settings_get()->function_arn) &&
                buffer_append_text(&json, ",\"subject\":") && json_append_string(&json, topic);
    if (good && policy != NULL) {
        good =
            buffer_append_text(&json, ",\"queueFullPolicy\":") && json_append_string(&json, policy);
    }
    good = good && buffer_append_text(&json, "}}") && base64_encode(json.data, json.size, out);
    buffer_free(&json);
    return good;
}

gg_error gg_publish_with_options(gg_request ggreq, const char* topic, const void* payload,
                                 size_t payload_size, const gg_publish_options opts,
                                 gg_request_result* result) {
    gg_error error = request_check(ggreq, result);
    if (error != GGE_SUCCESS) {
        return error;
    }
    if (topic == NULL || *topic == '\0' || !utf8_is_valid(topic) ||
        (payload == NULL && payload_size > 0)) {
        return GGE_INVALID_PARAMETER;
    }
    struct buffer context = {0};
    if (make_context(topic, opts == NULL ? NULL : opts->queue_full_policy, &context)) {
        const struct ipc_call call = {
            .function_arn = settings_get()->router_arn,
            .client_context = buffer_text(&context),
            .type = GG_INVOKE_EVENT,
            .payload = payload,
            .payload_size = payload_size,
        };
        error = request_call(ggreq, &call, result);
    } else {
        error = GGE_OUT_OF_MEMORY;
    }
    buffer_free(&context);
    return error;
}

gg_error gg_publish(gg_request ggreq, const char* topic, const void* payload, size_t payload_size,
                    gg_request_result* result) {
    return gg_publish_with_options(ggreq, topic, payload, payload_size, NULL, result);
}
