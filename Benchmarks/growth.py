"""What grows: the time of `create` and `list` with the number of containers, and that of `create` with the number of mounts, of
environment variables and of id mappings."""

import math
import statistics

from bundles import configuration
from report import Row, figures
from runtimes import CommandFailure

FEW = 10
ROUNDS = 21


def with_mounts(config, count, rootfs):
    del config["process"]["rlimits"]  # The limit of open files: some runtimes set it first, and then open each mount.
    source = rootfs / "tmp"
    for number in range(count):
        target = rootfs / "mounts" / str(number)
        target.mkdir(parents=True, exist_ok=True)
        config["mounts"].append(
            {"destination": f"/mounts/{number}", "type": "bind", "source": str(source), "options": ["bind", "ro"]})


def with_variables(config, count, rootfs):
    config["process"]["env"] += [f"VARIABLE_{number}=the value of variable {number}" for number in range(count)]


def with_mappings(config, count, rootfs):
    """Lines that can't be joined, with small ids: the kernel takes 340 lines, and no more than 4095 bytes."""
    lines = [{"containerID": 0, "hostID": 9000, "size": 10}]
    lines += [{"containerID": 10 + n, "hostID": 1000 + 2 * n, "size": 1} for n in range(count - 1)]
    config["linux"]["namespaces"].append({"type": "user"})
    config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = lines


# By the name of one: the name of many, the numbers of them, and what adds them to a configuration.
SERIES = {
    "mount": ("mounts", (10, 100, 300, 1000), with_mounts),
    "environment variable": ("environment variables", (10, 100, 250, 500), with_variables),
    "id mapping": ("id mappings", (1, 100, 200, 340), with_mappings),
}


def slope(points):
    """The slope of the straight line that fits (count, milliseconds) best, in microseconds for each item. None if it is less than
    twice its own standard error: then the times are all the same, as far as this run can tell."""
    counts, times = zip(*points)
    mean_count, mean_time = statistics.mean(counts), statistics.mean(times)
    spread = sum((count - mean_count) ** 2 for count in counts)
    slope = sum((count - mean_count) * (time - mean_time) for count, time in points) / spread
    rest = sum((time - mean_time - slope * (count - mean_count)) ** 2 for count, time in points)
    error = math.sqrt(rest / (len(points) - 2) / spread)
    return slope * 1000 if slope > 2 * error else None


class Growth:
    def __init__(self, bench, report):
        self.bench = bench
        self.report = report

    def created(self, runtime, bundle, container):
        """The time of `create`. The container is deleted at once."""
        try:
            return self.bench.create(runtime, bundle, container)
        finally:
            self.bench.remove(runtime, container)

    def bundle(self, name, config, cgroup):
        return self.bench.bundles.write(name, config, self.bench.cgroup(cgroup), "/bin/true")

    # Containers

    def containers(self, most):
        """Yields the rows about the number of containers that are there already: one runtime after the other, because a thousand
        containers of each at once would be too many for most machines."""
        measured = {runtime.name: self.crowd(runtime, most) for runtime in self.bench.runtimes}
        names = (f"`create` beside {FEW} containers", f"`create` beside {most} containers", f"`list` of {most} containers")
        for index, name in enumerate(names):
            yield Row(name, "ms", {runtime: values[index] for runtime, values in measured.items()})
        yield Row(f"`create` beside {most} / beside {FEW}", "×",
                  {runtime: (values[1][0] / values[0][0],) for runtime, values in measured.items()})

    def crowd(self, runtime, most):
        """Returns the figures of `create` beside few and beside most containers, and of `list`."""
        config = configuration("plain")
        there = []
        probe = self.bundle("probe", config, "probe")

        def fill(count):
            while len(there) < count:
                there.append(f"{self.bench.id}-{len(there)}")
                runtime.do("create", "--bundle", self.bundle("crowd", config, len(there)), there[-1])

        def create():
            return figures([self.created(runtime, probe, self.bench.id) for _ in range(ROUNDS)])

        try:
            fill(FEW)
            beside_few = create()
            fill(most)
            beside_most = create()
            return beside_few, beside_most, figures([self.bench.timed(runtime.command("list")) for _ in range(ROUNDS)])
        finally:
            for container in there:
                self.bench.remove(runtime, container)

    # Parts of a configuration

    def series(self, one):
        """Yields the times of `create` with each number of one kind, and the slopes."""
        many, counts, add = SERIES[one]
        runtimes = self.bench.runtimes
        points = {runtime.name: [] for runtime in runtimes}
        for count in counts:
            config = configuration("plain")
            add(config, count, self.bench.bundles.rootfs)
            bundle = self.bundle("series", config, "")
            runtimes = [runtime for runtime in runtimes if self.can(runtime, bundle, f"{count} {many}")]
            results = self.bench.rounds(lambda r: self.created(r, bundle, self.bench.id), runtimes, ROUNDS)
            for runtime, samples in results.items():
                points[runtime.name] += [(count, time) for time, _ in samples]
            yield Row(f"{count} {many}", "ms", self.filled({r.name: figures(s) for r, s in results.items()}, (None, None)))
        yield Row(f"each {one}, fitted", "µs", self.filled({name: (slope(p),) for name, p in points.items() if p}, (None,)))

    def can(self, runtime, bundle, what):
        """Whether the runtime creates this container at all. If not, the report says why, and has no figure."""
        try:
            self.created(runtime, bundle, self.bench.id)
            return True
        except CommandFailure as error:
            self.report.say(f"\n{runtime.label} can't create a container with {what}: {error.last_line[:300]}")
            return False

    def filled(self, values, nothing):
        return {runtime.name: values.get(runtime.name, nothing) for runtime in self.bench.runtimes}


def measure(bench, containers, report):
    growth = Growth(bench, report)
    title = "median / 99th percentile"
    report.comparison(f"Number of containers: {title}", bench.runtimes, bench.runtimes, growth.containers(containers))
    for one, (many, *_) in SERIES.items():
        rows = list(growth.series(one))
        report.comparison(f"`create` with a number of {many}: {title}", bench.runtimes, bench.runtimes, rows)
