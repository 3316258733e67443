#include "backoff.h"
#include "base64.h"
#include "clock.h"
#include "invocation.h"
#include "ipc.h"
#include "log.h"
#include "settings.h"
#include "stop.h"
#include <pthread.h>
#include <stdatomic.h>

/* How long the program has to end by itself when the runtime is a thread of it. The core kills 2 s
   after SIGTERM (spec/lambda-ipc.md §4.2 leaves the time open). */
#define END_MS 1000

static atomic_bool started;

static gg_error get_work(struct ipc_work* work) {
    struct backoff backoff = backoff_begin();
    gg_error error = ipc_get_work(work);
    while (error == GGE_INTERNAL_FAILURE && backoff_wait(&backoff)) {
        error = ipc_get_work(work);
    }
    return stop_is_requested() && error != GGE_SUCCESS ? GGE_TERMINATE : error;
}

static void give_result(const char* invocation_id, const struct invocation* i) {
    struct backoff backoff = backoff_begin();
    gg_error error = ipc_post_result(invocation_id, i->failed, &i->response);
    while (error == GGE_INTERNAL_FAILURE && backoff_wait(&backoff)) {
        error = ipc_post_result(invocation_id, i->failed, &i->response);
    }
    if (error != GGE_SUCCESS) {
        log_line(GG_LOG_ERROR, "The result of the invocation %s is lost.", invocation_id);
    }
}

/* Into `text`, which stays empty when there is no context or it can't be read. */
static void decode_context(const struct buffer* base64, struct buffer* text) {
    if (!base64_is_valid(buffer_text(base64), base64->size)) {
        log_line(GG_LOG_WARN, "The client context cannot be read: it is not base64.");
    } else if (!base64_decode(buffer_text(base64), base64->size, text)) {
        log_line(GG_LOG_WARN, "The client context cannot be read: there is no memory.");
    }
}

static void work_on(const struct ipc_work* work, gg_lambda_handler handler) {
    struct buffer client_context = {0};
    decode_context(&work->client_context, &client_context);
    const gg_lambda_context context = {
        .function_arn = settings_get()->function_arn,
        .client_context = buffer_text(&client_context),
    };
    struct invocation i = {.event = &work->payload};
    invocation_run(&i, handler, &context);
    give_result(buffer_text(&work->invocation_id), &i);
    buffer_free(&i.response);
    buffer_free(&client_context);
}

/* Until the process is to end. Never GGE_SUCCESS. */
static gg_error serve(gg_lambda_handler handler) {
    for (;;) {
        struct ipc_work work;
        const gg_error error = get_work(&work);
        if (error != GGE_SUCCESS) {
            return error;
        }
        work_on(&work, handler);
        ipc_work_free(&work);
    }
}

static gg_error serve_until_end(gg_lambda_handler handler) {
    const gg_error error = serve(handler);
    if (error != GGE_TERMINATE) {
        log_line(GG_LOG_FATAL, "The core gives no work any more: the function ends.");
        stop_request(); /* for the calls of the program's other threads */
    }
    return error;
}

/* The program's main thread may wait for what never comes: when it doesn't end the process, this
   does, with its exit handlers and its buffered output. */
static void* serve_on_thread(void* argument) {
    gg_lambda_handler handler = *(gg_lambda_handler*)argument;
    free(argument);
    const gg_error error = serve_until_end(handler);
    clock_sleep(END_MS);
    exit(error == GGE_TERMINATE ? EXIT_SUCCESS : EXIT_FAILURE);
}

static gg_error start_thread(gg_lambda_handler handler) {
    gg_lambda_handler* copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        return GGE_OUT_OF_MEMORY;
    }
    *copy = handler;
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve_on_thread, copy) != 0) {
        free(copy);
        return GGE_INTERNAL_FAILURE;
    }
    pthread_detach(thread);
    return GGE_SUCCESS;
}

gg_error gg_runtime_start(gg_lambda_handler handler, uint32_t opt) {
    if (handler == NULL || (opt & ~(uint32_t)GG_RT_OPT_ASYNC) != 0) {
        return GGE_INVALID_PARAMETER;
    }
    if (!settings_are_loaded() || atomic_exchange(&started, true)) {
        return GGE_INVALID_STATE;
    }
    const gg_error error = stop_on_sigterm();
    if (error != GGE_SUCCESS) {
        return error;
    }
    return (opt & GG_RT_OPT_ASYNC) != 0 ? start_thread(handler) : serve_until_end(handler);
}
