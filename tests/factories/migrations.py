"""Versions of one process, and instances that move between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.engine import queries
from app.engine.diagram import Diagram as Drawn
from app.engine.migration.doors import Migrations, Verdict
from app.engine.migration.plan import Plan
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.pushes import Push

_NAMED = re.compile(r'( (?:id|sourceRef|targetRef|attachedToRef|activityRef|default)=")([^"]+)(")')
_KEPT = re.compile(r"(Definitions|message|error|signal|escalation)_")


@dataclass
class Mover:
    """Moves instances of the process `p`, unless told otherwise, from the version they are on to the latest."""

    bench: Bench
    process_id: str = "p"

    def __post_init__(self) -> None:
        self.migrations = Migrations(self.bench.engine)

    def plan(self, source: int, target: int, mapping: Mapping[str, str | None] | None = None) -> Plan:
        with self.bench.database.reading() as connection:
            return self.migrations.plan(connection, self.process_id, source, target, mapping or {})

    def plan_for(
        self, instance_id: str, mapping: Mapping[str, str | None] | None = None, to: int | None = None
    ) -> Plan:
        with self.bench.database.reading() as connection:
            version = queries.get_instance(connection, instance_id).version
            target = queries.get_definition(connection, self.process_id, to).version
        return self.plan(version, target, mapping)

    def move(self, instance_id: str, mapping: Mapping[str, str | None] | None = None, to: int | None = None) -> None:
        plan = self.plan_for(instance_id, mapping, to)
        with self.bench.database.transaction() as tx:
            self.migrations.migrate(tx, plan, instance_id, "olga", "v1 is wrong")

    def check(
        self, instance_id: str, mapping: Mapping[str, str | None] | None = None, to: int | None = None
    ) -> Verdict:
        plan = self.plan_for(instance_id, mapping, to)
        with self.bench.database.reading() as connection:
            return self.migrations.check(connection, plan, instance_id)

    def blocked(self, instance_id: str, mapping: Mapping[str, str | None] | None = None) -> list[tuple[str, str]]:
        """(code, element) of everything in the way."""
        verdict = self.check(instance_id, mapping)
        assert verdict.finding == "blocked"
        return sorted((each.code, each.element_id) for each in verdict.obstacles)


@dataclass(frozen=True)
class Move:
    """`before` brings an instance of `old` to where it is moved, `after` brings it to its end in `new`."""

    old: Diagram
    new: Diagram
    mapping: dict[str, str | None]
    stands: dict[str, str]  # in the new version, after the move
    ends_with: dict[str, Any]
    visited: tuple[str, ...]  # all elements of which a handler was called, in order
    before: tuple[Push, ...] = ()
    after: tuple[Push, ...] = ()
    variables: dict[str, Any] = field(default_factory=dict)


def play_move(bench: Bench, move: Move, between: Callable[[], None] | None) -> None:
    """Bring an instance to where it is moved, move it, and see it to its end; `between` runs after every commit."""
    bench.deploy(move.old)
    instance_id = bench.start("p", **move.variables)
    bench.run(instance_id, between)
    _push(bench, instance_id, move.before, between)
    bench.deploy(move.new)
    keys = {token.number: token.step_key for token in bench.tokens(instance_id)}
    mover = Mover(bench)
    assert mover.check(instance_id, move.mapping).finding == "can_move"
    mover.move(instance_id, move.mapping)
    assert bench.standing(instance_id) == move.stands
    with bench.database.reading() as connection:
        assert queries.get_instance(connection, instance_id).version == 2
    for token in bench.tokens(instance_id):
        assert keys.get(token.number) in (None, token.step_key), "a key never changes"
    if between is not None:
        between()
    bench.run(instance_id, between)
    _push(bench, instance_id, move.after, between)
    assert bench.state(instance_id) == "completed", bench.standing(instance_id)
    assert bench.variables(instance_id) == move.ends_with
    assert [step.element_id for step in bench.calls] == list(move.visited)
    tried = [(step.key, step.attempt) for step in bench.calls]
    assert len(set(tried)) == len(tried), "no two attempts look like one"


def _push(bench: Bench, instance_id: str, pushes: tuple[Push, ...], between: Callable[[], None] | None) -> None:
    for push in pushes:
        push(bench, instance_id)
        if between is not None:
            between()
        bench.run(instance_id, between)


def renamed(diagram: Diagram, suffix: str = "_v2") -> bytes:
    """The same diagram with another id for each element and flow; what FEEL and handlers see stays."""

    def rename(match: re.Match[str]) -> str:
        begin, name, end = match.groups()
        kept = name == diagram.process_id or _KEPT.match(name)
        return match.group() if kept else f"{begin}{name}{suffix}{end}"

    return _NAMED.sub(rename, diagram.xml().decode()).encode()


def to_renamed(drawn: Drawn, suffix: str = "_v2") -> dict[str, str | None]:
    """The mapping of every element and flow to that of `renamed`."""
    return {each: f"{each}{suffix}" for each in (*drawn.elements, *drawn.flows)}


@dataclass
class ByOldNames(Bench):
    """Asked for elements by their names in version 1, which those of version 2 end with `_v2`."""

    def task(self, instance_id: str, element: str | None = None) -> str:
        tasks = [token for token in self.tokens(instance_id) if token.kind == "user_task"]
        (token,) = [token for token in tasks if element in (None, without("_v2", token.element_id))]
        return f"{instance_id}:{token.number}"


def back(mapping: Mapping[str, str | None]) -> dict[str, str | None]:
    return {value: key for key, value in mapping.items() if value is not None}


def without(suffix: str, value: Any) -> Any:
    """JSON with the suffix taken from every text."""
    if isinstance(value, str):
        return value.replace(suffix, "")
    if isinstance(value, dict):
        return {name: without(suffix, inner) for name, inner in value.items()}
    return [without(suffix, inner) for inner in value] if isinstance(value, list) else value
