#include "connection.h"

#include "clock.h"
#include "stop.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* GGE_SUCCESS when one of `events` is there; which they are in `seen`. */
static gg_error wait_for(int descriptor, short events, const struct patience* patience,
                         short* seen) {
    for (;;) {
        struct pollfd wanted[2] = {
            {.fd = descriptor, .events = events},
            {.fd = stop_descriptor(), .events = POLLIN},
        };
        int limit = -1;
        if (patience->deadline != 0) {
            const int64_t left = patience->deadline - clock_now();
            limit = left > 0 ? (int)left : 0;
        }
        const int count = poll(wanted, patience->deadline != 0 ? 1 : 2, limit);
        if (count < 0 && errno != EINTR) {
            return GGE_INTERNAL_FAILURE;
        }
        if (count > 0 && wanted[1].revents != 0) {
            return GGE_TERMINATE;
        }
        if (count > 0) {
            *seen = wanted[0].revents;
            return GGE_SUCCESS;
        }
        if (count == 0) {
            errno = ETIMEDOUT;
            return GGE_INTERNAL_FAILURE;
        }
    }
}

static gg_error finish_connect(int descriptor, const struct patience* patience) {
    short seen = 0;
    const gg_error waited = wait_for(descriptor, POLLOUT, patience, &seen);
    if (waited != GGE_SUCCESS) {
        return waited;
    }
    int code = 0;
    socklen_t size = sizeof(code);
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) != 0) {
        return GGE_INTERNAL_FAILURE;
    }
    errno = code;
    return code == 0 ? GGE_SUCCESS : GGE_INTERNAL_FAILURE;
}

static gg_error open_address(const struct addrinfo* address, const struct patience* patience,
                             int* descriptor) {
    const int made = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) {
        return GGE_INTERNAL_FAILURE;
    }
    const int on = 1;
    setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    gg_error error = GGE_SUCCESS;
    if (connect(made, address->ai_addr, address->ai_addrlen) != 0) {
        error = errno == EINPROGRESS || errno == EINTR ? finish_connect(made, patience)
                                                       : GGE_INTERNAL_FAILURE;
    }
    if (error != GGE_SUCCESS) {
        const int code = errno;
        close(made);
        errno = code;
        return error;
    }
    *descriptor = made;
    return GGE_SUCCESS;
}

static gg_error open_host(const char* host, const char* port, int flags,
                          const struct patience* patience, int* descriptor) {
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    struct addrinfo* all = NULL;
    const int code = getaddrinfo(host, port, &hints, &all);
    if (code == EAI_MEMORY) {
        return GGE_OUT_OF_MEMORY;
    }
    if (code != 0) {
        errno = code == EAI_SYSTEM ? errno : EADDRNOTAVAIL;
        return GGE_INTERNAL_FAILURE;
    }
    gg_error error = GGE_INTERNAL_FAILURE;
    for (const struct addrinfo* a = all; a != NULL && error == GGE_INTERNAL_FAILURE;
         a = a->ai_next) {
        error = open_address(a, patience, descriptor);
    }
    const int last = errno;
    freeaddrinfo(all);
    errno = last;
    return error;
}

gg_error connection_open(const char* host, const char* port, const struct patience* patience,
                         int* descriptor) {
    if (strcmp(host, "localhost") != 0) {
        return open_host(host, port, 0, patience, descriptor);
    }
    /* A container may have no /etc/hosts. */
    const gg_error error = open_host("127.0.0.1", port, AI_NUMERICHOST, patience, descriptor);
    if (error != GGE_INTERNAL_FAILURE) {
        return error;
    }
    const int code = errno;
    const gg_error second = open_host("::1", port, AI_NUMERICHOST, patience, descriptor);
    errno = code; /* of the address that a core has more often */
    return second;
}

/* What is left of head and body after `sent` bytes, as pieces for sendmsg; their number. */
static size_t pieces_after(size_t sent, struct iovec all[2]) {
    const size_t head_size = all[0].iov_len;
    if (sent < head_size) {
        all[0].iov_base = (char*)all[0].iov_base + sent;
        all[0].iov_len -= sent;
        return all[1].iov_len == 0 ? 1 : 2;
    }
    all[0].iov_base = (char*)all[1].iov_base + (sent - head_size);
    all[0].iov_len = all[1].iov_len - (sent - head_size);
    return 1;
}

gg_error connection_send(int descriptor, const char* head, size_t head_size, const void* body,
                         size_t body_size, const struct patience* patience, size_t* sent) {
    *sent = 0;
    while (*sent < head_size + body_size) {
        struct iovec pieces[2] = {{.iov_base = (void*)head, .iov_len = head_size},
                                  {.iov_base = (void*)body, .iov_len = body_size}};
        const struct msghdr message = {.msg_iov = pieces,
                                       .msg_iovlen = pieces_after(*sent, pieces)};
        const ssize_t now = sendmsg(descriptor, &message, MSG_NOSIGNAL);
        if (now >= 0) {
            *sent += (size_t)now;
            continue;
        }
        if (errno == EINTR) {
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            return GGE_INTERNAL_FAILURE;
        }
        short seen = 0;
        const gg_error waited = wait_for(descriptor, POLLIN | POLLOUT, patience, &seen);
        if (waited != GGE_SUCCESS) {
            return waited;
        }
        if ((seen & POLLIN) != 0) {
            return GGE_SUCCESS;
        }
    }
    return GGE_SUCCESS;
}

gg_error connection_receive(int descriptor, char* data, size_t size,
                            const struct patience* patience, size_t* received) {
    for (;;) {
        short seen = 0;
        const gg_error waited = wait_for(descriptor, POLLIN, patience, &seen);
        if (waited != GGE_SUCCESS) {
            return waited;
        }
        const ssize_t now = recv(descriptor, data, size, 0);
        if (now >= 0) {
            *received = (size_t)now;
            return GGE_SUCCESS;
        }
        if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
            return GGE_INTERNAL_FAILURE;
        }
    }
}
