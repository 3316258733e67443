/*
 * A function without threads. Events, and what comes of them:
 *
 *   echo TEXT   "ARN|CONTEXT|echo TEXT", in two writes
 *   fail TEXT   a response, then the error TEXT
 *   none        nothing is written
 *   publish     a message to the topic "from/handler", then its gg_error
 *   other       the gg_error that gg_lambda_handler_read gives on another thread
 */
#include "greengrasssdk.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static char* read_event(void) {
    size_t capacity = 16;
    size_t size = 0;
    size_t amount = 0;
    char* event = malloc(capacity);
    while (gg_lambda_handler_read(event + size, capacity - size - 1, &amount) == GGE_SUCCESS &&
           amount > 0) {
        size += amount;
        if (capacity - size == 1) {
            capacity *= 2;
            event = realloc(event, capacity);
        }
    }
    event[size] = '\0';
    return event;
}

static void respond(gg_error error) {
    char text[16];
    snprintf(text, sizeof(text), "%d", (int)error);
    gg_lambda_handler_write_response(text, strlen(text));
}

static gg_error publish(void) {
    gg_request request;
    gg_request_result result;
    gg_error error = gg_request_init(&request);
    if (error == GGE_SUCCESS) {
        error = gg_publish(request, "from/handler", "hello", 5, &result);
        gg_request_close(request);
    }
    return error;
}

static void* read_elsewhere(void* error) {
    char byte;
    size_t amount;
    *(gg_error*)error = gg_lambda_handler_read(&byte, 1, &amount);
    return NULL;
}

static gg_error error_elsewhere(void) {
    pthread_t thread;
    gg_error error = GGE_SUCCESS;
    pthread_create(&thread, NULL, read_elsewhere, &error);
    pthread_join(thread, NULL);
    return error;
}

static void handler(const gg_lambda_context* context) {
    char* event = read_event();
    if (strncmp(event, "fail ", 5) == 0) {
        gg_lambda_handler_write_response("lost", 4);
        gg_lambda_handler_write_error(event + 5);
        if (gg_lambda_handler_write_response("late", 4) != GGE_INVALID_STATE) {
            abort();
        }
    } else if (strcmp(event, "publish") == 0) {
        respond(publish());
    } else if (strcmp(event, "other") == 0) {
        respond(error_elsewhere());
    } else if (strcmp(event, "none") != 0) {
        const size_t size =
            strlen(context->function_arn) + strlen(context->client_context) + strlen("||") + 1;
        char* head = malloc(size);
        snprintf(head, size, "%s|%s|", context->function_arn, context->client_context);
        gg_lambda_handler_write_response(head, strlen(head));
        gg_lambda_handler_write_response(event, strlen(event));
        free(head);
    }
    free(event);
}

int main(void) {
    gg_error error = gg_global_init(0);
    if (error != GGE_SUCCESS) {
        return 1;
    }
    error = gg_runtime_start(handler, 0);
    printf("ended %d\n", (int)error);
    return error == GGE_TERMINATE ? 0 : 1;
}
