/* Bytes that grow. A zeroed one is empty. */
#ifndef EVERGRASS_NATIVE_BUFFER_H
#define EVERGRASS_NATIVE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct buffer {
    char* data; /* followed by a NUL that `size` doesn't count; NULL while empty */
    size_t size;
    size_t capacity;
};

/* All of these: false when there is no memory, and the buffer is as it was. */
bool buffer_append(struct buffer* b, const void* data, size_t size);
bool buffer_append_text(struct buffer* b, const char* text);
bool buffer_append_number(struct buffer* b, size_t number);
/* Room for `more` bytes without another allocation. */
bool buffer_reserve(struct buffer* b, size_t more);

/* Never NULL. */
const char* buffer_text(const struct buffer* b);
/* Copies out what stands from *position on, at most `size` bytes, and moves the position. */
size_t buffer_read(const struct buffer* b, size_t* position, void* out, size_t size);
void buffer_clear(struct buffer* b);
void buffer_free(struct buffer* b);

#ifdef __cplusplus
}
#endif

#endif
