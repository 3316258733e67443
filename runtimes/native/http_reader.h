/*
 * Reads one HTTP/1.1 response from bytes as they come. No sockets, no clocks. What a broken or
 * hostile server sends costs at most the limits below.
 */
#ifndef EVERGRASS_NATIVE_HTTP_READER_H
#define EVERGRASS_NATIVE_HTTP_READER_H

#include "buffer.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes. The core takes payloads of 6 MiB and, with every result unread, keeps 64 MiB of them. */
#define HTTP_MAX_HEAD ((size_t)256 * 1024)
#define HTTP_MAX_BODY ((size_t)64 * 1024 * 1024)

enum http_progress { HTTP_MORE, HTTP_DONE, HTTP_MALFORMED, HTTP_OUT_OF_MEMORY };

enum http_part {
    HTTP_STATUS_LINE,
    HTTP_HEADER,
    HTTP_BODY_OF_LENGTH,
    HTTP_BODY_UNTIL_CLOSE,
    HTTP_CHUNK_SIZE,
    HTTP_CHUNK_DATA,
    HTTP_CHUNK_END,
    HTTP_TRAILER,
    HTTP_COMPLETE
};

/* A zeroed one waits for a response. */
struct http_reader {
    int status; /* 200 to 599 once complete */
    struct buffer body;
    bool keep_alive;   /* the connection can take another request; valid once complete */
    const char* fault; /* why it is malformed, a text for the log */

    /* Its own. */
    enum http_part part;
    struct buffer line;    /* what there is of an unfinished line */
    struct buffer headers; /* name NUL value NUL ... */
    size_t head_size;      /* bytes of lines so far, trailers too */
    size_t left;           /* of the body or chunk, bytes */
    unsigned interim;      /* 1xx responses so far */
    bool begun;            /* a byte came */
    bool chunked;
    bool has_length;
};

/* `used`: how much of the data belongs to this response. To be called until it isn't HTTP_MORE. */
enum http_progress http_reader_feed(struct http_reader* r, const char* data, size_t size,
                                    size_t* used);

/* The server closed the connection. Never HTTP_MORE. */
enum http_progress http_reader_end(struct http_reader* r);

/* Of the first header of that name, in any case; NULL without one. Lives as long as the reader. */
const char* http_reader_header(const struct http_reader* r, const char* name);

void http_reader_free(struct http_reader* r);

#ifdef __cplusplus
}
#endif

#endif
