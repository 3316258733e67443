#include "stop.h"

#include "clock.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static atomic_bool requested;
static int descriptor = -1;

gg_error stop_init(void) {
    if (descriptor < 0) {
        descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    }
    return descriptor < 0 ? GGE_INTERNAL_FAILURE : GGE_SUCCESS;
}

void stop_request(void) {
    static const uint64_t one = 1;
    const int before = errno;
    atomic_store(&requested, true);
    if (write(descriptor, &one, sizeof(one)) < 0) {
        /* Full: it is readable, which is all that is wanted. */
    }
    errno = before;
}

static void on_sigterm(int number) {
    (void)number;
    stop_request();
}

gg_error stop_on_sigterm(void) {
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_sigterm;
    /* No SA_RESTART: what the program waits for is to return, so that it sees the end. */
    sigemptyset(&action.sa_mask);
    return sigaction(SIGTERM, &action, NULL) == 0 ? GGE_SUCCESS : GGE_INTERNAL_FAILURE;
}

bool stop_is_requested(void) {
    return atomic_load(&requested);
}

int stop_descriptor(void) {
    return descriptor;
}

bool stop_wait(int milliseconds) {
    const int64_t deadline = clock_now() + milliseconds;
    for (int64_t left = milliseconds; left > 0 && !stop_is_requested();
         left = deadline - clock_now()) {
        struct pollfd wanted = {.fd = descriptor, .events = POLLIN};
        poll(&wanted, 1, (int)left);
    }
    return stop_is_requested();
}
