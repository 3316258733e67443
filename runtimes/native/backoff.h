#ifndef EVERGRASS_NATIVE_BACKOFF_H
#define EVERGRASS_NATIVE_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When to try again what failed: after 50 ms, twice that and so on up to 500 ms, each a random part
 * shorter; at most 10 tries in 3 s (spec/lambda-ipc.md §2.4). A core that restarts its endpoint is
 * back by then, or it restarts this process too.
 */
struct backoff {
    int tries;        /* that failed so far */
    int64_t deadline; /* clock_now() */
};

struct backoff backoff_begin(void);

/* Waits for the next try. False: give up, or the process is to end. */
bool backoff_wait(struct backoff* b);

#endif
