"""Docker: containers that start and end, and containers that can't start."""

import os

from clients.docker import IMAGE, docker
from harness.commands import Skip, execute, expect
from harness.session import session

from .docker_engine import engine


@engine.check
def info():
    docker("info", "-f", "{{.DefaultRuntime}}|{{json .Runtimes}}|{{.CgroupDriver}}").includes(
        "under-test|", session.runtime, session.driver)


@engine.check
def info_knows_the_runtimes_commit():
    commits = [line.split(":")[1].strip() for line in execute([session.runtime, "--version"]).output.splitlines()
               if line.startswith("commit:")]
    expect(commits, "the runtime's --version has no line with its commit")
    docker("info", "-f", "{{.RuncCommit.ID}}").printed(commits[0] + "\n")


@engine.check
def run_and_remove():
    docker.run(IMAGE, "echo", "hi").printed("hi\n")
    docker.expect_none()


@engine.check
def exit_statuses():
    docker.run(IMAGE, "true")
    docker.run(IMAGE, "sh", "-c", "exit 7", status=7)
    docker.run("--init", IMAGE, "sh", "-c", "kill -9 $$", status=137)


@engine.check
def missing_program():
    docker.run(IMAGE, "nosuchprogram", status=127).matches("nosuchprogram.*(not found|no such file)")
    docker.run(IMAGE, "/no/such/path", status=127).matches("/no/such/path.*no such file or directory")


@engine.check
def program_that_is_not_executable():
    docker.run(IMAGE, "/etc/passwd", status=126).includes("permission denied")


@engine.check
def failed_start_leaves_nothing():
    docker.run(IMAGE, "nosuchprogram", status=127)
    docker.expect_none()
    left = os.listdir(docker.state_root) if os.path.isdir(docker.state_root) else []
    expect(not left, f"the runtime still has the state of {left}")


@engine.check
def init_program():
    docker.run("--init", IMAGE, "ps").matches(r"\b1 root .*(docker-init|tini)")


@engine.check
def environment_folder_and_entry_point():
    docker.run("-e", "A=b c", "-w", "/new/dir", "--entrypoint", "sh", "--label", "x=y", IMAGE, "-c",
               'echo "$A"; pwd; echo $HOME $PATH').matches(r"\Ab c\n/new/dir\n/root /")


@engine.check
def host_name_and_hosts():
    docker.run("-h", "myhost", "--domainname", "example.org", "--add-host", "other:10.9.8.7", "--dns", "10.1.1.1",
               "--dns-search", "example.org", IMAGE, "sh", "-c",
               "hostname; cat /proc/sys/kernel/domainname /etc/hosts /etc/resolv.conf").includes(
        "myhost\n", "example.org", "10.9.8.7\tother", "nameserver 10.1.1.1")


@engine.check
def users_and_groups():
    docker.run("--user", "app", "--group-add", "10", "--group-add", "4242", IMAGE, "id").matches(
        r"uid=1000\(app\) gid=1000\(app\) groups=.*10\(wheel\).*4242")
    docker.run("--user", "12345:54321", IMAGE, "sh", "-c", "id -u; id -g").printed("12345\n54321\n")


@engine.check
def standard_streams_belong_to_the_user():
    result = docker.run("--user", "app", IMAGE, "sh", "-c", "echo out > /dev/stdout; echo err > /dev/stderr")
    expect((result.output, result.errors) == ("out\n", "err\n"), result)


@engine.check(timeout=120)
def debian():
    if not session.options.debian:
        raise Skip("no tar file of a Debian root file system was given (--debian FILE)")
    docker("import", os.path.abspath(session.options.debian), "debian:12", timeout=100)
    docker.run("debian:12", "bash", "-c", "cat /etc/debian_version; dpkg -l | wc -l; su -s /bin/sh nobody -c id; "
               'perl -e "print 6*7, chr 10"; getent passwd root').includes("12.", "nobody", "42\n", "root:x:0:0")
    docker.on_terminal("run", "--rm", "-it", "debian:12", "bash",
                       dialogue=[("# ", "stty size; exit 3\n")], status=3).includes("33 101")
    docker("run", "-d", "--name", "c1", "debian:12", "sleep", "100")
    docker("exec", "c1", "bash", "-c", "cat <(echo substituted)").printed("substituted\n")
