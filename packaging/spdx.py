"""The SPDX document of a release, version 2.3: what is in its files, with versions, licenses and checksums."""

import datetime
import json
import platform
import urllib.parse
import uuid

PROJECT = "Apache-2.0"


def package(identifier, name, version, license, checksum=None, **more):
    """A package in SPDX's sense. What nobody has looked into is NOASSERTION, as SPDX wants it said."""
    entry = {
        "SPDXID": "SPDXRef-" + identifier, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False, "licenseConcluded": license, "licenseDeclared": license, "copyrightText": "NOASSERTION"}
    if checksum:
        entry["checksums"] = [{"algorithm": "SHA256", "checksumValue": checksum}]
    return entry | more


def origin(component):
    """Names the source package of a component as a package URL, if a distribution has it."""
    if component.archive is None:
        return {}
    system = platform.freedesktop_os_release()["ID"]
    locator = f"pkg:deb/{system}/{component.name}@{urllib.parse.quote(component.version)}?arch=source"
    return {"externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": locator}]}


def document(version, architecture, seconds, files, program_checksum, components):
    """The document's text.

    files: pairs of the name of a file of the release and its checksum."""
    every = " AND ".join([PROJECT] + sorted(f"({part.license})" if " OR " in part.license else part.license for part in components))
    program = package("Program", "wherry", version, PROJECT, program_checksum, primaryPackagePurpose="APPLICATION")
    packages, relations = [program], []
    for number, (name, checksum) in enumerate(files, 1):
        packages.append(package(f"File-{number}", name, version, every, checksum, packageFileName=name,
                                primaryPackagePurpose="ARCHIVE" if name.endswith(".tar.gz") else "INSTALL"))
        relations += [("SPDXRef-DOCUMENT", "DESCRIBES", f"SPDXRef-File-{number}"), (f"SPDXRef-File-{number}", "CONTAINS", "SPDXRef-Program")]
    for part in components:
        checksum = part.checksum if part.archive else None
        packages.append(package(part.name, part.name, part.version, part.license, checksum, primaryPackagePurpose="LIBRARY", **origin(part)))
        relations.append(("SPDXRef-Program", "STATIC_LINK", "SPDXRef-" + part.name))
    name = f"wherry-{version}-linux-{architecture}"
    # An identifier that follows from the content, so that the same release has the same document.
    identifier = uuid.uuid5(uuid.NAMESPACE_URL, " ".join([name, *(checksum for _, checksum in files)]))
    return json.dumps({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": name,
        "documentNamespace": f"urn:uuid:{identifier}",
        "creationInfo": {
            "created": datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": [f"Tool: wherry-release-{version}"]},
        "packages": packages,
        "relationships": [
            {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other} for one, kind, other in relations],
    }, indent=2) + "\n"
