#include "invocation.h"

#include "json_escape.h"

/* NULL outside of a handler, and on every other thread. */
static _Thread_local struct invocation* current;

void invocation_run(struct invocation* i, gg_lambda_handler handler,
                    const gg_lambda_context* context) {
    current = i;
    handler(context);
    current = NULL;
}

gg_error gg_lambda_handler_read(void* buffer, size_t buffer_size, size_t* amount_read) {
    if (buffer == NULL || amount_read == NULL) {
        return GGE_INVALID_PARAMETER;
    }
    *amount_read = 0;
    if (current == NULL) {
        return GGE_INVALID_STATE;
    }
    *amount_read = buffer_read(current->event, &current->position, buffer, buffer_size);
    return GGE_SUCCESS;
}

gg_error gg_lambda_handler_write_response(const void* response, size_t response_size) {
    if (response == NULL && response_size > 0) {
        return GGE_INVALID_PARAMETER;
    }
    if (current == NULL || current->failed) {
        return GGE_INVALID_STATE;
    }
    return buffer_append(&current->response, response, response_size) ? GGE_SUCCESS
                                                                      : GGE_OUT_OF_MEMORY;
}

gg_error gg_lambda_handler_write_error(const char* error_message) {
    if (error_message == NULL) {
        return GGE_INVALID_PARAMETER;
    }
    if (current == NULL || current->failed) {
        return GGE_INVALID_STATE;
    }
    struct buffer json = {0};
    if (!buffer_append_text(&json, "{\"errorMessage\":") ||
        !json_append_string(&json, error_message) || !buffer_append_text(&json, "}")) {
        buffer_free(&json);
        return GGE_OUT_OF_MEMORY;
    }
    buffer_free(&current->response);
    current->response = json;
    current->failed = true;
    return GGE_SUCCESS;
}
