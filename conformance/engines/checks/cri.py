"""containerd through CRI, as Kubernetes uses it: pods, and containers in their sandboxes."""

from clients.containerd import PROGRAMS
from clients.cri import CREATED, EXITED, IN_THE_POD, ON_THE_HOST, RUNNING, Pod, remove_all, set_up, tear_down
from harness.checks import Engine
from harness.commands import Failure, expect, until
from harness.host import MEMORY_LIMIT, cgroup_files, lack_of_metrics_skips, namespace
from harness.services import SERVES_A_PAGE, TICKS, expect_page

engine = Engine("cri", [*PROGRAMS, "ctr", "curl"], set_up, remove_all, tear_down)


def _expect(found, wanted):
    expect(found == wanted, f"{found!r}, not {wanted!r}")


@engine.check
def container_in_a_pod():
    container = Pod("pod1").create("a", "sh", "-c", "echo out; exit 7")
    container.wait_until(CREATED)
    container.start()
    container.wait_until(EXITED, 7)
    _expect(container.log(), "out\n")
    container.remove()


@engine.check
def exec_in_a_container():
    container = Pod("pod1").run("a", "sh", "-c", TICKS)
    container.wait_until(RUNNING)
    _expect(container.exec("sh", "-c", "echo out; echo err >&2; exit 5"), ("out\n", "err\n", 5))
    try:
        container.exec("nosuchprogram")
    except Failure as failure:
        expect("executable file not found" in str(failure), failure)
    else:
        raise Failure("a missing program was run")
    container.stop(3)
    container.wait_until(EXITED, 3)


@engine.check
def stop_kills_in_the_end():
    container = Pod("pod1").run("a", "sleep", "1000")
    container.stop(1)
    container.wait_until(EXITED, 137)


@engine.check
def containers_share_the_pods_namespaces():
    pod = Pod("pod1")
    pod.run("server", "sh", "-c", SERVES_A_PAGE)
    expect_page(f"http://{pod.address()}/")
    other = pod.run("other", "sleep", "1000")
    until(lambda: other.exec("wget", "-qO-", "http://127.0.0.1/")[0] == "served-page\n", "page in the pod")
    _expect(other.exec("hostname")[0], "pod1\n")


@engine.check
def processes_of_the_whole_pod():
    pod = Pod("pod1", processes=IN_THE_POD)
    pod.run("a", "sleep", "777")
    shown = pod.run("b", "sleep", "1000").exec("ps")[0]
    expect("sleep 777" in shown and "sleep 1000000" in shown, f"only {shown}")


@engine.check
def pod_on_the_hosts_network():
    container = Pod("pod1", network=ON_THE_HOST).run("a", "sleep", "1000")
    _expect(container.exec("readlink", "/proc/self/ns/net")[0], namespace("net") + "\n")


@engine.check
def limit_and_update():
    container = Pod("pod1").run("a", "sleep", "1000", memory=64 << 20)
    show = ("sh", "-c", cgroup_files(MEMORY_LIMIT))
    _expect(container.exec(*show)[0], "67108864\n")
    container.update_memory(80 << 20)
    _expect(container.exec(*show)[0], "83886080\n")


@engine.check
def statistics():
    container = Pod("pod1").run("a", "sleep", "1000")
    with lack_of_metrics_skips():
        expect(container.memory_in_use() > 0, "no memory is in use")


@engine.check
def environment_user_and_folder():
    container = Pod("pod1").run("a", "sh", "-c", "id -u; pwd; echo $A", user=1000, folder="/tmp", variables={"A": "b"})
    container.wait_until(EXITED)
    _expect(container.log(), "1000\n/tmp\nb\n")
