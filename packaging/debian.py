"""The Debian package of a release, built by dpkg-deb alone. Its files are those of tree.py, where Debian wants them."""

import datetime
import gzip
import hashlib
import shutil
import subprocess
import textwrap
from email.utils import format_datetime
from pathlib import Path

import tree

HERE = Path(__file__).resolve().parent
# Debian's number for the package of one version of wherry.
REVISION = "1"
# Where zsh looks for the completions of packages.
MOVED = {"share/zsh/site-functions": "share/zsh/vendor-completions"}
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: wherry
Comment:
 The program is static. The licenses of the libraries in it are in
 /usr/share/doc/wherry/licenses. Whoever has the sources of wherry can link it
 with another version of them, as section 6 of the LGPL, version 2.1, asks for
 libseccomp's sake: "make build".

Files: *
Copyright: {year} the authors of wherry
License: Apache-2.0
 On Debian systems, the text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
"""


def compress(path):
    with open(path, "rb") as source, open(f"{path}.gz", "wb") as target:
        with gzip.GzipFile("", "wb", 9, target, 0) as file:
            shutil.copyfileobj(source, file)
    path.unlink()


def rearrange(root, version, maintainer, seconds):
    """Moves and compresses what Debian wants elsewhere, and adds its own files."""
    for place, other in MOVED.items():
        (root / other).parent.mkdir(parents=True, exist_ok=True)
        (root / place).rename(root / other)
        if not any((root / place).parent.iterdir()):
            (root / place).parent.rmdir()
    documents = root / tree.FOLDER
    # The texts of these licenses are part of every Debian system.
    for name in ("LICENSE", "licenses/GPL-2", "licenses/LGPL-2.1"):
        (documents / name).unlink(missing_ok=True)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    (documents / "copyright").write_text(COPYRIGHT.format(year=moment.year))
    (documents / "CHANGELOG.md").rename(documents / "changelog")
    (documents / "changelog.Debian").write_text(
        f"wherry ({version}-{REVISION}) unstable; urgency=medium\n\n  * Version {version}: see changelog.gz.\n\n"
        f" -- {maintainer}  {format_datetime(moment)}\n")
    for file in [documents / "changelog", documents / "changelog.Debian", *(root / "share/man").glob("*/*")]:
        compress(file)
    tree.put(HERE / "debian/lintian-overrides", root / "share/lintian/overrides/wherry")


def control(version, architecture, maintainer, size, components, description):
    """The control file. The description is the first paragraph of the help."""
    built = ", ".join(f"{part.name} (= {part.version})" for part in components if part.archive)
    lines = [
        "Package: wherry", f"Version: {version}-{REVISION}", "Section: admin", "Priority: optional", f"Architecture: {architecture}",
        f"Maintainer: {maintainer}", f"Installed-Size: {size}", "Suggests: criu, uidmap", f"Static-Built-Using: {built}",
        "Description: OCI container runtime", *textwrap.wrap(description, 78, initial_indent=" ", subsequent_indent=" ")]
    return "\n".join(lines) + "\n"


def build(file, source, work, version, architecture, maintainer, seconds, components, description):
    """Writes the package to a file.

    source: the directory that tree.build has made
    work: a directory that doesn't exist yet"""
    shutil.copytree(source, work / "usr", symlinks=True)
    rearrange(work / "usr", version, maintainer, seconds)
    files = sorted(path for path in work.rglob("*") if path.is_file())
    size = sum(-(-path.stat().st_size // 1024) for path in files) + sum(path.is_dir() for path in work.rglob("*"))
    sums = "".join(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(work)}\n" for path in files)
    meta = work / "DEBIAN"
    meta.mkdir()
    (meta / "control").write_text(control(version, architecture, maintainer, size, components, description))
    (meta / "md5sums").write_text(sums)
    tree.put(HERE / "debian/postrm", meta / "postrm", 0o755)
    tree.settle(work, seconds)
    # With more than one thread xz splits the data in another way.
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--threads-max=1", "--build", work, file], check=True, stdout=subprocess.DEVNULL)
