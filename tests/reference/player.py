"""Plays one script of outside events to the engine and to the reference, and holds the one against the other."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import sqlalchemy as sa

from app.core.types import from_microseconds
from app.engine import watchdog
from app.engine.diagram import Element
from app.engine.outcomes import Failed
from app.engine.steps import ClaimedStep, StepResult
from app.engine.tables import incident, process_instance, token
from app.handling.contract import Done, Refused, Waiting
from tests.factories.engines import Bench
from tests.reference.author import Flow
from tests.reference.interpreter import Decide, Reference
from tests.reference.tokens import Token

_ORDERS = count(1)
COMPLETED = 64  # as SpiffWorkflow numbers it
LONGEST = 150  # moves
LIFE_S = 1_000_000_000  # of messages: none is forgotten before somebody waits for it
Place = tuple[str, str | None]
KINDS = {"claim": "job"}
DECIDED = {100: "basic", 300: "fast", 500: "fast"}


@dataclass
class Player:
    """`crashes`: after each commit the process is gone, and now and then the worker with its claims."""

    bench: Bench
    flow: Flow
    draw: random.Random
    crashes: bool = False
    lot: Callable[[random.Random], int] = lambda draw: draw.randint(0, 4)
    claimed: dict[int, ClaimedStep] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)
    script: list[str] = field(default_factory=list)
    owners: int = 1

    def play(self) -> None:
        """To the end, to where nothing can move it any more, or until it has been watched for long enough."""
        variables = {
            "order": f"o-{next(_ORDERS)}",
            "pick": self.lot(self.draw),
            "begun": self.bench.clock.now().isoformat(),
        }
        self.begin(variables)
        for _ in range(LONGEST):
            self.compare()
            moves = self.moves()
            if self.reference.ended or not moves:
                break
            self.make(self.choose(moves))
        self.compare_end()

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

    # what can happen

    def moves(self) -> list[tuple[float, str, Token | None]]:
        """(how likely, what, to which token); time passes when nothing else can happen, and now and then."""
        found: list[tuple[float, str, Token | None]] = []
        due = False
        for each in self.reference.tokens():
            if each.kind == "job":
                found.append((8, "done", each))
                found += [(16, f"refuse {code}", each) for code in self.flow.refusals.get(each.at.id, ())]
                found += [(0.4, "fail", each), (0.4, "call back", each)]
            elif each.kind == "user_task":
                found.append((8, "done", each))
            elif each.kind in ("message", "callback", "signal"):
                found.append((1 if each.host or each in each.frame.listeners else 6, each.kind, each))
            due = due or each.due is not None
        if due:
            found.append((1, "time", None))
        if found:
            found += [(0.2, f"early {name}", None) for name in self.flow.early]
        return found

    def choose(self, moves: list[tuple[float, str, Token | None]]) -> tuple[str, Token | None]:
        ((_, what, to),) = self.draw.choices(moves, [weight for weight, _, _ in moves])
        return what, to

    def make(self, move: tuple[str, Token | None]) -> None:
        what, to = move
        self.script.append(f"{what} {to.at.id if to is not None else ''}")
        self.bench.clock.advance(timedelta(milliseconds=1))  # no two things happen at once
        self.crash()
        if to is None:
            self.pass_time() if what == "time" else self.publish(what.removeprefix("early "), self.order(), {"v": 9})
        elif to.kind == "job":
            self.answer(what, to)
        elif to.kind == "user_task":
            number, outputs = self.find(to), self.outputs(to)
            with self.bench.database.transaction() as tx:
                self.bench.engine.complete_task(tx, f"{self.instance_id}:{number}", outputs, "ann")
            self.reference.done(to, outputs)
        elif to.kind == "signal":
            self.signal(str(to.name), self.outputs(to))
        else:
            self.publish(str(to.name), str(to.key), self.outputs(to))
        self.settle()

    def answer(self, what: str, to: Token) -> None:
        """A handler's outcome, given as a worker would."""
        step = self.claimed.pop(self.find(to))
        assert (step.undoes is not None) == to.is_undo
        for _, target in () if to.is_undo else to.at.inputs:
            assert step.inputs[target] == to.scope[target], (to.at.id, step.inputs)
        match what.split():
            case ["done"]:
                outputs = self.outputs(to)
                self.result(step, Done(**outputs))
                self.reference.done(to, outputs)
            case ["refuse", code]:
                self.result(step, Refused(code, "no", {}))
                self.reference.refuse(to, code, {})
            case ["fail"]:
                self.result(step, Failed("Silent", "no answer"))
                backoff = self.bench.registry.get(step.handler).retry  # type: ignore[union-attr]  # it is registered
                self.reference.fail(to, backoff.delay_s(step.attempt))
            case ["call", "back"]:
                self.result(step, Waiting("called", step.key))
                self.reference.call_back(to, "called", step.key)

    def result(self, step: ClaimedStep, outcome: Any) -> None:
        self.advance([StepResult(step.number, step.attempt, outcome)])

    def publish(self, name: str, key: str, variables: dict[str, Any]) -> None:
        self.bench.publish(name, key, ttl_s=LIFE_S, **variables)
        self.reference.publish(name, key, variables, LIFE_S)

    def signal(self, name: str, variables: dict[str, Any]) -> None:
        self.bench.broadcast(name, **variables)
        self.reference.signal(name, variables)

    def pass_time(self) -> None:
        due = min(each.due for each in self.reference.tokens() if each.due is not None)
        self.bench.clock.advance(max(from_microseconds(due) - self.bench.clock.now(), timedelta(0)))
        self.advance([])
        self.reference.run()

    def outputs(self, to: Token) -> dict[str, Any]:
        if to.at.id in self.flow.silent:
            return {}
        value = self.draw.randint(0, 9)
        return {"v": value} if to.at.outputs else {f"v_{to.at.id}": value}

    def order(self) -> str:
        return str(self.reference.root.variables["order"])

    # the engine

    def crash(self) -> None:
        if not self.crashes:
            return
        self.bench.restart()
        if self.claimed and self.draw.random() < 0.1:  # the worker is dead: its claims are another's
            self.owners += 1
            self.claimed.clear()
            self.settle()

    def settle(self) -> None:
        """Advance as long as something was sent or is due that the instance has to look at."""
        while self.advance([]):
            if self.crashes:
                self.bench.restart()

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
        assert not other, f"{what}: (engine, reference) are {other} after {self.script}"

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
        from app.engine import queries

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
