"""The manual pages: wherry(8) and a page for each command from the help, wherry-errors(7) from docs/errors.md. The help has no
sections for the environment and for files: these come from docs/environment.md."""

import pathlib
import re

import markdown
import mdoc

DOCUMENTS = pathlib.Path(__file__).resolve().parent.parent / "docs"
TOKEN = re.compile(
    r'"(?P<quoted>[^"]+)"|(?P<xr>\b[a-z][a-z0-9_]*\(\d\))|(?<![\w-])-(?P<flag>-?[a-zA-Z][\w-]*)'
    r"|(?P<path>\$[A-Z_]+(?:/[\w.-]+)+|(?<![\w:/])/[a-z][\w./-]*\w)|\$(?P<variable>[A-Z_]+)|(?P<word>\b[A-Z_]{2,}\b)")
# Chapters of the documents that have a usual title in the manual.
USUAL_TITLES = {"What an error says": "Description", "Exit statuses": "Exit status"}


def document(name):
    return markdown.sections((DOCUMENTS / name).read_text())


def prose(text, placeholders):
    """Lines of mdoc for a text of the help."""
    pieces, place = [], 0
    for found in TOKEN.finditer(text):
        if found["word"] and found["word"] not in placeholders:
            continue
        macro = {"quoted": "Dq", "xr": "Xr", "flag": "Fl", "path": "Pa", "variable": "Ev", "word": "Ar"}[found.lastgroup]
        value = found[found.lastgroup]
        pieces += [(None, text[place:found.start()]), (macro, re.sub(r"\((\d)\)$", r" \1", value) if macro == "Xr" else value)]
        place = found.end()
    return mdoc.fill(pieces + [(None, text[place:])])


def value(option):
    if option.words:
        return " Cm " + " | ".join(option.words)
    return " Ar " + " ".join(mdoc.argument(mdoc.escape(word)) for word in option.value.split()) if option.value else ""


def options(page):
    """The list of a page's options."""
    return mdoc.tags([
        (f"Fl {option.short} , " * bool(option.short) + f"Fl -{option.name}" + value(option), prose(option.sentence, page.placeholders))
        for option in page.options])


def synopsis(usage):
    """The usage as mdoc: "wherry kill [OPTIONS] ID [SIGNAL]"."""
    lines, depth = [".Sh SYNOPSIS", ".Nm wherry"], 0
    for word in usage.replace("GLOBAL OPTIONS", "GLOBAL_OPTIONS").split()[1:]:
        depth_before, opened, bare = depth, word.count("["), word.strip("[]")
        depth += opened - word.count("]")
        if bare.islower():
            lines.append(f".Cm {bare}")
        elif depth_before:
            lines[-1] += f" Op Ar {bare}" if opened else f" Ar {bare}"
        else:
            lines.append((".Op Ar " if opened else ".Ar ") + bare.replace("...", " ..."))
    return [line.replace("GLOBAL_OPTIONS", "GLOBAL OPTIONS") for line in lines]


def description(page):
    lines = [".Sh DESCRIPTION"]
    for number, paragraph in enumerate(page.paragraphs):
        lines += [".Pp"] * (number > 0) + prose(paragraph, page.placeholders)
    return lines


def mentioned(text, names):
    """The pages that a text mentions: other commands, and pages of the kernel's manual."""
    commands = {name for name in re.findall(r"\bwherry (?:--\S+ \S+ )?(\w+)", text) if name in names}
    return {("wherry-" + name, "8") for name in commands} | set(re.findall(r"\b([a-z][a-z0-9_]*)\((\d)\)", text))


def of_command(name, help_pages, date):
    page = help_pages.pages[name]
    statuses = mdoc.tags([(mdoc.escape(status), prose(meaning, page.placeholders)) for status, meaning in page.statuses], "0 to 255")
    text = " ".join(page.paragraphs + page.examples + [option.sentence for option in page.options])
    related = {("wherry", "8"), ("wherry-errors", "7")} | mentioned(text, help_pages.pages) - {("wherry-" + name, "8")}
    body = synopsis(page.usage.replace("wherry ", "wherry [GLOBAL OPTIONS] ", 1)) + description(page)
    body += [".Ss Options"] + options(page) + [".Sh EXIT STATUS"] + statuses
    body += [".Sh EXAMPLES"] + mdoc.display(page.examples) + mdoc.see_also(related)
    return mdoc.page("wherry-" + name, "8", date, help_pages.summaries[name], body)


def of_program(help_pages, date):
    page = help_pages.overview
    environment, errors = document("environment.md"), document("errors.md")
    # The last paragraph points to the help of a command, which the manual has pages for.
    page.paragraphs = page.paragraphs[:-1]
    body = synopsis(page.usage) + description(page) + [".Ss Commands"]
    body += mdoc.tags([(f"Xr wherry-{name} 8", prose(summary, set())) for name, summary in page.commands], "wherry-checkpoint(8)")
    body += [".Ss Global options"] + options(page)
    body += [".Sh ENVIRONMENT"] + markdown.convert(environment["Environment"])
    body += [".Sh FILES"] + markdown.convert(environment["Files"])
    body += [".Sh EXIT STATUS"] + markdown.convert(errors["Exit statuses"])
    body += [".Sh EXAMPLES"] + mdoc.display(page.examples)
    body += mdoc.see_also({("wherry-" + name, "8") for name in help_pages.pages} | {
        ("wherry-errors", "7"), ("namespaces", "7"), ("cgroups", "7"), ("criu", "8"), ("newuidmap", "1"), ("sd_notify", "3")})
    body += [".Sh STANDARDS", f"OCI Runtime Specification, version {help_pages.specification}"]
    return mdoc.page("wherry", "8", date, "OCI container runtime", body)


def of_errors(date):
    body = []
    for title, text in document("errors.md").items():
        if title:
            body += [".Sh " + mdoc.escape(USUAL_TITLES.get(title, title).upper())] + markdown.convert(text)
    body += mdoc.see_also({("wherry", "8")})
    return mdoc.page("wherry-errors", "7", date, "errors, logs and exit statuses of wherry", body)


def pages(help_pages, date):
    """Maps the path of each page, below a directory such as share/man, to its text."""
    made = {f"man8/wherry-{name}.8": of_command(name, help_pages, date) for name in help_pages.pages}
    return made | {"man8/wherry.8": of_program(help_pages, date), "man7/wherry-errors.7": of_errors(date)}
