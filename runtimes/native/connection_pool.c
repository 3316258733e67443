#include "connection.h"
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/* What more threads than this leave behind is closed. */
#define MAX_IDLE 4

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int idle[MAX_IDLE];
static size_t idle_count;
/* A forked child has its parent's connections, and must not use them. */
static pid_t owner;

/* Nothing may come on an idle connection: bytes are rubbish, and 0 bytes are its end. */
static int is_quiet(int descriptor) {
    char byte;
    const ssize_t size = recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static int take_any(void) {
    int descriptor = -1;
    pthread_mutex_lock(&lock);
    if (owner != getpid()) {
        while (idle_count > 0) {
            close(idle[--idle_count]);
        }
        owner = getpid();
    }
    if (idle_count > 0) {
        descriptor = idle[--idle_count];
    }
    pthread_mutex_unlock(&lock);
    return descriptor;
}

int connection_take_idle(void) {
    int descriptor = take_any();
    while (descriptor >= 0 && !is_quiet(descriptor)) {
        close(descriptor);
        descriptor = take_any();
    }
    return descriptor;
}

void connection_keep(int descriptor) {
    int rest = descriptor;
    pthread_mutex_lock(&lock);
    if (owner == getpid() && idle_count < MAX_IDLE) {
        idle[idle_count++] = descriptor;
        rest = -1;
    }
    pthread_mutex_unlock(&lock);
    if (rest >= 0) {
        close(rest);
    }
}
