/* Preloaded: SIGTERM comes when a process is about to wait, after its last look for signals. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

ssize_t recv(int socket, void* data, size_t size, int flags) {
    ssize_t (*real)(int, void*, size_t, int) = dlsym(RTLD_NEXT, "recv");
    raise(SIGTERM);
    return real(socket, data, size, flags);
}

int poll(struct pollfd* descriptors, nfds_t count, int timeout) {
    int (*real)(struct pollfd*, nfds_t, int) = dlsym(RTLD_NEXT, "poll");
    raise(SIGTERM);
    return real(descriptors, count, timeout);
}
