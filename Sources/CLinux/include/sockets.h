// Sockets and terminals.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>

#pragma clang assume_nonnull begin

enum { c_most_descriptors = 64 };

/// Types of sockets, close-on-exec. C libraries declare the names with different types.
static const int c_seqpacket = SOCK_SEQPACKET | SOCK_CLOEXEC, c_stream = SOCK_STREAM | SOCK_CLOEXEC,
                 c_datagram = SOCK_DGRAM | SOCK_CLOEXEC;

/// accept4(2), close-on-exec, without the peer's address.
static inline int c_accept(int socket) { return accept4(socket, NULL, NULL, SOCK_CLOEXEC); }

/// sendmsg(2) with descriptors (SCM_RIGHTS), never raising SIGPIPE.
static inline long c_send(int socket, const void *bytes, unsigned long count, const int *_Nullable descriptors, int descriptor_count) {
    union {
        char bytes[CMSG_SPACE(sizeof(int) * c_most_descriptors)];
        struct cmsghdr aligned;
    } control = {{0}};
    if (descriptor_count > c_most_descriptors) {
        errno = EINVAL;
        return -1;
    }
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor_count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * (unsigned)descriptor_count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * (unsigned)descriptor_count);
        memcpy(CMSG_DATA(header), descriptors, sizeof(int) * (unsigned)descriptor_count);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

/// recvmsg(2) of bytes and descriptors, which arrive close-on-exec. `descriptor_count` is the room in `descriptors` before the
/// call, and the number of descriptors that arrived after it.
static inline long c_receive(int socket, void *bytes, unsigned long count, int *descriptors, int *descriptor_count) {
    union {
        char bytes[CMSG_SPACE(sizeof(int) * c_most_descriptors)];
        struct cmsghdr aligned;
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    int room = *descriptor_count, found = 0;
    *descriptor_count = 0;
    long received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (received < 0) return received;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int here = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < here && found < room; i++, found++)
            memcpy(&descriptors[found], CMSG_DATA(header) + sizeof(int) * (unsigned)i, sizeof(int));
    }
    *descriptor_count = found;
    return received;
}

/// Makes the address of a socket file. Returns its size, or 0 if the path doesn't fit into the 108 bytes that an address has
/// for it.
static inline unsigned int c_unix_address(struct sockaddr_un *address, const char *path) {
    unsigned long length = strlen(path);
    if (length >= sizeof address->sun_path) return 0;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    return (unsigned int)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

static inline int c_bind_unix(int socket, const char *path) {
    struct sockaddr_un address;
    unsigned int size = c_unix_address(&address, path);
    if (!size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return bind(socket, (const struct sockaddr *)&address, size);
}

static inline int c_connect_unix(int socket, const char *path) {
    struct sockaddr_un address;
    unsigned int size = c_unix_address(&address, path);
    if (!size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return connect(socket, (const struct sockaddr *)&address, size);
}

/// Connects to an abstract socket: its name begins with a NUL, which isn't part of `name`.
static inline int c_connect_abstract(int socket, const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned long length = strlen(name);
    if (length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path + 1, name, length);
    return connect(socket, (const struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length));
}

/// SO_PEERCRED of unix(7): the user id of the process at the other end, or -1 with errno.
static inline int64_t c_peer_user(int socket) {
    struct {
        int32_t pid;
        uint32_t uid, gid;
    } credentials;
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return -1;
    return credentials.uid;
}

/// SO_SNDTIMEO of socket(7), which limits connect(2) too. 0 waits for ever.
static inline int c_set_send_timeout(int socket, long milliseconds) {
    struct {
        long seconds, microseconds;
    } limit = {milliseconds / 1000, milliseconds % 1000 * 1000};
    return setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

static inline int c_window_size_set(int terminal, uint16_t rows, uint16_t columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return ioctl(terminal, TIOCSWINSZ, &size);
}

static inline int c_window_size_copy(int from, int to) {
    struct winsize size;
    if (ioctl(from, TIOCGWINSZ, &size) < 0) return -1;
    return ioctl(to, TIOCSWINSZ, &size);
}

static inline int c_controlling_terminal(int terminal) { return ioctl(terminal, TIOCSCTTY, 0); }

static inline int c_terminal_unlock(int controller) {
    int locked = 0;
    return ioctl(controller, TIOCSPTLCK, &locked);
}

/// The other side of a pseudoterminal, opened without a path (TIOCGPTPEER, ioctl_tty(2)).
static inline int c_terminal_peer(int controller, int flags) { return ioctl(controller, TIOCGPTPEER, flags); }

static inline int c_terminal_number(int controller) {
    unsigned int number;
    return ioctl(controller, TIOCGPTN, &number) < 0 ? -1 : (int)number;
}

/// Makes a socket for rtnetlink(7), close-on-exec. -1 with errno.
int c_route_socket(void);

/// recvfrom(2) of what the kernel sends to such a socket: its length, 0 for something that another sender has sent, -1 with
/// errno.
long c_receive_from_kernel(int socket, void *bytes, unsigned long count);

/// SIOCSIFFLAGS of netdevice(7): brings the loopback interface of the caller's network namespace up. -1 with errno.
int c_loopback_up(void);

#pragma clang assume_nonnull end
