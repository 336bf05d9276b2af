"""A run on a whole machine that nobody needs afterwards: its /run, its systemd, its bus, its users, its cgroup driver.

In a private machine, engines can't ask systemd for units: systemd doesn't know the pids of the run's own pid namespace, and its
socket isn't there.
"""

import fnmatch
import os

from .commands import execute, until
from .session import read, session

# conformance/vm puts this program only into the guests that it makes, and discards what a run of them changed.
MARK = "/usr/local/sbin/vm-agent"


def why_not():
    """Returns why this machine must not be used for a run without namespaces; None if it is made for that."""
    if not os.path.exists(MARK):
        return "it isn't a guest of conformance/vm, and a run without namespaces changes the machine"
    if not os.path.isdir("/run/systemd/system"):
        return "systemd isn't its first program"
    return None


def hierarchy_of_systemd():
    """The folder of the hierarchy in which systemd keeps its units."""
    return "/sys/fs/cgroup" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "/sys/fs/cgroup/systemd"


def variables_of(user):
    """The variables that a login session of the user has."""
    return {"XDG_RUNTIME_DIR": f"/run/user/{user}", "DBUS_SESSION_BUS_ADDRESS": f"unix:path=/run/user/{user}/bus"}


def log_in(user):
    """Starts the user's own systemd, and a unit there in which the user's programs of the run will start."""
    if user in session.cgroups_of_users:
        return
    execute(["systemctl", "start", f"user@{user}.service"], timeout=60)
    control = ["systemctl", "--user"]
    options = {"user": user, "env": {"PATH": "/usr/bin:/bin", **variables_of(user)}}
    until(lambda: execute([*control, "is-system-running"], status=None, **options).matches("running|degraded"),
          "user's systemd", 30)
    execute(["systemd-run", "--user", "--quiet", "--unit", "engines", "-p", "Delegate=yes", "sleep", "infinity"], **options)
    session.cgroups_of_users[user] = hierarchy_of_systemd() + execute(
        [*control, "show", "-p", "ControlGroup", "--value", "engines.service"], **options).output.strip()


def scopes(prefix):
    """Returns the folders of the cgroups of containers: PREFIX-ID.scope."""
    pattern = prefix + "-" + "[0-9a-f]" * 12 + "*.scope"
    return [os.path.join(folder, name) for folder, names, _ in os.walk(hierarchy_of_systemd())
            for name in fnmatch.filter(names, pattern)]


def units(prefix, user=None):
    """Returns the names of the containers' units that systemd still has, failed ones too."""
    command = ["systemctl", *(["--user"] if user else []), "list-units", "--all", "--plain", "--no-legend", f"{prefix}-*.scope"]
    environment = {"PATH": "/usr/bin:/bin", **(variables_of(user) if user else {})}
    names = [line.split()[0] for line in execute(command, user=user, env=environment).output.splitlines()]
    return [name for name in names if "conmon" not in name]


def unit_of(pid):
    """Returns the cgroup of a container's process as a path, and the name of its unit."""
    lines = [line.split(":", 2) for line in read(f"/proc/{pid}/cgroup").splitlines()]
    path = next(path for number, names, path in lines if names in ("", "name=systemd"))
    return path, next(part for part in reversed(path.split("/")) if part.endswith(".scope"))


def properties(unit, *names, user=None):
    """Returns the values of the unit's properties."""
    command = ["systemctl", *(["--user"] if user else []), "show", *(f"--property={name}" for name in names), unit]
    environment = {"PATH": "/usr/bin:/bin", **(variables_of(user) if user else {})}
    found = dict(line.split("=", 1) for line in execute(command, user=user, env=environment).output.splitlines())
    return [found.get(name) for name in names]


def reload(user=None):
    execute(["systemctl", *(["--user"] if user else []), "daemon-reload"], user=user, timeout=60,
            env={"PATH": "/usr/bin:/bin", **(variables_of(user) if user else {})})
