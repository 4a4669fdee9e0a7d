"""The house around a diagram: processes, decisions, messages and signals that are there beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from app.decisions.dmn.asked import Asked
from app.engine.diagram import Diagram
from app.engine.lint.events import THROWING
from app.engine.lint.expressions import is_feel
from app.engine.lint.passing import required_variables
from app.engine.lint.thrown import CAUGHT, Listeners, Thrown, thrown_out
from app.engine.lint.undeclared import read_from_start
from app.engine.lint.variables import Handlers

MOST_CAUGHT = 10_000  # of one diagram: no drawn one has so many
ANY_PROCESS = ""  # what a call by expression may lead to


@dataclass(frozen=True)
class Offer:
    """What one file brings: a process with the messages and signals that it sends, or decisions, or a form."""

    processes: frozenset[str] = frozenset()
    decisions: frozenset[str] = frozenset()
    messages: frozenset[str] = frozenset()
    sends_any: bool = False  # a message's name is an expression
    throws: frozenset[Thrown] = frozenset()  # out of a process, to whoever calls it
    catches: frozenset[Thrown] = frozenset()  # from a process that is called
    requires: frozenset[tuple[str, str]] = frozenset()  # process, variable that it does not start without
    reads: frozenset[tuple[str, str]] = frozenset()  # process, variable that it reads and only its start can set
    uncallable: frozenset[str] = frozenset()  # processes that only events start
    signals: frozenset[str] = frozenset()
    broadcasts_any: bool = False  # a signal's name is an expression
    forms: frozenset[str] = frozenset()
    asked: Mapping[str, Callable[[], Sequence[Asked]]] = field(default_factory=dict)  # by each of the decisions

    def without(self, processes: Collection[str]) -> Offer:
        """Without what only the processes themselves say of themselves: a new version of them says it anew."""
        return replace(
            self,
            throws=frozenset(each for each in self.throws if each.process_id not in processes),
            requires=frozenset(each for each in self.requires if each[0] not in processes),
            reads=frozenset(each for each in self.reads if each[0] not in processes),
            uncallable=self.uncallable.difference(processes),
        )


class House:
    """What there is besides the diagram that is looked at; read when the first rule asks for it."""

    def __init__(self, read: Callable[[], Iterable[Offer]]) -> None:
        self._read = read

    @cached_property
    def whole(self) -> Offer:
        """Everything that anybody brings; of two of one name the later counts."""
        offers = list(self._read())
        return Offer(
            frozenset[str]().union(*(each.processes for each in offers)),
            frozenset[str]().union(*(each.decisions for each in offers)),
            frozenset[str]().union(*(each.messages for each in offers)),
            any(each.sends_any for each in offers),
            frozenset[Thrown]().union(*(each.throws for each in offers)),
            frozenset[Thrown]().union(*(each.catches for each in offers)),
            frozenset[tuple[str, str]]().union(*(each.requires for each in offers)),
            frozenset[tuple[str, str]]().union(*(each.reads for each in offers)),
            frozenset[str]().union(*(each.uncallable for each in offers)),
            frozenset[str]().union(*(each.signals for each in offers)),
            any(each.broadcasts_any for each in offers),
            frozenset[str]().union(*(each.forms for each in offers)),
            {name: asked for each in offers for name, asked in each.asked.items()},
        )

    def thrown_by(self, process_id: str) -> list[Thrown]:
        """What leaves a process, in order."""
        found = (thrown for thrown in self.whole.throws if thrown.process_id == process_id)
        return sorted(found, key=lambda thrown: (thrown.kind, thrown.code or ""))

    def required_by(self, process_id: str) -> set[str]:
        """The variables that a process does not start without."""
        return {name for process, name in self.whole.requires if process == process_id}

    def read_by(self, process_id: str) -> set[str]:
        """The variables that a process declares nowhere, and reads where only its start can have set them."""
        return {name for process, name in self.whole.reads if process == process_id}

    def asked_by(self, decision: str) -> Sequence[Asked]:
        """What a decision reads of what it is given; nothing is known of one that is not there."""
        return self.whole.asked[decision]() if decision in self.whole.asked else ()

    def joined(self, offers: Iterable[Offer]) -> House:
        """With what files bring: new processes, and new versions of those that are there."""
        brought = list(offers)
        renewed = frozenset[str]().union(*(each.processes for each in brought))
        return House(lambda: (self.whole.without(renewed), *brought))


EMPTY = House(lambda: ())


def offer_of(diagram: Diagram, known_handlers: Handlers) -> Offer:
    """What it brings once it is deployed."""
    names = {element.publishes.name.strip() for element in diagram.elements.values() if element.publishes is not None}
    thrown = {(each.signal or "").strip() for each in diagram.elements.values() if each.type in THROWING}
    return Offer(
        processes=frozenset({diagram.process_id}),
        messages=diagram.messages_from_outside | {name for name in names if not is_feel(name)},
        sends_any=any(is_feel(name) for name in names),
        throws=frozenset(thrown for _, thrown in thrown_out(diagram)),
        catches=frozenset(islice(_caught_from_called(diagram), MOST_CAUGHT)),
        requires=frozenset((diagram.process_id, name) for name in required_variables(diagram)),
        reads=frozenset((diagram.process_id, name) for name in read_from_start(diagram, known_handlers)),
        uncallable=frozenset({diagram.process_id} if diagram.none_start is None else ()),
        signals=diagram.signals_from_outside | {name for name in thrown if name and not is_feel(name)},
        broadcasts_any=any(is_feel(name) for name in thrown),
    )


def _caught_from_called(diagram: Diagram) -> Iterator[Thrown]:
    listeners = Listeners(diagram)
    for element in diagram.elements.values():
        if element.call is not None:
            process_id = ANY_PROCESS if is_feel(element.call.process) else element.call.process
            for kind in CAUGHT:
                yield from (Thrown(kind, process_id, code) for code in listeners.codes(element, kind))
