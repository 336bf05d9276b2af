"""Turns the project's documents into mdoc: paragraphs, lists, tables, indented text, and in them code, bold type and links."""

import re

import mdoc

INLINE = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*|\[([^]]+)\]\([^)]+\)|\b([a-z][a-z0-9_]*)\((\d)\)")


def code(text):
    """The macro for a text in backticks, and the text as the macro takes it: `Fl` writes a hyphen itself."""
    if re.fullmatch(r"--?[a-z][\w-]*", text):
        return ("Fl", text[1:])
    if re.fullmatch(r"(/|\$[A-Z_]+/)[\w./-]+", text):
        return ("Pa", text)
    return ("Ev" if re.fullmatch(r"[A-Z_]{4,}", text) else "Ql", text)


def pieces(text):
    """Pairs of a macro and a text, for mdoc.fill."""
    found, place = [], 0
    for match in INLINE.finditer(text):
        found.append((None, text[place:match.start()]))
        place = match.end()
        if match[1]:
            found.append(code(match[1]))
        elif match[2]:
            found.append(("Sy", match[2]))
        elif match[3]:
            # The target of a link is a document, which a page can't lead to: it can be in different places, or nowhere.
            found.append((None, match[3].strip("`") + " in wherry's documentation"))
        else:
            found.append(("Xr", f"{match[4]} {match[5]}"))
    return found + [(None, text[place:])]


def table(rows):
    """A list with the first column as terms. If there are more than two columns, each text names its column."""
    titles, *rows = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in rows if not re.match(r"[|: -]+$", row)]
    entries = []
    for term, *cells in rows:
        body = mdoc.fill(pieces(cells[0])) if len(cells) == 1 else []
        for title, cell in zip(titles[1:], cells):
            if len(cells) > 1:
                body += [".br"] * bool(body) + mdoc.fill(pieces(f"{title}: {cell}"))
        entries.append((term_line(term), body))
    return mdoc.tags(entries)


def term_line(term):
    """The term of an entry, as arguments of `It`."""
    joined = " ".join(line.removeprefix(".") if line.startswith(".") else "No " + line for line in mdoc.fill(pieces(term)))
    return joined.replace("Ql ", "Cm ")


def blocks(text):
    """The blocks of a text, as lists of lines."""
    return [block.split("\n") for block in re.split(r"\n\n+", text.strip("\n")) if block]


def sections(document):
    """Maps the title of each chapter of a document to its text. The text before the first one has the title ""."""
    parts = re.split(r"^## (.+)$", re.sub(r"^# .+\n", "", document), flags=re.M)
    return dict(zip([""] + parts[1::2], parts[0::2]))


def convert(text):
    """Lines of mdoc for the text of a chapter."""
    lines = []
    for block in blocks(text):
        if block[0].startswith("    "):
            lines += mdoc.display([line[4:] for line in block])
        elif block[0].startswith("|"):
            lines += table(block)
        elif block[0].startswith("- "):
            items = re.split(r"^- ", "\n".join(block), flags=re.M)[1:]
            lines.append(".Bl -bullet -compact")
            for item in items:
                # A backslash at the end of a line is a line break.
                parts = [mdoc.fill(pieces(" ".join(part.split()))) for part in item.split("\\\n")]
                lines += [".It"] + parts[0] + [line for part in parts[1:] for line in [".br"] + part]
            lines.append(".El")
        elif block[0].startswith("### "):
            lines.append(".Ss " + mdoc.escape(block[0][4:]))
        else:
            after_heading = not lines or lines[-1].startswith(".Ss")
            lines += [".Pp"] * (not after_heading) + mdoc.fill(pieces(" ".join(" ".join(block).split())))
    return lines
