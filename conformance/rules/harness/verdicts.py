"""How a check ends: it returns, or raises Failure or Skip."""


class Failure(Exception):
    """The runtime breaks a rule: what was expected, and what was seen."""

    def __init__(self, expected, seen):
        super().__init__(f"expected {expected}; saw {seen}")
        self.expected, self.seen = expected, seen


class Skip(Exception):
    """This machine can't show the rule, with any runtime."""


def expect(condition, expected, seen):
    if not condition:
        raise Failure(expected, seen)


def equal(seen, expected, what):
    expect(seen == expected, f"{what} {expected!r}", repr(seen))


def no_problems(problems, expected):
    """Fails if the list of problems isn't empty. For checks that look at many values: one failure names them all."""
    expect(not problems, expected, "; ".join(problems))
