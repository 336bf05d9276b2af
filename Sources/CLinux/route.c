#include "CLinux.h"

#include <linux/netlink.h>
#include <sys/socket.h>

int c_route_socket(void) { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE); }

long c_receive_from_kernel(int socket, void *bytes, unsigned long count) {
    struct sockaddr_nl sender = {0};
    socklen_t size = sizeof sender;
    long received = recvfrom(socket, bytes, count, 0, (struct sockaddr *)&sender, &size);
    // nl_pid is the port of the sender: 0 is the kernel.
    return received >= 0 && (size < sizeof sender || sender.nl_pid != 0) ? 0 : received;
}
