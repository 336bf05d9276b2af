"""The folder, the runtimes and the options of a run. Each process has one session, which the program fills in first."""

import os


class Session:
    folder = None          # holds everything that the run writes; removed at the end
    name = None            # the folder's base name: our cgroups are below /NAME, ctr's namespace is NAME
    runtimes = {}          # {name: path}; Docker is configured with all of them
    options = None         # the command line
    whole_machine = False  # whether the run uses the machine itself: harness/disposable.py
    cgroups_of_users = {}  # the cgroups in which other users' programs start, if they have their own: {id: folder}
    patience = 1           # all time limits are multiplied by this

    def enter(self, options):
        """Fills in the session. Called in the namespaces; options.inside is the folder."""
        self.options, self.folder, self.name = options, options.inside, os.path.basename(options.inside)
        self.whole_machine = getattr(options, "machine", False)
        self.patience = getattr(options, "patience", 1)

    @property
    def runtime(self):
        """The runtime under test."""
        return next(iter(self.runtimes.values()))

    @property
    def driver(self):
        """The engines' cgroup driver. On the machine itself it is their default; Docker's on cgroup v1 isn't systemd."""
        return "systemd" if self.whole_machine else "cgroupfs"

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def new_folder(self, name):
        """Makes the folder tmp/NAME, if it isn't there yet, and returns its path."""
        path = self.path("tmp", name)
        os.makedirs(path, exist_ok=True)
        return path

    def new_file(self, name, text):
        path = self.path("tmp", name)
        with open(path, "w") as file:
            file.write(text)
        return path


session = Session()


def read(path):
    with open(path) as file:
        return file.read()


def write(path, text, mode=None):
    with open(path, "w") as file:
        file.write(text)
    if mode is not None:
        os.chmod(path, mode)
