"""Docker: capabilities, seccomp, masked and read-only paths, kernel parameters, devices."""

import json

from clients.docker import IMAGE, docker
from harness.commands import expect
from harness.host import has_sys_resource, lack_of_capabilities_skips
from harness.session import session

from .docker_engine import engine


@engine.check
def capabilities():
    docker.run("--cap-drop", "ALL", "--cap-add", "NET_ADMIN", IMAGE, "sh", "-c",
               "grep Cap /proc/self/status; ip link set lo down && echo down").includes(
        "CapEff:\t0000000000001000", "CapBnd:\t0000000000001000", "down")
    docker.run(IMAGE, "grep", "CapEff", "/proc/self/status").includes("00000000a80425fb")
    docker.run("--user", "app", IMAGE, "grep", "CapEff", "/proc/self/status").includes("0000000000000000")


@engine.check
def all_capabilities():
    # Docker asks for all capabilities, even those that root lacks.
    options = ["--cap-add", "ALL"] + ([] if has_sys_resource() else ["--cap-drop", "SYS_RESOURCE"])
    with lack_of_capabilities_skips():
        result = docker.run(*options, IMAGE, "grep", "CapEff", "/proc/self/status")
    expect(bin(int(result.output.split()[1], 16)).count("1") >= 36, result)


@engine.check
def privileged():
    with lack_of_capabilities_skips():
        docker.run("--privileged", IMAGE, "sh", "-c",
                   "grep Seccomp: /proc/self/status; ls /dev/kmsg; mkdir -p /m; mount -t tmpfs t /m && echo mounted; "
                   "echo renamed > /proc/sys/kernel/hostname && hostname").includes(
            "Seccomp:\t0", "/dev/kmsg", "mounted", "renamed")


@engine.check
def default_seccomp_profile():
    docker.run(IMAGE, "sh", "-c", "grep Seccomp: /proc/self/status; unshare -r true || echo refused").includes(
        "Seccomp:\t2", "refused")


@engine.check
def seccomp_profile():
    profile = session.new_file("seccomp.json", json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
        {"names": ["personality"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]}]}))
    docker.run("--security-opt", "seccomp=" + profile, IMAGE, "sh", "-c",
               "grep Seccomp: /proc/self/status; mkdir /tmp/x", status=1).includes("Seccomp:\t2", "not implemented")
    docker.run("--security-opt", "seccomp=unconfined", IMAGE, "grep", "Seccomp:", "/proc/self/status").includes("\t0")


@engine.check
def bad_seccomp_profile():
    profile = session.new_file("bad-seccomp.json", json.dumps({"defaultAction": "SCMP_ACT_NOSUCH", "syscalls": []}))
    docker.run("--security-opt", "seccomp=" + profile, IMAGE, "true", status=125)
    docker.expect_none()


@engine.check
def no_new_privileges():
    docker.run("--security-opt", "no-new-privileges", IMAGE, "grep", "NoNewPrivs", "/proc/self/status").includes("\t1")
    docker.run(IMAGE, "grep", "NoNewPrivs", "/proc/self/status").includes("\t0")


@engine.check
def masked_and_read_only_paths():
    docker.run(IMAGE, "sh", "-c", "head -c 1 /proc/kcore | wc -c").printed("0\n")
    docker.run(IMAGE, "sh", "-c", "ls /proc/acpi /sys/firmware | grep -v :").matches(r"\A\s*\Z")
    for path in ("/proc/sys/kernel/hostname", "/proc/irq/default_smp_affinity"):
        docker.run(IMAGE, "sh", "-c", f"echo 1 > {path}", status=1).includes("Read-only")
    docker.run("--security-opt", "systempaths=unconfined", IMAGE, "sh", "-c", 'grep -c " /proc" /proc/mounts').printed("1\n")


@engine.check
def kernel_parameters():
    docker.run("--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "kernel.msgmax=9000", "--sysctl", "net.core.somaxconn=333",
               IMAGE, "cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/msgmax", "/proc/sys/net/core/somaxconn"
               ).printed("1\n9000\n333\n")


@engine.check
def devices():
    docker.run("--device", "/dev/null:/dev/other-null:rw", "--device", "/dev/fuse", IMAGE, "sh", "-c",
               "echo x > /dev/other-null && echo written; exec 3<>/dev/fuse && echo opened; ls /dev").includes(
        "written", "opened", "ptmx", "shm", "mqueue", "stdin", "urandom")


@engine.check
def devices_that_are_not_allowed():
    # c 10 229 is /dev/fuse, c 1 1 /dev/mem.
    docker.run("--cap-add", "MKNOD", IMAGE, "mknod", "/tmp/mem", "c", "1", "1")
    docker.run("--cap-add", "MKNOD", IMAGE, "sh", "-c", "mknod /tmp/f c 10 229; exec 3<>/tmp/f", status=None).failed().includes(
        "not permitted")
    docker.run("--cap-add", "MKNOD", "--device-cgroup-rule", "c 10:229 rwm", IMAGE, "sh", "-c",
               "mknod /tmp/f c 10 229; exec 3<>/tmp/f && echo opened").printed("opened\n")
