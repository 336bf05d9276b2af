#include "CVersion.h"

// Package.swift defines it with the value of the environment variable of the same name.
#ifndef WHERRY_COMMIT
#define WHERRY_COMMIT "unknown"
#endif

const char *c_commit(void) { return WHERRY_COMMIT; }
