"""How much of a diagram has been gone through: which elements, which flows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.engine import queries
from app.engine.diagram import Diagram
from app.engine.queries import PassageView
from app.trial.looks import flows_of, reached
from app.trial.trial import Trial


@dataclass
class Coverage:
    """Of one process. Elements are its flow nodes; boundary events count when they have happened."""

    process_id: str
    elements: frozenset[str]
    flows: frozenset[str]
    reached: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)

    @property
    def missed(self) -> list[str]:
        """The elements that nothing has come to."""
        return sorted(self.elements - self.reached)

    @property
    def share(self) -> float:
        """Of elements and flows together, 0 to 1."""
        every = len(self.elements) + len(self.flows)
        return 1.0 if not every else (len(self.reached) + len(self.taken)) / every

    def join(self, other: Coverage) -> None:
        """What another has gone through of the same diagram."""
        self.reached |= other.reached
        self.taken |= other.taken

    def add(self, diagram: Diagram, passages: Iterable[PassageView]) -> None:
        passages = list(passages)
        self.reached |= {each.element_id for each in reached(diagram, passages)} & self.elements
        self.taken |= flows_of(diagram, passages) & self.flows


def coverage_of(diagram: Diagram) -> Coverage:
    """Nothing yet."""
    return Coverage(diagram.process_id, frozenset(diagram.elements), frozenset(diagram.flows))


def cover(trial: Trial, found: dict[str, Coverage]) -> None:
    """Add what a trial has gone through, called processes included, by process id."""
    scratch = trial.scratch
    for instance_id in trial.instances():
        with scratch.database.reading() as connection:
            own = queries.get_instance(connection, instance_id, waits=False).process_id
            passages = scratch.passages(connection, instance_id)
            calls = {each.call for each in passages}
            called = {each: queries.get_call(connection, instance_id, each).process_id for each in calls if each}
        for call in calls:
            diagram = scratch.needed.diagram(called.get(call, own))
            if diagram is not None:
                covered = found.setdefault(diagram.process_id, coverage_of(diagram))
                covered.add(diagram, (each for each in passages if each.call == call))
