#ifndef EVERGRASS_NATIVE_LOG_H
#define EVERGRASS_NATIVE_LOG_H

#include "include/greengrasssdk.h"
#include <stdarg.h>

/* Reads LOG_LEVEL and _GG_LOG_FD_* unless that is done. Any thread. */
void log_init(void);

/* As gg_log, for the library itself: no result to look at. Keeps errno. */
void log_line(gg_log_level level, const char* format, ...) __attribute__((format(printf, 2, 3)));

#endif
