import Bytes
import Testing

@testable import Lifecycle

@Suite struct CriuLogTests {
    private func cause(_ log: String) -> String? { CriuLog.cause(in: Array(log.utf8))?.displayText }

    @Test func isTheFirstErrorAndNotItsConsequences() {
        let log = """
            (00.000041) Version: 3.17.1 (gitid 0)
            (00.012345) Warn  (criu/kerndat.c:1018): $XDG_RUNTIME_DIR not set. Cannot find location for kerndat file
            (00.070001)      1: Error (criu/files-reg.c:2104): File tmp/count has bad size 3 (expect 5)
            (00.070120)      1: Error (criu/files.c:1206): Unable to open fd=3 id=0x7
            (00.080000) Error (criu/cr-restore.c:2557): Restoring FAILED.

            """
        #expect(cause(log) == "Error (criu/files-reg.c:2104): File tmp/count has bad size 3 (expect 5)")
    }

    // Lines of criu's restorer have one more word in front.
    @Test func mayBeOfTheRestorer() {
        let log = """
            (00.058600)     36: Restoring resources
            (00.058671) pie: 36: Error (criu/pie/restorer.c:1950): Can't restore timers: -22
            (00.060000) Error (criu/cr-restore.c:1506): 36 killed by signal 11: Segmentation fault
            (00.060100) Error (criu/cr-restore.c:2557): Restoring FAILED.

            """
        #expect(cause(log) == "Error (criu/pie/restorer.c:1950): Can't restore timers: -22")
    }

    @Test func isNotTheEndOfAProcess() {
        let log = """
            (00.010000) Error (criu/util.c:641): exited, status=1
            (00.020000) Error (criu/cr-restore.c:1490): 12 exited, status=1
            (00.020100) Error (criu/cr-restore.c:1506): 13 killed by signal 9: Killed
            (00.030000) Error (criu/net.c:2010): Can't set up the network namespace
            (00.040000) Error (criu/cr-restore.c:2557): Restoring FAILED.

            """
        #expect(cause(log) == "Error (criu/net.c:2010): Can't set up the network namespace")
    }

    @Test func isWhatWasSaidWithoutALog() {
        let output = Array("criu: error while loading shared libraries: libnet.so.9\n".utf8)
        let error = CriuLog(path: "/no/such/log").failure("criu doesn't work here", output: output, response: nil)
        #expect(error.message == "criu doesn't work here: criu: error while loading shared libraries: libnet.so.9")
    }

    @Test func isAConsequenceWhereNothingElseIsSaid() {
        #expect(
            cause(
                "(00.04) Error (criu/cr-restore.c:1506): 13 killed by signal 9: Killed\n(00.05) Error (criu/cr-restore.c:2557): Restoring FAILED.\n"
            )
                == "Error (criu/cr-restore.c:1506): 13 killed by signal 9: Killed")
        #expect(cause("(00.01) all is well\nError in the middle (of a line)\n") == nil)
    }
}
