public import Errors
import Linux
import OCI

/// Creates a container, whose process then waits for `start`. Source: runtime.md, "Create".
///
/// On failure everything that was made is undone.
public func createContainer(_ options: CreateOptions, _ settings: GlobalSettings) throws(RuntimeError) {
    let creation = try CreateSession.begin(try prepareCaller(options, settings), detached: true, settings)
    try creation.execute()
    DescriptorClosing.leaveToExit()
}
