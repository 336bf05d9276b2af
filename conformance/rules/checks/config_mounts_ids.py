"""config.md: id mappings of mounts."""

import os
import subprocess

from harness.bundles import MAPPED, changed, with_user_namespace
from harness.rules import chapter
from harness.verdicts import equal

from .mounting import bind, make_source

rule = chapter("config", "Mounts")
SHOWS_OWNERS = "for place in /mnt /mnt/below; do stat -c %u:%g $place/here; done"


def _mapping(first):
    mapping = [{"containerID": 0, "hostID": first, "size": 1000}]
    return {"uidMappings": mapping, "gidMappings": mapping}


def _with_mount(config, source, mappings, *options):
    return changed(config, ["mounts"], [*config["mounts"], {**bind("/mnt", source, *options), **mappings}])


@rule("`idmap` maps the ids of the mount, `ridmap` also those of the mounts below it (supporting these options is a SHOULD)",
      "if the mount has its own mappings, the runtime uses them")
def a_mount_has_its_own_mapping(case):
    source, config = make_source(case, "source"), case.config(SHOWS_OWNERS)
    seen = case.output(_with_mount(config, source, _mapping(5000), "rbind", "idmap"))
    equal(seen, "5000:5000\n0:0\n", "with idmap, of the owners of a file in the mount and of one below")
    seen = case.output(_with_mount(config, source, _mapping(5000), "rbind", "ridmap"))
    equal(seen, "5000:5000\n5000:5000\n", "with ridmap, of the owners of a file in the mount and of one below")
    # The container's own mapping would show 0.
    seen = case.output(_with_mount(with_user_namespace(config), source, _mapping(MAPPED + 77), "rbind", "ridmap"))
    equal(seen, "77:77\n77:77\n", "in a user namespace, of the owners")


@rule("it's an error if neither the mount nor the container has mappings")
def a_mapping_must_come_from_somewhere(case):
    source, config = make_source(case, "source"), case.config()
    case.refuses(_with_mount(config, source, _mapping(5000), "bind", "idmap"),
                 {f"{option} without mappings": _with_mount(config, source, {}, "rbind", option)
                  for option in ("idmap", "ridmap")})


@rule("`uidMappings` and `gidMappings` come together")
def mappings_of_both_kinds_are_needed(case):
    source, config, both = make_source(case, "source"), case.config(), _mapping(5000)
    case.refuses(_with_mount(config, source, both, "bind", "idmap"),
                 {f"{name} alone": _with_mount(config, source, {name: both[name]}, "bind", "idmap") for name in both})


file_systems = chapter("config-linux", "File systems, namespaces, mappings")


@file_systems("a mapping changes the owners of files")
def files_keep_their_owners(case):
    owners = {"of-root": 0, "of-the-container": MAPPED, "of-a-user": MAPPED + 77}

    def prepare(folder):
        subprocess.run(["touch", *(f"{folder}/rootfs/{name}" for name in owners)], check=True)
        for name, owner in owners.items():
            os.chown(f"{folder}/rootfs/{name}", owner, owner)

    container = case.start(with_user_namespace(case.config("cd /; stat -c '%n %u' of-*; exec sleep 1000")), prepare)
    container.await_output("of-the-container")
    equal(sorted(container.output().splitlines()), ["of-a-user 77", "of-root 65534", "of-the-container 0"],
          "of the owners inside")
    seen = {name: os.stat(f"{container.bundle}/rootfs/{name}").st_uid for name in owners}
    equal(seen, owners, "of the owners on the host")
