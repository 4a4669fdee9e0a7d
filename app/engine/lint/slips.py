"""Names that were perhaps meant."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

NEARLY = 0.85  # how alike a name has to be to one that is known, where any name may come
SHORTEST_SLIP = 5
MOST_LOOKS = 100_000


class Slips:
    """Comparing is slow: a diagram has so many looks, and no more."""

    def __init__(self) -> None:
        self._left = MOST_LOOKS

    def meant(self, name: str, known: Collection[str], cutoff: float) -> str | None:
        self._left -= len(known)
        near = get_close_matches(name[:100], sorted(known), n=1, cutoff=cutoff) if self._left > 0 else []
        return near[0] if near else None

    def is_slip(self, name: str, meant: str) -> bool:
        """And no name of its own: short ones are alike by chance, and a list is called after its items."""
        return len(meant) >= SHORTEST_SLIP and name.rstrip("s") != meant.rstrip("s")
