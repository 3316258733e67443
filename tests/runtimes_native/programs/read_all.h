#ifndef READ_ALL_H
#define READ_ALL_H

#include "greengrasssdk.h"
#include <stdio.h>

/* To `out`, in pieces smaller than most responses; the error of the read that failed. */
static inline gg_error print_response(gg_request request, FILE* out) {
    char piece[7];
    size_t amount = 0;
    gg_error error;
    do {
        error = gg_request_read(request, piece, sizeof(piece), &amount);
        fwrite(piece, 1, amount, out);
    } while (error == GGE_SUCCESS && amount > 0);
    return error;
}

#endif
