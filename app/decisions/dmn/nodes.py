"""Looking at the XML of one model: only elements of DMN itself count, whatever extensions stand between them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

_MODEL = "omg.org/spec/DMN/"


@lru_cache(maxsize=1024)
def _local_of_tag(tag: str) -> str:
    namespace, _, name = tag.rpartition("}")
    return name if _MODEL in namespace and "DMNDI" not in namespace else ""


def local(node: etree._Element) -> str:
    """The element's name without its namespace; empty for what is none of DMN's own."""
    return _local_of_tag(str(node.tag))


def children(node: etree._Element, tag: str) -> Iterator[etree._Element]:
    for child in node:
        if local(child) == tag:
            yield child


def child(node: etree._Element, tag: str) -> etree._Element | None:
    return next(children(node, tag), None)


def text_of(node: etree._Element | None) -> str:
    return "" if node is None else "".join(node.itertext(with_tail=False)).strip()
