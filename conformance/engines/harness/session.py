"""What one run works with. There is one session in a process; its program fills it in before anything else."""

import os


class Session:
    folder = None          # holds all that the run writes, and goes when it ends
    name = None            # the folder's base name: our cgroups are below /NAME, ctr's namespace is NAME
    runtimes = {}          # name: path, all that Docker is told of
    options = None         # the command line

    def enter(self, options):
        """To be called in the namespaces, with the folder in options.inside."""
        self.options, self.folder, self.name = options, options.inside, os.path.basename(options.inside)

    @property
    def runtime(self):
        """The runtime under test."""
        return next(iter(self.runtimes.values()))

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def new_folder(self, name):
        """A folder below tmp/, made unless it's there."""
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
