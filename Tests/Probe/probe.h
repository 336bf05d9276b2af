// The integration tests' own tool. Inside a container it tells what a shell can't see; outside it makes what a shell can't make.
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

// Each gets the arguments after its own name, and returns the exit status.
int show_attributes(int count, char **arguments);
int run_with_odd_attributes(int count, char **arguments);
int hold_namespaces(int count, char **arguments);
/// A fault at one system call of a program.
int supervise(int count, char **arguments);
/// A program that is killed after a time, and all that it leaves.
int expire(int count, char **arguments);
/// What a hostile container tries while a process joins it.
int reach_for_host(int count, char **arguments);

/// What is in another process's memory.
int search_memory(int count, char **arguments);
/// Words in another process's name.
int impersonate(int count, char **arguments);

/// Ends the program with the reason of errno.
_Noreturn void fail(const char *what);
