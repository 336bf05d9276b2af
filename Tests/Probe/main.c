#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "pause")) for (;;) pause();
    if (argc == 3 && !strcmp(argv[1], "await-signal")) {
        sigset_t set;
        int number = atoi(argv[2]);
        sigemptyset(&set);
        sigaddset(&set, number);
        sigprocmask(SIG_BLOCK, &set, NULL);
        puts("ready");
        fflush(stdout);
        int got;
        sigwait(&set, &got);
        printf("got %d\n", got);
        return 0;
    }
    return 2;
}
