"""What checks of hooks share: hooks that write lines to a log in the container's root, which host and container can reach."""

import json
import os

from harness.session import read

KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
OF_THE_RUNTIME = ("prestart", "createRuntime", "poststart", "poststop")


def hook(script, **more):
    """Returns a hook that runs the script, and reads the state to its end: a runtime may take a closed pipe for an error."""
    return {"path": "/bin/sh", "args": ["sh", "-c", script + "; cat > /dev/null"], **more}


def log_of(kind, folder):
    """Returns the path of the log as a hook of this kind sees it."""
    return "/log" if kind == "startContainer" else folder + "/rootfs/log"


class Hooked:
    """A bundle whose hooks are scripts. In a script, LOG is the log's path."""

    def __init__(self, case, config, scripts):
        """`scripts` is {kind: [script, ...]}."""
        self.case = case
        self.id, self.folder = case.prepare(None, owner=0)
        self.config = config
        config["linux"]["cgroupsPath"] = case.cgroup_of(self.id)
        config["hooks"] = {kind: [hook(f"LOG={log_of(kind, self.folder)}; {script}") for script in listed]
                           for kind, listed in scripts.items()}
        self.container = None

    def write(self):
        with open(self.folder + "/config.json", "w") as file:
            json.dump(self.config, file)

    def create(self):
        """Calls `create` and returns the result."""
        self.write()
        result = self.case.call("create", "--bundle", self.folder, self.id, output=self.folder + "/output")
        self.container = self.case.known(self.id, self.folder)
        return result

    @property
    def log(self):
        path = self.folder + "/rootfs/log"
        return read(path) if os.path.exists(path) else ""

    def whole_life(self):
        """Takes the container through its whole life. Returns the log."""
        self.made().start().wait()
        self.case.delete_stopped(self.container)
        return self.log

    def made(self):
        """Creates the container, which has to succeed, and returns it."""
        result = self.create()
        self.case.expect_success(result)
        self.container.hold()
        return self.container
