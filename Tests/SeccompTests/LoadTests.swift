import CHarness
import CLinux
import CSeccomp
import Errors
import Linux
import Testing

@testable import OCI
@testable import Seccomp

/// What the kernel makes of the programs.
@Suite(.serialized) struct LoadTests {
    @Test func answersWithTheErrorNumberOfTheRule() throws {
        let profile = Seccomp(.allow, .init(.errno, errno: 95, "umask"), .init(.errno, "getpgid"))
        #expect(try Child.end(under: profile) { _ in Child.error(of: SYS_umask) } == .exited(95))
        #expect(try Child.end(under: profile) { _ in Child.error(of: SYS_getpgid) } == .exited(EPERM))
        #expect(try Child.end(under: profile) { _ in Child.error(of: SYS_getppid) } == .exited(0))
    }

    @Test func refusesWhatAnAllowListLeavesOut() throws {
        let profile = Seccomp(.errno, errno: 13, .init(.allow, "exit_group", "umask"))
        #expect(try Child.end(under: profile) { _ in Child.error(of: SYS_umask) } == .exited(0))
        #expect(try Child.end(under: profile) { _ in Child.error(of: SYS_getppid) } == .exited(13))
    }

    @Test(arguments: [600, Int32(SYS_exit_group) + 1, 0x3FFF_FFFF])
    func knowsNoCallThatIsNewerThanTheProfile(number: Int32) throws {
        let profile = Seccomp(.errno, .init(.allow, "exit_group"))
        #expect(try Child.end(under: profile) { _ in Child.error(of: number) } == .exited(ENOSYS))
    }

    @Test(arguments: [Seccomp.Action.killProcess, .kill, .killThread, .trap])
    func endsTheProcess(action: Seccomp.Action) throws {
        let profile = Seccomp(.allow, .init(action, "umask"))
        #expect(try Child.end(under: profile) { _ in Child.error(of: SYS_umask) } == .killed(signal: SIGSYS))
        #expect(try Child.end(under: profile) { _ in Child.error(of: SYS_getppid) } == .exited(0))
    }

    @Test func killsWhateverIsNewerWhereTheDefaultKills() throws {
        let profile = Seccomp(.killProcess, .init(.allow, "exit_group"))
        #expect(try Child.end(under: profile) { _ in Child.error(of: 600) } == .killed(signal: SIGSYS))
    }

    // An outer filter makes the kernel seem to drop a capability without dropping it (0), or to have no such capability
    // (EINVAL).
    @Test(.enabled(if: getuid() == 0, "only root may drop capabilities"), arguments: [0, EINVAL])
    func boundingSetThatIsNotLimitedIsAnError(answer: Int32) throws {
        let drop = Seccomp.Argument(0, .equal, UInt64(PR_CAPBSET_DROP), 0)
        let profile = Seccomp(.allow, .init(.errno, errno: UInt32(answer), "prctl", where: [drop]))
        let limit: (Int32) -> Int32 = { _ in
            do throws(SystemError) {
                try Credentials.limitBounding(to: CapabilitySet(bits: 1))
                return 0
            } catch {
                return error.errno.rawValue
            }
        }
        #expect(try Child.end(under: profile, limit) == .exited(answer == 0 ? EPERM : EINVAL))
        #expect(try Child.end(under: Seccomp(.allow), limit) == .exited(0))
    }

    @Test func logsAndGoesOn() throws {
        let profile = Seccomp(.allow, .init(.log, "umask"))
        #expect(try Child.end(under: profile) { _ in Child.error(of: SYS_umask) } == .exited(0))
    }

    @Test func tellsATracerThatIsNotThere() throws {
        let profile = Seccomp(.allow, .init(.trace, errno: 7, "umask"))
        #expect(try Child.end(under: profile) { _ in Child.error(of: SYS_umask) } == .exited(ENOSYS))
    }

    @Test(arguments: Seccomp.Operator.allCases)
    func comparesAs64BitNumbers(op: Seccomp.Operator) throws {
        let value: UInt64 = 0x1_0000_0010
        let argument = Seccomp.Argument(0, op, op == .maskedEqual ? 0x1_0000_00F0 : value, value)
        let profile = Seccomp(.allow, .init(.errno, errno: 95, "umask", where: [argument]))
        let tried = [value, value - 1, value + 1, 0x10, 0x2_0000_0010]
        let end = try Child.end(under: profile) { _ in
            var met: Int32 = 0
            for index in 0..<5 where Child.error(of: SYS_umask, tried[index]) == 95 { met |= 1 << Int32(index) }
            return met
        }
        let expected: Int32 =
            switch op {
            case .equal: 0b00001
            case .notEqual: 0b11110
            case .lessThan: 0b01010
            case .lessOrEqual: 0b01011
            case .greaterThan: 0b10100
            case .greaterOrEqual: 0b10101
            case .maskedEqual: 0b00101
            }
        #expect(end == .exited(expected))
    }

    @Test func loadsWhatTheEnginesAskFor() throws {
        for sample in ["docker-run-rm.config.json", "podman-run-rm.config.json"] {
            let profile = try Seccomp(sample: sample)
            // A call that is simply allowed, personality with a listed value, and personality with a value that isn't listed.
            let end = try Child.end(under: profile) { _ in
                guard Child.error(of: SYS_getppid) == 0, Child.error(of: SYS_personality, 0xFFFF_FFFF) == 0 else { return 1 }
                return Child.error(of: SYS_personality, 0x40_0000) == 0 ? 2 : 0
            }
            #expect(end == .exited(0), "\(sample)")
        }
    }

    @Test func saysWhatIsMissingToLoadAFilter() throws {
        let program = try SeccompFilter.program(for: Seccomp(.allow))
        let pid = h_fork()
        if pid == 0 {
            _ = c_setresuid(65534, 65534, 65534)
            do {
                _ = try program.load()
                _exit(1)
            } catch {
                _exit(error.errno == .EACCES && error.hint != nil ? 0 : 2)
            }
        }
        var status: Int32 = -1
        waitpid(pid, &status, 0)
        #expect(status == 0)
    }

    @Test func handsNotifiedCallsToWhoeverHasTheListener() throws {
        var profile = Seccomp(.allow, .init(.notify, "umask"))
        profile.flags = [.waitKillableReceive]
        let (agent, container) = try FileDescriptor.messagePair()
        let supervisor = h_fork()
        if supervisor == 0 {
            // As an agent does, this takes the listener and answers one call.
            var listener: Int32 = -1
            var count: Int32 = 1
            var byte: UInt8 = 0
            _ = c_receive(agent.rawValue, &byte, 1, &listener, &count)
            var request: UnsafeMutablePointer<seccomp_notif>?
            var response: UnsafeMutablePointer<seccomp_notif_resp>?
            guard seccomp_notify_alloc(&request, &response) == 0, seccomp_notify_receive(listener, request) == 0,
                let request, let response
            else { _exit(1) }
            response.pointee.id = request.pointee.id
            response.pointee.error = -EXDEV
            _exit(seccomp_notify_respond(listener, response) == 0 ? 0 : 2)
        }
        let end = try Child.end(under: profile) { listener in
            guard listener >= 0, c_fcntl(listener, F_GETFD, 0) == FD_CLOEXEC else { return 1 }
            guard c_send(container.rawValue, [1], 1, [listener], 1) == 1 else { return 2 }
            return Child.error(of: SYS_umask)
        }
        #expect(end == .exited(EXDEV))
        var status: Int32 = -1
        waitpid(supervisor, &status, 0)
        #expect(status == 0)
    }
}
