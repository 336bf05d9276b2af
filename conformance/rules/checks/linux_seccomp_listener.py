"""config-linux.md: seccomp with a listener, the agent that answers system calls."""

import fcntl
import json
import os
import select
import socket
import struct
import threading
import time

from harness.bundles import changed
from harness.rules import chapter
from harness.session import session
from harness.verdicts import Failure, equal, expect, no_problems

from .linux_seccomp import call, with_filter

rule = chapter("config-linux", "Seccomp")
NOTIF_RECV, NOTIF_SEND = 0xC0502100, 0xC0182101      # SECCOMP_IOCTL_NOTIF_RECV and _SEND
# EDQUOT: not what a kernel would say here. C libraries put it in different words.
ERRNO, ITS_TEXT = 122, "uota exceeded"
LARGE = "m" * 60000


class Agent:
    """Listens at a Unix stream socket, takes the container process state, and answers each notified call with ERRNO."""

    def __init__(self, case):
        self.path = case.folder + "/agent"
        self.connections, self.answered = [], 0
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(4)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._work)
        self.thread.start()
        case.at_end.append(self.end)

    def end(self):
        self.over.set()
        self.thread.join()
        self.listener.close()
        for _, fds, _ in self.connections:
            for fd in fds:
                os.close(fd)

    def _work(self):
        while not self.over.is_set():
            poll = select.poll()
            poll.register(self.listener, select.POLLIN)
            for _, fds, _ in self.connections:
                for fd in fds[:1]:
                    poll.register(fd, select.POLLIN)
            for fd, events in poll.poll(50):
                if fd == self.listener.fileno():
                    self._take_state()
                elif events & select.POLLIN:
                    self._answer(fd)
                else:
                    # The filter's processes have ended. Before Linux 6.11, receiving from such a filter never ends.
                    time.sleep(0.01)

    def _take_state(self):
        """Reads one connection to its end: (payload, descriptors, number of messages with descriptors)."""
        connection, _ = self.listener.accept()
        connection.settimeout(3 * session.patience)
        payload, fds, messages, is_closed = b"", [], [], False
        try:
            while True:
                data, more, _, _ = socket.recv_fds(connection, 1 << 20, 8)
                if not data and not more:
                    is_closed = True
                    break
                payload += data
                messages.append(len(more))
                fds += more
        except OSError:
            pass
        connection.close()
        self.connections.append((payload, fds, (messages, is_closed)))

    def _answer(self, fd):
        request = bytearray(80)
        try:
            fcntl.ioctl(fd, NOTIF_RECV, request)
            fcntl.ioctl(fd, NOTIF_SEND, struct.pack("QqiI", struct.unpack_from("Q", request)[0], 0, -ERRNO, 0))
            self.answered += 1
        except OSError:                  # the process has ended
            time.sleep(0.01)

    def only_connection(self):
        deadline = time.monotonic() + 5 * session.patience
        while not self.connections and time.monotonic() < deadline:
            time.sleep(0.01)
        equal(len(self.connections), 1, "of the number of connections to the agent")
        return self.connections[0]

    def state(self):
        payload = self.only_connection()[0]
        try:
            return json.loads(payload)
        except ValueError:
            raise Failure("one JSON text at the agent's socket", repr(payload[:100])) from None


def _config(case, agent, script="mkdir /tmp/new 2>&1 | sed 's/.*: //'; exec sleep 1000", **more):
    rules = [call("mkdir", "mkdirat", action="SCMP_ACT_NOTIFY")]
    return with_filter(case, {"listenerPath": agent.path, "listenerMetadata": "some", "syscalls": rules, **more}, script)


@rule("the filter's descriptor is sent as `seccompFd`",
      "the runtime sends the process state over the socket as JSON, and descriptors with SCM_RIGHTS")
def the_agent_answers_calls(case):
    agent = Agent(case)
    container = case.start(_config(case, agent))
    container.await_output("\n")
    expect(ITS_TEXT in container.output(), "the agent's answer to mkdir", repr(container.output()))
    state = agent.state()
    equal(state.get("fds"), ["seccompFd"], "of fds")
    equal(state.get("metadata"), "some", "of metadata")


@rule("the agent's socket is a Unix stream socket", "each connection carries one state",
      "a connection is used again; the runtime closes it")
def a_connection_carries_one_state(case):
    agent = Agent(case)
    for number in (1, 2):
        case.start(_config(case, agent)).await_output("\n")
        deadline = time.monotonic() + 5
        while len(agent.connections) < number and time.monotonic() < deadline:
            time.sleep(0.01)
    equal(len(agent.connections), 2, "of the number of connections, for two containers")
    problems = []
    for payload, fds, (_, is_closed) in agent.connections:
        try:
            json.loads(payload)
        except ValueError:
            problems.append(f"{payload[:60]!r} isn't one JSON text")
        problems += [] if is_closed else ["the connection stays open"]
        problems += [] if len(fds) == 1 else [f"{len(fds)} descriptors"]
    no_problems(problems, "one state on each connection, and its end")


@rule("the runtime sends descriptors only with the first message")
def descriptors_come_with_the_first_message(case):
    agent = Agent(case)
    case.start(_config(case, agent, listenerMetadata=LARGE)).await_output("\n")
    messages, _ = agent.only_connection()[2]
    equal((messages[:1], sum(messages[1:])), ([1], 0), "of the descriptors with the first message and with others")
    equal(agent.state().get("metadata"), LARGE, "of the metadata, whole")


@rule("the process state has `ociVersion`, `pid` as the runtime sees it, and `state`, whose status is `creating` before the "
      "container's program runs and `running` for exec")
def the_process_state_is_complete(case):
    agent = Agent(case)
    container = case.start(_config(case, agent))
    state, pid = agent.state(), container.pid
    inner = state.get("state") or {}
    seen = {"pid": state.get("pid"), "inner pid": inner.get("pid"), "status": inner.get("status"), "id": inner.get("id"),
            "bundle": inner.get("bundle"), "ociVersion": bool(state.get("ociVersion")) and bool(inner.get("ociVersion"))}
    equal(seen, {"pid": pid, "inner pid": pid, "status": "creating", "id": container.id, "bundle": container.bundle,
                 "ociVersion": True}, "of the process state")
    result = case.call("exec", container.id, "/bin/mkdir", "/tmp/more")
    expect(ITS_TEXT in result.errors, "the agent's answer to a call of exec", result)
    deadline = time.monotonic() + 5
    while len(agent.connections) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    equal(len(agent.connections), 2, "of the number of connections, with exec")
    inner = json.loads(agent.connections[1][0]).get("state") or {}
    equal((inner.get("status"), inner.get("pid")), ("running", pid), "of the status and the container's pid, for exec")


@rule("a state that can't be sent is an error")
def an_agent_that_is_not_there_is_an_error(case):
    agent = Agent(case)
    good = _config(case, agent)
    case.refuses(good, {"a socket that doesn't exist": changed(good, ["linux", "seccomp", "listenerPath"],
                                                               case.folder + "/missing")}, late=True)
