/* The end of the process: SIGTERM of the core, or the core is gone. Once asked for, for good. */
#ifndef EVERGRASS_NATIVE_STOP_H
#define EVERGRASS_NATIVE_STOP_H

#include "include/greengrasssdk.h"
#include <stdbool.h>

/* By gg_global_init. */
gg_error stop_init(void);

/* Replaces the handler of SIGTERM by stop_request. */
gg_error stop_on_sigterm(void);

/* Any thread, and a signal handler. */
void stop_request(void);
bool stop_is_requested(void);

/* Readable from the request on, for poll. */
int stop_descriptor(void);

/* Waits for the request, at most so long. True when it came. */
bool stop_wait(int milliseconds);

#endif
