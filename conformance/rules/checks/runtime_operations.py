"""runtime.md: the operations create and start, state, kill and delete, one by one."""

import os

from harness import cgroups
from harness.bundles import SLEEP, without
from harness.containers import pause
from harness.rules import chapter
from harness.session import read, session, write
from harness.verdicts import equal, expect, no_problems

from .runtime_lifecycle import LEAVES_A_MARK, marked

rule = chapter("runtime", "runtime.md: operations")
UNKNOWN = "unheard-of-id"


@rule("the runtime has the five operations")
def there_are_five_operations(case):
    container = case.create(case.config(SLEEP))
    container.state()
    container.call("start", container.id)
    container.call("kill", container.id, "KILL")
    container.wait()
    case.delete_stopped(container)


def _expects_errors(case, container, *calls):
    """Expects that each call is an error, and has no effect on the container."""
    before = container.state()
    problems = []
    for arguments in calls:
        if case.call(*arguments).status == 0:
            problems.append(f"`{' '.join(arguments)}` succeeds")
    after = container.state()
    problems += [f"the state was {before}, and is {after}"] if after != before else []
    no_problems(problems, "an error without effect")


@rule("state: a missing id is an error", "state: a container that doesn't exist is an error")
def state_needs_an_id_of_a_container(case):
    _expects_errors(case, case.create(case.config(SLEEP)), ["state"], ["state", UNKNOWN])


@rule("state: returns the state")
def state_returns_the_state(case):
    first, second = (case.create(case.config(SLEEP)) for _ in range(2))
    first.start()
    equal((first.status, second.status), ("running", "created"), "of the status of two containers")
    equal((first.state()["id"], second.state()["id"]), (first.id, second.id), "of their ids")
    first.kill("KILL")
    first.wait()
    equal(first.status, "stopped", "of the status after the end")


@rule("create: a missing id or bundle is an error")
def create_needs_an_id_and_a_bundle(case):
    container = case.create(case.config(SLEEP))
    _, folder = case.prepare(case.config())
    missing = case.new_id()
    _expects_errors(case, container, ["create", "--bundle", folder], ["create", "--bundle", folder + "-missing", missing],
                    ["create", missing])
    expect(case.call("state", missing).status != 0, "no container", "a state")


@rule("create: the runtime creates a container with an id that isn't unique or valid; such an id is an error")
def create_needs_a_valid_id(case):
    container = case.create(case.config(SLEEP))
    _, folder = case.prepare(case.config())
    bad = ["", "a/b", "../up", ".", "..", "a b", container.id]
    _expects_errors(case, container, *(["create", "--bundle", folder, id] for id in bad))


@rule("create: makes a container")
def create_makes_a_container(case):
    container = case.create(case.config(SLEEP))
    equal(container.status, "created", "of the status")
    expect(not container.has_ended(), "a process", "that it has ended")


@rule("create: applies all of the config except `process`")
def create_applies_the_config(case):
    config = case.config(SLEEP)
    config["hostname"], config["domainname"] = "some-name", "some-domain"
    config["linux"].update(sysctl={"net.ipv4.ip_forward": "1"}, maskedPaths=["/proc/keys", "/tmp"], readonlyPaths=["/proc/sys"],
                           resources=cgroups.limit_of_processes(123), rootfsPropagation="slave")
    config["root"]["readonly"] = True
    container = case.create(config)
    pid, problems = container.pid, []
    mounts = {line.split()[4]: line.split()[5] for line in read(f"/proc/{pid}/mountinfo").splitlines()}
    for point, option in (("/", "ro"), ("/proc/sys", "ro"), ("/tmp", "ro"), ("/proc/keys", "")):
        if point not in mounts or option not in mounts[point].split(",") + [""]:
            problems.append(f"{point}: {mounts.get(point)}")
    if cgroups.has("pids"):
        limit = read(cgroups.folder_of(pid, "pids") + "/pids.max").strip()
        problems += [f"pids.max is {limit}"] if limit != "123" else []
    enter = ["nsenter", f"--uts=/proc/{pid}/ns/uts", f"--net=/proc/{pid}/ns/net"]
    for command, wanted in ((["uname", "-n"], "some-name"), (["cat", "/proc/sys/kernel/domainname"], "some-domain"),
                            (["cat", "/proc/sys/net/ipv4/ip_forward"], "1")):
        seen = case.host_command(*enter, *command).strip()
        problems += [f"{command[-1]}: {seen}"] if seen != wanted else []
    no_problems(problems, "all of the config, before start")


@rule("create: applies `process.args`")
def create_does_not_apply_args(case):
    container = case.create(case.config(LEAVES_A_MARK))
    pause(0.3)
    expect(not marked(container), "no mark of the program", "its mark")
    expect(LEAVES_A_MARK not in read(f"/proc/{container.pid}/cmdline"), "another command line", "the program's")


@rule("create: a container remains if a property can't be applied; this is an error")
def create_fails_if_a_property_can_not_be_applied(case):
    good = case.config()
    bad = case.config()
    bad["linux"]["sysctl"] = {"kernel.unheard_of": "1"}
    wrong = case.config()
    wrong["linux"]["resources"] = {"cpu": {"period": 1, "quota": 1}}
    case.refuses(good, {"a sysctl that doesn't exist": bad, "a period that the kernel refuses": wrong})


@rule("start: a missing or unknown id is an error")
def start_needs_an_id_of_a_container(case):
    _expects_errors(case, case.create(case.config(SLEEP)), ["start"], ["start", UNKNOWN])


@rule("start: unless the container is created, start is an error and has no effect")
def start_needs_a_created_container(case):
    container = case.start(case.config("echo run >> /mark; exec sleep 1000"))
    _expects_errors(case, container, ["start", container.id])
    container.kill("KILL")
    container.wait()
    equal(container.status, "stopped", "of the status after the end")
    _expects_errors(case, container, ["start", container.id])
    equal(read(container.bundle + "/rootfs/mark"), "run\n", "of the program's marks")


@rule("start: runs the program")
def the_program_runs(case):
    equal(case.output(case.config("echo started")), "started\n", "of the program")


@rule("start: it's an error if `process` isn't set")
def start_needs_a_process_in_the_config(case):
    case.start(case.config())
    result, container = case.try_create(without(case.config(), ["process"]))
    if result.status == 0:
        expect(container.call("start", container.id, status=None).status != 0, "an error of start", "status 0")
    else:
        no_problems(case.remains(container), "nothing after the error of create")


@rule("kill: a missing id is an error")
def kill_needs_an_id(case):
    _expects_errors(case, case.create(case.config(SLEEP)), ["kill"], ["kill", UNKNOWN, "KILL"])


@rule("kill: unless the container is created or running, kill is an error and has no effect")
def kill_needs_a_process(case):
    container = case.start(case.config()).wait()
    equal(container.status, "stopped", "of the status after the end")
    _expects_errors(case, container, ["kill", container.id, "TERM"], ["kill", container.id, "KILL"])


@rule("kill: the same applies with `--all`, which isn't in the specification")
def kill_all_needs_a_process(case):
    container = case.start(case.config()).wait()
    equal(container.status, "stopped", "of the status after the end")
    _expects_errors(case, container, ["kill", "--all", container.id, "TERM"])


@rule("kill: sends the signal to the container's process")
def kill_sends_the_signal(case):
    script = ("for name in HUP USR1 USR2 TERM WINCH; do trap \"echo $name\" $name; done; echo ready; "
              "while :; do usleep 10000; done")
    container = case.start(case.config(script)).await_output("ready")
    for text, name in (("HUP", "HUP"), ("USR1", "SIGUSR1"), ("USR2", "12"), ("WINCH", "WINCH"), ("TERM", "15")):
        container.kill(name)
        container.await_output(text + "\n")
    expect(not container.has_ended(), "that the program goes on", "its end")
    container.kill("KILL")
    container.wait(5)
    created = case.create(case.config(SLEEP))
    created.kill("KILL")
    created.wait(5)


@rule("delete: a missing id is an error")
def delete_needs_an_id(case):
    _expects_errors(case, case.create(case.config(SLEEP)), ["delete"], ["delete", UNKNOWN])


@rule("delete: for a running container, delete is an error and has no effect")
def delete_needs_a_stopped_container(case):
    container = case.start(case.config(SLEEP))
    _expects_errors(case, container, ["delete", container.id])
    expect(not container.has_ended(), "that the process goes on", "its end")


@rule("delete: the same applies to a created container")
def delete_refuses_a_created_container(case):
    container = case.create(case.config(SLEEP))
    result = container.delete(status=None)
    expect(result.status != 0, "an error of delete for a created container", result)
    expect(not container.has_ended(), "that the process goes on", "its end")


@rule("delete: removes everything that create made")
def delete_removes_everything(case):
    config = case.config()
    config["linux"]["resources"] = cgroups.limit_of_processes(100)
    container = case.start(config)
    expect(cgroups.at(case.cgroup_of(container.id)), "a cgroup", "none")
    container.wait()
    case.delete_stopped(container)
    no_problems(case.remains(container), "nothing after delete")
    # The id is free again.
    result = case.call("create", "--bundle", container.bundle, container.id, output=container.output_file)
    case.expect_success(result)


@rule("delete: removes something that create didn't make")
def delete_leaves_the_rest(case):
    parents = [f"{top}/{session.name}/parent" for top in cgroups.hierarchies()]
    for folder in parents:
        os.makedirs(folder)
    config = case.config("echo written > /kept")
    config["linux"]["cgroupsPath"] = f"/{session.name}/parent/container"
    source = case.folder + "/source"
    os.mkdir(source)
    write(source + "/file", "kept")
    config["mounts"].append({"destination": "/mnt", "type": "bind", "source": source, "options": ["rbind"]})
    container = case.start(config).wait()
    case.delete_stopped(container)
    kept = [container.bundle + "/config.json", container.bundle + "/rootfs/kept", source + "/file", *parents]
    no_problems([path for path in kept if not os.path.exists(path)], "that bundle, source and parent cgroup remain")
    left = [folder + "/container" for folder in parents if os.path.isdir(folder + "/container")]
    no_problems(left, "that the container's cgroup has gone")
