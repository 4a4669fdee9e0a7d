"""A picture for each system in a modeler's picker: its letters on a colour of its own."""

from __future__ import annotations

from base64 import b64encode
from zlib import crc32

# All of them bear white letters at a contrast of 4.5 to 1 and more.
_COLOURS = (
    "#0b5394",
    "#38761d",
    "#85200c",
    "#741b47",
    "#351c75",
    "#0c6e6e",
    "#7f6000",
    "#444c56",
    "#9c2a6a",
    "#1d5e8a",
)
_LETTERS = 4


def icon_of(key: str) -> str:
    """A data URI. The same for the same key, wherever it is made."""
    colour = _COLOURS[crc32(key.encode()) % len(_COLOURS)]
    letters = "".join(each for each in key.upper() if each.isalnum())[:_LETTERS] or "?"
    size = {1: 11, 2: 9, 3: 7.5}.get(len(letters), 6)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="18" height="18" viewBox="0 0 18 18">'
        f'<rect width="18" height="18" rx="4" fill="{colour}"/>'
        f'<text x="9" y="9" fill="#fff" font-family="Arial, sans-serif" font-size="{size}" font-weight="700" '
        f'text-anchor="middle" dominant-baseline="central">{letters}</text></svg>'
    )
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()
