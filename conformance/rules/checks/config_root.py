"""config.md: the version and the root file system."""

import os

from harness.bundles import changed, without
from harness.rules import chapter
from harness.verdicts import equal

rule = chapter("config", "Version, root")


@rule("`ociVersion` is set, and is a version by the rules of semver.org")
def the_version_is_a_version(case):
    good = case.config()
    bad = {f"ociVersion {text!r}": changed(good, ["ociVersion"], text) for text in ("1.0", "one", "01.0.0", 1)}
    case.refuses(good, {"a config without ociVersion": without(good, ["ociVersion"]), **bad})


@rule("`root` is set", "`root.path` is set")
def the_root_is_set(case):
    good = case.config()
    case.refuses(good, {"a config without root": without(good, ["root"]), "a root without path": changed(good, ["root"], {})})


@rule("`root.path` is an existing directory")
def the_root_is_a_folder(case):
    def prepare(folder):
        with open(os.path.join(folder, "file"), "w"):
            pass

    good = case.config()
    case.refuses(good, {"a root that doesn't exist": changed(good, ["root", "path"], "missing"),
                        "a root that is a file": changed(good, ["root", "path"], "file")}, prepare=prepare)


@rule("with `readonly`, the root is read-only inside the container")
def the_root_is_read_only_if_asked_for(case):
    script = "for folder in / /bin /var; do touch $folder/new 2>/dev/null && echo $folder is writable; done; echo end"
    config = case.config(script)
    equal(case.output(config), "/ is writable\n/bin is writable\n/var is writable\nend\n", "without readonly, of the root")
    config["root"]["readonly"] = True
    equal(case.output(config), "end\n", "with readonly, of the root")
