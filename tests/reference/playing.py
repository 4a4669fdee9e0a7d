"""The engine's side of a play: started, advanced, crashed, looked into, and held against the reference."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.engine import queries, watchdog
from app.engine.diagram import Element
from app.engine.steps import ClaimedStep, StepResult
from app.engine.tables import incident, process_instance, token
from tests.factories.engines import Bench
from tests.reference.author import Flow
from tests.reference.interpreter import Decide, Reference
from tests.reference.tokens import Token

COMPLETED = 64  # as SpiffWorkflow numbers it
KINDS = {"claim": "job"}
DECIDED = {100: "basic", 300: "fast", 500: "fast"}


@dataclass
class Playing:
    """`crashes`: after each commit the process is gone, and now and then the worker with its claims.

    `claimed` are the steps whose results are still to be given, by number; `attempts` those made, `tried` those before
    an operator had it tried again; `keys` are those of all steps, by element; `script` is what has happened so far.
    """

    bench: Bench
    flow: Flow
    draw: random.Random
    crashes: bool = False
    claimed: dict[int, ClaimedStep] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    tried: dict[int, int] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)
    script: list[str] = field(default_factory=list)
    owners: int = 1

    def begin(self, variables: dict[str, Any]) -> None:
        """Start with the event that the flow is to start with, if it still can happen."""
        main = self.flow.drawings[-1]
        types = self.bench.registry.types()
        undoable = {each for each in types if (known := self.bench.registry.get(each)) and known.undo is not None}
        decide: Decide = lambda _, view: DECIDED[view["speed"]]  # noqa: E731
        self.reference = Reference(self.flow.diagrams(), self.bench.clock, decide, undoable)
        started = self.trigger(main.elements[self.flow.start], variables)
        if started:
            (self.instance_id,) = started
            self.settle()
            self.reference.start(main.process_id, variables, self.flow.start)
        else:
            self.instance_id = self.bench.start(main.process_id, **variables)
            self.settle()
            self.reference.start(main.process_id, variables)
        self.reference.run()
        self.reference.rest()

    def trigger(self, start: Element, variables: dict[str, Any]) -> list[str]:
        """Let a start event happen; the instances that it started."""
        match start.event:
            case "message":
                sent = self.bench.publish(str(start.message and start.message[0]), variables["order"], **variables)
                return list(sent.started)
            case "signal":
                return list(self.bench.broadcast(str(start.signal), **variables).started)
            case "timer":
                before = set(self.bench.instances(self.flow.drawings[-1].process_id))
                self.bench.clock.advance(timedelta(days=3651))
                self.bench.tick()
                started = sorted(set(self.bench.instances(self.flow.drawings[-1].process_id)) - before)
                if started:
                    variables.clear()  # the mappings of the event make them
                return started
        return []

    # the engine

    def restart(self) -> None:
        if self.crashes:
            self.bench.forget()

    def crash(self) -> None:
        """Before the next thing happens."""
        self.restart()
        if self.crashes and self.claimed and self.draw.random() < 0.1:  # the worker is dead: its claims are another's
            self.bench.restart()
            self.owners += 1
            self.claimed.clear()
            self.settle()

    def settle(self) -> None:
        """Advance as long as something was sent or is due that the instance has to look at."""
        self.restart()
        while self.advance([]):
            self.restart()

    def advance(self, results: list[StepResult]) -> bool:
        """Should it be advanced again at once?"""
        self.bench.wakeups.woken.clear()
        advanced = self.bench.advance(self.instance_id, results, owner=f"worker-{self.owners}")
        for step in advanced.claimed:
            self.claimed[step.number] = step
            self.keys.setdefault(step.element_id, set()).add(step.key)
        is_due = advanced.next_due is not None and advanced.next_due <= self.bench.clock.now()
        return is_due or self.instance_id in self.bench.wakeups.woken

    def rows(self) -> list[Any]:
        with self.bench.database.reading() as connection:
            open_ones = sa.select(token).where(token.c.instance_id == self.instance_id, token.c.open == 1)
            return list(connection.execute(open_ones.order_by(token.c.number)))

    def find(self, to: Token) -> int:
        """The engine's number for a token: the oldest of those that stand alike."""
        alike = [each for each in self.reference.tokens() if (each.at, each.kind) == (to.at, to.kind)]
        rank = sorted(each.number for each in alike).index(to.number)
        rows = [row for row in self.rows() if row.element_id == to.at.id and KINDS.get(row.kind, row.kind) == to.kind]
        return int(rows[rank].number)

    # the one against the other

    def compare(self) -> None:
        """Where tokens stand, what for and until when."""
        rows = self.rows()
        found = Counter((each.element_id, KINDS.get(each.kind, each.kind), each.due_at) for each in rows)
        self.same("standing", found, self.reference.standing())

    def compare_end(self) -> None:
        reference = self.reference
        self.same("state", {"": self.bench.state(self.instance_id)}, {"": self.expected_state()})
        self.same("variables", self.variables(), reference.root.variables)
        self.same("completed", self.completed(), reference.completed)
        calls = {id: len(keys) for id, keys in self.keys.items()}
        between = {id: min(max(calls.get(id, 0), reference.called[id]), most) for id, most in reference.asked.items()}
        self.same("called", calls, {id: number for id, number in between.items() if number})
        places = Counter(each.at.id for each in reference.tokens() if each.kind == "incident")
        self.same("incidents", self.incidents(), places)

    def same(self, what: str, found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> None:
        names = found.keys() | expected.keys()
        other = {name: (found.get(name), expected.get(name)) for name in names if found.get(name) != expected.get(name)}
        name = self.flow.drawings[-1].process_id
        assert not other, f"{name}, {what}: (engine, reference) are {other} after {self.script}"

    def incident_of(self, number: int) -> str:
        query = sa.select(incident.c.id).where(
            incident.c.instance_id == self.instance_id, incident.c.number == number, incident.c.state == "open"
        )
        with self.bench.database.reading() as connection:
            return str(connection.execute(query).scalar_one())

    def expected_state(self) -> str:
        if self.reference.ended:
            return "completed"
        return "fallen_out" if any(each.kind == "incident" for each in self.reference.tokens()) else "active"

    def completed(self) -> dict[str, int]:
        finished = sa.select(token.c.element_id).where(
            token.c.instance_id == self.instance_id,
            token.c.state == COMPLETED,
            token.c.spec.not_like("% listener"),  # what stood by for a start event; that event has a token of its own
        )
        with self.bench.database.reading() as connection:
            return Counter(connection.execute(finished).scalars())

    def incidents(self) -> Counter[str | None]:
        query = sa.select(incident.c.element_id).where(
            incident.c.instance_id == self.instance_id, incident.c.state == "open"
        )
        with self.bench.database.reading() as connection:
            return Counter(connection.execute(query).scalars())

    def variables(self) -> dict[str, Any]:

        with self.bench.database.reading() as connection:
            return {row.name: row.value for row in queries.variables(connection, self.instance_id) if row.scope == ""}


def all_is_well(bench: Bench) -> None:
    """What holds for every instance of a database, whatever became of it."""
    later = bench.clock.now() + timedelta(days=1)
    with bench.database.reading() as connection:
        ended = sa.select(process_instance.c.id).where(process_instance.c.state == "completed")
        left = sa.select(sa.func.count()).where(token.c.open == 1, token.c.instance_id.in_(ended))
        assert connection.execute(left).scalar_one() == 0
        assert [stall for stall in watchdog.find_stalled(connection, later) if stall.number] == []
