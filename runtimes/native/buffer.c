#include "buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool buffer_reserve(struct buffer* b, size_t more) {
    if (more >= SIZE_MAX / 2 - b->size) {
        return false;
    }
    const size_t needed = b->size + more + 1;
    if (needed <= b->capacity) {
        return true;
    }
    size_t capacity = b->capacity * 2;
    if (capacity < needed) {
        capacity = needed;
    }
    char* data = realloc(b->data, capacity);
    if (data == NULL) {
        return false;
    }
    b->data = data;
    b->data[b->size] = '\0';
    b->capacity = capacity;
    return true;
}

bool buffer_append(struct buffer* b, const void* data, size_t size) {
    if (!buffer_reserve(b, size)) {
        return false;
    }
    if (size > 0) {
        memcpy(b->data + b->size, data, size);
    }
    b->size += size;
    b->data[b->size] = '\0';
    return true;
}

bool buffer_append_text(struct buffer* b, const char* text) {
    return buffer_append(b, text, strlen(text));
}

bool buffer_append_number(struct buffer* b, size_t number) {
    char text[24];
    snprintf(text, sizeof(text), "%zu", number);
    return buffer_append_text(b, text);
}

const char* buffer_text(const struct buffer* b) {
    return b->data == NULL ? "" : b->data;
}

size_t buffer_read(const struct buffer* b, size_t* position, void* out, size_t size) {
    const size_t left = b->size - *position;
    const size_t amount = left < size ? left : size;
    if (amount > 0) {
        memcpy(out, b->data + *position, amount);
    }
    *position += amount;
    return amount;
}

void buffer_clear(struct buffer* b) {
    b->size = 0;
    if (b->data != NULL) {
        b->data[0] = '\0';
    }
}

void buffer_free(struct buffer* b) {
    free(b->data);
    memset(b, 0, sizeof(*b));
}
