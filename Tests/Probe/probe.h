// The integration tests' helper program. Inside a container it reports what a shell can't see; outside, it sets up what a shell
// can't.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

// Each function gets the arguments after its subcommand's name, and returns the exit status.
int show_attributes(int count, char **arguments);
int run_with_odd_attributes(int count, char **arguments);
int hold_namespaces(int count, char **arguments);
/// Causes a fault at one system call of a program.
int supervise(int count, char **arguments);
/// Kills a program after a time, and reaps its descendants.
int expire(int count, char **arguments);
/// Does what a hostile container can try while a process joins it.
int reach_for_host(int count, char **arguments);

/// Searches another process's memory.
int search_memory(int count, char **arguments);
/// Sends messages over another process's socket.
int impersonate(int count, char **arguments);

/// Tells the service manager something, as sd_notify(3) does.
int notify(int count, char **arguments);

/// Shows the SELinux labels of files, of this process and of its keyring.
int show_labels(int count, char **arguments);

/// Writes the text with the reason of errno, and exits.
_Noreturn void fail(const char *what);
