"""The list of engines and of their checks. A check is a function that raises Failure or Skip, or returns a remark or None."""

engines = {}


class Check:
    def __init__(self, engine, function, timeout):
        self.function, self.timeout = function, timeout
        self.name = f"{engine.name}/{function.__name__.replace('_', '-')}"


def nothing():
    pass


class Engine:
    """An engine: the programs that it needs; how to set it up, clean up after each check, and shut it down at the end."""

    def __init__(self, name, programs, set_up=nothing, clean_up=nothing, tear_down=nothing):
        self.name, self.programs, self.checks = name, programs, []
        self.set_up, self.clean_up, self.tear_down = set_up, clean_up, tear_down
        engines[name] = self

    def check(self, function=None, timeout=60):
        """Decorates a function as a check of this engine. The time limit is in seconds."""
        if function is None:
            return lambda decorated: self.check(decorated, timeout)
        self.checks.append(Check(self, function, timeout))
        return function
