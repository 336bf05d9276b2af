"""What is linked into a release program, by the linker's map of it, with versions and licenses."""

import dataclasses
import gzip
import hashlib
import json
import re
import subprocess
from pathlib import Path


@dataclasses.dataclass
class Component:
    name: str  # Debian's source package, or Swift
    version: str
    license: str  # an SPDX expression
    texts: list  # files with the license's text
    archive: Path | None  # what the linker took it from; None for what the compiler put in

    @property
    def checksum(self):
        return hashlib.sha256(self.archive.read_bytes()).hexdigest()


# The package and the license of each library that may be linked in. Another library stops the release.
LIBRARIES = {
    "libc.a": ("musl-dev", "MIT"),
    "libcap.a": ("libcap-dev", "BSD-3-Clause OR GPL-2.0-only"),
    "libseccomp.a": ("libseccomp-dev", "LGPL-2.1-only"),
    "libyajl_s.a": ("libyajl-dev", "ISC"),
}
# Parts of the toolchain, which has one license for all of them but compiler-rt.
SWIFT_LIBRARIES = ("libswiftUnicodeDataTables.a",)
COMMON_LICENSES = Path("/usr/share/common-licenses")


def of_debian(archive):
    """The component of a library from a Debian package, installed or unpacked in a directory of its own."""
    package, license = LIBRARIES[archive.name]
    root = Path(str(archive).split("/usr/lib/")[0] + "/")
    documents = root / "usr/share/doc" / package
    with gzip.open(documents / "changelog.Debian.gz", "rt") as file:
        name, version = re.match(r"(\S+) \((.+?)\)", file.readline()).groups()
    copyright = documents / "copyright"
    # Debian's texts name the file of a license that several packages have. A copy must come with the program.
    named = re.findall(r"/usr/share/common-licenses/(L?GPL-[\d.]+)", copyright.read_text())
    texts = [COMMON_LICENSES / found for found in sorted(set(named)) if found in license.replace("-only", "")]
    return Component(name, version, license, [copyright] + texts, archive)


def swift():
    """The standard library, whose code Embedded Swift compiles into the program."""
    said = json.loads(subprocess.run(["swiftc", "-print-target-info"], check=True, capture_output=True).stdout)
    version = re.search(r"Swift version ([\d.]+)", said["compilerVersion"])[1]
    license = Path(said["paths"]["runtimeResourcePath"], "../../share/swift/LICENSE.txt")
    return Component("swift", version, "Apache-2.0 WITH Swift-exception", [license], None)


def linked(linker_map):
    """All components of the program with this map, ordered by name."""
    archives = sorted({Path(path) for path in re.findall(r"(/[^\s:]+\.a)\(", Path(linker_map).read_text())})
    unknown = [str(path) for path in archives if path.name not in LIBRARIES and path.name not in SWIFT_LIBRARIES]
    if unknown:
        raise SystemExit(f"release: packaging/components.py doesn't know the license of {', '.join(unknown)}, which is linked in")
    found = [of_debian(path) for path in archives if path.name in LIBRARIES]
    return sorted(found + [swift()], key=lambda component: component.name)
