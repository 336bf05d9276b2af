// The origin of the program. It's a target of its own, so that a new commit recompiles only this target.
#pragma once

/// The commit that was built; "unknown" if the build wasn't told.
const char *_Nonnull c_commit(void);
