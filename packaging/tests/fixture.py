"""What the tests of the packages share."""

import json
import os
import shutil
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("WHERRY_RUNTIME") or str(CHECKOUT / ".build/release/wherry")


def pages(directory):
    """Writes the manual pages and the completions."""
    subprocess.run([CHECKOUT / "packaging/pages", PROGRAM, directory], check=True)


def bundle(directory, arguments=("sleep", "60")):
    """Makes a bundle of busybox alone."""
    rootfs = Path(directory, "rootfs")
    (rootfs / "bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", rootfs / "bin/busybox")
    for name in ("sh", "sleep", "echo", "cat"):
        (rootfs / "bin" / name).symlink_to("busybox")
    subprocess.run([PROGRAM, "spec", "--bundle", directory], check=True)
    file = Path(directory, "config.json")
    config = json.loads(file.read_text())
    config["process"] |= {"terminal": False, "args": list(arguments)}
    file.write_text(json.dumps(config))


def releases():
    """The directories of two releases of the same commit, made in different folders: scripts/test-release makes them."""
    return [Path(path) for path in os.environ["WHERRY_RELEASES"].split(":")]
