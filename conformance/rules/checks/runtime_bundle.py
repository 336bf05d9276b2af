"""bundle.md: what a bundle is made of."""

import os

from harness.bundles import make_root, write_config
from harness.rules import chapter
from harness.verdicts import equal, expect

rule = chapter("runtime", "bundle.md")


@rule("the bundle's directory contains a file with exactly the name `config.json`")
def the_config_has_its_name(case):
    case.start(case.config()).wait()

    def under_another_name(folder):
        write_config(folder, case.config())
        os.rename(folder + "/config.json", folder + "/Config.json")

    def as_a_folder(folder):
        os.mkdir(folder + "/config.json")

    for what, prepare in (("without a config.json", None), ("with a Config.json", under_another_name),
                          ("whose config.json is a folder", as_a_folder)):
        result, container = case.try_create(None, prepare)
        expect(result.status != 0, f"an error for a bundle {what}", "a container")
        left = case.remains(container)
        expect(not left, f"that nothing is left of a bundle {what}", ", ".join(left))


@rule("config and root file system are in one directory, unless the root is elsewhere")
def the_root_is_in_the_bundle_or_elsewhere(case):
    config = case.config("cat /place")
    equal(case.output(config, lambda folder: _mark(folder + "/rootfs", "in the bundle")), "in the bundle\n",
          "of a relative root.path")
    elsewhere = os.path.join(case.folder, "elsewhere")
    make_root(elsewhere)
    _mark(elsewhere, "elsewhere")
    config["root"]["path"] = elsewhere
    equal(case.output(config), "elsewhere\n", "of an absolute root.path")


def _mark(root, text):
    with open(root + "/place", "w") as file:
        file.write(text + "\n")
