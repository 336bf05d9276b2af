// What the kernel laid on the stack of the release program: argc, argv, NULL, envp, NULL, the auxiliary vector (execve(2), the System V
// ABI for AMD64, "Initial Process Stack").
#pragma once

extern long *initial_stack __attribute__((visibility("hidden")));
