#ifndef EVERGRASS_NATIVE_SETTINGS_H
#define EVERGRASS_NATIVE_SETTINGS_H

#include "include/greengrasssdk.h"
#include <stdbool.h>

/* What the core tells a function by its environment (spec/lambda-ipc.md §4.1). Copies: the program
   may change its environment. None is NULL. */
struct settings {
    const char* host; /* a name or an address without brackets */
    const char* port;
    const char* token; /* the value of Authorization */
    const char* function_arn;
    const char* router_arn;
    const char* shadow_arn;
    const char* secrets_arn;
};

/* By gg_global_init, while the process has one thread; again: nothing. GGE_INVALID_STATE, with a
   log line, when what a core sets is missing or can't be sent. */
gg_error settings_load(void);

bool settings_are_loaded(void);

/* Once they are loaded. Any thread. */
const struct settings* settings_get(void);

/* Printable ASCII without spaces: it can stand in a request's path or header. */
bool settings_can_be_sent(const char* text);

#endif
