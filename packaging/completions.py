"""Completions for bash, zsh and fish: tables from the help, and behind them the functions that read
the tables (completion.bash, completion.zsh, completion.fish)."""

import json
import pathlib
import re
import signal

HERE = pathlib.Path(__file__).resolve().parent
# What stands for the name of a new container there, not of one that exists.
MAKING = ("create", "run", "restore")


class Line:
    """The part of the command line that a page of the help describes. The name is that of the command; "" for wherry itself."""

    def __init__(self, name, page, help_pages):
        self.name, self.page, self.help = name, page, help_pages
        self.options = page.options
        # What follows the container's id is another program's, if it can be any number of words.
        self.ends_options = name != "" and re.search(r"ARGS|\.\.\.", page.usage) is not None

    def kind(self, option):
        """How an option's value is completed: None without a value, otherwise a list that begins with words, directory, file or
        nothing."""
        if option.value is None:
            return None
        if option.words:
            return ["words"] + option.words
        if option.value == "CAP":
            return ["words"] + json.loads(self.help.features)["linux"]["capabilities"]
        return [{"DIR": "directory", "FILE": "file", "PATH": "file"}.get(option.value, "nothing")]

    @property
    def operands(self):
        """How each operand is completed, likewise; ids and signals too."""
        if self.name == "":
            return []
        if self.name == "help":
            return [["words"] + list(self.help.pages)]
        kinds = {"ID": "nothing" if self.name in MAKING else "id", "SIGNAL": "signal"}
        return [["words", operand] if operand.islower() else [kinds.get(operand, "nothing")] for operand in self.page.operands]


def signals():
    names = {member.name for member in signal.Signals} - {"SIGRTMIN", "SIGRTMAX"}
    return sorted(name.removeprefix("SIG") for name in names)


def names(option):
    return ([f"-{option.short}"] if option.short else []) + ["--" + option.name]


def function(name, body):
    return [f"{name}() {{"] + ["    " + line for line in body] + ["}", ""]


def bash(lines, help_pages):
    kinds, lists, operands, ends = [], [], [], []
    for line in lines:
        for option in line.options:
            kind = line.kind(option)
            if kind:
                kinds.append(f"{'|'.join(f'{line.name}:{name}' for name in names(option))}) kind=\"{' '.join(kind)}\" ;;")
        lists.append(f"{line.name or chr(39) * 2}) echo {' '.join(name for option in line.options for name in names(option))} ;;")
        operands += [f"{line.name}:{place}) kind=\"{' '.join(kind)}\" ;;" for place, kind in enumerate(line.operands, 1)]
        ends += [line.name] * line.ends_options
    return (
        ["# bash completion for wherry, made from its help", ""]
        + function("_wherry_commands", ["echo " + " ".join(help_pages.pages)])
        + function("_wherry_signals", ["echo " + " ".join(signals())])
        + function("_wherry_options", ['case $1 in'] + lists + ["esac"])
        + function("_wherry_value", ['case $1:$2 in'] + kinds + ["*) kind= ;;", "esac"])
        + function("_wherry_operand", ['case $1:$2 in'] + operands + ["*) kind=nothing ;;", "esac"])
        + function("_wherry_ends_options", [f"[[ $1 == @({'|'.join(ends)}) ]]"]))


def zsh_quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_action(kind):
    return {"directory": "_files -/", "file": "_files", "id": "_wherry_ids", "signal": "_wherry_signals"}.get(
        kind[0], f"({' '.join(kind[1:])})" if kind[0] == "words" else " ")


def zsh_option(line, option):
    text = "[" + re.sub(r"([\[\]:\\])", r"\\\1", option.gist) + "]"
    kind = line.kind(option)
    if kind:
        text += ":" + re.sub(r"([:\\])", r"\\\1", "word" if option.words else option.value) + ":" + zsh_action(kind)
    long = f"--{option.name}" + ("=" if kind else "")
    before = "*" if option.may_repeat else "(" + " ".join(names(option)) + ")" if option.short else ""
    if not option.short:
        return zsh_quoted(before + long + text)
    return (zsh_quoted(before) if before else "") + f"{{-{option.short},{long}}}" + zsh_quoted(text)


def zsh(lines, help_pages):
    commands = [zsh_quoted(f"{name}:{summary}") for name, summary in help_pages.overview.commands]
    specs = []
    for line in lines:
        own = [zsh_option(line, option) for option in line.options]
        if line.name:
            own += [zsh_quoted(f"{place}:{title}:{zsh_action(kind)}")
                    for place, (title, kind) in enumerate(zip(line.page.operands, line.operands), 1)]
        # What belongs to another program isn't completed, and has no options of wherry's.
        start = ["-A '-*'"] if line.ends_options else []
        specs.append(f"{line.name or chr(39) * 2}) specs=(" + " ".join(own) + f") flags=({' '.join(start)}) ;;")
    return (
        ["#compdef wherry", "# zsh completion for wherry, made from its help", ""]
        + function("_wherry_commands", ["local -a commands=(" + " ".join(commands) + ")", "_describe command commands"])
        + function("_wherry_signals", ["compset -P SIG", "compadd " + " ".join(signals())])
        + function("_wherry_specs", ["case $1 in"] + specs + ["esac"]))


def fish_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_value(kind):
    """The arguments of `complete` for a value."""
    if kind is None:
        return []
    if kind[0] == "file":
        return ["-r", "-F"]
    actions = {"directory": "(__fish_complete_directories (commandline -ct))", "id": "(__wherry_ids)", "signal": "(__wherry_signals)"}
    action = actions.get(kind[0], " ".join(kind[1:]))
    return ["-x"] + (["-a", fish_quoted(action)] if action else [])


def fish(lines, help_pages):
    calls, valued, ends = [], [], []
    for line in lines:
        for option in line.options:
            kind = line.kind(option)
            if kind:
                valued += [f"{line.name}:{name}" for name in names(option)]
            short = ["-s", option.short] if option.short else []
            words = ["complete", "-c", "wherry", "-n", fish_quoted(f"__wherry_in {line.name}".strip()), *short, "-l", option.name]
            calls.append(" ".join(words + fish_value(kind) + ["-d", fish_quoted(option.gist)]))
        for place, kind in enumerate(line.operands, 1):
            if kind[0] != "nothing":
                where = fish_quoted(f"__wherry_at {line.name} {place}")
                calls.append(" ".join(["complete -c wherry -n", where, *fish_value(kind)]))
        ends += [line.name] * line.ends_options
    for name, summary in help_pages.overview.commands:
        calls.append(f"complete -c wherry -n '__wherry_in' -x -a {name} -d {fish_quoted(summary)}")
    return (
        ["# fish completion for wherry, made from its help", "",
         "# The options of a command that are followed by a value; before the colon is the command.",
         "set -g __wherry_valued " + " ".join(valued),
         "# The commands whose operands end the options.",
         "set -g __wherry_ending " + " ".join(ends), "",
         "function __wherry_signals", "    set -l before (string match -r '^SIG' -- (commandline -ct))",
         "    printf '%s\\n' \"$before\"{" + ",".join(signals()) + "}", "end", "",
         "complete -c wherry -f"] + calls + [""])


def files(help_pages):
    """Maps the path of each completion, below a directory such as share, to its text."""
    lines = [Line("", help_pages.overview, help_pages)]
    lines += [Line(name, page, help_pages) for name, page in help_pages.pages.items()]
    made = {"bash-completion/completions/wherry": bash, "zsh/site-functions/_wherry": zsh, "fish/vendor_completions.d/wherry.fish": fish}
    return {path: "\n".join(make(lines, help_pages)) + "\n" + (HERE / f"completion.{make.__name__}").read_text()
            for path, make in made.items()}
