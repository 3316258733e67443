#include "json_scan.h"

#include <string.h>

static size_t skip_space(const char* text, size_t size, size_t at) {
    while (at < size && memchr(" \t\r\n", text[at], 4) != NULL) {
        ++at;
    }
    return at;
}

/* The place of the closing quote of a string whose content begins at `at`, or `size`. */
static size_t end_of_string(const char* text, size_t size, size_t at) {
    while (at < size && text[at] != '"') {
        at += text[at] == '\\' ? 2 : 1;
    }
    return at < size ? at : size;
}

bool json_has_member(const char* text, size_t size, const char* name) {
    const size_t name_size = strlen(name);
    size_t at = skip_space(text, size, 0);
    if (at >= size || text[at] != '{') {
        return false;
    }
    size_t depth = 0;
    for (; at < size; ++at) {
        const char c = text[at];
        if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (--depth == 0) {
                return false;
            }
        } else if (c == '"') {
            const size_t begin = at + 1;
            at = end_of_string(text, size, begin);
            const size_t next = skip_space(text, size, at + 1);
            const bool is_name = depth == 1 && next < size && text[next] == ':';
            if (is_name && at - begin == name_size && memcmp(text + begin, name, name_size) == 0) {
                return true;
            }
        }
    }
    return false;
}
