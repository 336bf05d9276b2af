"""Docker: resource limits, as the container sees them."""

import glob
import os

from clients.docker import IMAGE, docker
from harness.commands import Failure, Skip, expect
from harness.host import (CPU_QUOTA, MEMORY_LIMIT, PIDS_LIMIT, cgroup_files, disk, has_sys_resource, has_unified_cgroups,
                          lack_of_metrics_skips)
from harness.services import USES_UP_MEMORY
from harness.session import session

from .docker_engine import engine


@engine.check
def memory_limits():
    options = ["-m", "64m", "--memory-reservation", "32m"]
    files, wanted = [MEMORY_LIMIT, ("memory/memory.soft_limit_in_bytes", "memory.low")], "67108864\n33554432\n"
    if not has_unified_cgroups():
        options += ["--memory-swap", "128m", "--memory-swappiness", "10"]
        files += [("memory/memory.memsw.limit_in_bytes", ""), ("memory/memory.swappiness", "")]
        wanted += "134217728\n10\n"
    docker.run(*options, IMAGE, "sh", "-c", cgroup_files(*files)).printed(wanted)


@engine.check
def out_of_memory():
    docker("run", "--name", "c1", "-m", "16m", "--memory-swap", "16m", IMAGE, "sh", "-c", USES_UP_MEMORY, status=137)
    with lack_of_metrics_skips():
        docker.wait_until("c1", "true", "{{.State.OOMKilled}}")


@engine.check
def out_of_memory_score():
    docker.run("--oom-score-adj", "500", IMAGE, "cat", "/proc/self/oom_score_adj").printed("500\n")


@engine.check
def negative_out_of_memory_score():
    try:
        docker.run("--oom-score-adj", "-500", IMAGE, "cat", "/proc/self/oom_score_adj").printed("-500\n")
    except Failure:
        if has_sys_resource():
            raise
        raise Skip("root lacks CAP_SYS_RESOURCE here") from None


@engine.check
def no_killer_when_out_of_memory():
    if has_unified_cgroups():
        raise Skip("cgroup v2 has no such setting")
    docker.run("-m", "64m", "--oom-kill-disable", IMAGE, "cat", "/sys/fs/cgroup/memory/memory.oom_control").includes(
        "oom_kill_disable 1")


@engine.check
def processor_limits():
    docker.run("--cpus", "0.5", "--cpu-shares", "512", "--cpuset-cpus", "0", IMAGE, "sh", "-c",
               cgroup_files(CPU_QUOTA, ("cpu/cpu.shares", "cpu.weight")) + "; nproc; grep Cpus_allowed_list /proc/self/status"
               ).matches(r"\A50000( 100000)?\n(512|20|59)\n1\nCpus_allowed_list:\t0\n")
    docker.run("--cpu-period", "50000", "--cpu-quota", "25000", IMAGE, "sh", "-c",
               cgroup_files(("cpu/cpu.cfs_period_us", "cpu.max"))).includes("50000")


@engine.check
def process_limit():
    docker.run("--pids-limit", "10", IMAGE, "sh", "-c", cgroup_files(PIDS_LIMIT) +
               "; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 1 & done; wait", status=None).matches(
        r"^10\n").matches("can't fork|Resource temporarily")


@engine.check
def disk_throttling():
    node, number = disk()
    docker.run("--device-read-bps", node + ":1mb", "--device-write-iops", node + ":100", IMAGE, "sh", "-c",
               cgroup_files(("blkio/blkio.throttle.read_bps_device", "io.max"),
                            ("blkio/blkio.throttle.write_iops_device", "io.max"))).includes(number, "1048576", "100")


@engine.check
def disk_weight():
    if not glob.glob("/sys/fs/cgroup/blkio/blkio.*weight") and not os.path.exists("/sys/fs/cgroup/io.weight"):
        docker.run("--blkio-weight", "300", IMAGE, "true")
        raise Skip("the kernel has no weights for disks here: dockerd leaves the option out")
    docker.run("--blkio-weight", "300", IMAGE, "sh", "-c",
               "cat /sys/fs/cgroup/blkio/blkio.*weight /sys/fs/cgroup/io.*weight 2>/dev/null; true").includes("300")


@engine.check
def cgroup_parent():
    parent = "engines-below.slice" if session.driver == "systemd" else f"/{session.name}/below"
    docker.run("--cgroup-parent", parent, "--cgroupns", "host", IMAGE, "cat", "/proc/self/cgroup").includes(f"{parent}/")


@engine.check
def cgroup_namespace():
    result = docker.run("--cgroupns", "private", IMAGE, "cat", "/proc/self/cgroup")
    expect(all(line.endswith(":/") for line in result.output.split()), result)


@engine.check
def cgroup_mount_is_read_only():
    docker.run(IMAGE, "sh", "-c", "d=/sys/fs/cgroup/memory; [ -d $d ] || d=/sys/fs/cgroup; cat $d/cgroup.procs; mkdir $d/x",
               status=1).matches(r"^1$").includes("Read-only")


@engine.check
def user_limits():
    docker.run("--ulimit", "nofile=100:200", "--ulimit", "core=0", "--ulimit", "nproc=1000", IMAGE, "sh", "-c",
               "ulimit -n; ulimit -Hn; ulimit -c; ulimit -u").printed("100\n200\n0\n1000\n")


@engine.check
def shared_memory_size():
    docker.run("--shm-size", "32m", IMAGE, "df", "-k", "/dev/shm").includes(" 32768 ")
