"""Versions of one process, and instances that move between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.engine import queries
from app.engine.diagram import Diagram as Drawn
from app.engine.migration.doors import Migrations, Verdict
from app.engine.migration.plan import Plan
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

_NAMED = re.compile(r'( (?:id|sourceRef|targetRef|attachedToRef|default)=")([^"]+)(")')
_KEPT = re.compile(r"Definitions_|Message_|Error_|Signal_|Escalation_")


@dataclass
class Mover:
    """Moves instances of the process `p`, unless told otherwise, from the version they are on to the latest."""

    bench: Bench
    process_id: str = "p"

    def __post_init__(self) -> None:
        self.migrations = Migrations(self.bench.clock, self.bench.wakeups)

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


def back(mapping: Mapping[str, str | None]) -> dict[str, str | None]:
    return {value: key for key, value in mapping.items() if value is not None}


def without(suffix: str, value: Any) -> Any:
    """JSON with the suffix taken from every text."""
    if isinstance(value, str):
        return value.replace(suffix, "")
    if isinstance(value, dict):
        return {name: without(suffix, inner) for name, inner in value.items()}
    return [without(suffix, inner) for inner in value] if isinstance(value, list) else value
