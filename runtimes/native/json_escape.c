#include "json_escape.h"

#include "utf8.h"
#include <stdio.h>
#include <string.h>

/* Of the characters with a short escape; 0 for the others. */
static char short_escape(unsigned char c) {
    switch (c) {
        case '"':
        case '\\':
            return (char)c;
        case '\b':
            return 'b';
        case '\f':
            return 'f';
        case '\n':
            return 'n';
        case '\r':
            return 'r';
        case '\t':
            return 't';
        default:
            return 0;
    }
}

static bool append_ascii(struct buffer* out, unsigned char c) {
    const char letter = short_escape(c);
    if (letter != 0) {
        const char pair[2] = {'\\', letter};
        return buffer_append(out, pair, sizeof(pair));
    }
    if (c < 0x20) {
        char escape[8];
        snprintf(escape, sizeof(escape), "\\u%04x", c);
        return buffer_append_text(out, escape);
    }
    return buffer_append(out, &c, 1);
}

bool json_append_string(struct buffer* out, const char* text) {
    static const char replacement[] = "\xEF\xBF\xBD";
    size_t left = strlen(text);
    bool good = buffer_append(out, "\"", 1);
    while (good && left > 0) {
        size_t length = utf8_length(text, left);
        if (length == 1) {
            good = append_ascii(out, (unsigned char)*text);
        } else if (length > 1) {
            good = buffer_append(out, text, length);
        } else {
            good = buffer_append_text(out, replacement);
            length = 1;
        }
        text += length;
        left -= length;
    }
    return good && buffer_append(out, "\"", 1);
}
