"""Diagrams and decision models from files: checked, deployed, and what is wrong with them said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from app.core.clock import SystemClock
from app.decisions.dmn import DmnRefused
from app.decisions.dmn import Finding as DmnFinding
from app.decisions.feel import value_to_json
from app.dispatch.wakeups import LocalWakeups
from app.engine.decisions import accept, examine
from app.engine.diagram import DiagramRefused, Finding
from app.engine.doors import Engine
from app.factory import EngineRoom
from app.handling.registry import Registry


def check_files(files: Iterable[Path]) -> bool:
    """Whether all of them could be deployed."""
    clock = SystemClock()
    engine = Engine(Registry.scan(), clock, LocalWakeups(clock))
    good = True
    for file in files:
        findings = _findings(engine, file)
        good &= not any(finding.severity == "error" for finding in findings)
        _show(file, findings)
        if not findings:
            click.echo(f"{file}: nothing found")
    return good


def deploy_files(room: EngineRoom, files: Iterable[Path]) -> bool:
    """Each in a transaction of its own; whether all of them are deployed now."""
    good = True
    for file in files:
        try:
            deployed = _deploy(room, file)
        except (DiagramRefused, DmnRefused) as refused:
            good = False
            _show(file, refused.findings)
            continue
        _show(file, deployed.findings)
        what = "deployed as" if deployed.created else "is already"
        click.echo(f"{file}: {what} {deployed.name_id} version {deployed.version}")
    return good


def decide_file(file: Path, decision: str, inputs: Mapping[str, Any]) -> Any:
    """The value of a decision or decision service of a DMN file, as JSON; DmnRefused when the file has errors."""
    model, findings = examine(file.read_bytes())
    if any(finding.severity == "error" for finding in findings):
        raise DmnRefused(findings)
    return value_to_json(model.evaluate(decision, inputs))


def _is_dmn(file: Path) -> bool:
    return file.suffix == ".dmn"


def _findings(engine: Engine, file: Path) -> Sequence[Finding | DmnFinding]:
    if not _is_dmn(file):
        return engine.check(file.read_bytes(), file.name)
    try:
        return examine(file.read_bytes())[1]
    except DmnRefused as refused:
        return refused.findings


@dataclass(frozen=True)
class _Stored:
    name_id: str
    version: int
    created: bool
    findings: Sequence[Finding | DmnFinding]


def _deploy(room: EngineRoom, file: Path) -> _Stored:
    if _is_dmn(file):
        accepted = accept(file.read_bytes())
        with room.database.transaction() as tx:
            model = room.engine.deploy_decisions(tx, accepted)
        return _Stored(model.model_id, model.version, model.created, model.findings)
    with room.database.transaction() as tx:
        diagram = room.engine.deploy(tx, file.read_bytes(), file.name)
        return _Stored(diagram.process_id, diagram.version, diagram.created, diagram.findings)


def _show(file: Path, findings: Iterable[Finding | DmnFinding]) -> None:
    for finding in findings:
        place = f"{file}:{finding.line or 0}"
        element = f" {finding.element_id}:" if finding.element_id else ""
        click.echo(f"{place}: {finding.severity} {finding.code}:{element} {finding.message} {finding.remedy}", err=True)
        example = getattr(finding, "example", None)
        if example:
            click.echo(f"{place}: for example {value_to_json(example)}", err=True)
