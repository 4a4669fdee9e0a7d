"""Names that one word does not hold: `date and time`, `order id`, `a-b`.

The standard lets a name contain spaces and `. / - ' + *`; only who knows the names in scope can tell `order id` from
two words and `a-b` from a subtraction. `KnownNames` finds the longest known name at a place. One holds the built-in
functions; another is given the names of the scope (`compile_feel(text, known)`) and learns what the text declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

NAME_START = (
    "?A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
NAME_PART = NAME_START + "0-9\u00b7\u0300-\u036f\u203f-\u2040"
SPACE = "\\s\u180e\u200b\ufeff"

WORD = re.compile(f"[{NAME_START}][{NAME_PART}]*")
_PIECE = re.compile(f"[{NAME_PART}]+|[./\\-'+*]")
_IN_WORD = re.compile(f"[{NAME_PART}]")
_DEEPEST_NAMES = 20
_SPACES = re.compile(f"[{SPACE}]+")
# A name as far as it can go, which is right only where what follows says that it is a name. Possessive (`*+`): a long
# text without the colon costs one pass, no backtracking.
_LOOSE = f"[{NAME_START}][{NAME_PART}{SPACE}./\\-'+*]*+"
_NAME = re.compile(_LOOSE)
BEFORE_COLON = re.compile(f"{_LOOSE}(?=:)")
BEFORE_END = re.compile(f"{_LOOSE}(?=[,)])")
_IN = f"in(?![{NAME_PART}])"
BEFORE_IN = re.compile(
    f"[{NAME_START}][{NAME_PART}]*+(?:[{SPACE}]*+(?!{_IN})[{NAME_PART}./\\-'+*]++)*+(?=[{SPACE}]+{_IN})"
)


def tidy(name: str) -> str:
    """One space wherever the text has any: two spellings of one name are one name."""
    return _SPACES.sub(" ", name.strip())


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    pieces = _PIECE.findall(name)
    pattern = re.escape(pieces[0])
    for before, piece in pairwise(pieces):
        words = _IN_WORD.match(before) and _IN_WORD.match(piece)
        pattern += f"[{SPACE}]{'+' if words else '*'}" + re.escape(piece)
    end = f"(?![{NAME_PART}])" if _IN_WORD.match(pieces[-1]) else ""
    return re.compile(pattern + end)


def names_within(value: Any, depth: int = 0) -> Iterator[str]:
    """The keys of a context and of the contexts and lists in it, as deep as a text may name them."""
    if depth < _DEEPEST_NAMES and isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from names_within(inner, depth + 1)
    elif depth < _DEEPEST_NAMES and isinstance(value, list):
        for inner in value:
            yield from names_within(inner, depth + 1)


class KnownNames:
    """Longest match among the names that are not one plain word; one plain word needs no knowing."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._by_word: dict[str, list[str]] = {}
        for name in names:
            self.learn(name)

    def learn(self, name: str) -> None:
        first = WORD.match(name)
        if first is None or first.end() == len(name) or not is_name(name):
            return
        names = self._by_word.setdefault(first.group(), [])
        if name not in names:
            names.append(name)
            names.sort(key=len, reverse=True)

    def match(self, text: str, word: re.Match[str]) -> tuple[str, int] | None:
        """The longest known name that starts with this word of the text, and where it ends."""
        for name in self._by_word.get(word.group(), ()):
            found = _pattern(name).match(text, word.start())
            if found:
                return name, found.end()
        return None
