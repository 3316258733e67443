/* One TCP connection to the core. All waiting ends when the process is to end. */
#ifndef EVERGRASS_NATIVE_CONNECTION_H
#define EVERGRASS_NATIVE_CONNECTION_H

#include "include/greengrasssdk.h"
#include <stddef.h>
#include <stdint.h>

/* How long a call may wait. */
struct patience {
    /* 0: for as long as the process runs, GGE_TERMINATE then. Else clock_now() at which the call
       fails, whether the process is to end or not. */
    int64_t deadline;
};

/* Each call's errors are GGE_TERMINATE, GGE_OUT_OF_MEMORY and, with errno, GGE_INTERNAL_FAILURE. */
gg_error connection_open(const char* host, const char* port, const struct patience* patience,
                         int* descriptor);

/* Head and body in as few packets as they fit in. Stops early, with GGE_SUCCESS and less than all
   in `sent`, when the core answers before it has heard all. */
gg_error connection_send(int descriptor, const char* head, size_t head_size, const void* body,
                         size_t body_size, const struct patience* patience, size_t* sent);

/* 0 in `received` is the end of the stream. */
gg_error connection_receive(int descriptor, char* data, size_t size,
                            const struct patience* patience, size_t* received);

/* --- Connections that lie idle, for the next call of whatever thread. --- */

/* -1 when there is none. Never one that the core has closed, as far as can be known. */
int connection_take_idle(void);
void connection_keep(int descriptor);

#endif
