"""What every store can hold as text."""


def is_text(value: str) -> bool:
    """Can every store hold it? PostgreSQL holds no NUL, and UTF-8 no half of a surrogate pair."""
    return "\0" not in value and (value.isascii() or as_text(value) == value)


def as_text(value: str) -> str:
    """The text, with a mark in place of each character that no store can hold."""
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
