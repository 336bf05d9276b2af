"""The folder and the name of a run. Each process has one session, which the program fills in first."""

import os


class Session:
    folder = None          # a tmpfs that holds everything that the run writes
    name = None            # the folder's base name: the run's cgroups and containers have names that begin with it
    patience = 1           # all time limits are multiplied by this

    def enter(self, folder, patience):
        self.folder, self.name, self.patience = folder, os.path.basename(folder), patience

    def path(self, *parts):
        return os.path.join(self.folder, *parts)


session = Session()


def read(path):
    with open(path, errors="replace") as file:
        return file.read()


def write(path, text, mode=None):
    with open(path, "w") as file:
        file.write(text)
    if mode is not None:
        os.chmod(path, mode)
