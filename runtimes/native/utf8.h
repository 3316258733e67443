#ifndef EVERGRASS_NATIVE_UTF8_H
#define EVERGRASS_NATIVE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character that `text` begins with, 0 when it begins with none. */
size_t utf8_length(const char* text, size_t size);

/* Of a text that ends with NUL. */
bool utf8_is_valid(const char* text);

#endif
