#include "http_reader.h"

#include <string.h>
#include <strings.h>

#define MAX_INTERIM 8

static enum http_progress fail(struct http_reader* r, const char* fault) {
    r->fault = fault;
    return HTTP_MALFORMED;
}

/* --- Lines --- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static enum http_progress take_status_line(struct http_reader* r, const char* line) {
    /* HTTP/1.x NNN reason */
    if (strncmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) || line[8] != ' ') {
        return fail(r, "it does not begin with HTTP/1.x");
    }
    const char* code = line + 9;
    if (!is_digit(code[0]) || !is_digit(code[1]) || !is_digit(code[2]) ||
        (code[3] != ' ' && code[3] != '\0')) {
        return fail(r, "it has no status of three digits");
    }
    r->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
    if (r->status < 100 || r->status > 599 || r->status == 101) {
        return fail(r, "its status is out of range");
    }
    r->keep_alive = line[7] != '0';
    r->part = HTTP_HEADER;
    return HTTP_MORE;
}

/* Does the list "a, b" hold `token`? */
static bool lists(const char* value, const char* token) {
    const size_t size = strlen(token);
    while (*value != '\0') {
        value += strspn(value, ", \t");
        const size_t end = strcspn(value, ", \t");
        if (end == size && strncasecmp(value, token, size) == 0) {
            return true;
        }
        value += end;
    }
    return false;
}

static enum http_progress take_length(struct http_reader* r, const char* value) {
    size_t length = 0;
    if (*value == '\0') {
        return fail(r, "its Content-Length is empty");
    }
    for (; *value != '\0'; ++value) {
        if (!is_digit(*value)) {
            return fail(r, "its Content-Length is no number");
        }
        length = length * 10 + (size_t)(*value - '0');
        if (length > HTTP_MAX_BODY) {
            return fail(r, "its body is too large");
        }
    }
    if (r->has_length && r->left != length) {
        return fail(r, "it has two lengths");
    }
    r->has_length = true;
    r->left = length;
    return HTTP_MORE;
}

static enum http_progress use_header(struct http_reader* r, const char* name, const char* value) {
    if (strcasecmp(name, "Content-Length") == 0) {
        return take_length(r, value);
    }
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        if (strcasecmp(value, "chunked") != 0 || r->chunked) {
            return fail(r, "its Transfer-Encoding is not chunked");
        }
        r->chunked = true;
    } else if (strcasecmp(name, "Connection") == 0 && lists(value, "close")) {
        r->keep_alive = false;
    }
    return HTTP_MORE;
}

static bool has_control(const char* text) {
    for (; *text != '\0'; ++text) {
        const unsigned char c = (unsigned char)*text;
        if ((c < 0x20 && c != '\t') || c == 0x7F) {
            return true;
        }
    }
    return false;
}

static enum http_progress take_header(struct http_reader* r, char* line) {
    char* colon = strchr(line, ':');
    const size_t name_size = strcspn(line, " \t:");
    if (colon == NULL || name_size == 0 || line + name_size != colon || has_control(line)) {
        return fail(r, "it has a header line without a name");
    }
    *colon = '\0';
    char* value = colon + 1 + strspn(colon + 1, " \t");
    size_t size = strlen(value);
    while (size > 0 && (value[size - 1] == ' ' || value[size - 1] == '\t')) {
        --size;
    }
    value[size] = '\0';
    if (!buffer_append(&r->headers, line, name_size + 1) ||
        !buffer_append(&r->headers, value, size + 1)) {
        return HTTP_OUT_OF_MEMORY;
    }
    return use_header(r, line, value);
}

static enum http_progress complete(struct http_reader* r) {
    r->part = HTTP_COMPLETE;
    return HTTP_DONE;
}

static enum http_progress end_head(struct http_reader* r) {
    if (r->status < 200) {
        if (++r->interim > MAX_INTERIM) {
            return fail(r, "it is put off again and again");
        }
        buffer_clear(&r->headers);
        r->has_length = r->chunked = false;
        r->left = 0;
        r->part = HTTP_STATUS_LINE;
        return HTTP_MORE;
    }
    if (r->status == 204 || r->status == 304) {
        return complete(r);
    }
    if (r->chunked) {
        if (r->has_length) {
            r->keep_alive = false; /* whoever stands between may have read it differently */
        }
        r->part = HTTP_CHUNK_SIZE;
    } else if (!r->has_length) {
        r->keep_alive = false;
        r->part = HTTP_BODY_UNTIL_CLOSE;
    } else if (r->left == 0) {
        return complete(r);
    } else {
        r->part = HTTP_BODY_OF_LENGTH;
    }
    return HTTP_MORE;
}

static int hex_value(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum http_progress take_chunk_size(struct http_reader* r, const char* line) {
    size_t size = 0;
    const char* at = line;
    for (; hex_value(*at) >= 0; ++at) {
        size = size * 16 + (size_t)hex_value(*at);
        if (size > HTTP_MAX_BODY - r->body.size) {
            return fail(r, "its body is too large");
        }
    }
    if (at == line || strchr("; \t", *at) == NULL) { /* finds the NUL too */
        return fail(r, "it has a chunk without a size");
    }
    r->left = size;
    r->part = size == 0 ? HTTP_TRAILER : HTTP_CHUNK_DATA;
    return HTTP_MORE;
}

static enum http_progress take_line(struct http_reader* r, char* line) {
    switch (r->part) {
        case HTTP_STATUS_LINE:
            return take_status_line(r, line);
        case HTTP_HEADER:
            return *line == '\0' ? end_head(r) : take_header(r, line);
        case HTTP_CHUNK_SIZE:
            return take_chunk_size(r, line);
        case HTTP_CHUNK_END:
            r->part = HTTP_CHUNK_SIZE;
            return *line == '\0' ? HTTP_MORE : fail(r, "a chunk is longer than it says");
        default: /* HTTP_TRAILER */
            return *line == '\0' ? complete(r) : HTTP_MORE;
    }
}

static enum http_progress feed_line(struct http_reader* r, const char* data, size_t size,
                                    size_t* used) {
    const char* newline = memchr(data, '\n', size);
    *used = newline == NULL ? size : (size_t)(newline - data) + 1;
    /* The sizes of chunks are not counted together: a body has as many as it likes. */
    const bool counts = r->part != HTTP_CHUNK_SIZE && r->part != HTTP_CHUNK_END;
    r->head_size += counts ? *used : 0;
    if (r->head_size > HTTP_MAX_HEAD || r->line.size + *used > HTTP_MAX_HEAD) {
        return fail(r, "its head is too large");
    }
    if (!buffer_append(&r->line, data, *used)) {
        return HTTP_OUT_OF_MEMORY;
    }
    if (newline == NULL) {
        return HTTP_MORE;
    }
    char* line = r->line.data;
    size_t length = r->line.size - 1;
    if (length > 0 && line[length - 1] == '\r') {
        --length;
    }
    line[length] = '\0';
    if (strlen(line) != length) {
        return fail(r, "it has a NUL in its head");
    }
    const enum http_progress progress = take_line(r, line);
    buffer_clear(&r->line);
    return progress;
}

/* --- Bodies --- */

static enum http_progress feed_body(struct http_reader* r, const char* data, size_t size,
                                    size_t* used) {
    const bool bounded = r->part != HTTP_BODY_UNTIL_CLOSE;
    *used = bounded && r->left < size ? r->left : size;
    if (*used > HTTP_MAX_BODY - r->body.size) {
        return fail(r, "its body is too large");
    }
    if (!buffer_append(&r->body, data, *used)) {
        return HTTP_OUT_OF_MEMORY;
    }
    if (!bounded) {
        return HTTP_MORE;
    }
    r->left -= *used;
    if (r->left > 0) {
        return HTTP_MORE;
    }
    if (r->part == HTTP_BODY_OF_LENGTH) {
        return complete(r);
    }
    r->part = HTTP_CHUNK_END;
    return HTTP_MORE;
}

/* --- The reader --- */

static bool is_body(enum http_part part) {
    return part == HTTP_BODY_OF_LENGTH || part == HTTP_BODY_UNTIL_CLOSE || part == HTTP_CHUNK_DATA;
}

enum http_progress http_reader_feed(struct http_reader* r, const char* data, size_t size,
                                    size_t* used) {
    enum http_progress progress = r->part == HTTP_COMPLETE ? HTTP_DONE : HTTP_MORE;
    *used = 0;
    r->begun = r->begun || size > 0;
    while (progress == HTTP_MORE && *used < size) {
        size_t now = 0;
        progress = is_body(r->part) ? feed_body(r, data + *used, size - *used, &now)
                                    : feed_line(r, data + *used, size - *used, &now);
        *used += now;
    }
    return progress;
}

enum http_progress http_reader_end(struct http_reader* r) {
    if (r->part == HTTP_COMPLETE) {
        return HTTP_DONE;
    }
    if (r->part == HTTP_BODY_UNTIL_CLOSE) {
        return complete(r);
    }
    return fail(r, r->begun ? "it ends early" : "the connection was closed");
}

const char* http_reader_header(const struct http_reader* r, const char* name) {
    size_t at = 0;
    while (at < r->headers.size) {
        const char* own = r->headers.data + at;
        const char* value = own + strlen(own) + 1;
        if (strcasecmp(own, name) == 0) {
            return value;
        }
        at = (size_t)(value - r->headers.data) + strlen(value) + 1;
    }
    return NULL;
}

void http_reader_free(struct http_reader* r) {
    buffer_free(&r->body);
    buffer_free(&r->line);
    buffer_free(&r->headers);
    memset(r, 0, sizeof(*r));
}
