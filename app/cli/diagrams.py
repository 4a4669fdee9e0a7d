"""Diagrams from files: checked, deployed, and what is wrong with them said."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from app.core.clock import SystemClock
from app.dispatch.wakeups import LocalWakeups
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
        findings = engine.check(file.read_bytes(), file.name)
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
            with room.database.transaction() as tx:
                deployed = room.engine.deploy(tx, file.read_bytes(), file.name)
        except DiagramRefused as refused:
            good = False
            _show(file, refused.findings)
            continue
        _show(file, deployed.findings)
        what = "deployed as" if deployed.created else "is already"
        click.echo(f"{file}: {what} {deployed.process_id} version {deployed.version}")
    return good


def _show(file: Path, findings: Iterable[Finding]) -> None:
    for finding in findings:
        place = f"{file}:{finding.line or 0}"
        element = f" {finding.element_id}:" if finding.element_id else ""
        click.echo(f"{place}: {finding.severity} {finding.code}:{element} {finding.message} {finding.remedy}", err=True)
