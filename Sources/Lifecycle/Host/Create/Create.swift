public import Errors
import Linux
import OCI

/// Creates a container: runtime.md, "Create". Its process waits for `start`.
///
/// On failure nothing is left of it.
public func createContainer(_ options: CreateOptions, _ settings: GlobalSettings) throws(RuntimeError) {
    try CreateSession.begin(try prepareCaller(options, settings), detached: true, settings).execute()
}
