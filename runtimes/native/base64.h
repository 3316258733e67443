/* Base64 with the standard alphabet and padding, as client contexts have it (spec/lambda-ipc.md
 * §2.7). */
#ifndef EVERGRASS_NATIVE_BASE64_H
#define EVERGRASS_NATIVE_BASE64_H

#include "buffer.h"

/* Appends. False when there is no memory. */
bool base64_encode(const void* data, size_t size, struct buffer* out);

bool base64_is_valid(const char* text, size_t size);

/* Appends what `text`, which must be valid, stands for. False when there is no memory. */
bool base64_decode(const char* text, size_t size, struct buffer* out);

#endif
