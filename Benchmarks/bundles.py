"""The bundles that the benchmark runs."""

import copy
import json
import os
import pathlib
import shutil

HERE = pathlib.Path(__file__).parent
DOCKER_SAMPLE = HERE.parent / "Tests/OCITests/Samples/docker-run-rm.config.json"
CONFIGS = ("plain", "docker")


def configuration(name, systemd=False):
    """The plain configuration, or Docker's default without the parts that need Docker: its hook and files in /etc. For systemd
    also without what crun refuses then: a weight of 0, and rules that deny a device although the first rule denies all."""
    if name == "plain":
        config = json.loads((HERE / "plain.config.json").read_text())
    else:
        config = json.loads(DOCKER_SAMPLE.read_text())
        del config["hooks"]
        config["mounts"] = [m for m in config["mounts"] if not m["destination"].startswith("/etc/")]
        if systemd:
            resources = config["linux"]["resources"]
            del resources["blockIO"]
            resources["devices"] = [rule for rule in resources["devices"] if rule["allow"] or rule == resources["devices"][0]]
        config["process"]["args"] = ["/bin/true"]
    if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):  # cgroup v2
        config["linux"]["namespaces"].append({"type": "cgroup"})
    return config


class Bundles:
    """A folder of bundles that share one root file system."""

    def __init__(self, work):
        self.work = pathlib.Path(work)
        self.rootfs = self.work / "rootfs"
        for folder in ("bin", "proc", "dev", "sys", "tmp", "etc"):
            (self.rootfs / folder).mkdir(parents=True)
        shutil.copy("/bin/busybox", self.rootfs / "bin/busybox")
        for applet in ("true", "sleep"):
            (self.rootfs / "bin" / applet).symlink_to("busybox")

    def path(self, name):
        return str(self.work / name)

    def write(self, name, config, cgroup, *arguments):
        """Writes a bundle: the configuration with this cgroup and, if given, these arguments of the process."""
        config = copy.deepcopy(config)
        config["root"]["path"] = str(self.rootfs)
        config["linux"]["cgroupsPath"] = cgroup
        if arguments:
            config["process"]["args"] = list(arguments)
        folder = self.work / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(config, indent=1))
        return str(folder)
