#!/usr/bin/python3
"""Runs the command from the host in the guest. See "Protocol" in machine.py."""
import ctypes
import fcntl
import json
import os
import pwd
import select
import struct
import subprocess
import time

RNDADDENTROPY, RNDRESEEDCRNG, MS_RDONLY = 0x40085203, 0x5207, 1
libc = ctypes.CDLL(None, use_errno=True)


def find_ports():
    """Returns the devices of the virtio ports by name. The guest has no udev that would make links."""
    base, ports = "/sys/class/virtio-ports", {}
    for dev in os.listdir(base):
        with open(f"{base}/{dev}/name") as f:
            ports[f.read().strip()] = "/dev/" + dev
    return ports


def read_line(fd):
    line = bytearray()
    while not line.endswith(b"\n"):
        b = os.read(fd, 1)
        if not b:              # the host is not connected (yet)
            time.sleep(0.05)
            continue
        line += b
    return bytes(line)


def read_exactly(fd, n):
    data = bytearray()
    while len(data) < n:
        b = os.read(fd, min(65536, n - len(data)))
        if not b:
            time.sleep(0.05)
        data += b
    return bytes(data)


def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view[:32768]):]


def mount(tag, path, ro):
    os.makedirs(path, exist_ok=True)
    # Writes reach the host at once (cache=none). A read-only share is cached: programs start many times faster from it.
    cache = "loose" if ro else "none"
    opts = f"trans=virtio,version=9p2000.L,msize=524288,access=any,cache={cache}"
    if libc.mount(tag.encode(), path.encode(), b"9p", MS_RDONLY if ro else 0, opts.encode()):
        e = ctypes.get_errno()
        raise OSError(e, f"mount {tag} at {path}: {os.strerror(e)}")


def start_user_manager(uid):
    subprocess.run(["systemctl", "start", f"user@{uid}.service"], check=True)


def command(job):
    """Returns argv of the process to start, and the other arguments for Popen."""
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
           "LANG": "C.UTF-8", "TERM": "dumb", "VM_RUN": "1"}
    user = pwd.getpwnam(job["user"])
    env.update(HOME=user.pw_dir, USER=user.pw_name, LOGNAME=user.pw_name,
               SHELL="/bin/bash")
    if user.pw_uid == 0:
        env.update(job["env"])
        return job["argv"], dict(env=env, cwd=job["cwd"])
    # An unprivileged user: inside the user's systemd instance, in a separate unit
    # whose cgroup is delegated to that user, as in a login session of a real host.
    uid = user.pw_uid
    start_user_manager(uid)
    run = f"/run/user/{uid}"
    env.update(XDG_RUNTIME_DIR=run, DBUS_SESSION_BUS_ADDRESS=f"unix:path={run}/bus")
    env.update(job["env"])
    argv = ["systemd-run", "--user", "--quiet", "--pipe", "--wait", "--collect",
            "--property=Delegate=yes", "--working-directory=" + job["cwd"]]
    argv += [f"--setenv={k}={v}" for k, v in env.items()]
    return argv + ["--"] + job["argv"], dict(
        env=env, cwd="/", user=uid, group=user.pw_gid,
        extra_groups=os.getgrouplist(user.pw_name, user.pw_gid))


def run(job, stdin, out_port, err_port):
    argv, args = command(job)
    # Pipes, not the ports themselves: a port cannot be opened twice, so /dev/stderr and the like would not work.
    (out_r, out_w), (err_r, err_w) = os.pipe(), os.pipe()
    try:
        child = subprocess.Popen(argv, stdin=stdin, stdout=out_w, stderr=err_w,
                                 start_new_session=True, **args)
    except OSError as e:
        os.write(err_w, f"vm: {argv[0]}: {e.strerror}\n".encode())
        child = None
    os.close(out_w)
    os.close(err_w)
    pidfd = os.pidfd_open(child.pid) if child else None
    sinks = {out_r: out_port, err_r: err_port}
    poll = select.poll()
    for fd in sinks:
        os.set_blocking(fd, False)
        poll.register(fd, select.POLLIN)
    if child:
        poll.register(pidfd, select.POLLIN)
    status = None if child else 127
    # Wait until the command has ended and its output is passed on, not until the pipes are closed: a process that the command
    # left behind (a detached container) may hold them open.
    while sinks:
        events = poll.poll(None if status is None else 0)
        if not events and status is not None:
            break
        for fd, _ in events:
            if fd == pidfd:
                code = child.wait()
                status = 128 - code if code < 0 else code
                poll.unregister(pidfd)
                continue
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                continue
            if data:
                write_all(sinks[fd], data)
            else:
                poll.unregister(fd)
                del sinks[fd]
                os.close(fd)
    if status is None:
        code = child.wait()
        status = 128 - code if code < 0 else code
    return status


def main():
    ports = find_ports()
    ctl = os.open(ports["vmrun.ctl"], os.O_RDWR)
    out = os.open(ports["vmrun.out"], os.O_RDWR)
    err = os.open(ports["vmrun.err"], os.O_RDWR)
    # The kernel's command line names the job's user, so that a saved state
    # already contains that user's systemd instance.
    with open("/proc/cmdline") as f:
        for word in f.read().split():
            if word.startswith("vm.user="):
                try:
                    start_user_manager(pwd.getpwnam(word[8:]).pw_uid)
                except (KeyError, subprocess.CalledProcessError):
                    pass                # the job will report the error
    write_all(ctl, b"READY\n")
    job = json.loads(read_line(ctl))
    stdin_data = read_exactly(ctl, job["stdin"])
    write_all(ctl, b"STARTED\n")
    try:
        # After resuming, the clock and the state of the random number generator are those of the moment of saving.
        time.clock_settime(time.CLOCK_REALTIME, job["time"])
        seed = bytes.fromhex(job["seed"])
        with open("/dev/urandom", "wb", buffering=0) as rnd:
            fcntl.ioctl(rnd, RNDADDENTROPY,
                        struct.pack("ii", len(seed) * 8, len(seed)) + seed)
            fcntl.ioctl(rnd, RNDRESEEDCRNG)
        for share in job["shares"]:
            mount(share["tag"], share["path"], share["ro"])
        with open("/run/vm-stdin", "w+b") as stdin:
            stdin.write(stdin_data)
            stdin.seek(0)
            status = run(job, stdin, out, err)
        os.sync()
        reply = {"exit": status}
    except Exception as e:      # the host must see every error
        reply = {"error": f"{type(e).__name__}: {e}"}
    write_all(ctl, json.dumps(reply).encode() + b"\n")
    while True:                 # the host ends the machine
        time.sleep(3600)


main()
