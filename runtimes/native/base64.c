#include "base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_encode(const void* data, size_t size, struct buffer* out) {
    const unsigned char* in = data;
    if (!buffer_reserve(out, size / 3 * 4 + 4)) {
        return false;
    }
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        uint32_t group = (uint32_t)in[i] << 16;
        if (left > 1) {
            group |= (uint32_t)in[i + 1] << 8;
        }
        if (left > 2) {
            group |= in[i + 2];
        }
        const char quad[4] = {
            alphabet[group >> 18],
            alphabet[group >> 12 & 63],
            left > 1 ? alphabet[group >> 6 & 63] : '=',
            left > 2 ? alphabet[group & 63] : '=',
        };
        if (!buffer_append(out, quad, sizeof(quad))) {
            return false;
        }
    }
    return true;
}

/* Of a letter; -1 for what is none. */
static int value_of(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : -1;
}

static size_t padding_of(const char* text, size_t size) {
    if (size < 4 || text[size - 1] != '=') {
        return 0;
    }
    return text[size - 2] == '=' ? 2 : 1;
}

bool base64_is_valid(const char* text, size_t size) {
    if (size % 4 != 0) {
        return false;
    }
    const size_t letters = size - padding_of(text, size);
    for (size_t i = 0; i < letters; ++i) {
        if (value_of(text[i]) < 0) {
            return false;
        }
    }
    return true;
}

bool base64_decode(const char* text, size_t size, struct buffer* out) {
    if (!buffer_reserve(out, size / 4 * 3)) {
        return false;
    }
    const size_t padding = padding_of(text, size);
    for (size_t i = 0; i < size; i += 4) {
        const size_t missing = i + 4 == size ? padding : 0;
        uint32_t group = 0;
        for (size_t k = 0; k < 4; ++k) {
            const uint32_t value = k < 4 - missing ? (uint32_t)value_of(text[i + k]) : 0;
            group = group << 6 | value;
        }
        const unsigned char bytes[3] = {
            (unsigned char)(group >> 16),
            (unsigned char)(group >> 8),
            (unsigned char)group,
        };
        if (!buffer_append(out, bytes, 3 - missing)) {
            return false;
        }
    }
    return true;
}
