// The stack of the release program as the kernel has set it up: argc, argv, NULL, envp, NULL, the auxiliary vector (execve(2),
// the System V ABI for AMD64, "Initial Process Stack").
#pragma once

extern long *initial_stack __attribute__((visibility("hidden")));
