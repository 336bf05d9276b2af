"""Text as mdoc(7), the language of manual pages."""

import re

OPENING, CLOSING = "([", ".,:;?!)]"
SENTENCE_END = re.compile(r"[.?!][)\"]*$")
# Macros whose text is to be copied.
LITERAL = ("Cm", "Ev", "Pa", "Ql")
WIDTH = 78


def escape(text):
    """Text that can't be taken for a request, wherever it stands in a line. `\\(lq` and the like are left to the caller."""
    text = text.replace("\\", "\\e")
    return re.sub(r"[\"~^`]", lambda found: {'"': "\\(dq", "~": "\\(ti", "^": "\\(ha", "`": "\\(ga"}[found[0]], text)


def literal(text):
    """Text to be copied: its hyphens and quotes stay what they are."""
    return escape(text).replace("-", "\\-").replace("'", "\\(aq")


def argument(word):
    """A word as an argument of a macro: macros would take some words for macros, or for punctuation."""
    if re.fullmatch(r"[A-Z%][a-z0-9]|[A-Z][a-z]{2}", word) or all(sign in OPENING + CLOSING + "|" for sign in word):
        return "\\&" + word
    return word


def call(macro, text):
    """A macro with its arguments. Options have lost their first hyphen, which `Fl` writes."""
    words = [argument(literal(word) if macro in LITERAL else escape(word)) for word in text.split(" ")]
    # Punctuation at the end belongs to the text, not to the sentence around it.
    return " ".join([macro, *words]) + ("\\&" if text[-1] in CLOSING and len(words[-1]) > 1 else "")


def line(word):
    """The line for a word that has a macro in it. Punctuation beside a macro is an argument of its own."""
    before, after = "", ""
    if word[0][0] is None and all(sign in OPENING for sign in word[0][1]):
        before, word = word[0][1], word[1:]
    if word[-1][0] is None and all(sign in CLOSING for sign in word[-1][1]):
        after, word = word[-1][1], word[:-1]
    calls = [call(macro or "No", text) for macro, text in word]
    macro, rest = calls[0].split(" ", 1)
    if before:
        calls[0] = " ".join([macro, *before, rest])
    return "." + " Ns ".join(calls) + "".join(" " + sign for sign in after)


def fill(pieces):
    """Lines of mdoc for pairs of a macro, or None, and a text. Each sentence begins a line."""
    words, open_word = [], False
    for macro, text in pieces:
        if macro:
            words[len(words) - open_word:] = [(words[-1] if open_word else []) + [(macro, text)]]
            open_word = True
            continue
        for part in re.findall(r"\s+|\S+", text):
            if part.isspace():
                open_word = False
            else:
                words[len(words) - open_word:] = [(words[-1] if open_word else []) + [(None, part)]]
                open_word = True
    lines, current = [], ""
    for word in words:
        plain = all(macro is None for macro, _ in word)
        text = escape("".join(text for _, text in word)) if plain else ""
        if current and (not plain or len(current) + 1 + len(text) > WIDTH):
            lines.append(current)
            current = ""
        if not plain:
            lines.append(line(word))
            continue
        if not current and text[0] in ".'":
            text = "\\&" + text
        current = (current + " " + text).strip()
        if SENTENCE_END.search("".join(part for _, part in word)):
            lines.append(current)
            current = ""
    return lines + ([current] if current else [])


def display(lines):
    """Lines as they are, for the user to type."""
    return [".Bd -literal -offset indent"] + [re.sub(r"^(?=[.'])", r"\\&", literal(line)) for line in lines] + [".Ed"]


def tags(entries, width="Ds"):
    """A list of terms, each with its lines. A term is a line without its dot."""
    lines = [f'.Bl -tag -width "{width}"' if " " in width else f".Bl -tag -width {width}"]
    for term, body in entries:
        lines += [".It " + term] + body
    return lines + [".El"]


def page(name, section, date, summary, body):
    """A whole page. The date is a datetime.date."""
    day = f"{date:%B} {date.day}, {date.year}"
    head = [f".Dd {day}", f".Dt {name.upper()} {section}", ".Os"]
    head += [".Sh NAME", f".Nm {name}", ".Nd " + escape(summary)]
    return "\n".join(head + body) + "\n"


def see_also(references):
    """The section for pairs of a name and a section of the manual."""
    ordered = sorted(set(references), key=lambda reference: (reference[1], reference[0]))
    commas = [" ,"] * (len(ordered) - 1) + [""]
    return [".Sh SEE ALSO"] + [f".Xr {name} {section}{comma}" for (name, section), comma in zip(ordered, commas)]
