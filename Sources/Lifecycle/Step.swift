import Bytes
import Linux

/// The log that gets a line for each step, with `--debug`. Only Host has one: the process that becomes the container's has no
/// log.
nonisolated(unsafe) private var tracer: Log?

/// Writes a line for each step to `log` from now on. nil turns this off.
///
/// - Parameter log: The log for the lines.
/// - Returns: The log that got the lines before.
@discardableResult
public func traceSteps(to log: Log?) -> Log? {
    let before = tracer
    tracer = log
    return before
}

/// A step of what Host, Init and the helpers do. Its name stands in the field `step` of an error, in a line of `--debug`, and
/// in the report of a crash. docs/errors.md lists all names.
enum Step: UInt8, CaseIterable {
    case askCriuForFeatures
    case askCriuForVersion
    case attachRootFileSystem
    case attachFileSystemsForCriu
    case bringLoopbackUp
    case changeRoot
    case checkRestoredProcesses
    case clone
    case compileSeccompFilter
    case connectToConsoleSocket
    case createContainerHooks
    case createRuntimeHooks
    case dump
    case endProcesses
    case enterCgroups
    case enterNamespaces
    case enterResctrlGroup
    case enterWorkingDirectory
    case execve
    case findProgram
    case handOverTerminal
    case isolate
    case joinPIDNamespace
    case joinSessionKeyring
    case leaveCallersMemory
    case limitCapabilities
    case loadSeccompFilter
    case makeCgroup
    case makeDevices
    case makeMountPoints
    case makePathsReadOnly
    case makeResctrlGroup
    case makeStateDirectory
    case makeRootReadOnly
    case mapIDs
    case maskPaths
    case mountFileSystems
    case moveNetworkDevices
    case openFileSystems
    case openImage
    case openMountSources
    case openProcfs
    case openTerminal
    case plan
    case poststartHooks
    case poststopHooks
    case prepareCheckpoint
    case prestartHooks
    case readBundle
    case ready
    case reduceCapabilities
    case release
    case removeCgroup
    case removeResctrlGroup
    case restore
    case sealProgram
    case sendPIDFD
    case setAppArmorProfile
    case setSELinuxLabel
    case setClockOffsets
    case setCredentials
    case setHostName
    case setIOPriority
    case setMemoryPolicy
    case setNoNewPrivileges
    case setOOMScore
    case setResourceLimits
    case setScheduling
    case setSysctls
    case start
    case startCriu
    case startUnit
    case stopUnit
    case startContainerHooks
    case unmountFileSystems
    case waitForEnd
    case waitForHost
    case waitForIDMappings
    case waitForUnit
    case waitForStart
    case writeCgroupLimits
    case writeLateCgroupLimits
    case writePIDFile
    case writeState

    var name: StaticString {
        switch self {
        case .askCriuForFeatures: "ask criu for its features"
        case .askCriuForVersion: "ask criu for its version"
        case .attachRootFileSystem: "attach root file system"
        case .attachFileSystemsForCriu: "attach the container's file systems for criu"
        case .bringLoopbackUp: "bring loopback up"
        case .changeRoot: "change root"
        case .checkRestoredProcesses: "check the restored processes"
        case .clone: "clone"
        case .compileSeccompFilter: "compile seccomp filter"
        case .connectToConsoleSocket: "connect to console socket"
        case .createContainerHooks: "createContainer hooks"
        case .createRuntimeHooks: "createRuntime hooks"
        case .dump: "dump"
        case .endProcesses: "end processes"
        case .enterCgroups: "enter cgroups"
        case .enterNamespaces: "enter namespaces"
        case .enterResctrlGroup: "enter resctrl group"
        case .enterWorkingDirectory: "enter working directory"
        case .execve: "execve"
        case .findProgram: "find program"
        case .handOverTerminal: "hand over terminal"
        case .isolate: "isolate"
        case .joinPIDNamespace: "join pid namespace"
        case .joinSessionKeyring: "join session keyring"
        case .leaveCallersMemory: "leave the caller's memory"
        case .limitCapabilities: "limit capabilities"
        case .loadSeccompFilter: "load seccomp filter"
        case .makeCgroup: "make cgroup"
        case .makeDevices: "make devices"
        case .makeMountPoints: "make mount points"
        case .makePathsReadOnly: "make paths read-only"
        case .makeResctrlGroup: "make resctrl group"
        case .makeStateDirectory: "make state directory"
        case .makeRootReadOnly: "make the root file system read-only"
        case .mapIDs: "map ids"
        case .maskPaths: "mask paths"
        case .mountFileSystems: "mount file systems"
        case .moveNetworkDevices: "move network devices"
        case .openFileSystems: "open file systems"
        case .openImage: "open image"
        case .openMountSources: "open mount sources"
        case .openProcfs: "open procfs"
        case .openTerminal: "open terminal"
        case .plan: "plan"
        case .poststartHooks: "poststart hooks"
        case .poststopHooks: "poststop hooks"
        case .prepareCheckpoint: "prepare checkpoint"
        case .prestartHooks: "prestart hooks"
        case .readBundle: "read bundle"
        case .ready: "ready"
        case .reduceCapabilities: "reduce capabilities"
        case .release: "release"
        case .removeCgroup: "remove cgroup"
        case .removeResctrlGroup: "remove resctrl group"
        case .restore: "restore"
        case .sealProgram: "seal program"
        case .sendPIDFD: "send pidfd"
        case .setAppArmorProfile: "set AppArmor profile"
        case .setSELinuxLabel: "set SELinux label"
        case .setClockOffsets: "set clock offsets"
        case .setCredentials: "set credentials"
        case .setHostName: "set host name"
        case .setIOPriority: "set I/O priority"
        case .setMemoryPolicy: "set memory policy"
        case .setNoNewPrivileges: "set no_new_privs"
        case .setOOMScore: "set oom_score_adj"
        case .setResourceLimits: "set resource limits"
        case .setScheduling: "set scheduling"
        case .setSysctls: "set sysctls"
        case .start: "start"
        case .startCriu: "start criu"
        case .startUnit: "start unit"
        case .stopUnit: "stop unit"
        case .startContainerHooks: "startContainer hooks"
        case .unmountFileSystems: "unmount file systems"
        case .waitForEnd: "wait for end"
        case .waitForHost: "wait for Host"
        case .waitForUnit: "wait for unit"
        case .waitForIDMappings: "wait for id mappings"
        case .waitForStart: "wait for start"
        case .writeCgroupLimits: "write cgroup limits"
        case .writeLateCgroupLimits: "write late cgroup limits"
        case .writePIDFile: "write pid file"
        case .writeState: "write state"
        }
    }
}

/// Records that a step begins. Errors, `--debug` and the report of a crash name it.
@inline(never)
func step(_ step: Step) {
    let name = step.name
    Trap.setStep(name)
    tracer?.debug("step: " + name.description)
}

/// What this process, or a process that shares its step (`Trap.shareStep`), died for lack of: memory, or room on the stack.
func currentShortage() -> String? { Trap.shortage }

/// The name of the step that is being done, by this process or by one that shares its step (`Trap.shareStep`).
func currentStep() -> String {
    Trap.step ?? "start"
}
