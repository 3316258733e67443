/*
 * threads COUNT MESSAGES: starts the runtime on a thread and publishes from COUNT threads at once,
 * then waits for the end. With a third argument the main thread never looks at the library again.
 */
#include "greengrasssdk.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int messages;

static void handler(const gg_lambda_context* context) {
    gg_lambda_handler_write_response(context->function_arn, strlen(context->function_arn));
}

static void* publish(void* number) {
    gg_request request;
    gg_request_result result;
    int i;
    if (gg_request_init(&request) != GGE_SUCCESS) {
        abort();
    }
    for (i = 0; i < messages; ++i) {
        char topic[32];
        snprintf(topic, sizeof(topic), "%d/%d", *(int*)number, i);
        if (gg_publish(request, topic, topic, strlen(topic), &result) != GGE_SUCCESS ||
            result.request_status != GG_REQUEST_SUCCESS) {
            abort();
        }
        gg_log(GG_LOG_INFO, "published %s", topic);
    }
    gg_request_close(request);
    return NULL;
}

/* Publishes until the library says that the process is to end. */
static gg_error wait_for_end(void) {
    gg_request request;
    gg_request_result result;
    gg_error error = gg_request_init(&request);
    while (error == GGE_SUCCESS) {
        error = gg_publish(request, "still/here", "x", 1, &result);
        usleep(10000);
    }
    gg_request_close(request);
    return error;
}

int main(int count, char** arguments) {
    pthread_t threads[16];
    int numbers[16];
    int i;
    const int wanted = atoi(arguments[1]);
    messages = atoi(arguments[2]);
    if (gg_global_init(0) != GGE_SUCCESS ||
        gg_runtime_start(handler, GG_RT_OPT_ASYNC) != GGE_SUCCESS) {
        return 1;
    }
    if (gg_runtime_start(handler, GG_RT_OPT_ASYNC) != GGE_INVALID_STATE) {
        return 2;
    }
    for (i = 0; i < wanted; ++i) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, publish, &numbers[i]);
    }
    for (i = 0; i < wanted; ++i) {
        pthread_join(threads[i], NULL);
    }
    printf("published\n"); /* into stdio's buffer, which the end of the process writes out */
    if (count > 3) {
        /* The end may come while this waits for its answer, which does not matter here. */
        gg_request request;
        gg_request_result result;
        if (gg_request_init(&request) == GGE_SUCCESS) {
            gg_publish(request, "ready", "ready", 5, &result);
            gg_request_close(request);
        }
        for (;;) {
            pause();
        }
    }
    printf("ended %d\n", (int)wait_for_end());
    return 0;
}
