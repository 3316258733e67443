#include "base64.h"
#include "request.h"
#include "settings.h"
#include <string.h>

#define MAX_THING_NAME 128

/* AWS IoT's names of things. A slash would make another topic of it. */
static bool is_thing_name(const char* name) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_-";
    const size_t size = strlen(name);
    return size > 0 && size <= MAX_THING_NAME && strspn(name, letters) == size;
}

static bool make_context(const char* thing_name, const char* operation, struct buffer* out) {
    struct buffer json = {0};
    const bool good = buffer_append_text(&json, "{\"custom\":{\"subject\":\"$aws/things/") &&
                      buffer_append_text(&json, thing_name) &&
                      buffer_append_text(&json, "/shadow/") &&
                      buffer_append_text(&json, operation) && buffer_append_text(&json, "\"}}") &&
                      base64_encode(json.data, json.size, out);
    buffer_free(&json);
    return good;
}

static gg_error call_shadow(gg_request ggreq, const char* thing_name, const char* operation,
                            const char* body, gg_request_result* result) {
    gg_error error = request_check(ggreq, result);
    if (error != GGE_SUCCESS) {
        return error;
    }
    if (thing_name == NULL || !is_thing_name(thing_name) || body == NULL) {
        return GGE_INVALID_PARAMETER;
    }
    struct buffer context = {0};
    if (make_context(thing_name, operation, &context)) {
        const struct service_call call = {
            .arn = settings_get()->shadow_arn,
            .client_context = buffer_text(&context),
            .body = body,
            .code_name = "code",
            .message_name = "message",
        };
        error = request_call_service(ggreq, &call, result);
    } else {
        error = GGE_OUT_OF_MEMORY;
    }
    buffer_free(&context);
    return error;
}

gg_error gg_get_thing_shadow(gg_request ggreq, const char* thing_name, gg_request_result* result) {
    return call_shadow(ggreq, thing_name, "get", "", result);
}

gg_error gg_update_thing_shadow(gg_request ggreq, const char* thing_name,
                                const char* update_payload, gg_request_result* result) {
    return call_shadow(ggreq, thing_name, "update", update_payload, result);
}

gg_error gg_delete_thing_shadow(gg_request ggreq, const char* thing_name,
                                gg_request_result* result) {
    return call_shadow(ggreq, thing_name, "delete", "", result);
}
