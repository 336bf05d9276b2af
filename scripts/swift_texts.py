"""Reads Swift as far as the texts in it need: tokens, brackets, the expression that a text stands in, and what it can say."""

import itertools
import re

TOKEN = re.compile(
    r'(?P<space>\s+)|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<text>#*")|(?P<word>[@#$]?\w+|`\w+`)|(?P<bracket>[()\[\]{}])'
    r"|(?P<sign>[-+*/=<>!&|^~?%]+|.)", re.S)
CLOSING = {"(": ")", "[": "]", "{": "}"}
ESCAPES = {"n": " ", "t": " ", "r": " ", "0": "", "\\": "\\", '"': '"', "'": "'"}
# A line that begins or ends with one of these goes on from the line before, or in the line after.
JOINING = {"+", "?", ":", "??", ".", "&&", "||", "=", "+=", "==", "!=", "->", ",", "in", "{"}
KEYWORDS = {"in", "return", "throw", "try", "case", "if", "guard", "while", "switch", "where", "else"}
GAP = "…"
# How many names are followed, one from another.
DEPTH = 4


class Token:
    """A word, a sign, a bracket, or a text without its quotes. `inner` are texts in its interpolations."""

    def __init__(self, kind, text, line, is_first, is_spaced, inner):
        self.kind, self.text, self.line, self.inner = kind, text, line, inner
        self.is_first, self.is_spaced = is_first, is_spaced

    def __eq__(self, sign):
        return self.kind != "text" and self.text == sign


def read_text(source, place):
    """What a literal says that begins at `place`, with a gap for each interpolation; where it ends; texts in interpolations."""
    hashes = re.compile("#*").match(source, place)[0]
    place += len(hashes)
    quote = '"""' if source.startswith('"""', place) else '"'
    place += len(quote)
    said, inner = "", []
    while not source.startswith(quote + hashes, place):
        sign, following = source[place], source[place + 1]
        place += 1
        if sign != "\\" or hashes:
            said += sign
        elif following == "(":
            depth, place = 1, place + 1
            while depth:
                if source[place] == '"':
                    text, place, more = read_text(source, place)
                    inner += [text, *more]
                else:
                    depth += {"(": 1, ")": -1}.get(source[place], 0)
                    place += 1
            said += GAP
        elif following == "u":
            end = source.index("}", place)
            said += chr(int(source[place + 2:end], 16))
            place = end + 1
        else:
            said += ESCAPES.get(following, "")
            place += 1
    return (" ".join(said.split()) if len(quote) > 1 else said), place + len(quote + hashes), inner


def read_tokens(source):
    found, place, line, is_first, is_spaced = [], 0, 1, True, True
    while place < len(source):
        match = TOKEN.match(source, place)
        kind, text, end, inner = match.lastgroup, match[0], match.end(), []
        if kind == "text":
            text, end, inner = read_text(source, place)
        if kind in ("space", "comment"):
            is_spaced, is_first = True, is_first or "\n" in text
        else:
            found.append(Token(kind, text, line, is_first, is_spaced, inner))
            is_first = is_spaced = False
        line += source.count("\n", place, end)
        place = end
    return found


class Swift:
    """A file. Places are indices of its tokens; a range of them ends before its second place."""

    def __init__(self, source):
        self.tokens = read_tokens(source)
        self.end, self.parent, open_ones = {}, [], []
        for place, token in enumerate(self.tokens):
            if token.kind == "bracket" and token.text not in CLOSING:
                begin = open_ones.pop()
                self.end[begin] = place
            self.parent.append(open_ones[-1] if open_ones else -1)
            if token.kind == "bracket" and token.text in CLOSING:
                open_ones.append(place)
        self.begin = {end: begin for begin, end in self.end.items()}

    # Brackets and statements

    def siblings(self, begin, end):
        """The places in a range that aren't in a bracket of it. A bracket is the place of its beginning."""
        place = begin
        while place < end:
            yield place
            place = self.end.get(place, place) + 1

    def arguments(self, bracket):
        """Maps each argument of a call to its range: by its label, or else by its number among those without a label. In a
        declaration the range is that of the default value."""
        found, begin, plain = {}, bracket + 1, itertools.count()
        cuts = [place for place in self.siblings(bracket + 1, self.end[bracket]) if self.tokens[place] == ","]
        for cut in cuts + [self.end[bracket]]:
            if begin < cut:
                default = [place + 1 for place in self.siblings(begin, cut) if self.tokens[place] == "="]
                has_label = begin + 1 < cut and self.tokens[begin].kind == "word" and self.tokens[begin + 1] == ":"
                name = self.tokens[begin].text if has_label else str(next(plain))
                found[name] = default[0] if default else begin + 2 * has_label, cut
            begin = cut + 1
        return found

    def statement(self, place):
        """The range of the statement, or of the element of a list, that a place stands in."""
        parent = self.parent[place]
        limit = self.end.get(parent, len(self.tokens))
        begin = parent + 1
        for other in self.siblings(parent + 1, limit):
            token, before = self.tokens[other], self.tokens[other - 1]
            joins = token.kind != "text" and token.text in JOINING or (
                before.kind != "text" and before.text in JOINING and (before.is_spaced or not before == "?"))
            starts = token.is_first and not joins
            if other > parent + 1 and (starts or before == ";"):
                if other > place:
                    return begin, other
                begin = other
        return begin, limit

    def function(self, place):
        """The innermost function, or computed variable, around a place: its name, the names of its parameters, and the bracket of
        its body."""
        tokens = self.tokens
        while (place := self.parent[place]) >= 0:
            if not tokens[place] == "{":
                continue
            head = list(self.siblings(self.statement(place)[0], place))
            for other in head:
                if tokens[other] == "func" or tokens[other] == "init":
                    lists = [bracket for bracket in head if bracket > other and tokens[bracket] == "("]
                    inner = range(lists[0], self.end[lists[0]]) if lists else []
                    name = tokens[other + (tokens[other] == "func")].text
                    return name, {tokens[word].text for word in inner if tokens[word + 1] == ":"}, place
                if tokens[other] == "var" and not any(tokens[sign] == "=" for sign in head):
                    return tokens[other + 1].text, set(), place
        return "", set(), -1

    def written(self, begin, end):
        """A range as it is written, without white space."""
        return "".join(token.text for token in self.tokens[begin:end])

    # What an expression can say

    def sentences(self, begin, end, used, depth=0):
        """All that an expression of strings can say, with gaps for what isn't a text in the sources. Adds the places of the texts
        to `used`."""
        tokens = self.tokens
        while begin < end and (tokens[begin] == "return" or tokens[begin] == "try"):
            begin += 1
        if begin >= end:
            return [GAP]
        inside = list(self.siblings(begin, end))
        question = [place for place in inside if tokens[place] == "?" and tokens[place].is_spaced]
        if question:
            colon = self.colon(inside, question[0])
            return self.sentences(question[0] + 1, colon, used, depth) + self.sentences(colon + 1, end, used, depth)
        for sign in ("??", "+"):
            cuts = [place for place in inside if tokens[place] == sign]
            if cuts:
                ranges = zip([begin] + [cut + 1 for cut in cuts], cuts + [end])
                parts = [self.sentences(first, last, used, depth) for first, last in ranges]
                return sum(parts, []) if sign == "??" else ["".join(part) for part in itertools.product(*parts)]
        if tokens[begin].kind == "text":
            used.add(begin)
            return [tokens[begin].text]
        if tokens[begin] == "(" and self.end[begin] == end - 1:
            return self.sentences(begin + 1, end - 1, used, depth)
        if tokens[begin].text in ("ByteString", "String") and tokens[begin + 1] == "(" and self.end[begin + 1] == end - 1:
            return self.sentences(begin + 2, end - 1, used, depth)
        if tokens[begin].text in ("switch", "if"):
            return sum((self.sentences(*branch, used, depth) for branch in self.branches(begin, end)), [])
        if depth < DEPTH and (name := self.name(begin, end)):
            return self.values(name, begin, used, depth + 1)
        return [GAP]

    def name(self, begin, end):
        """The name, if an expression is a name alone, or a call of one in the same file."""
        if end - begin > 2 and self.tokens[begin + 1] == "." and re.match("[A-Z]|self$", self.tokens[begin].text):
            begin += 2
        if self.tokens[begin].kind != "word" or self.tokens[begin].text[0].isupper() or self.tokens[begin] == "description":
            return None
        is_call = begin + 1 < end and self.tokens[begin + 1] == "(" and self.end[begin + 1] == end - 1
        return self.tokens[begin].text if end == begin + 1 or is_call else None

    def colon(self, inside, question):
        """The colon that belongs to a question mark."""
        depth = 0
        for place in inside:
            if place > question:
                if self.tokens[place] == "?" and self.tokens[place].is_spaced:
                    depth += 1
                elif self.tokens[place] == ":":
                    if not depth:
                        return place
                    depth -= 1
        raise ValueError(f"line {self.tokens[question].line}: a question mark without a colon")

    def branches(self, begin, end):
        """The ranges of the values of a switch or an if."""
        for bracket in (place for place in self.siblings(begin, end) if self.tokens[place] == "{"):
            last = self.end[bracket]
            inside = list(self.siblings(bracket + 1, last))
            cases = [place for place in inside if self.tokens[place] == "case" or self.tokens[place] == "default"]
            for case, following in zip(cases, cases[1:] + [last]):
                yield next(place for place in inside if place > case and self.tokens[place] == ":") + 1, following
            if not cases:
                yield bracket + 1, last

    def expression(self, place):
        """The whole expression that a text is a part of, if the text is the value of a case, a function or a constant."""
        while self.parent[place] >= 0 and self.tokens[self.parent[place]] == "(":
            place = self.parent[place]
        begin, end = self.statement(place)
        for other in self.siblings(begin, place):
            if self.tokens[other] == ":" or self.tokens[other] == "=":
                begin = other + 1
        return begin, end

    def values(self, name, place, used, depth):
        """What a name can say: a constant or variable of the same function, or a function or variable of the same file."""
        tokens, (_, parameters, body) = self.tokens, self.function(place)
        if name in parameters:
            return [GAP]
        found, grows = [], False
        for other in range(max(body, 0), place):
            if not tokens[other] == name:
                continue
            if tokens[other - 1].text in ("let", "var") and tokens[other + 1] == "=":
                found = self.sentences(other + 2, self.statement(other)[1], used, depth)
            elif tokens[other + 1] == "+=":
                grows = True
                self.sentences(other + 2, self.statement(other)[1], used, depth)
        return [sentence + GAP * grows for sentence in found] or self.returned(name, used, depth) or [GAP]

    def returned(self, name, used, depth):
        """What the function or the computed variable of a name can say."""
        found = []
        for place in range(1, len(self.tokens)):
            if not self.tokens[place] == name or self.tokens[place - 1].text not in ("func", "var", "let"):
                continue
            if self.tokens[place - 1] == "let" and self.tokens[place + 1] == "=" and self.tokens[place - 2] == "static":
                found += self.sentences(place + 2, self.statement(place)[1], used, depth)
            begin, end = self.statement(place)
            is_text = any(self.tokens[other].text in ("String", "StaticString") for other in self.siblings(place, end))
            if not self.tokens[end - 1] == "}" or not is_text:
                continue
            body = self.begin[end - 1]
            returns = [other for other in range(body, end) if self.tokens[other] == "return"] or [body + 1]
            for value in returns:
                found += self.sentences(value, self.statement(value)[1], used, depth)
        return found

    # Where a text stands

    def context(self, place):
        """What receives a text: ("call", NAME, ARGUMENT), ("set", NAME), ("value", NAME of the function or variable), or
        ("compared",)."""
        tokens, parent = self.tokens, self.parent[place]
        if parent >= 0 and tokens[parent] == "(":
            callee = tokens[parent - 1]
            if callee.kind != "word" or callee.text in KEYWORDS or callee.text == "ByteString":
                return self.context(parent)
            argument = next(key for key, (begin, end) in self.arguments(parent).items() if begin <= place < end)
            receiver = tokens[parent - 3].text + "." if callee.text == "append" else ""
            return "call", receiver + callee.text, argument
        if parent >= 0 and tokens[parent] == "[":
            return self.context(parent)
        begin, _ = self.statement(place)
        before = [other for other in self.siblings(begin, place)]
        for other in reversed(before):
            if tokens[other].kind == "sign" and tokens[other].text in ("=", "+="):
                words = [tokens[word].text for word in before if word < other and tokens[word].kind == "word"]
                plain = [word for word in words if word not in ("let", "var", "private", "static", "public", "fileprivate")]
                return "set", plain[0] if plain else "_"
        if any(tokens[other].text in ("==", "!=") for other in before):
            return ("compared",)
        if parent < 0:
            return ("compared",)
        head = [other for other in self.siblings(self.statement(parent)[0], parent)]
        names = [tokens[other].text for other in head]
        for word in ("func", "var"):
            if word in names:
                return "value", tokens[head[names.index(word)] + 1].text
        return self.context(parent)
