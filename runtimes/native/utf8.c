#include "utf8.h"

#include <string.h>

size_t utf8_length(const char* text, size_t size) {
    const unsigned char* b = (const unsigned char*)text;
    if (size == 0) {
        return 0;
    }
    if (b[0] < 0x80) {
        return 1;
    }
    size_t length = 0;
    /* Of the second byte: they keep out long forms, surrogates and what is past U+10FFFF. */
    unsigned char least = 0x80;
    unsigned char most = 0xBF;
    if (b[0] >= 0xC2 && b[0] <= 0xDF) {
        length = 2;
    } else if (b[0] >= 0xE0 && b[0] <= 0xEF) {
        length = 3;
        least = b[0] == 0xE0 ? 0xA0 : least;
        most = b[0] == 0xED ? 0x9F : most;
    } else if (b[0] >= 0xF0 && b[0] <= 0xF4) {
        length = 4;
        least = b[0] == 0xF0 ? 0x90 : least;
        most = b[0] == 0xF4 ? 0x8F : most;
    }
    if (length == 0 || size < length || b[1] < least || b[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < length; ++i) {
        if (b[i] < 0x80 || b[i] > 0xBF) {
            return 0;
        }
    }
    return length;
}

bool utf8_is_valid(const char* text) {
    size_t left = strlen(text);
    while (left > 0) {
        const size_t length = utf8_length(text, left);
        if (length == 0) {
            return false;
        }
        text += length;
        left -= length;
    }
    return true;
}
