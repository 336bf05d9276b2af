"""The image that all engines run. It contains busybox. It is built here, because the run's network has no registry."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile

from .commands import execute
from .session import session, write

FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin", "etc", "proc", "sys", "dev", "tmp", "var", "root", "home", "run", "lib",
           "mnt")
PASSWD = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUP = "root:x:0:\ntty:x:5:\nwheel:x:10:app\napp:x:1000:\nnobody:x:65534:\n"
SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def root_tar():
    """The path of the root file system's tar file."""
    return session.path("busybox.tar")


def make_root_tar():
    root = session.path("busybox-root")
    for folder in FOLDERS:
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    os.chmod(root + "/tmp", 0o1777)
    busybox = shutil.which("busybox", path="/bin:/usr/bin")
    shutil.copy(busybox, root + "/bin/busybox")
    for applet in subprocess.check_output([busybox, "--list"], text=True).split():
        if applet != "busybox":
            os.symlink("busybox", f"{root}/bin/{applet}")
    write(root + "/etc/passwd", PASSWD)
    write(root + "/etc/group", GROUP)
    execute(["tar", "--numeric-owner", "--owner=0", "--group=0", "-C", root, "-cf", root_tar(), "."])


def unpacked_root(name):
    """Unpacks the root file system into the folder tmp/NAME, if it isn't there yet. Returns the folder's path."""
    folder = session.path("tmp", name)
    if not os.path.isdir(folder):
        os.makedirs(folder)
        execute(["tar", "-C", folder, "-xf", root_tar()])
    return folder


def make_archive(path, image, command=("sh",)):
    """Writes the archive that `docker save` would write for the image. `command` is the image's default command."""
    with open(root_tar(), "rb") as file:
        layer = file.read()
    machine = os.uname().machine
    layer_name = hashlib.sha256(layer).hexdigest() + "/layer.tar"
    config = json.dumps({
        "architecture": ARCHITECTURES.get(machine, machine), "os": "linux",
        "config": {"Env": [SEARCH_PATH], "Cmd": command},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [image], "Layers": [layer_name]}]).encode()
    with tarfile.open(path, "w") as archive:
        for name, content in ((config_name, config), (layer_name, layer), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
