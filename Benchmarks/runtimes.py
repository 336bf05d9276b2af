"""The runtimes that the benchmark compares, what each of them is, and the floors, which stand in their place."""

import fcntl
import os
import pathlib
import re
import shutil
import struct
import subprocess

PT_INTERP = 3


class Failure(Exception):
    pass


class CommandFailure(Failure):
    def __init__(self, command, output, status):
        super().__init__(f"{' '.join(command)}: {output} (status {status})")
        self.last_line = output.split("\n")[-1]


class Runtime:
    """A program with runc's command line, given as PATH or NAME=PATH."""

    def __init__(self, text, work, systemd=False):
        name, _, path = text.rpartition("=")
        self.path = os.path.realpath(shutil.which(path) or path)
        self.name = name or os.path.basename(path)
        if not re.fullmatch(r"[\w.-]+", self.name):
            raise Failure(f"{text}: a name has only letters, digits, '.', '_' and '-'")
        self.options = [*(["--systemd-cgroup"] if systemd else []), "--root", f"{work}/state-{self.name}"]
        try:
            version = subprocess.run([self.path, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise Failure(f"{text}: {error}")
        if version.returncode != 0:
            raise Failure(f"{text}: --version: {version.stderr.strip() or version.returncode}")
        self.version = version.stdout.split("\n")[0].split()[-1]
        self.label = f"{self.name} {self.version}"

    def command(self, *arguments):
        return [self.path, *self.options, *arguments]

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

    def linking(self):
        """Returns "static", or the loader that the program names."""
        interpreter = elf_interpreter(self.path)
        return f"dynamic, {interpreter}" if interpreter else "static"

    def own_file(self, pid):
        """Returns what a process of the runtime that a container can see runs from: whoever can write to that changes the
        runtime itself."""
        link = f"/proc/{pid}/exe"
        target = os.readlink(link)
        with open(link, "rb") as program:
            here, there = os.fstat(program.fileno()), os.stat(self.path)
            read_only = os.fstatvfs(program.fileno()).f_flag & os.ST_RDONLY
            try:
                sealed = fcntl.fcntl(program, fcntl.F_GET_SEALS) & fcntl.F_SEAL_WRITE
            except OSError:  # a file of a file system that knows no seals
                sealed = 0
        if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
            place = "the host's file"
        elif target.startswith("/memfd:"):
            place = "a copy in memory"
        else:
            place = "another file than the host's"
        ways = (["sealed against writes"] if sealed else []) + (["on a read-only mount"] if read_only else [])
        return f"{place}, {' and '.join(ways) or 'neither sealed nor on a read-only mount'}"


class Floor:
    """The program floor, in the place of a runtime where it can be."""
    name = label = "kernel's floor"
    rows = ("run", "exec")

    def __init__(self, tools, rootfs):
        self.program = str(tools / "floor")
        self.rootfs = str(rootfs)

    def run_command(self, bundle, container):
        return [self.program, "run", self.rootfs]

    def exec_command(self, pid, cgroup):
        return [self.program, "exec", str(pid), cgroup]


class Scope:
    """The program scope, in the place of a runtime that runs a container."""
    name = label = "systemd's floor"
    rows = ("run",)

    def __init__(self, tools, slice):
        self.program = str(tools / "scope")
        self.slice = slice

    def run_command(self, bundle, container):
        return [self.program, self.slice, container]


def elf_interpreter(path):
    """Returns the loader that a 64-bit little-endian ELF file asks for, or None: then the program needs no library."""
    with open(path, "rb") as file:
        header = file.read(64)
        if header[:6] != b"\x7fELF\x02\x01":
            raise Failure(f"{path} isn't a 64-bit little-endian program")
        table, = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        for index in range(count):
            file.seek(table + index * size)
            kind, _, offset, _, _, length = struct.unpack("<IIQQQQ", file.read(40))
            if kind == PT_INTERP:
                file.seek(offset)
                return file.read(length).rstrip(b"\0").decode()
    return None
