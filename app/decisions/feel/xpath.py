"""Patterns as the standard has them (XPath and XQuery Functions 3.1, 5.6.1, over XML Schema 1.1, appendix G).

Read by their own grammar and written anew for the `regex` package: what XPath does not have (look-around, possessive
quantifiers, `\\b`) is refused, what it has on top (subtraction of sets, `\\i` and `\\c`, blocks) is translated.
"""

from __future__ import annotations

import re
from functools import lru_cache

import regex

from app.decisions.feel.names import NAME_PART, NAME_START

LONGEST_PATTERN = 5_000
DEEPEST_GROUPS = 40
MOST_REPETITIONS = 10_000
LARGEST_UNROLLED = 50_000  # the engine writes out what must be repeated, one count within another: 20 characters, 4 GB

_NAME_FIRST = NAME_START.removeprefix("?") + ":"
_NAME_REST = NAME_PART.removeprefix("?") + ":.\\-"
# What stands in a set for each class; the capital letter is its complement.
_CLASSES = {
    "s": " \\t\\n\\r",
    "d": "\\p{Nd}",
    "i": _NAME_FIRST,
    "c": _NAME_REST,
    "W": "\\p{P}\\p{Z}\\p{C}",
}
_NOT_CLASSES = {"S": "s", "D": "d", "I": "i", "C": "c", "w": "W"}
_SINGLE = {"n": "\\n", "r": "\\r", "t": "\\t"}
_ESCAPABLE = frozenset("\\|.?*+(){}-[]^$")
_QUANTIFIER = re.compile(r"([?*+]|\{(\d+)(?:(,)(\d*))?\})(\??)")
_CATEGORY = re.compile(r"\{(Is[A-Za-z0-9\-]+|[A-Z][a-z]?)\}")
_SPACES = re.compile("[ \t\n\r]+")


class BadPattern(Exception):
    """The text is not a pattern, or its flags are none."""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str, flags: str) -> regex.Pattern[str]:
    """Raises BadPattern."""
    if not set(flags) <= set("smixq"):
        raise BadPattern(flags)
    written = regex.escape(pattern) if "q" in flags else _Reader(pattern, flags).read()
    try:
        # Simple case folding: XPath compares character by character, where full folding has "ß" match "ss".
        return regex.compile(f"(?-f:{written})", regex.VERSION1 | (regex.IGNORECASE if "i" in flags else 0))
    except (regex.error, OverflowError) as error:
        raise BadPattern(pattern) from error


class _Reader:
    """One pass over one pattern. Nothing is passed on that is not understood."""

    def __init__(self, pattern: str, flags: str) -> None:
        self._text = pattern
        self._flags = flags
        self._at = 0
        self._groups = 0
        self._unrolled = 0  # atoms so far, with repetition written out
        self._closed: set[int] = set()

    def read(self) -> str:
        written = self._alternatives(0)
        if self._at < len(self._text):
            raise BadPattern(self._text)  # a ) that closes nothing
        return written

    def _next(self) -> str:
        """The next character, or nothing at the end."""
        if "x" in self._flags and (spaces := _SPACES.match(self._text, self._at)):
            self._at = spaces.end()
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        if self._at >= len(self._text):
            raise BadPattern(self._text)
        self._at += 1
        return self._text[self._at - 1]

    def _alternatives(self, depth: int) -> str:
        if depth > DEEPEST_GROUPS:
            raise BadPattern(self._text)
        written: list[str] = []
        while True:
            found = self._next()
            if found in {"", ")"}:
                return "".join(written)
            if found == "|":
                self._at += 1
                written.append("|")
            else:
                before = self._unrolled
                self._unrolled += 1
                written.append(self._atom(depth) + self._quantifier(before))

    def _quantifier(self, before: int) -> str:
        """`before` is what was unrolled before the atom."""
        self._next()
        found = _QUANTIFIER.match(self._text, self._at)
        if found is None:
            return ""
        least, most = found[2], found[4]
        for number in (least, most):
            if number and (len(number) > 6 or int(number) > MOST_REPETITIONS):
                raise BadPattern(self._text)
        if least and most and int(most) < int(least):
            raise BadPattern(self._text)
        self._unrolled = before + (self._unrolled - before) * max(1, int(least or 1))
        if self._unrolled > LARGEST_UNROLLED:
            raise BadPattern(self._text)
        self._at = found.end()
        return found.group()

    def _atom(self, depth: int) -> str:
        found = self._take()
        if found == "\\":
            return self._escape()
        if found == "[":
            return self._set(depth)
        if found == "(":
            return self._group(depth)
        if found == ".":
            return "(?s:.)" if "s" in self._flags else "[^\\n\\r]"
        if found == "^":
            return "(?m:^)" if "m" in self._flags else "\\A"
        if found == "$":
            return "(?m:$)" if "m" in self._flags else "\\Z"
        if found in "?*+{}])":
            raise BadPattern(self._text)
        return regex.escape(found)

    def _group(self, depth: int) -> str:
        if self._text.startswith("?:", self._at):
            self._at += 2
            number, opening = None, "(?:"
        elif self._text.startswith("?", self._at):
            raise BadPattern(self._text)
        else:
            self._groups += 1
            number, opening = self._groups, "("
        inner = self._alternatives(depth + 1)
        if self._next() != ")":
            raise BadPattern(self._text)
        self._at += 1
        if number:
            self._closed.add(number)
        return f"{opening}{inner})"

    def _escape(self) -> str:
        found = self._take()
        if found.isascii() and found.isdigit():
            return self._back_reference(found)
        if found in {"p", "P"}:
            category = self._category(found)
            # The case of letters is what these ask for, whatever the flags say.
            return f"(?-i:{category})" if "i" in self._flags else category
        if found in _CLASSES:
            return f"[{_CLASSES[found]}]"
        if found in _NOT_CLASSES:
            return f"[^{_CLASSES[_NOT_CLASSES[found]]}]"
        return self._single(found)

    def _single(self, found: str) -> str:
        if found in _SINGLE:
            return _SINGLE[found]
        if found in _ESCAPABLE:
            return f"\\{found}"
        raise BadPattern(self._text)

    def _back_reference(self, digit: str) -> str:
        """The longest number of a group so far; a group that took no part stands for nothing."""
        number = int(digit)
        while (more := self._text[self._at : self._at + 1]).isdigit() and number * 10 + int(more) <= self._groups:
            number = number * 10 + int(more)
            self._at += 1
        if number not in self._closed:
            raise BadPattern(self._text)
        return f"(?:(?({number})\\{number}|))"

    def _category(self, sign: str) -> str:
        found = _CATEGORY.match(self._text, self._at)
        if found is None:
            raise BadPattern(self._text)
        self._at = found.end()
        name = found[1]
        return f"\\{sign}{{In{name[2:].replace('-', '')}}}" if name.startswith("Is") else f"\\{sign}{{gc={name}}}"

    # Sets

    def _set(self, depth: int) -> str:
        """Behind its `[`. Spaces count here, whatever the flags say."""
        if depth > DEEPEST_GROUPS:
            raise BadPattern(self._text)
        negated = self._text.startswith("^", self._at)
        self._at += negated
        parts: list[str] = []
        without = ""
        while not self._text.startswith("]", self._at):
            if parts and self._text.startswith("-[", self._at):
                self._at += 2
                without = f"(?!{self._set(depth + 1)})"
                if not self._text.startswith("]", self._at):
                    raise BadPattern(self._text)
                break
            parts.append(self._member(first=not parts))
        if not parts:
            raise BadPattern(self._text)
        self._at += 1
        return f"(?:{without}{self._any_of(parts, negated)})" if without else self._any_of(parts, negated)

    def _any_of(self, parts: list[str], negated: bool) -> str:
        """One character of the parts. The case of letters is what categories ask for, whatever the flags say."""
        categories = [part for part in parts if part.startswith(("\\p", "\\P"))] if "i" in self._flags else []
        if not categories:
            return f"[{'^' if negated else ''}{''.join(parts)}]"
        others = [part for part in parts if part not in categories]
        found = f"(?-i:[{''.join(categories)}])" + (f"|[{''.join(others)}]" if others else "")
        return f"(?:(?!{found})(?s:.))" if negated else f"(?:{found})"

    def _member(self, *, first: bool) -> str:
        """A class, a character, or a range of them. A hyphen is itself at the ends only."""
        hyphen = self._text.startswith("-", self._at)
        if hyphen and not first and not self._text.startswith(("-]", "-["), self._at):
            raise BadPattern(self._text)
        low = self._character()
        if low.startswith(("[", "\\p", "\\P")):
            return low
        is_range = self._text.startswith("-", self._at) and not self._text.startswith(("-]", "-["), self._at)
        if hyphen or not is_range:
            return low
        self._at += 1
        high = self._character()
        if high.startswith(("[", "\\p", "\\P")):
            raise BadPattern(self._text)
        return f"{low}-{high}"

    def _character(self) -> str:
        found = self._take()
        if found == "[":
            raise BadPattern(self._text)
        if found != "\\":
            return f"\\{found}" if found.isascii() and not found.isalnum() and not found.isspace() else found
        found = self._take()
        if found in {"p", "P"}:
            return self._category(found)
        if found in _CLASSES:
            return f"[{_CLASSES[found]}]"
        if found in _NOT_CLASSES:
            return f"[^{_CLASSES[_NOT_CLASSES[found]]}]"
        return self._single(found)
