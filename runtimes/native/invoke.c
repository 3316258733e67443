#include "base64.h"
#include "request.h"
#include "settings.h"
#include <string.h>

/* arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME */
#define COLONS_BEFORE_NAME 6

/* What follows the colon in front of the function's version, NULL without a version. False: `arn`
   is no ARN of a function. */
static bool find_version(const char* arn, const char** version) {
    *version = NULL;
    if (strncmp(arn, "arn:", 4) != 0 || !settings_can_be_sent(arn) ||
        strpbrk(arn, "/?#%") != NULL) {
        return false;
    }
    const char* at = arn;
    for (int i = 0; i < COLONS_BEFORE_NAME; ++i) {
        at = strchr(at, ':');
        if (at == NULL) {
            return false;
        }
        ++at;
    }
    const size_t name_size = strcspn(at, ":");
    if (name_size == 0) {
        return false;
    }
    if (at[name_size] == ':') {
        *version = at + name_size + 1;
        return **version != '\0' && strchr(*version, ':') == NULL;
    }
    return true;
}

static bool is_version(const char* text) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return strcmp(text, "$LATEST") == 0 || text[strspn(text, letters)] == '\0';
}

/* The ARN with its version into `arn`. A qualifier that contradicts the ARN is no good, as in the
   other SDKs (spec/lambda-ipc.md §2.8). */
static gg_error join_arn(const gg_invoke_options* opts, struct buffer* arn) {
    const char* version = NULL;
    if (!find_version(opts->function_arn, &version)) {
        return GGE_INVALID_PARAMETER;
    }
    const char* qualifier = opts->qualifier == NULL ? "" : opts->qualifier;
    if (!is_version(qualifier) ||
        (version != NULL && *qualifier != '\0' && strcmp(version, qualifier) != 0)) {
        return GGE_INVALID_PARAMETER;
    }
    bool good = buffer_append_text(arn, opts->function_arn);
    if (version == NULL && *qualifier != '\0') {
        good = good && buffer_append_text(arn, ":") && buffer_append_text(arn, qualifier);
    }
    return good ? GGE_SUCCESS : GGE_OUT_OF_MEMORY;
}

static bool is_good(const gg_invoke_options* opts) {
    if (opts == NULL || opts->function_arn == NULL) {
        return false;
    }
    if (opts->type != GG_INVOKE_EVENT && opts->type != GG_INVOKE_REQUEST_RESPONSE) {
        return false;
    }
    if (opts->payload == NULL && opts->payload_size > 0) {
        return false;
    }
    const char* context = opts->customer_context;
    return context == NULL || base64_is_valid(context, strlen(context));
}

gg_error gg_invoke(gg_request ggreq, const gg_invoke_options* opts, gg_request_result* result) {
    gg_error error = request_check(ggreq, result);
    if (error == GGE_SUCCESS && !is_good(opts)) {
        error = GGE_INVALID_PARAMETER;
    }
    struct buffer arn = {0};
    if (error == GGE_SUCCESS) {
        error = join_arn(opts, &arn);
    }
    if (error == GGE_SUCCESS) {
        const struct ipc_call call = {
            .function_arn = buffer_text(&arn),
            .client_context = opts->customer_context == NULL ? "" : opts->customer_context,
            .type = opts->type,
            .payload = opts->payload,
            .payload_size = opts->payload_size,
        };
        error = request_call(ggreq, &call, result);
    }
    buffer_free(&arn);
    return error;
}
