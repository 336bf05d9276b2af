"""containerd, called through CRI (the Container Runtime Interface) as Kubernetes' node agent calls it."""

import os
import subprocess
import uuid

from harness.commands import Failure, Skip, environment, execute, expect, until
from harness.daemons import Daemon
from harness.images import make_archive
from harness.machine import RUN
from harness.session import read, session, write

from . import containerd
from .protobuf import decode, encode

SOCKET = RUN + "/cri.sock"
PAUSE = "pause:1"
# Where Kubernetes would put such a pod.
PARENT_SLICE = "/kubepods.slice/kubepods-besteffort.slice"
NETWORK_PLUGINS = "/usr/lib/cni"
SERVICE = "/runtime.v1.RuntimeService/"
CREATED, RUNNING, EXITED = range(3)
# CRI's NamespaceMode: the pod's namespace, the container's own, the host's.
IN_THE_POD, ITS_OWN, ON_THE_HOST = range(3)
# containerd lowers the OOM score of sandboxes, which needs CAP_SYS_RESOURCE. With restrict_oom_score_adj it works without.
CONFIGURATION = """\
version = 2
root = "{root}"
state = "{run}/cri"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/{pause}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{root}/networks"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "under-test"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.under-test]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.under-test.options]
      BinaryName = "{runtime}"
      SystemdCgroup = {systemd}
"""
NETWORK = """\
{ "cniVersion": "0.4.0", "name": "pods", "plugins": [ {
  "type": "bridge", "bridge": "pods0", "isGateway": true,
  "ipam": { "type": "host-local", "dataDir": "/run/engines/addresses", "ranges": [[{ "subnet": "10.217.0.0/24" }]] } } ] }
"""

_daemons = []


def _daemon():
    if not _daemons:
        _daemons.append(Daemon("cri", ["containerd", "-c", session.path("cri.toml")], lambda: call("Version", {})))
    return _daemons[0]


def set_up():
    if not os.path.isdir(NETWORK_PLUGINS):
        raise Skip(f"there are no CNI plugins in {NETWORK_PLUGINS}")
    root = session.path("cri")
    os.makedirs(root + "/networks", exist_ok=True)
    write(root + "/networks/10-pods.conflist", NETWORK)
    write(session.path("cri.toml"), CONFIGURATION.format(
        root=root, run=RUN, socket=SOCKET, pause=PAUSE, plugins=NETWORK_PLUGINS, runtime=session.runtime,
        systemd=str(session.driver == "systemd").lower()))
    _daemon().start()
    for image, command in ((containerd.SHORT_NAME, "sh"), (PAUSE, "sleep 1000000")):
        archive = session.path("tmp", "image.tar")
        make_archive(archive, image, command.split())
        execute(["ctr", "-a", SOCKET, "-n", "k8s.io", "images", "import", archive], timeout=60)


def tear_down():
    _daemon().stop()


def call(method, request, timeout=60):
    """Calls a method of CRI and returns the response's fields. The protocol is gRPC; curl sends the messages over HTTP/2."""
    message = encode(request)
    timeout *= session.patience
    headers = session.path("tmp", f"headers.{uuid.uuid4().hex}")
    command = ["curl", "-sS", "--http2-prior-knowledge", "--unix-socket", SOCKET, "-m", str(timeout), "-D", headers,
               "-H", "content-type: application/grpc", "-H", "te: trailers", "--data-binary", "@-",
               "http://localhost" + SERVICE + method]
    try:
        # Five bytes precede each message in gRPC: one says that it isn't compressed, four give its length.
        answer = subprocess.run(command, input=b"\0" + len(message).to_bytes(4, "big") + message, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=environment(), timeout=timeout + 5)
        status = read(headers) if os.path.exists(headers) else ""
    finally:
        if os.path.exists(headers):
            os.unlink(headers)
    if answer.returncode or "grpc-status: 0" not in status:
        raise Failure(f"{method}: curl's status {answer.returncode}, {status!r}, {answer.stderr.decode()!r}")
    return decode(answer.stdout[5:])


def _text(fields, number):
    return fields.get(number, [b""])[0].decode()


class Pod:
    """A sandbox, and the containers made in it."""

    def __init__(self, name, network=IN_THE_POD, processes=ITS_OWN):
        uid = uuid.uuid4().hex
        self.logs = session.new_folder("logs-" + uid)
        self.namespaces = {1: network, 2: processes}
        # Kubernetes gives no host name to a pod on the host's network.
        self.config = {1: {1: name, 2: uid, 3: "default"}, 2: "" if network == ON_THE_HOST else name, 3: self.logs,
                       8: {1: PARENT_SLICE if session.driver == "systemd" else "/" + session.name, 2: {1: self.namespaces}}}
        self.id = _text(call("RunPodSandbox", {1: self.config, 2: "under-test"}), 1)

    def create(self, name, *command, memory=0, user=0, folder="", variables=None):
        config = {1: {1: name}, 2: {1: containerd.IMAGE}, 3: list(command), 5: folder,
                  6: [{1: variable, 2: value} for variable, value in (variables or {}).items()],
                  11: name + ".log", 15: {1: {4: memory}, 2: {3: self.namespaces, 5: {1: user}}}}
        return Container(self, name, _text(call("CreateContainer", {1: self.id, 2: config, 3: self.config}), 1))

    def run(self, name, *command, **options):
        container = self.create(name, *command, **options)
        container.start()
        return container

    def address(self):
        status = decode(call("PodSandboxStatus", {1: self.id})[1][0])
        return _text(decode(status[5][0]), 1)


class Container:
    def __init__(self, pod, name, identifier):
        self.pod, self.name, self.id = pod, name, identifier

    def start(self):
        call("StartContainer", {1: self.id})

    def stop(self, seconds):
        call("StopContainer", {1: self.id, 2: seconds})

    def remove(self):
        call("RemoveContainer", {1: self.id})

    def _status(self):
        return decode(call("ContainerStatus", {1: self.id})[1][0])

    def wait_until(self, state, exit_status=0):
        def compare():
            status = self._status()
            found = (status.get(3, [0])[0], status.get(7, [0])[0])
            expect(found == (state, exit_status), f"state and exit status are {found}")
            return True
        until(compare, f"state {state} and exit status {exit_status} of {self.name}")

    def exec(self, *command, timeout=20):
        """Runs a command in the container. Returns its standard output, standard error and exit status."""
        fields = call("ExecSync", {1: self.id, 2: list(command), 3: int(timeout * session.patience)})
        return _text(fields, 1), _text(fields, 2), fields.get(3, [0])[0]

    def update_memory(self, limit):
        call("UpdateContainerResources", {1: self.id, 2: {4: limit}})

    def memory_in_use(self):
        stats = decode(call("ContainerStats", {1: self.id})[1][0])
        return decode(decode(stats[3][0])[2][0])[1][0]

    def log(self):
        """Returns the container's output. In the log file, each line begins with a time, the name of the stream and a tag."""
        lines = read(f"{self.pod.logs}/{self.name}.log").splitlines()
        return "".join(line.split(" ", 3)[3] + "\n" for line in lines)


def remove_all():
    for pod in call("ListPodSandbox", {}).get(1, []):
        identifier = _text(decode(pod), 1)
        call("StopPodSandbox", {1: identifier})
        call("RemovePodSandbox", {1: identifier})
    expect(not call("ListContainers", {}), "containers are left")
