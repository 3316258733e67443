#ifndef EVERGRASS_NATIVE_CLOCK_H
#define EVERGRASS_NATIVE_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that nobody sets. */
int64_t clock_now(void);

/* Waits, also when the process is to end. */
void clock_sleep(int milliseconds);

#endif
