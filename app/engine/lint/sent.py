"""Messages and signals that are waited for, and whether anybody in the house sends them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from difflib import get_close_matches

from app.engine.diagram import Diagram, Element, Finding
from app.engine.lint.events import THROWING
from app.engine.lint.expressions import is_feel
from app.engine.lint.house import House, Offer
from app.handling.registry import Handler


def check_sent(
    diagram: Diagram,
    own: Offer,
    house: House,
    known_handlers: Callable[[str], Handler | None],
    handler_types: Collection[str],
) -> Iterator[Finding]:
    """Warnings; `own` is what the diagram itself brings. What nobody waits for is not looked for."""
    yield from _check_messages(diagram, own, house, known_handlers, handler_types)
    if own.broadcasts_any:
        return
    for element in diagram.elements.values():
        name = _fixed(element.signal) if element.type not in THROWING else None
        if name is None or name in own.signals or name in house.whole.signals or house.whole.broadcasts_any:
            continue
        yield _never_broadcast(element, name, own.signals | house.whole.signals)


def _check_messages(
    diagram: Diagram,
    own: Offer,
    house: House,
    known_handlers: Callable[[str], Handler | None],
    handler_types: Collection[str],
) -> Iterator[Finding]:
    if own.sends_any:
        return
    sent_by_handlers: set[str] | None = None
    for element in diagram.elements.values():
        name = _awaited(element)
        if name is None or name in own.messages or name in house.whole.messages or house.whole.sends_any:
            continue
        if sent_by_handlers is None:
            handlers = (known_handlers(type) for type in handler_types)
            sent_by_handlers = {sent for handler in handlers if handler is not None for sent in handler.about.messages}
        if name not in sent_by_handlers:
            yield _never_sent(element, name, own.messages | house.whole.messages | sent_by_handlers)


def _awaited(element: Element) -> str | None:
    """The fixed name of the message that it waits for."""
    waits = element.type == "receiveTask" or (element.event == "message" and element.type not in THROWING)
    return _fixed(element.message[0]) if waits and element.message is not None else None


def _fixed(name: str | None) -> str | None:
    name = (name or "").strip()
    return name if name and not is_feel(name) else None


def _never_sent(element: Element, name: str, known: Collection[str]) -> Finding:
    message = f"Nothing in the house sends the message '{name[:60]}': no process publishes it and no handler brings it."
    remedy = meant(name, known) or (
        "Correct its name; or, if another system sends it, name it in the process's property turnup:messages, or under"
        " Messages in the docstring of the handler that asks that system."
    )
    return Finding.warning(element, "never_sent", message, remedy)


def _never_broadcast(element: Element, name: str, known: Collection[str]) -> Finding:
    message = f"Nothing in the house broadcasts the signal '{name[:60]}': no process throws it."
    remedy = meant(name, known) or (
        "Correct its name; or, if another system broadcasts it, name it in the process's property turnup:signals."
    )
    return Finding.warning(element, "never_broadcast", message, remedy)


def meant(name: str, known: Collection[str]) -> str | None:
    """The remedy of a slip."""
    near = get_close_matches(name[:100], sorted(known), n=2, cutoff=0.75)
    return f"Did you mean {' or '.join(near)}?" if near else None
