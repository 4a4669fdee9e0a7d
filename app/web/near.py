"""The name that was perhaps meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name closest to a misspelt one, whatever its case and separators; None if none is close."""
    plain = {_plain(each): each for each in known}
    close = get_close_matches(_plain(name[:80]), list(plain), n=1, cutoff=0.7)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
