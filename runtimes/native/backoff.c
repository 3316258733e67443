#include "backoff.h"

#include "clock.h"
#include "stop.h"
#include <stdlib.h>
#include <unistd.h>

#define FIRST_MS 50
#define MOST_MS 500
#define MAX_TRIES 10
#define MAX_TOTAL_MS 3000

struct backoff backoff_begin(void) {
    const struct backoff b = {.tries = 0, .deadline = clock_now() + MAX_TOTAL_MS};
    return b;
}

/* Between half of it and all: workers that lost the same core don't come back at once. */
static int jitter(int milliseconds) {
    static _Thread_local unsigned seed;
    if (seed == 0) {
        seed = (unsigned)getpid() * 2654435761U + (unsigned)clock_now();
    }
    return milliseconds / 2 + rand_r(&seed) % (milliseconds / 2 + 1);
}

bool backoff_wait(struct backoff* b) {
    ++b->tries;
    int delay = FIRST_MS;
    for (int i = 1; i < b->tries && delay < MOST_MS; ++i) {
        delay *= 2;
    }
    delay = jitter(delay < MOST_MS ? delay : MOST_MS);
    if (b->tries >= MAX_TRIES || clock_now() + delay > b->deadline) {
        return false;
    }
    return !stop_wait(delay);
}
