import Bytes
import Errors
import Linux

extension Announcement {
    /// Tells the caller which process was made: writes the pid file and sends the pidfd, where the caller asked for them.
    func make(of process: ContainerProcess) throws(RuntimeError) {
        if let path = pidFile {
            step(.writePIDFile)
            try explaining(
                .system, "the pid file \"" + path.displayText + "\" can't be written", path: path,
                PIDFile.write(process.pid, to: path))
        }
        if let path = pidfdSocket {
            step(.sendPIDFD)
            try CallersSocket(connectingTo: path, "pidfd socket", .system).send("pidfd", process.handle.descriptor.rawValue)
        }
    }
}
