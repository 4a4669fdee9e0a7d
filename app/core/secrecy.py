"""What must never be stored, logged or shown: secrets that this process has given to a handler.

A value is known from the moment it is given out, in the forms in which texts carry it: as it is, quoted, escaped,
percent-encoded, in Base64 or hexadecimal digits; not in what a handler computes from it, such as a digest. While none
was given out, looking costs one comparison.
"""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any
from urllib.parse import quote, quote_plus

SHORTEST = 6  # what is shorter stands in too many innocent texts to be taken out of them
_TELLING = 16  # characters of a line among several that are a secret by themselves
_REMEMBERED = 8  # values of one name: a secret that is changed may still be in what a handler holds
_FEW = 100  # forms that are looked for one after the other; beyond that a walk through the text costs less
_BEGIN = 4  # no form is shorter
_HARMLESS = frozenset({bool, type(None)})


class NoSecret(KeyError):
    """Nobody has given this process a secret of that name; `places` are those that were looked at."""

    def __init__(self, name: str, places: list[str]) -> None:
        super().__init__(name)
        self.places = places


class Scrubber:
    """Puts `[secret olt/lon-3]` in the place of every secret it knows. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: dict[str, deque[str]] = {}
        self._marks: dict[str, str] = {}  # by form
        self._pairs: list[tuple[str, str]] = []  # the same, the longest first
        self._begins: dict[str, list[tuple[str, str]]] = {}  # the same by how they begin, once there are many

    @property
    def knows_any(self) -> bool:
        return bool(self._marks)

    def learn(self, name: str, value: str) -> None:
        """From now on the value is taken out of whatever passes."""
        with self._lock:
            values = self._values.setdefault(name, deque(maxlen=_REMEMBERED))
            if value in values:
                return
            forgets = len(values) == _REMEMBERED
            values.append(value)
            known = {name: values} if not forgets else self._values
            every = ((each, one) for each, some in known.items() for one in some)
            marks = {form: f"[secret {each}]" for each, one in every for form in _forms(one)}
            self._know(marks if forgets else {**self._marks, **marks})

    def learn_all(self, values: Iterable[str], mark: str) -> None:
        """From now on the values, and no others, are that mark; no secrets, so only as texts quote them."""
        with self._lock:
            self._know({form: mark for value in values for form in _escaped(value)})

    def _know(self, marks: dict[str, str]) -> None:
        """Whoever looks meanwhile looks for all that were known before, or for all that are now."""
        pairs = sorted(marks.items(), key=lambda pair: -len(pair[0]))
        begins: dict[str, list[tuple[str, str]]] = {}
        for pair in pairs if len(pairs) > _FEW else ():
            begins.setdefault(pair[0][:_BEGIN], []).append(pair)
        self._pairs, self._begins, self._marks = pairs, begins, marks

    def text(self, text: str) -> str:
        if self._begins:
            return self._search(text)
        for form, mark in self._pairs:
            if form in text:
                text = text.replace(form, mark)
        return text

    def _search(self, text: str) -> str:
        """From left to right: what it costs depends on the text, not on how many are known."""
        parts: list[str] = []
        begins, done = self._begins, 0
        for at in range(len(text) - _BEGIN + 1):
            if at < done or text[at : at + _BEGIN] not in begins:
                continue
            for form, mark in begins[text[at : at + _BEGIN]]:
                if text.startswith(form, at):
                    parts += (text[done:at], mark)
                    done = at + len(form)
                    break
        return "".join((*parts, text[done:])) if parts else text

    def value(self, value: Any) -> Any:
        """The value itself, or a copy without secrets. What is neither JSON nor free of them becomes text."""
        return self._clean(value) if self.knows_any else value

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if type(value) in _HARMLESS:
            return value
        if isinstance(value, dict):
            return {self._clean_key(key): self._clean(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(inner) for inner in value]
        shown = str(value)
        clean = self.text(shown)
        return value if clean == shown else clean

    def _clean_key(self, key: Any) -> Any:
        return self.text(key) if isinstance(key, str) else key


def _forms(value: str) -> Iterator[str]:
    """How texts carry the value. A key of several lines is known by each of them: a log may cut it up."""
    lines = (line.strip() for line in value.splitlines())
    for piece in {value, value.strip(), *(line for line in lines if len(line) >= _TELLING and line[:5] != "-----")}:
        yield from _escaped(piece)
        yield quote(piece, safe="")
        yield quote(piece)
        yield quote_plus(piece)
        yield piece.encode().hex()
        yield from _in_base64(piece.encode())


def _escaped(piece: str) -> set[str]:
    """As it stands in a text, in a text that quotes one, and in one that quotes that: JSON in JSON, an error's repr."""
    forms = {piece}
    for _ in range(2):
        forms |= {escape(form) for form in forms for escape in _ESCAPES}
    return forms


_ESCAPES: tuple[Callable[[str], str], ...] = (
    lambda text: repr(text)[1:-1],
    lambda text: repr(text.encode())[2:-1],
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
)


def _in_base64(raw: bytes) -> Iterator[str]:
    """The part of it that stays the same whatever stands before and after, as in a header `Basic user:password`."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        inside = encoded[first:last]
        if len(inside) >= SHORTEST:
            yield inside
            yield inside.replace("+", "-").replace("/", "_")
