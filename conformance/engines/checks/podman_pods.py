"""podman: pods, whose containers share the namespaces of an infra container, and Kubernetes' descriptions of them."""

from clients.podman import IMAGE, podman
from harness.commands import expect, until
from harness.host import MEMORY_LIMIT, cgroup_files, namespace
from harness.services import SERVES_A_PAGE, TICKS, expect_frozen, expect_going_on, expect_page, free_port
from harness.session import session

from .podman_engine import engine

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: pod1
spec:
  containers:
  - name: a
    image: localhost/box:1
    command: [sh, -c, "echo a-is-up; exec httpd -f -p 80 -h /etc"]
    resources:
      limits:
        memory: 64Mi
  - name: b
    image: localhost/box:1
    command: [sh, -c, "until wget -qO /dev/null http://127.0.0.1/group; do sleep 0.2; done; echo b-sees-a; sleep 100"]
    securityContext:
      runAsUser: 1000
      readOnlyRootFilesystem: true
"""


def _in_pod(*arguments, **options):
    """`podman run` in the pod."""
    return podman("run", "--pod", "pod1", *arguments, **options)


def _create_pod(*options):
    podman("pod", "create", "--name", "pod1", *podman.below(), *options)


@engine.check(timeout=120)
def pod():
    port = free_port()
    _create_pod("-p", f"127.0.0.1:{port}:80")
    _in_pod("-d", "--name", "w1", IMAGE, "sh", "-c", SERVES_A_PAGE)
    until(lambda: _in_pod("--rm", IMAGE, "wget", "-qO-", "http://127.0.0.1/").includes("served-page"), "page in the pod")
    expect_page(f"http://127.0.0.1:{port}/")
    podman("pod", "top", "pod1").includes("httpd")
    podman("pod", "stop", "-t", "1", "pod1")
    podman("pod", "start", "pod1")
    until(lambda: podman("pod", "top", "pod1").includes("httpd"), "the server again")
    podman("pod", "rm", "-f", "-t", "0", "pod1")


@engine.check(timeout=120)
def namespaces_of_the_infra_container():
    _create_pod("--share", "net,ipc,uts,pid")
    _in_pod("-d", "--name", "w1", IMAGE, "sleep", "100")
    infra = podman("pod", "inspect", "-f", "{{.InfraContainerID}}", "pod1").output.strip()
    first, second = podman.pid(infra), podman.pid("w1")
    for kind in ("net", "ipc", "uts", "pid"):
        expect(namespace(kind, first) == namespace(kind, second), f"another {kind} namespace")
    podman("exec", "w1", "ps").includes("catatonit", "sleep 100")


@engine.check(timeout=120)
def pause_a_pod():
    _create_pod()
    _in_pod("-d", "--name", "w1", IMAGE, "sh", "-c", TICKS)
    podman("pod", "pause", "pod1")
    podman.expect_state("w1", "paused 0")
    expect_frozen(podman.pid("w1"))
    podman("pod", "unpause", "pod1")
    podman.expect_state("w1", "running 0")
    expect_going_on(podman.pid("w1"))
    podman("pod", "ps", "--format", "{{.Name}} {{.Status}}").printed("pod1 Running\n")


@engine.check(timeout=120)
def kube_play():
    description = session.new_file("pod.yaml", POD)
    podman("play", "kube", description, timeout=60)
    podman.wait_for_output("pod1-a", "a-is-up")
    podman.wait_for_output("pod1-b", "b-sees-a")
    podman("exec", "pod1-a", "sh", "-c", cgroup_files(MEMORY_LIMIT)).printed("67108864\n")
    podman("exec", "pod1-b", "sh", "-c", "id -u; touch /x", status=None).includes("1000\n", "Read-only")
    podman("play", "kube", "--down", description, timeout=60)
    podman.expect_none()
    podman("pod", "ps", "-q").printed("")


@engine.check(timeout=120)
def kube_generate():
    _create_pod()
    _in_pod("-d", "--name", "w1", IMAGE, "sh", "-c", "echo up; sleep 100")
    description = session.new_file("generated.yaml", podman("generate", "kube", "pod1").output)
    podman("pod", "rm", "-f", "-t", "0", "pod1")
    podman("play", "kube", description, timeout=60)
    podman.wait_for_output("pod1-w1", "up")
    podman("play", "kube", "--down", description, timeout=60)
