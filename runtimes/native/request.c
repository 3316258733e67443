#include "request.h"

#include "json_scan.h"
#include "settings.h"
#include <string.h>

gg_error gg_request_init(gg_request* ggreq) {
    if (ggreq == NULL) {
        return GGE_INVALID_PARAMETER;
    }
    *ggreq = NULL;
    if (!settings_are_loaded()) {
        return GGE_INVALID_STATE;
    }
    *ggreq = calloc(1, sizeof(**ggreq));
    return *ggreq == NULL ? GGE_OUT_OF_MEMORY : GGE_SUCCESS;
}

gg_error gg_request_reuse(gg_request ggreq) {
    if (ggreq == NULL) {
        return GGE_INVALID_PARAMETER;
    }
    buffer_free(&ggreq->body);
    ggreq->position = 0;
    ggreq->answered = false;
    return GGE_SUCCESS;
}

gg_error gg_request_close(gg_request ggreq) {
    const gg_error error = gg_request_reuse(ggreq);
    free(ggreq);
    return error;
}

gg_error gg_request_read(gg_request ggreq, void* buffer, size_t buffer_size, size_t* amount_read) {
    if (ggreq == NULL || buffer == NULL || amount_read == NULL) {
        return GGE_INVALID_PARAMETER;
    }
    *amount_read = 0;
    if (!ggreq->answered) {
        return GGE_INVALID_STATE;
    }
    *amount_read = buffer_read(&ggreq->body, &ggreq->position, buffer, buffer_size);
    return GGE_SUCCESS;
}

gg_error request_check(gg_request ggreq, const gg_request_result* result) {
    if (ggreq == NULL || result == NULL) {
        return GGE_INVALID_PARAMETER;
    }
    return settings_are_loaded() ? GGE_SUCCESS : GGE_INVALID_STATE;
}

gg_error request_call(gg_request ggreq, const struct ipc_call* call, gg_request_result* result) {
    struct ipc_answer answer = {.status = GG_REQUEST_UNKNOWN};
    gg_request_reuse(ggreq);
    const gg_error error = ipc_invoke(call, &answer);
    result->request_status = answer.status;
    ggreq->body = answer.body;
    ggreq->answered = error == GGE_SUCCESS;
    return error;
}

static bool is_error(const struct buffer* body, const struct service_call* call) {
    return json_has_member(buffer_text(body), body->size, call->code_name) &&
           json_has_member(buffer_text(body), body->size, call->message_name);
}

gg_error request_call_service(gg_request ggreq, const struct service_call* call,
                              gg_request_result* result) {
    const struct ipc_call invocation = {
        .function_arn = call->arn,
        .client_context = call->client_context,
        .type = GG_INVOKE_REQUEST_RESPONSE,
        .payload = call->body,
        .payload_size = strlen(call->body),
    };
    const gg_error error = request_call(ggreq, &invocation, result);
    if (error != GGE_SUCCESS) {
        return error;
    }
    if (result->request_status == GG_REQUEST_UNHANDLED ||
        (result->request_status == GG_REQUEST_SUCCESS && is_error(&ggreq->body, call))) {
        result->request_status = GG_REQUEST_HANDLED;
    }
    return GGE_SUCCESS;
}
