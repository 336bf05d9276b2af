"""The runtimes that the benchmark compares, and the kernel's floor, which stands in their place."""

import os
import pathlib
import re
import shutil
import subprocess


class Failure(Exception):
    pass


class CommandFailure(Failure):
    def __init__(self, command, output, status):
        super().__init__(f"{' '.join(command)}: {output} (status {status})")
        self.last_line = output.split("\n")[-1]


class Runtime:
    """A program with runc's command line, given as PATH or NAME=PATH."""

    def __init__(self, text, work):
        name, _, path = text.rpartition("=")
        self.path = os.path.realpath(shutil.which(path) or path)
        self.name = name or os.path.basename(path)
        if not re.fullmatch(r"[\w.-]+", self.name):
            raise Failure(f"{text}: a name has only letters, digits, '.', '_' and '-'")
        self.root = pathlib.Path(work) / f"state-{self.name}"
        try:
            version = subprocess.run([self.path, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise Failure(f"{text}: {error}")
        if version.returncode != 0:
            raise Failure(f"{text}: --version: {version.stderr.strip() or version.returncode}")
        self.version = version.stdout.split("\n")[0].split()[-1]
        self.label = f"{self.name} {self.version}"

    def command(self, *arguments):
        return [self.path, "--root", str(self.root), *arguments]

    def run_command(self, bundle, container):
        return self.command("run", "--bundle", bundle, container)

    def do(self, *arguments, check=True):
        """Runs a command without measuring it."""
        done = subprocess.run(
            self.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise Failure(f"{self.name} {' '.join(arguments)}: status {done.returncode}")

    def size(self):
        return os.stat(self.path).st_size


class Floor:
    """The program floor, in the place of a runtime where it can be."""
    name = label = "kernel's floor"

    def __init__(self, tools, rootfs):
        self.program = str(tools / "floor")
        self.rootfs = str(rootfs)

    def run_command(self, bundle, container):
        return [self.program, "run", self.rootfs]

    def exec_command(self, pid, cgroup):
        return [self.program, "exec", str(pid), cgroup]
