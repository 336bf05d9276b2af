#include "probe.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

static void send_with(int socket, const char *text, int descriptor) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec part = {.iov_base = (void *)text, .iov_len = strlen(text)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    if (sendmsg(socket, &message, 0) < 0) fail("sendmsg");
}

// notify MESSAGE...: sends each message to $NOTIFY_SOCKET. Standard input goes along with a message that begins with FDSTORE.
// BARRIER=1 waits until the manager has closed the descriptor that comes with it: sd_notify_barrier(3)
int notify(int count, char **arguments) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path || strlen(path) >= sizeof address.sun_path) return 2;
    strcpy(address.sun_path, path);
    int manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (connect(manager, (struct sockaddr *)&address, sizeof address) < 0) fail(path);
    for (int i = 0; i < count; i++) {
        if (!strcmp(arguments[i], "BARRIER=1")) {
            int ends[2];
            if (pipe(ends) < 0) fail("pipe");
            send_with(manager, arguments[i], ends[1]);
            close(ends[1]);
            struct pollfd wanted = {.fd = ends[0]};
            if (poll(&wanted, 1, 20000) != 1) fail("the barrier isn't closed");
            close(ends[0]);
        } else {
            send_with(manager, arguments[i], strncmp(arguments[i], "FDSTORE", 7) ? -1 : 0);
        }
    }
    return 0;
}
