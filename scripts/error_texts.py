"""What the texts in Sources are for: which of them are sentences for users, and how check-errors finds these."""

import re

# Who takes a sentence: where in Sources, the function, and what it says, with its arguments in braces, by number or label.
# The first line that fits counts.
TAKERS = {
    "error": [
        ("", "RuntimeError", "{1}"),
        ("", "explaining", "{1}"),
        ("", "prefixed", "{0}…"),
        ("", "suffixed", "…{0}"),
        ("Cgroups/", "invalid", "{1}"),
        ("Lifecycle/Host/", "read", '{1} "…" can\'t be read'),
        ("Lifecycle/Host/", "requireCgroup", "the container has no cgroup, and without one it can't be {0}"),
        ("Lifecycle/Host/Checkpoint/", "perform", "{failing}…"),
        ("Lifecycle/Host/Checkpoint/Criu", "failure", "{0}…"),
        ("Lifecycle/Host/Checkpoint/Criu", "receive", "{0}…"),
        ("Lifecycle/Host/Checkpoint/RestoredSecurity", "mismatch", "restored process … {1}"),
        ("Lifecycle/Init/Process/ProgramLookup", "failure", 'unable to start container process: exec: "…"{0}'),
        ("Lifecycle/Init/Rootfs/FileSystems", "error", "{1}"),
        ("Lifecycle/Hooks.swift", "failure", "…: {timeout}"),
        ("Lifecycle/Plan/", "refusal", 'the annotation "…" {0}'),
        ("Lifecycle/Store/StateRoot", "unusable", 'the state directory "…" can\'t be used{2}'),
        ("OCI/Decoding/", "error", "{0}"),
        ("OCI/Values/", "error", "{0}"),
        ("OCI/", "invalid", "{1}"),
        ("OCI/", "missing", "{1}"),
        ("OCI/", "mismatch", "expected {0}, found …"),
        ("Resctrl/", "explained", "{0}"),
        ("Resctrl/", "failure", "{0}"),
        ("Systemd/BusAuthentication", "refusal", "can't authenticate to D-Bus: {0}"),
        ("wherry/", "takes", 'option "--…" takes {0}, not "…"'),
    ],
    "warning": [
        ("Lifecycle/Plan/CapabilityPlan", "leftOut", "/process/capabilities/…: … can't be granted: {2}; left out"),
        ("Lifecycle/Plan/MountStep", "dropFileSystemOptions", '/mounts/…/options: "…" means nothing {0}'),
        ("Lifecycle/", "warn", "{0}"),
        ("wherry/", "warn", "{0}"),
        ("Cgroups/", "warnings.append", "{0}"),
        ("Lifecycle/", "warnings.append", "{0}"),
    ],
}

# Functions and constants whose value is a sentence, as Swift.context names them, and what is said with it.
VALUES = {
    "error": [
        ("Lifecycle/HelperProcess.swift", "set case", "…: {}"),
        ("OCI/Decoding/DecodingErrors.swift", "value sentence", "{}"),
        ("OCI/Values/", "set refusal", '"…" {}'),
    ],
    "warning": [("Lifecycle/Plan/Plan.swift", "value warnings", "{}")],
}

# Functions that say a sentence which has no text of its own there, and why that is no loss.
PASSED_ON = {
    ("Errors/RuntimeError.swift", "during"): "it passes on what it was given",
    ("Errors/RuntimeError.swift", "pointing"): "it passes on what it was given",
    ("Errors/RuntimeError.swift", "saying"): "it passes on what it was given",
    ("Lifecycle/Conversation/Message.swift", "init"): "it receives an error of Init's",
    ("Lifecycle/Hooks.swift", "refusal"): "a program that can't be executed takes no time",
    ("Lifecycle/Hooks.swift", "runProgram"): "the sentence begins with the program's path",
    ("OCI/Values/CheckedText.swift", "refusal"): "each kind of text says in VALUES what it is refused for",
    ("Resctrl/ResctrlGroup.swift", "failure"): "it passes on what it was given",
    ("wherry/CommandLine/Command.swift", "withHint"): "it passes on what it was given",
}
# Functions that say one thing in many ways, and the sentence that stands for all of them.
SUMMED_UP = {
    ("Cgroups/CgroupRemoval.swift", "stillThere"): "can't remove the cgroup…",
    ("Lifecycle/Host/Delete/Delete.swift", "recordForDeletion"):
        "…, and there is no whole copy of it: it isn't known whether processes, cgroups or mounts of the container are left…",
}
# Expressions that are sentences listed already: an error that becomes a warning, a warning from a list.
ELSEWHERE = re.compile(r"(error|RuntimeError\(.*\))\.message|warning")

# The texts in C, but for whole sentences, which begin with "wherry: ". What is said with each; None if it's a part of those.
IN_C = {
    "internal error": "{} in step …, signal …",
    "out of memory": "{} in step …",
    "no room on the stack (RLIMIT_STACK)": "{} in step …",
    " in step ": None,
    ", signal ": None,
    r'\" level=error msg=\"': None,
}

# What other texts are for: where they stand, and the beginning of what Swift.context says.
OTHERS = {
    "help, usage, version": [
        ("wherry/", "call Option"), ("wherry/", "call Command"), ("wherry/", "call Setting"), ("wherry/", "call prose"),
        ("wherry/", "call heading"), ("wherry/", "call verbatim"), ("wherry/CommandLine/Command.swift", "set exitStatus"),
        ("wherry/CommandLine/Command.swift", "set text"), ("wherry/Version.swift", "call text.append"),
    ],
    "a hint": [
        ("Cgroups/CgroupCreation.swift", "compared"), ("Lifecycle/Init/Process/ProgramLookup.swift", "compared"),
        ("OCI/Decoding/DecodingErrors.swift", "compared"),
    ],
    "only --debug shows it": [
        ("Lifecycle/Plan/PlanText.swift", ""), ("Cgroups/Resources/CgroupWrite.swift", "value lines"), ("", "call debug"),
        ("Seccomp/", "call warn"), ("Seccomp/SeccompFilter.swift", "call warnings.append"),
        ("Seccomp/SeccompCompiler.swift", "call warnings.append"),
    ],
    "the name of a step, or of a message between wherry's processes": [
        ("Lifecycle/Step.swift", "value name"), ("Lifecycle/Conversation/Message.swift", "value name"),
        ("Lifecycle/Conversation/Script.swift", "value nameOfDue"), ("", "call during"),
    ],
    "it is written to the kernel, compared with a text of the kernel's or of another program's, or written for systemd": [
        ("Cgroups/ControllerHandout.swift", "compared"), ("Cgroups/Resources/CgroupWrite.swift", "call CgroupWrite"),
        ("Cgroups/Resources/RDMA.swift", "set line"), ("Cgroups/Resources/UpdateJournal.swift", "value earlier"),
        ("Lifecycle/Init/Process/Labels.swift", "call write"), ("Lifecycle/Host/Start/ExecutionMonitor.swift", "compared"),
        ("Lifecycle/Host/Checkpoint/CriuLog.swift", "call Array"), ("Lifecycle/Host/Checkpoint/CriuLog.swift", "call has 0"),
        ("", "call hasPrefix"), ("wherry/Commands/Ps.swift", "call Array"), ("", "call MadeUnit description"),
    ],
    "a command prints it": [
        ("wherry/Commands/SeccompExplain.swift", "set"), ("wherry/Commands/SeccompExplain.swift", "value text"),
        ("wherry/Commands/CheckText.swift", "set"), ("Lifecycle/Host/Check/Advice.swift", "call add"),
        ("Lifecycle/Host/Check/Advice.swift", "call Finding"),
        ("Lifecycle/Host/Check/Check.swift", "call Finding"),
    ],
    "it stands in the file of --trace": [
        ("Lifecycle/StepTrace.swift", "value name"), ("wherry/CommandLine/GlobalOptions.swift", "call begin command"),
    ],
    "the text of an errno": [("Errors/ErrorSentences.swift", "set errorSentences"), ("Errors/SystemError.swift", "compared")],
    "it fills a gap of a sentence that is listed": [
        ("Lifecycle/HelperProcess.swift", "value failure"), ("", "call CallersSocket"), ("", "call ExecutionMonitor subject"),
        ("Lifecycle/Host/Checkpoint/CriuProcess.swift", "value check"), ("", "call checkOutside"), ("", "call checkOwner"),
        ("Lifecycle/Init/Rootfs/FileSystems.swift", "call refusal"), ("Lifecycle/Plan/CapabilityPlan.swift", "value leftOut"),
        ("Lifecycle/Store/ContainerDirectory.swift", "call read"), ("OCI/Decoding/DecodingErrors.swift", "value found"),
        ("OCI/Decoding/DecodingErrors.swift", "value description"),
        ("OCI/Decoding/Names.swift", "set"), ("OCI/Decoding/ObjectDecoder.swift", "call container"),
        ("OCI/Decoding/ObjectDecoder.swift", "call unknownProperties.append"), ("Systemd/", "call MalformedMessage"),
        ("Systemd/MessageWriter.swift", "call fail"), ("Systemd/", "set step"), ("Systemd/Bus.swift", "call begin for"),
    ],
}
