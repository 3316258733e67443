#include "json_escape.h"
#include "request.h"
#include "settings.h"
#include "utf8.h"

/* NULL or "": not asked for. */
static bool add_member(struct buffer* json, const char* name, const char* value) {
    if (value == NULL || *value == '\0') {
        return true;
    }
    return buffer_append_text(json, json->size > 1 ? "," : "") && json_append_string(json, name) &&
           buffer_append_text(json, ":") && json_append_string(json, value);
}

static bool is_text(const char* value) {
    return value == NULL || utf8_is_valid(value);
}

gg_error gg_get_secret_value(gg_request ggreq, const char* secret_id, const char* version_id,
                             const char* version_stage, gg_request_result* result) {
    gg_error error = request_check(ggreq, result);
    if (error != GGE_SUCCESS) {
        return error;
    }
    if (secret_id == NULL || *secret_id == '\0' || !is_text(secret_id) || !is_text(version_id) ||
        !is_text(version_stage)) {
        return GGE_INVALID_PARAMETER;
    }
    struct buffer json = {0};
    /* The other SDKs refuse a version's id themselves; here the core may say what it makes of it.
     */
    const bool good = buffer_append_text(&json, "{") && add_member(&json, "SecretId", secret_id) &&
                      add_member(&json, "VersionId", version_id) &&
                      add_member(&json, "VersionStage", version_stage) &&
                      buffer_append_text(&json, "}");
    if (good) {
        const struct service_call call = {
            .arn = settings_get()->secrets_arn,
            .client_context = "",
            .body = buffer_text(&json),
            .code_name = "Status",
            .message_name = "Message",
        };
        error = request_call_service(ggreq, &call, result);
    } else {
        error = GGE_OUT_OF_MEMORY;
    }
    buffer_free(&json);
    return error;
}
