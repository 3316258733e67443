#include "log.h"

#include "buffer.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* By gg_log_level. */
static const char* const level_names[GG_LOG_RESERVED_MAX] = {NULL,   "DEBUG", "INFO",
                                                             "WARN", "ERROR", "FATAL"};

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Lines longer than a pipe takes at once must not mix. */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static int descriptors[GG_LOG_RESERVED_MAX];
static int least_level;

/* LOG_LEVEL; the program may have set it for itself, so what is no level counts as INFO. TRACE and
   NOTSET let everything through (spec/lambda-ipc.md §6.1). */
static int level_of(const char* text) {
    if (text == NULL) {
        return GG_LOG_INFO;
    }
    for (int level = GG_LOG_DEBUG; level < GG_LOG_RESERVED_MAX; ++level) {
        if (strcasecmp(text, level_names[level]) == 0) {
            return level;
        }
    }
    if (strcasecmp(text, "TRACE") == 0 || strcasecmp(text, "NOTSET") == 0) {
        return GG_LOG_RESERVED_NOTSET;
    }
    return GG_LOG_INFO;
}

static int descriptor_of(int level) {
    /* The core takes descriptor 1 for INFO and 2 for ERROR. */
    const int otherwise = level < GG_LOG_WARN ? STDOUT_FILENO : STDERR_FILENO;
    char variable[32];
    snprintf(variable, sizeof(variable), "_GG_LOG_FD_%s", level_names[level]);
    const char* value = getenv(variable);
    const size_t size = value == NULL ? 0 : strlen(value);
    if (size == 0 || size > 9 || strspn(value, "0123456789") != size) {
        return otherwise;
    }
    const int descriptor = atoi(value);
    return fcntl(descriptor, F_GETFD) < 0 ? otherwise : descriptor;
}

static void load(void) {
    least_level = level_of(getenv("LOG_LEVEL"));
    for (int level = GG_LOG_DEBUG; level < GG_LOG_RESERVED_MAX; ++level) {
        descriptors[level] = descriptor_of(level);
    }
}

void log_init(void) {
    pthread_once(&once, load);
}

static bool write_all(int descriptor, const char* data, size_t size) {
    while (size > 0) {
        const ssize_t written = write(descriptor, data, size);
        if (written >= 0) {
            data += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd wanted = {.fd = descriptor, .events = POLLOUT};
            poll(&wanted, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* A pipe whose reader is gone must not end the function by SIGPIPE, and how the program treats that
   signal is its own: it is held back from this thread meanwhile. */
static bool write_without_sigpipe(int descriptor, const char* data, size_t size) {
    sigset_t pipe;
    sigset_t before;
    sigset_t pending;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    sigpending(&pending);
    const bool good = write_all(descriptor, data, size);
    if (!good && errno == EPIPE && !sigismember(&pending, SIGPIPE)) {
        const struct timespec now = {0, 0};
        while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return good;
}

/* The printed text as one line; false when it can't be printed or there is no memory. */
static bool print(struct buffer* line, const char* format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    const int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0 || !buffer_reserve(line, (size_t)size + 1)) {
        return false;
    }
    vsnprintf(line->data, (size_t)size + 1, format, arguments);
    line->size = (size_t)size;
    while (line->size > 0 && line->data[line->size - 1] == '\n') {
        --line->size;
    }
    return buffer_append(line, "\n", 1);
}

static gg_error write_line(gg_log_level level, const char* format, va_list arguments) {
    const int before = errno;
    log_init();
    if ((int)level < least_level) {
        return GGE_SUCCESS;
    }
    struct buffer line = {0};
    errno = before; /* for %m */
    bool good = print(&line, format, arguments);
    if (good) {
        pthread_mutex_lock(&writing);
        good = write_without_sigpipe(descriptors[level], line.data, line.size);
        pthread_mutex_unlock(&writing);
    }
    buffer_free(&line);
    errno = before;
    return good ? GGE_SUCCESS : GGE_INTERNAL_FAILURE;
}

void log_line(gg_log_level level, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)write_line(level, format, arguments);
    va_end(arguments);
}

gg_error gg_log(gg_log_level level, const char* format, ...) {
    if (format == NULL || level < GG_LOG_DEBUG || level >= GG_LOG_RESERVED_MAX) {
        return GGE_INVALID_PARAMETER;
    }
    va_list arguments;
    va_start(arguments, format);
    const gg_error error = write_line(level, format, arguments);
    va_end(arguments);
    return error;
}
