import CLinux
import Testing

@testable import OCI
@testable import Seccomp

/// The preview of a filter must say exactly what the filter permits once it's loaded.
@Suite struct PreviewTests {
    private func program(_ profile: Seccomp) throws -> SeccompProgram {
        SeccompProgram(
            instructions: try SeccompCompiler.compile(profile).instructions, flags: [], needsListener: false, warnings: [])
    }

    private func isPermitted(_ answer: UInt32) -> Bool { answer == 0x7FFF_0000 || answer == 0x7FFC_0000 }

    @Test(arguments: ["docker-run-rm.config.json", "podman-run-rm.config.json", "buildah-run.config.json"])
    func knowsWhatTheEnginesFiltersPermit(sample: String) throws {
        let program = try program(try Seccomp(sample: sample))
        let machine = BPFMachine(program.instructions)
        let values: [UInt64] = [0, 8, 0x8000, 0x20000, 0x7E02_0000, 0xFFFF_FFFF, .max]
        var permitted = 0
        for number in 0..<500 as Range<Int32> {
            let answers = try values.map { value in
                let call = ObservedCall(
                    architecture: Native.architecture, number: UInt32(number), arguments: [value, 1, 2, 3, 4, 5])
                let answer = try machine.answer(to: call)
                #expect(program.permits(number, call.arguments) == isPermitted(answer), "\(call)")
                return answer
            }
            // Without arguments, the preview permits only what doesn't depend on them.
            if program.permits(number) {
                permitted += 1
                #expect(answers.allSatisfy(isPermitted), "\(number)")
            } else {
                #expect(Set(answers).count > 1 || !isPermitted(answers[0]), "\(number)")
            }
        }
        #expect(permitted > 200)
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func promisesNothingThatARandomProfileRefuses(seed: UInt64) throws {
        var random = Random(seed: seed)
        let program = try program(RandomProfile.make(&random))
        let machine = BPFMachine(program.instructions)
        for number in 0..<450 as Range<Int32> where program.permits(number) {
            let arguments = (0..<6).map { _ in UInt64.random(in: 0...8, using: &random) }
            let call = ObservedCall(architecture: Native.architecture, number: UInt32(number), arguments: arguments)
            #expect(isPermitted(try machine.answer(to: call)), "\(call)")
        }
    }

    // These calls are refused whatever the arguments are, and neither an agent nor a tracer can permit them.
    @Test func saysWhatAFilterNeverPermits() throws {
        func refusesExecve(_ profile: Seccomp) throws -> Bool { try program(profile).refuses(SYS_execve) }
        for action in [.errno, .kill, .killProcess, .killThread, .trap] as [Seccomp.Action] {
            #expect(try refusesExecve(Seccomp(action)), "\(action)")
            #expect(try refusesExecve(Seccomp(.allow, Seccomp.Rule(action, "execve"))), "\(action)")
        }
        for action in [.allow, .log, .trace, .notify] as [Seccomp.Action] {
            #expect(try !refusesExecve(Seccomp(.errno, Seccomp.Rule(action, "execve"))), "\(action)")
        }
        #expect(try !refusesExecve(Seccomp(.errno, Seccomp.Rule(.allow, "execve", where: [.init(0, .equal, 3)]))))
    }

    @Test func doesNotPromiseWhatItCannotFollow() {
        let none = SeccompProgram(instructions: [], flags: [], needsListener: false, warnings: [])
        #expect(!none.permits(0))
        // A multiplication, which wherry's filters never have.
        let odd = SeccompProgram(
            instructions: [0x24, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0xFF, 0x7F], flags: [], needsListener: false, warnings: []
        )
        #expect(!odd.permits(0))
    }
}
