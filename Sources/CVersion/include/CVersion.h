// Where the program comes from. A target of its own: a new commit compiles only what says its name.
#pragma once

/// The commit that was built, "unknown" where the build wasn't told.
const char *_Nonnull c_commit(void);
