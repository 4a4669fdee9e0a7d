"""What a diagram needs of the house around it: processes that it calls, decisions, messages that somebody sends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import islice

from app.engine.diagram import Diagram, Element, Finding
from app.engine.lint.events import THROWING
from app.engine.lint.expressions import is_feel
from app.engine.lint.passing import check_passed, required_variables
from app.engine.lint.thrown import CAUGHT, Listeners, Thrown, thrown_out, uncaught
from app.handling.registry import Handler

MOST_CAUGHT = 10_000  # of one diagram: no drawn one has so many
ANY_PROCESS = ""  # what a call by expression may lead to


@dataclass(frozen=True)
class Offer:
    """What one file brings: a process and the messages that it sends, or decisions."""

    processes: frozenset[str] = frozenset()
    decisions: frozenset[str] = frozenset()
    messages: frozenset[str] = frozenset()
    sends_any: bool = False  # a message's name is an expression
    throws: frozenset[Thrown] = frozenset()  # out of a process, to whoever calls it
    catches: frozenset[Thrown] = frozenset()  # from a process that is called
    requires: frozenset[tuple[str, str]] = frozenset()  # process, variable that it does not start without


class House:
    """What there is besides the diagram that is looked at; read when the first rule asks for it."""

    def __init__(self, read: Callable[[], Iterable[Offer]]) -> None:
        self._read = read

    @cached_property
    def whole(self) -> Offer:
        """Everything that anybody brings."""
        offers = list(self._read())
        return Offer(
            frozenset[str]().union(*(each.processes for each in offers)),
            frozenset[str]().union(*(each.decisions for each in offers)),
            frozenset[str]().union(*(each.messages for each in offers)),
            any(each.sends_any for each in offers),
            frozenset[Thrown]().union(*(each.throws for each in offers)),
            frozenset[Thrown]().union(*(each.catches for each in offers)),
            frozenset[tuple[str, str]]().union(*(each.requires for each in offers)),
        )

    def thrown_by(self, process_id: str) -> list[Thrown]:
        """What leaves a process, in order."""
        found = (thrown for thrown in self.whole.throws if thrown.process_id == process_id)
        return sorted(found, key=lambda thrown: (thrown.kind, thrown.code or ""))

    def required_by(self, process_id: str) -> set[str]:
        """The variables that a process does not start without."""
        return {name for process, name in self.whole.requires if process == process_id}

    def joined(self, offers: Iterable[Offer]) -> House:
        """With what files bring that are not in it yet."""
        return House(lambda: (self.whole, *offers))


EMPTY = House(lambda: ())


def offer_of(diagram: Diagram) -> Offer:
    """What it brings once it is deployed."""
    names = {element.publishes.name.strip() for element in diagram.elements.values() if element.publishes is not None}
    return Offer(
        processes=frozenset({diagram.process_id}),
        messages=diagram.messages_from_outside | {name for name in names if not is_feel(name)},
        sends_any=any(is_feel(name) for name in names),
        throws=frozenset(thrown for _, thrown in thrown_out(diagram)),
        catches=frozenset(islice(_caught_from_called(diagram), MOST_CAUGHT)),
        requires=frozenset((diagram.process_id, name) for name in required_variables(diagram)),
    )


def _caught_from_called(diagram: Diagram) -> Iterator[Thrown]:
    listeners = Listeners(diagram)
    for element in diagram.elements.values():
        if element.call is not None:
            process_id = ANY_PROCESS if is_feel(element.call.process) else element.call.process
            for kind in CAUGHT:
                yield from (Thrown(kind, process_id, code) for code in listeners.codes(element, kind))


def check_house(
    diagram: Diagram, house: House, known_handlers: Callable[[str], Handler | None], handler_types: Collection[str]
) -> Iterator[Finding]:
    """Warnings: what is missing may come with another deployment."""
    own = offer_of(diagram)
    yield from _check_thrown(diagram, own, house)
    yield from check_passed(diagram, house.required_by, known_handlers)
    for element in diagram.elements.values():
        if element.call is not None and element.call.process and not is_feel(element.call.process):
            yield from _check_called(element, element.call.process, own, house)
        if element.decision is not None and element.decision[0].strip() and not is_feel(element.decision[0]):
            yield from _check_decided(element, element.decision[0], house)
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


def _check_thrown(diagram: Diagram, own: Offer, house: House) -> Iterator[Finding]:
    """What leaves this process and no caller catches; what leaves a process that it calls and is not caught here."""
    for element, thrown in thrown_out(diagram):
        processes, codes = (thrown.process_id, ANY_PROCESS), (thrown.code, None)
        ways = {Thrown(thrown.kind, process_id, code) for process_id in processes for code in codes}
        if ways.isdisjoint(own.catches) and ways.isdisjoint(house.whole.catches):
            yield uncaught(element, thrown)
    listeners = Listeners(diagram)
    for element in diagram.elements.values():
        for thrown in house.thrown_by(element.call.process) if element.call is not None else ():
            if not listeners.catch(element, thrown.kind, thrown.code or ""):
                yield uncaught(element, thrown)


def _awaited(element: Element) -> str | None:
    """The fixed name of the message that it waits for."""
    waits = element.type == "receiveTask" or (element.event == "message" and element.type not in THROWING)
    name = element.message[0].strip() if waits and element.message is not None else ""
    return name if name and not is_feel(name) else None


def _check_called(element: Element, process: str, own: Offer, house: House) -> Iterator[Finding]:
    if process in own.processes or process in house.whole.processes:
        return
    message = f"There is no process '{process[:60]}' in the house, so this call would wait for somebody to deploy it."
    remedy = _meant(process, house.whole.processes) or "Correct its id, or deploy its diagram too."
    yield Finding.warning(element, "unknown_process", message, remedy)


def _check_decided(element: Element, decision: str, house: House) -> Iterator[Finding]:
    if decision in house.whole.decisions:
        return
    message = f"There is no decision '{decision[:60]}' in the house."
    remedy = _meant(decision, house.whole.decisions) or "Correct its id, or deploy its .dmn file too."
    yield Finding.warning(element, "unknown_decision", message, remedy)


def _never_sent(element: Element, name: str, known: Collection[str]) -> Finding:
    message = f"Nothing in the house sends the message '{name[:60]}': no process publishes it and no handler brings it."
    remedy = _meant(name, known) or (
        "Correct its name; or, if another system sends it, name it in the process's property turnup:messages, or under"
        " Messages in the docstring of the handler that asks that system."
    )
    return Finding.warning(element, "never_sent", message, remedy)


def _meant(name: str, known: Collection[str]) -> str | None:
    near = get_close_matches(name[:100], sorted(known), n=2, cutoff=0.75)
    return f"Did you mean {' or '.join(near)}?" if near else None
