#include "ipc.h"

#include "clock.h"
#include "http_client.h"
#include "log.h"
#include "settings.h"
#include "stop.h"
#include <string.h>

#define INVOCATION_ID "X-Amz-InvocationId"
#define CLIENT_CONTEXT "X-Amz-Client-Context"
#define INVOCATION_TYPE "X-Amz-Invocation-Type"
#define FUNCTION_ERROR "X-Amz-Function-Error"

/* Of a result that is given while the process ends; the core waits 2 s for it. */
#define LAST_RESULT_MS 1000

/* Of a refusal's text in the log, bytes. */
#define MAX_SHOWN 300

static gg_error begin(struct http_request* request, const char* method, const char* arn,
                      const char* suffix) {
    const struct settings* s = settings_get();
    struct buffer* h = &request->head;
    const bool good =
        buffer_append_text(h, method) && buffer_append_text(h, " /2016-11-01/functions/") &&
        buffer_append_text(h, arn) && buffer_append_text(h, suffix) &&
        buffer_append_text(h, " HTTP/1.1\r\nHost: localhost:") && buffer_append_text(h, s->port) &&
        buffer_append_text(h, "\r\nAuthorization: ") && buffer_append_text(h, s->token) &&
        buffer_append_text(h, "\r\n");
    return good ? GGE_SUCCESS : GGE_OUT_OF_MEMORY;
}

static gg_error add_header(struct http_request* request, const char* name, const char* value) {
    struct buffer* h = &request->head;
    const bool good = buffer_append_text(h, name) && buffer_append_text(h, ": ") &&
                      buffer_append_text(h, value) && buffer_append_text(h, "\r\n");
    return good ? GGE_SUCCESS : GGE_OUT_OF_MEMORY;
}

/* Sends what was begun, with the error so far. `level`: of the log line of a failure. */
static gg_error send_request(gg_error error, struct http_request* request,
                             struct http_reader* response, gg_log_level level) {
    struct http_failure failure = {""};
    if (error == GGE_SUCCESS) {
        error = http_exchange(request, response, &failure);
    }
    if (error == GGE_INTERNAL_FAILURE) {
        /* The request line says what was tried; the token stands further below. */
        log_line(level, "%.*s: %s", (int)strcspn(buffer_text(&request->head), "\r"),
                 buffer_text(&request->head), failure.reason);
    }
    buffer_free(&request->head);
    return error;
}

static bool is_good(const struct http_reader* response) {
    return response->status / 100 == 2;
}

static void log_refusal(gg_log_level level, const char* what, const char* arn,
                        const struct http_reader* response) {
    const char* text = buffer_text(&response->body);
    const size_t line = strcspn(text, "\r\n");
    const size_t shown = line < MAX_SHOWN ? line : MAX_SHOWN;
    log_line(level, "%s %s: HTTP status %d, %.*s", what, arn, response->status, (int)shown, text);
}

/* --- Invoking --- */

static void take_body(struct http_reader* response, struct ipc_answer* answer) {
    answer->body = response->body;
    memset(&response->body, 0, sizeof(response->body));
}

static void take_refusal(const char* arn, struct http_reader* response, struct ipc_answer* answer) {
    const bool full = response->status == 429; /* the program is told and decides */
    log_refusal(full ? GG_LOG_DEBUG : GG_LOG_ERROR, "The core refused a call of", arn, response);
    answer->status = full ? GG_REQUEST_AGAIN : GG_REQUEST_UNKNOWN;
    take_body(response, answer);
}

static gg_request_status status_of(const char* function_error) {
    if (function_error == NULL || *function_error == '\0') {
        return GG_REQUEST_SUCCESS;
    }
    if (strcmp(function_error, "Handled") == 0) {
        return GG_REQUEST_HANDLED;
    }
    return strcmp(function_error, "Unhandled") == 0 ? GG_REQUEST_UNHANDLED : GG_REQUEST_UNKNOWN;
}

static gg_error get_result(const char* arn, const char* id, struct ipc_answer* answer) {
    struct http_request request = {0};
    struct http_reader response = {0};
    gg_error error = begin(&request, "GET", arn, "");
    error = error == GGE_SUCCESS ? add_header(&request, INVOCATION_ID, id) : error;
    error = send_request(error, &request, &response, GG_LOG_ERROR);
    if (error == GGE_SUCCESS && !is_good(&response)) {
        take_refusal(arn, &response, answer);
    } else if (error == GGE_SUCCESS) {
        answer->status = status_of(http_reader_header(&response, FUNCTION_ERROR));
        take_body(&response, answer);
    }
    http_reader_free(&response);
    return error;
}

static gg_error post_work(const struct ipc_call* call, struct http_reader* response) {
    struct http_request request = {.body = call->payload, .body_size = call->payload_size};
    gg_error error = begin(&request, "POST", call->function_arn, "");
    if (error == GGE_SUCCESS) {
        error = add_header(&request, CLIENT_CONTEXT, call->client_context);
    }
    if (error == GGE_SUCCESS) {
        error = add_header(&request, INVOCATION_TYPE,
                           call->type == GG_INVOKE_EVENT ? "Event" : "RequestResponse");
    }
    return send_request(error, &request, response, GG_LOG_ERROR);
}

gg_error ipc_invoke(const struct ipc_call* call, struct ipc_answer* answer) {
    struct http_reader response = {0};
    gg_error error = post_work(call, &response);
    if (error == GGE_SUCCESS && !is_good(&response)) {
        take_refusal(call->function_arn, &response, answer);
    } else if (error == GGE_SUCCESS && call->type == GG_INVOKE_EVENT) {
        answer->status = GG_REQUEST_SUCCESS;
    } else if (error == GGE_SUCCESS) {
        const char* id = http_reader_header(&response, INVOCATION_ID);
        if (id == NULL || *id == '\0') {
            log_line(GG_LOG_ERROR, "The core named no invocation of %s.", call->function_arn);
            error = GGE_INTERNAL_FAILURE;
        } else {
            error = get_result(call->function_arn, id, answer);
        }
    }
    http_reader_free(&response);
    return error;
}

/* --- Working --- */

static gg_error take_work(struct http_reader* response, struct ipc_work* work) {
    const char* id = http_reader_header(response, INVOCATION_ID);
    const char* context = http_reader_header(response, CLIENT_CONTEXT);
    if (id == NULL || *id == '\0') {
        log_line(GG_LOG_WARN, "The core gave work without its %s.", INVOCATION_ID);
        return GGE_INTERNAL_FAILURE;
    }
    if (!buffer_append_text(&work->invocation_id, id) ||
        !buffer_append_text(&work->client_context, context == NULL ? "" : context)) {
        ipc_work_free(work);
        return GGE_OUT_OF_MEMORY;
    }
    work->payload = response->body;
    memset(&response->body, 0, sizeof(response->body));
    return GGE_SUCCESS;
}

gg_error ipc_get_work(struct ipc_work* work) {
    const char* arn = settings_get()->function_arn;
    struct http_request request = {0};
    struct http_reader response = {0};
    memset(work, 0, sizeof(*work));
    gg_error error =
        send_request(begin(&request, "GET", arn, "/work"), &request, &response, GG_LOG_WARN);
    if (error == GGE_SUCCESS && !is_good(&response)) {
        log_refusal(GG_LOG_WARN, "The core gave no work to", arn, &response);
        error = GGE_INTERNAL_FAILURE;
    } else if (error == GGE_SUCCESS) {
        error = take_work(&response, work);
    }
    http_reader_free(&response);
    return error;
}

void ipc_work_free(struct ipc_work* work) {
    buffer_free(&work->invocation_id);
    buffer_free(&work->client_context);
    buffer_free(&work->payload);
}

static gg_error send_result(const char* invocation_id, bool failed, const struct buffer* body,
                            int64_t deadline) {
    const char* arn = settings_get()->function_arn;
    struct http_request request = {
        .body = body->data, .body_size = body->size, .patience = {deadline}};
    struct http_reader response = {0};
    gg_error error = begin(&request, "POST", arn, "/work");
    error = error == GGE_SUCCESS ? add_header(&request, INVOCATION_ID, invocation_id) : error;
    if (error == GGE_SUCCESS && failed) {
        error = add_header(&request, FUNCTION_ERROR, "Handled");
    }
    error = send_request(error, &request, &response, GG_LOG_WARN);
    if (error == GGE_SUCCESS && !is_good(&response)) {
        log_refusal(GG_LOG_WARN, "The core refused a result of", arn, &response);
        error = response.status >= 500 ? GGE_INTERNAL_FAILURE : GGE_INVALID_STATE;
    }
    http_reader_free(&response);
    return error;
}

gg_error ipc_post_result(const char* invocation_id, bool failed, const struct buffer* body) {
    if (!stop_is_requested()) {
        const gg_error error = send_result(invocation_id, failed, body, 0);
        if (error != GGE_TERMINATE) {
            return error;
        }
        /* Asked to end meanwhile: a result that came twice is refused by the core. */
    }
    return send_result(invocation_id, failed, body, clock_now() + LAST_RESULT_MS);
}
