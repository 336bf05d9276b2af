#include <stddef.h>
#include "CHarness.h"

#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

int h_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int h_pidfd_send_signal(int pidfd, int number) { return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0); }

void h_prepare_process(void) {
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
}

void h_spawn_defaults(posix_spawnattr_t *attributes, int new_session) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    posix_spawnattr_setflags(attributes, new_session ? flags | POSIX_SPAWN_SETSID : flags);
}

int h_put(const char *path, const char *text) {
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    long written = write(descriptor, text, strlen(text));
    int kept = errno;
    close(descriptor);
    errno = kept;
    return written == (long)strlen(text) ? 0 : -1;
}

int h_exchange(const char *one, const char *other) {
    return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, 2 /* RENAME_EXCHANGE */);
}

int h_open_terminal(char *name, unsigned long size) {
    int controller = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (controller < 0) return -1;
    if (grantpt(controller) < 0 || unlockpt(controller) < 0 || ptsname_r(controller, name, size) != 0) {
        close(controller);
        return -1;
    }
    return controller;
}

int h_window_size(int terminal, unsigned short *rows, unsigned short *columns) {
    struct winsize size;
    if (ioctl(terminal, TIOCGWINSZ, &size) < 0) return -1;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

int h_set_window_size(int terminal, unsigned short rows, unsigned short columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return ioctl(terminal, TIOCSWINSZ, &size);
}

int h_listen(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0 && listen(descriptor, 8) == 0) return descriptor;
    close(descriptor);
    return -1;
}

int h_datagrams(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned long length = strlen(path);
    if (length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, length);
    if (*path == '@') address.sun_path[0] = 0;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    if (bind(descriptor, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == 0) return descriptor;
    close(descriptor);
    return -1;
}

int h_connect(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -1;
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    if (descriptor >= 0) close(descriptor);
    return -1;
}

long h_receive(int socket, void *bytes, unsigned long size, int *descriptor) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *descriptor = -1;
    long count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = count < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(descriptor, CMSG_DATA(header), sizeof(int));
    return count;
}

int h_answer_notification(int listener, int error) {
    // Larger than the structs in the headers, because a newer kernel may fill in more.
    union {
        struct seccomp_notif notification;
        char room[512];
    } request;
    union {
        struct seccomp_notif_resp answer;
        char room[512];
    } response;
    memset(&request, 0, sizeof request);
    memset(&response, 0, sizeof response);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request.notification) < 0) return -1;
    response.answer.id = request.notification.id;
    response.answer.error = -error;
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response.answer);
}
