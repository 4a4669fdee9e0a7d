"""What may be the same step under another id: for a person to look at, before anything is moved."""

from collections import Counter
from collections.abc import Iterator

from app.engine.diagram import Diagram, Element


def suggest(old: Diagram, new: Diagram) -> dict[str, str]:
    """Old element id -> new element id, of elements that only one of the versions has and that look alike.

    Alike are those of one kind in the same surroundings with the same name, or else the same handler; where more than
    one would do, none is suggested.
    """
    gone = [each for each in old.elements.values() if each.id not in new.elements]
    come = [each for each in new.elements.values() if each.id not in old.elements]
    found: dict[str, str] = {}
    for look in (_by_name_and_handler, _by_name, _by_handler):
        taken = set(found.values())
        left = [each for each in gone if each.id not in found]
        free = [each for each in come if each.id not in taken]
        found |= dict(_only_pairs([(look(each, found), each.id) for each in left], [(look(e, {}), e.id) for e in free]))
    return found


def _only_pairs(left: list[tuple[object, str]], free: list[tuple[object, str]]) -> Iterator[tuple[str, str]]:
    """Those that have a look that no other one has, on either side."""
    here, there = Counter(look for look, _ in left), Counter(look for look, _ in free)
    by_look = dict(free)
    for look, old_id in left:
        if look is not None and here[look] == there[look] == 1:
            yield old_id, by_look[look]


def _kind(element: Element, found: dict[str, str]) -> tuple[object, ...]:
    parent = found.get(element.parent, element.parent)
    host = element.attached_to and found.get(element.attached_to, element.attached_to)
    return (element.type, element.event, element.is_event_sub, parent, host)


def _by_name_and_handler(element: Element, found: dict[str, str]) -> object:
    return (*_kind(element, found), element.name, element.handler) if element.name and element.handler else None


def _by_name(element: Element, found: dict[str, str]) -> object:
    return (*_kind(element, found), element.name) if element.name else None


def _by_handler(element: Element, found: dict[str, str]) -> object:
    return (*_kind(element, found), element.handler) if element.handler else None
