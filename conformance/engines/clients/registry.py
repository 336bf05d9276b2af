"""A registry of images on the loopback device, which wants a name and a password."""

import os
import shutil

from harness.commands import SYSTEM_PATH, Skip, execute
from harness.daemons import Daemon
from harness.services import free_port
from harness.session import session, write

USER, PASSWORD = "keeper", "sesame"
# What `htpasswd -B` writes for this password.
ACCOUNT = USER + ":$2b$05$abcdefghijklmnopqrstuuKcS.CYWVYVaLiiCKrrc0A5s3mGesJ9O\n"
CONFIGURATION = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {folder}/images}}
http: {{addr: "{address}"}}
auth:
  htpasswd: {{realm: engines, path: {folder}/accounts}}
"""

_daemons = []
_addresses = []


def start():
    """Starts the registry, if it doesn't run. Returns its address, 127.0.0.1:PORT."""
    if not shutil.which("docker-registry", path=SYSTEM_PATH):
        raise Skip("docker-registry is missing")
    if not _daemons:
        folder, address = session.path("etc", "registry"), f"127.0.0.1:{free_port()}"
        os.makedirs(folder)
        write(folder + "/accounts", ACCOUNT)
        write(folder + "/config.yml", CONFIGURATION.format(folder=folder, address=address))
        _addresses.append(address)
        _daemons.append(Daemon("registry", ["docker-registry", "serve", folder + "/config.yml"], lambda: execute(
            ["curl", "-sf", "-m", "5", "-u", f"{USER}:{PASSWORD}", f"http://{address}/v2/"])))
    _daemons[0].start()
    return _addresses[0]
