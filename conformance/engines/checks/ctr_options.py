"""containerd through ctr: options of containers."""

import os

from clients.containerd import IMAGE, ctr, pid, run, run_in_background
from harness.commands import expect
from harness.host import (CPU_QUOTA, MEMORY_LIMIT, cgroup_files, lack_of_capabilities_skips, namespace)
from harness.images import unpacked_root
from harness.machine import RUN
from harness.session import session, write

from .ctr_tasks import engine


@engine.check
def limits():
    cgroup = f"/{session.name}/of-ctr"
    run("--memory-limit", "67108864", "--cpus", "0.5", "--cgroup", cgroup, IMAGE, "k1", "cat", "/proc/self/cgroup").includes(
        cgroup)
    run("--memory-limit", "67108864", "--cpus", "0.5", "--mount", "type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro", IMAGE,
        "k1", "sh", "-c", cgroup_files(MEMORY_LIMIT, CPU_QUOTA, has_namespace=False)).matches(r"\A67108864\n50000( 100000)?\n")


@engine.check
def security():
    run("--seccomp", IMAGE, "k1", "grep", "-E", "Seccomp:|NoNewPrivs", "/proc/self/status").includes(
        "Seccomp:\t2", "NoNewPrivs:\t1")
    run("--allow-new-privs", "--cap-drop", "CAP_NET_RAW", IMAGE, "k1", "grep", "-E", "CapEff|NoNewPrivs",
        "/proc/self/status").includes("00000000a80405fb", "NoNewPrivs:\t0")


@engine.check
def privileged():
    with lack_of_capabilities_skips():
        result = run("--privileged", IMAGE, "k1", "grep", "CapEff", "/proc/self/status")
    expect(bin(int(result.output.split()[1], 16)).count("1") >= 36, result)


@engine.check
def user_namespace():
    run("--uidmap", "0:300000:65536", "--gidmap", "0:300000:65536", IMAGE, "k1", "sh", "-c",
        "cat /proc/self/uid_map; id -u").matches(r"\A\s*0\s+300000\s+65536\n0\n\Z")


@engine.check
def mounts_environment_and_folder():
    folder = session.new_folder("ctr-mount")
    write(folder + "/f", "inside\n")
    run("--mount", f"type=bind,src={folder},dst=/m,options=rbind:ro", "--env", "A=b", "--cwd", "/tmp", IMAGE, "k1", "sh", "-c",
        "cat /m/f; echo $A; pwd; touch /m/x", status=1).includes("inside\nb\n/tmp\n", "Read-only")
    run("--read-only", IMAGE, "k1", "touch", "/x", status=1).includes("Read-only")


@engine.check
def host_network():
    run("--net-host", IMAGE, "k1", "readlink", "/proc/self/ns/net").printed(namespace("net") + "\n")


@engine.check
def root_file_system_in_a_folder():
    run("--rootfs", unpacked_root("ctr-root"), "k1", "/bin/ls", "/").includes("bin\n")


@engine.check
def state_in_another_folder():
    run("--runc-root", RUN + "/other-root", IMAGE, "k1", "echo", "x").printed("x\n")
    expect(os.path.isdir(f"{RUN}/other-root/{session.name}"), "the runtime didn't use the folder given by --root")


@engine.check
def no_pivot():
    # Without --runc-binary: ctr can't pass it together with --no-pivot.
    ctr("run", "--rm", "--no-pivot", IMAGE, "k1", "echo", "in").printed("in\n")


@engine.check
def namespaces_of_another_container():
    run_in_background("k1")
    kinds = {"network": "net", "ipc": "ipc", "pid": "pid"}
    options = [word for name, kind in kinds.items() for word in ("--with-ns", f"{name}:/proc/{pid('k1')}/ns/{kind}")]
    run(*options, IMAGE, "k2", "sh", "-c", "readlink /proc/self/ns/net; readlink /proc/self/ns/ipc; ps").includes(
        namespace("net", pid("k1")), namespace("ipc", pid("k1")), "tick")
