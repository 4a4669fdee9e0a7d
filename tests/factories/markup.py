"""XML as text."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr


def tag(name: str, attributes: Mapping[str, object | None], content: str = "") -> str:
    """An element; attributes that are None are left out."""
    written = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items() if value is not None)
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def extensions(*parts: str) -> str:
    content = "".join(parts)
    return tag("bpmn:extensionElements", {}, content) if content else ""
