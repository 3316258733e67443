#ifndef EVERGRASS_NATIVE_JSON_ESCAPE_H
#define EVERGRASS_NATIVE_JSON_ESCAPE_H

#include "buffer.h"

/*
 * Appends `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD: an error
 * message must arrive. False when there is no memory.
 */
bool json_append_string(struct buffer* out, const char* text);

#endif
