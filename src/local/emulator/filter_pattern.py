"""CloudWatch Logs filter patterns: terms, and conditions on JSON. Patterns on columns (`[…]`) match nothing.

The language is that of
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import json
import re
from functools import lru_cache

TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:\\.|[^"\\])*")|(?P<regex>%[^%]*%)|(?P<sign>\|\||&&|!=|<=|>=|[=<>()])"""
    r"""|(?P<word>\$?(?:\[[^\]]*\]|[^\s()=<>!|&"])+))"""
)
STEP = re.compile(r"""\.?(?:\[(?:"([^"]*)"|'([^']*)'|(\d+|\*))\]|([^.\[]+))""")
TERM = re.compile(r"""([-?]?)(?:"((?:\\.|[^"\\])*)"|%([^%]*)%|(\S+))""")


@lru_cache(maxsize=256)
def compiled(pattern):
    """A function that says whether a message matches.

    Raises ValueError for what is no pattern."""
    pattern = pattern.strip()
    if pattern.startswith("{"):
        if not pattern.endswith("}"):
            raise ValueError("the closing brace is missing")
        condition = Conditions(pattern[1:-1]).read()
        return lambda message: condition(parsed(message))
    if pattern.startswith("["):
        raise ValueError("patterns on columns are not known here")
    return terms(pattern)


def parsed(message):
    """The message as JSON; None where it is none."""
    try:
        return json.loads(message)
    except ValueError:
        return None


def select(document, selector):
    """The values that a selector such as `$.a.b[0]` leads to."""
    if not selector.startswith("$"):
        raise ValueError(f"`{selector}` is no selector")
    values = [document]
    for double, single, index, name in STEP.findall(selector[1:]):
        key = double or single or name
        found = []
        for value in values:
            if index:
                items = value if isinstance(value, list) else []
                found += items if index == "*" else items[int(index) : int(index) + 1]
            elif isinstance(value, dict) and key in value:
                found.append(value[key])
        values = found
    return values


def terms(pattern):
    """Plain words: all of them, any of those with `?`, none of those with `-`."""
    needed, optional, refused = [], [], []
    for sign, quoted, regex, word in TERM.findall(pattern):
        text = quoted.replace('\\"', '"') or word
        found = re.compile(regex or re.escape(text)).search
        {"-": refused, "?": optional}.get(sign, needed).append(found)
    return lambda message: (
        all(found(message) for found in needed)
        # Beside words that are needed, those with `?` change nothing.
        and (not optional or bool(needed) or any(found(message) for found in optional))
        and not any(found(message) for found in refused)
    )


class Conditions:
    """Reads `($.a = "x*") && ($.b NOT EXISTS) || …` into a function of a document."""

    def __init__(self, text):
        self.tokens = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            found = TOKEN.match(text, at)
            if not found:
                raise ValueError(f"`{text[at:]}` is not understood")
            self.tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self.tokens.append(("end", ""))

    def read(self):
        condition = self.any_of()
        if self.tokens[0][0] != "end":
            raise ValueError(f"`{self.tokens[0][1]}` is not expected")
        return condition

    def take(self):
        return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]

    def took(self, *words):
        """Whether the next tokens are these; then they are gone."""
        if [text for _, text in self.tokens[: len(words)]] != list(words):
            return False
        del self.tokens[: len(words)]
        return True

    def any_of(self):
        parts = [self.all_of()]
        while self.took("||"):
            parts.append(self.all_of())
        return lambda document: any(part(document) for part in parts)

    def all_of(self):
        parts = [self.one()]
        while self.took("&&"):
            parts.append(self.one())
        return lambda document: all(part(document) for part in parts)

    def one(self):
        if self.took("("):
            condition = self.any_of()
            if not self.took(")"):
                raise ValueError("a closing bracket is missing")
            return condition
        selector = self.take()[1]
        select(None, selector)
        if self.took("NOT", "EXISTS"):
            return lambda document: not select(document, selector)
        if self.took("EXISTS"):
            return lambda document: bool(select(document, selector))
        if self.took("IS"):
            word = self.take()[1]
            if word not in ("TRUE", "FALSE", "NULL"):
                raise ValueError(f"`IS {word}` is not known")
            wanted = {"TRUE": True, "FALSE": False, "NULL": None}[word]
            return lambda document: any(value is wanted for value in select(document, selector))
        test = comparison(self.take()[1], *self.take())
        return lambda document: any(test(value) for value in select(document, selector))


def comparison(sign, kind, operand):
    """The test `value SIGN operand` of one value. A field that is not there passes none."""
    if kind not in ("word", "quoted", "regex"):
        raise ValueError("a value is missing")
    if sign in ("<", ">", "<=", ">="):
        limit = float(operand)
        compare = {
            "<": lambda value: value < limit,
            ">": lambda value: value > limit,
            "<=": lambda value: value <= limit,
            ">=": lambda value: value >= limit,
        }[sign]
        return lambda value: is_number(value) and compare(value)
    if sign not in ("=", "!="):
        raise ValueError(f"`{sign}` compares nothing")
    same = equality(kind, operand)
    return same if sign == "=" else lambda value: not same(value)


def equality(kind, operand):
    if kind == "regex":
        found = re.compile(operand[1:-1]).search
        return lambda value: isinstance(value, str) and bool(found(value))
    text = json.loads(operand) if kind == "quoted" else operand
    number = None
    if kind == "word":
        try:
            number = float(text)
        except ValueError:
            pass
    # Any number of any characters, in quotes too.
    like = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL).fullmatch

    def same(value):
        if is_number(value):
            return value == number if number is not None else bool(like(json.dumps(value)))
        if isinstance(value, bool):
            return bool(like(json.dumps(value)))
        return isinstance(value, str) and bool(like(value))

    return same


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
