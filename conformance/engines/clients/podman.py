"""podman, as root and as an ordinary user, with storage and configuration of the run."""

import os
import shutil

from harness import disposable
from harness.commands import SYSTEM_PATH, Skip, environment, execute, execute_on_terminal, expect, until
from harness.images import root_tar
from harness.machine import ROOTLESS_ID, ROOTLESS_USER, RUN
from harness.services import TICKS
from harness.session import session, write

IMAGE = "box:1"
PROGRAMS = ["podman", "conmon", "curl"]
STATUS = "{{.State.Status}} {{.State.ExitCode}}"

# Without network_backend, podman may choose CNI and make two bridges with one subnet.
CONTAINERS_CONF = """\
[containers]
[engine]
{driver}events_logger = "file"
helper_binaries_dir = ["/usr/lib/podman", "/usr/libexec/podman", "/usr/bin"]
runtime_supports_json = ["runc", "crun"]
[network]
network_backend = "netavark"
network_config_dir = "{networks}"
default_subnet = "10.213.0.0/16"
default_subnet_pools = [{{"base" = "10.214.0.0/16", "size" = 24}}]
"""
STORAGE_CONF = '[storage]\ndriver = "overlay"\nrunroot = "{run}"\ngraphroot = "{storage}"\nrootless_storage_path = "{storage}"\n'
REGISTRIES_CONF = 'unqualified-search-registries = []\nshort-name-mode = "permissive"\n'


class Podman:
    """podman with its own storage. Calling the object runs podman."""

    def __init__(self, home, run, user=None):
        self._home, self._run, self._user = home, run, user

    @property
    def home(self):
        return session.path(self._home)

    @property
    def configuration(self):
        """The folder of our configuration: on a whole machine the ordinary one, which podman called by timers reads too."""
        if not session.whole_machine:
            return self.home
        return self.home + "/.config/containers" if self._user else "/etc/containers"

    @property
    def env(self):
        """The environment that makes podman, and buildah, read our configuration."""
        files = {} if session.whole_machine else {
            "CONTAINERS_CONF": self.configuration + "/containers.conf",
            "CONTAINERS_STORAGE_CONF": self.configuration + "/storage.conf",
            "CONTAINERS_REGISTRIES_CONF": self.configuration + "/registries.conf"}
        if not self._user:
            return environment(**files)
        more = disposable.variables_of(self._user) if session.whole_machine else {"XDG_RUNTIME_DIR": self._run}
        return environment(**files, **more, PATH=SYSTEM_PATH, HOME=self.home, TMPDIR=self.home + "/tmp", USER=ROOTLESS_USER,
                           LOGNAME=ROOTLESS_USER)

    def command(self, *arguments, runtime=None):
        # The link as-runc/runc leads to the runtime. podman asks a runtime of this name for JSON logs.
        command = ["podman", "--runtime", runtime or session.path("as-runc/runc"), "--events-backend", "file"]
        if not self._user:
            command += self.temporary_folder()
            # A pod's containers are in the pod's cgroup.
            if arguments[0] in ("run", "create") and "--pod" not in arguments:
                arguments = [arguments[0], *self.below(), *arguments[1:]]
        return [*command, *arguments]

    def temporary_folder(self):
        """The option for the folder of the engine's own state. On a whole machine podman has its default."""
        return [] if session.whole_machine else ["--tmpdir", self._run + "/tmp"]

    @staticmethod
    def below(name=None):
        """The option for a parent cgroup of this name below the run's, or the run's own. Units have the engine's default."""
        if session.whole_machine:
            return []
        return ["--cgroup-parent", f"/{session.name}" + (f"/{name}" if name else "")]

    def __call__(self, *arguments, runtime=None, **options):
        return execute(self.command(*arguments, runtime=runtime), env=self.env, user=self._user, folder=self.home, **options)

    def on_terminal(self, *arguments, **options):
        return execute_on_terminal(self.command(*arguments), env=self.env, user=self._user, **options)

    def run(self, *arguments, **options):
        """`podman run --rm` with these options, image and command."""
        return self("run", "--rm", *arguments, **options)

    def run_in_background(self, container, *options):
        """Starts a container that prints "ready", and waits for that output."""
        self("run", "-d", "--name", container, *options, IMAGE, "sh", "-c", TICKS)
        self.wait_for_output(container, "ready")

    def wait_for_output(self, container, text):
        until(lambda: self("logs", container).includes(text), f"{text!r} of {container}")

    def inspect(self, container, template=STATUS):
        return self("inspect", "-f", template, container).output.strip()

    def pid(self, container):
        return int(self.inspect(container, "{{.State.Pid}}"))

    def expect_state(self, container, wanted, template=STATUS):
        found = self.inspect(container, template)
        expect(found == wanted, f"{container} is {found!r}, not {wanted!r}")
        return True

    def expect_none(self):
        self("ps", "-aq").printed("")

    def remove_all(self):
        if self._some():
            self("pod", "rm", "-a", "-f", "-t", "0", status=None)
            self("rm", "-a", "-f", "-t", "0", status=None)
            left = self._some()
            expect(not left, f"podman can't remove {left}")

    def _some(self):
        return self("ps", "-aq").output.split() + self("pod", "ps", "-q").output.split()

    def configure(self):
        """Writes the configuration and imports the image, once."""
        if os.path.exists(self.home + "/ready"):
            return
        for folder in (self.home + "/tmp", self._run, self.configuration):
            os.makedirs(folder, exist_ok=True)
        write(self.configuration + "/containers.conf", CONTAINERS_CONF.format(
            networks=self.home + "/networks", driver="" if session.whole_machine else 'cgroup_manager = "cgroupfs"\n'))
        write(self.configuration + "/storage.conf", STORAGE_CONF.format(
            run=self._run + "/containers", storage=self.home + "/storage"))
        write(self.configuration + "/registries.conf", REGISTRIES_CONF)
        shutil.copy(root_tar(), self.home)
        if self._user:
            execute(["chown", "-R", f"{self._user}:{self._user}", self.home, self._run])
            os.chmod(self._run, 0o700)
        # If the image sets no PATH, `play kube` finds no command.
        self("import", "-c", "ENV PATH=/bin:/sbin:/usr/bin:/usr/sbin", self.home + "/busybox.tar", IMAGE, timeout=60)
        write(self.home + "/ready", "")


podman = Podman("podman", RUN + "/podman")
rootless = Podman("rootless", f"/run/user/{ROOTLESS_ID}", ROOTLESS_ID)


def set_up_rootless():
    for program in ("newuidmap", "newgidmap", "slirp4netns"):
        if not shutil.which(program, path=SYSTEM_PATH):
            raise Skip(f"{program} is missing")
    if session.whole_machine:
        disposable.log_in(ROOTLESS_ID)
    rootless.configure()
