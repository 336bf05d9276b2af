"""config.md: annotations, unknown properties, invalid values."""

from harness import cgroups
from harness.bundles import changed
from harness.rules import chapter
from harness.verdicts import equal

rule = chapter("config", "Annotations, extensibility, values")


@rule("annotations are an object whose values are strings", "a key is empty")
def wrong_annotations_are_refused(case):
    good = case.config()
    good["annotations"] = {"org.example.key": "value", "org.example.empty": ""}
    bad = {"a list": ["org.example.key"], "a string": "value", "a number as value": {"org.example.key": 1},
           "an object as value": {"org.example.key": {}}, "an empty key": {"": "value"}}
    case.refuses(good, {f"annotations: {what}": changed(good, ["annotations"], value) for what, value in bad.items()})


@rule("unknown annotations are ignored")
def unknown_annotations_are_ignored(case):
    config = case.config("echo runs")
    config["annotations"] = {"org.example.unheard-of": "value", "org.opencontainers.unheard-of": "value", "word": "value"}
    equal(case.output(config), "runs\n", "of the program")


@rule("unknown properties are ignored")
def unknown_properties_are_ignored(case):
    config = case.config("echo runs")
    config["linux"]["resources"] = cgroups.limit_of_processes(100)
    places = (["unheardOf"], ["process", "unheardOf"], ["process", "user", "unheardOf"], ["root", "unheardOf"],
              ["mounts", 0, "unheardOf"], ["linux", "unheardOf"], ["linux", "namespaces", 0, "unheardOf"],
              ["linux", "resources", "unheardOf"])
    if cgroups.has("pids"):
        places += (["linux", "resources", "pids", "unheardOf"],)
    for place in places:
        config = changed(config, place, {"some": ["value", 1, None]})
    equal(case.output(config), "runs\n", "of the program")


INVALID = {
    "a number as hostname": (["hostname"], 5), "a string as root": (["root"], "rootfs"),
    "a string as readonly": (["root", "readonly"], "yes"), "an object as mounts": (["mounts"], {}),
    "a string as options of a mount": (["mounts", 0, "options"], "ro"), "a string as args": (["process", "args"], "true"),
    "a negative uid": (["process", "user", "uid"], -1), "a uid above 32 bits": (["process", "user", "uid"], 1 << 32),
    "a fraction as gid": (["process", "user", "gid"], 1.5), "a string as env": (["process", "env"], "A=b"),
    "a namespace of the type unheardOf": (["linux", "namespaces", 0, "type"], "unheardOf"),
    "a rootfsPropagation unheardOf": (["linux", "rootfsPropagation"], "unheardOf"),
    "a string as a limit of processes": (["linux", "resources"], {"pids": {"limit": "many"}}),
    "a number as sysctl": (["linux", "sysctl"], {"kernel.domainname": 1}),
    "a number as a masked path": (["linux", "maskedPaths"], [1]),
    "a device of the type z": (["linux", "devices"], [{"path": "/dev/z", "type": "z", "major": 1, "minor": 3}]),
    "the default action SCMP_ACT_UNHEARD_OF": (["linux", "seccomp"], {"defaultAction": "SCMP_ACT_UNHEARD_OF"}),
    "the personality UNHEARD_OF": (["linux", "personality"], {"domain": "UNHEARD_OF"}),
}


@rule("invalid and unsupported values are errors")
def invalid_values_are_refused(case):
    good = case.config()
    bad = {what: changed(good, path, value) for what, (path, value) in INVALID.items()}
    case.refuses(good, {**bad, "text that isn't JSON": '{"ociVersion": "1.0.2",'}, late=True)


@rule("empty strings and nulls are invalid values, too")
def empty_strings_and_nulls_are_refused(case):
    good = case.config()
    empty = {"an empty rootfsPropagation": (["linux", "rootfsPropagation"], ""), "null as hostname": (["hostname"], None),
             "null as mounts": (["mounts"], None), "null as rlimits": (["process", "rlimits"], None),
             "an empty path of a namespace": (["linux", "namespaces", 0, "path"], "")}
    case.refuses(good, {what: changed(good, path, value) for what, (path, value) in empty.items()})
