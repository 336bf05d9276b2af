"""One virtual machine: QEMU, and the sockets to it and to the agent in the guest."""
# Protocol, over three virtio serial ports that are socket pairs here:
#   vmrun.ctl  guest: READY; host: one line of JSON (the job) and as many bytes of standard input as it says; guest:
#              STARTED, and later one line of JSON with the exit status or an error
#   vmrun.out, vmrun.err  what the command writes
# The guest sends the status after all output of the command, and then waits to be killed. An orderly shutdown would only take
# time: all changes are discarded.

import contextlib
import ctypes
import fcntl
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time


class Failure(Exception):
    """Something other than the command went wrong."""


class TimeUp(Exception):
    """The time limit was reached."""


def say(text):
    print(f"vm/run: {text}", file=sys.stderr, flush=True)


# The guest's processor: QEMU's program, its options under KVM and under emulation, its options always, the console, and the
# kernel's parameters.
ARCHITECTURES = {
    "amd64": (
        "qemu-system-x86_64",
        # On some AMD hosts QEMU 7.2 fails with arch-capabilities.
        ["-cpu", "host,arch-capabilities=off"],
        # Without features that are slow to emulate and that no test needs.
        ["-cpu", "max,la57=off,smap=off,smep=off,umip=off,pku=off"],
        ["-machine", "q35,usb=off,vmport=off,smbus=off,sata=off,hpet=off,graphics=off"],
        "ttyS0",
        # QEMU emulates string instructions byte by byte: without these flags the kernel copies and clears in loops.
        ["clearcpuid=rep_good,erms,fsrm", "tsc=reliable", "8250.nr_uarts=1", "i8042.noaux", "i8042.nokbd"]),
    "arm64": (
        "qemu-system-aarch64",
        ["-cpu", "host"],
        # QEMU computes the architecture's own signatures of pointers (PAC) very slowly.
        ["-cpu", "max,pauth-impdef=on,sve=off"],
        ["-machine", "virt,gic-version=max"],
        "ttyAMA0",
        []),
}


def architecture(cache):
    """The guest's processor, by Debian's name. `build` has stored it."""
    with open(os.path.join(cache, "arch")) as f:
        return f.read().strip()


def no_kvm(arch):
    """Returns the reason why KVM cannot be used for a guest with this processor; None if no reason is known."""
    own = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine)
    if arch != own:
        return f"the guest is {arch}, this machine isn't"
    try:
        with open("/dev/kvm", "rb+", buffering=0) as kvm:
            os.close(fcntl.ioctl(kvm, 0xAE01, 0))       # KVM_CREATE_VM
    except OSError as e:
        return f"/dev/kvm: {e.strerror}"
    # PVM offers KVM without the processor's virtualization. It creates machines, but emulates each instruction of a kernel
    # that is not adapted to PVM: a thousand times slower than QEMU's own emulation.
    if arch == "amd64":
        with contextlib.suppress(OSError), open("/proc/cpuinfo") as f:
            if not re.search(r"^flags\s*:.*\b(vmx|svm)\b", f.read(), re.M):
                return "the processor has no virtualisation (neither vmx nor svm)"
    return None


class Machine:
    """One QEMU process and the sockets to it."""

    def __init__(self, args, accel, deadline, disk, snapshot=True, incoming=None):
        self.args, self.deadline = args, deadline
        self.console = tempfile.TemporaryFile(prefix="vm-console.")
        self.sockets, theirs = {}, {}
        for name in ("ctl", "out", "err", "qmp"):
            self.sockets[name], theirs[name] = socket.socketpair()
        cmd = self.qemu(args, accel)
        for name, s in theirs.items():
            cmd += ["-chardev", f"socket,id={name},fd={s.fileno()}"]
        cmd += ["-mon", "chardev=qmp,mode=control"]
        cmd += ["-drive", f"file={disk},if=none,id=disk,format=raw,cache=unsafe,"
                          f"snapshot={'on' if snapshot else 'off'}"]
        if incoming:
            cmd += ["-incoming", f"fd:{incoming.fileno()}"]
        fds = [s.fileno() for s in theirs.values()]
        fds += [incoming.fileno()] if incoming else []
        console = self.console.fileno()
        libc = ctypes.CDLL(None)

        def in_child():
            libc.prctl(1, signal.SIGKILL)       # PR_SET_PDEATHSIG: QEMU must not outlive us
            os.setpgid(0, 0)                    # only we handle Ctrl-C

        try:
            self.process = subprocess.Popen(
                cmd, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                pass_fds=fds, preexec_fn=in_child)
        except OSError as e:
            raise Failure(f"cannot start {cmd[0]}: {e.strerror} (apt-get install --no-install-recommends "
                          f"qemu-system-{'arm' if 'aarch64' in cmd[0] else 'x86'})")
        for s in theirs.values():
            s.close()
        self.buffer = b""

    @staticmethod
    def qemu(args, accel):
        """Returns QEMU's command line, without the options that differ between booting and resuming."""
        # Only devices that are needed: each costs time at boot.
        program, under_kvm, emulated, always, console, parameters = ARCHITECTURES[architecture(args.cache)]
        cmd = [os.environ.get("VM_QEMU", program),
               "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
               "-m", str(args.memory), "-smp", str(args.cpus), "-rtc", "base=utc"]
        cmd += ["-accel", "kvm", *under_kvm] if accel == "kvm" else ["-accel", "tcg,thread=multi,tb-size=512", *emulated]
        cmd += always
        append = ["console=" + console, "quiet", "loglevel=4", "panic=-1", "oops=panic",
                  "rdinit=/init", "apparmor=1", "security=apparmor", *parameters,
                  "mitigations=off", "random.trust_cpu=on", "cryptomgr.notests", "nowatchdog",
                  "rcupdate.rcu_expedited=1",
                  "systemd.unified_cgroup_hierarchy=1", "systemd.show_status=0",
                  "systemd.log_level=warning", "systemd.firstboot=0"]
        if args.user != "root":
            append.append(f"vm.user={args.user}")       # for the agent
        cmd += ["-kernel", os.path.join(args.cache, "vmlinux"),
                "-initrd", os.path.join(args.cache, "initrd"),
                "-append", " ".join(append + args.append.split()),
                "-serial", "file:/dev/fd/1",
                "-device", "virtio-blk-pci,drive=disk",
                "-object", "rng-random,id=rng,filename=/dev/urandom",
                "-device", "virtio-rng-pci,rng=rng",
                "-device", "virtio-serial-pci,id=ports"]
        for name in ("ctl", "out", "err"):
            cmd += ["-device", f"virtserialport,bus=ports.0,chardev={name},name=vmrun.{name}"]
        # security_model=none: files get the owner that the guest asks for if we may set it, otherwise our own.
        # There is always at least one share, so that a saved state fits a run with one share and a run without any.
        for i, (path, _, readonly) in enumerate(args.shares or [(args.cache, "", True)]):
            cmd += ["-fsdev", f"local,id=fs{i},security_model=none,multidevs=remap,"
                              f"path={path.replace(',', ',,')},readonly={'on' if readonly else 'off'}",
                    "-device", f"virtio-9p-pci,fsdev=fs{i},mount_tag=share{i}"]
        return cmd

    def time_left(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeUp
        return left

    def died(self):
        code = self.process.wait()
        return Failure(f"the machine ended early (QEMU: {code})")

    def read_line(self, name, limit=None):
        """Reads a line from the guest or from QEMU's monitor; `limit` is in seconds."""
        end = None if limit is None else time.monotonic() + limit
        while b"\n" not in self.buffer:
            left = self.time_left()
            if end is not None:
                left = min(left, end - time.monotonic())
                if left <= 0:
                    raise Failure("the guest does not answer")
            if select.select([self.sockets[name]], [], [], left)[0]:
                try:
                    data = self.sockets[name].recv(65536)
                except ConnectionError:
                    data = b""
                if not data:
                    raise self.died()
                self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def qmp(self, command, **arguments):
        """Sends a command to QEMU's monitor and returns the answer."""
        message = {"execute": command, "arguments": arguments}
        self.sockets["qmp"].sendall(json.dumps(message).encode() + b"\n")
        while True:
            answer = json.loads(self.read_line("qmp"))
            if "error" in answer:
                raise Failure(f"QEMU: {command}: {answer['error'].get('desc')}")
            if "return" in answer:
                return answer["return"]

    def wait_for(self, word, limit=None):
        while self.read_line("ctl", limit).strip() != word:
            pass

    def save_state(self, path):
        """Writes the machine's state to a file. The machine stays stopped after that."""
        self.read_line("qmp")                           # the greeting
        self.qmp("qmp_capabilities")
        self.qmp("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
        self.qmp("migrate", uri="exec:cat >" + shlex.quote(path))
        while True:
            status = self.qmp("query-migrate").get("status")
            if status == "completed":
                return
            if status in ("failed", "cancelled"):
                raise Failure("QEMU cannot save the machine's state")
            time.sleep(0.05)

    def send_job(self, stdin):
        a = self.args
        job = {"argv": a.command, "cwd": a.cwd, "env": a.environment, "user": a.user,
               "stdin": len(stdin), "time": time.time(), "seed": os.urandom(64).hex(),
               "shares": [{"tag": f"share{i}", "path": guest, "ro": ro}
                          for i, (_, guest, ro) in enumerate(a.shares)]}
        self.sockets["ctl"].sendall(json.dumps(job).encode() + b"\n" + stdin)

    def follow(self):
        """Passes on the command's output until its exit status arrives. Returns the status."""
        sinks = {self.sockets["out"]: 1, self.sockets["err"]: 2}
        ctl = self.sockets["ctl"]

        def pump(sock):
            try:
                data = sock.recv(65536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except ConnectionError:
                data = b""
            if not data:
                sinks.pop(sock)
                return False
            while data:
                try:
                    data = data[os.write(sinks[sock], data):]
                except BrokenPipeError:
                    sinks[sock] = os.open(os.devnull, os.O_WRONLY)
            return True

        while b"\n" not in self.buffer:
            ready = select.select([*sinks, ctl], [], [], self.time_left())[0]
            for sock in ready:
                if sock is not ctl:
                    pump(sock)
                    continue
                try:
                    data = ctl.recv(65536)
                except ConnectionError:
                    data = b""
                if not data:
                    raise self.died()
                self.buffer += data
        for sock in list(sinks):
            while pump(sock):
                pass
        answer = json.loads(self.buffer.split(b"\n", 1)[0])
        if "error" in answer:
            raise Failure(f"guest: {answer['error']}")
        return answer["exit"]

    def console_text(self):
        self.console.seek(0)
        return self.console.read().decode(errors="replace").replace("\r", "")

    def end(self):
        self.process.kill()
        self.process.wait()
        for s in self.sockets.values():
            s.close()
