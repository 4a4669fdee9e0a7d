"""Diagrams, decision models and forms from files: found, checked, deployed into the database of this installation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from app.cli.findings import Checked, show
from app.core.clock import SystemClock
from app.decisions.dmn import DmnRefused
from app.decisions.feel import value_to_json
from app.dispatch.wakeups import LocalWakeups
from app.engine.bundle import ENDINGS, File
from app.engine.decisions import examine
from app.engine.doors import Engine
from app.factory import EngineRoom
from app.handling.registry import Registry


def files_in(paths: Iterable[Path]) -> list[Path]:
    """The files, and those in the folders, however deep; each once, in order. UsageError where there are none."""
    found = list(dict.fromkeys(file for path in paths for file in _files_of(path)))
    if not found:
        *others, last = ENDINGS
        raise click.UsageError(f"There is no {', '.join(others)} or {last} file there.")
    return found


def _files_of(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for ending in ENDINGS for file in path.rglob(f"*{ending}"))
    else:
        yield path


def check_files(paths: Iterable[Path]) -> list[Checked]:
    """What is wrong with each. Together they are the house that they are held against."""
    clock = SystemClock()
    engine = Engine(Registry.scan(), clock, LocalWakeups(clock))
    files = files_in(paths)
    found = engine.examine_all([File(file.name, file.read_bytes()) for file in files])
    return [Checked(file, each.findings) for file, each in zip(files, found, strict=True)]


def deploy_files(room: EngineRoom, files: Sequence[Path]) -> bool:
    """Checked together, each stored in a transaction of its own; whether all of them are deployed now."""
    with room.database.reading() as connection:
        examined = room.engine.examine_all([File(file.name, file.read_bytes()) for file in files], connection)
    for file, each in zip(files, examined, strict=True):
        show([Checked(file, each.findings)], err=True)
        if each.content is not None:
            with room.database.transaction() as tx:
                (done,) = room.engine.deploy_all(tx, [each])
            click.echo(f"{file}: {said(done.created, done.id, done.version)}")
    return all(each.content is not None for each in examined)


def decide_file(file: Path, decision: str, inputs: Mapping[str, Any]) -> Any:
    """The value of a decision or decision service of a DMN file, as JSON; DmnRefused when the file has errors."""
    model, findings = examine(file.read_bytes())
    if any(finding.severity == "error" for finding in findings):
        raise DmnRefused(findings)
    return value_to_json(model.evaluate(decision, inputs))


def said(created: bool, name_id: str, version: int) -> str:
    return f"{'deployed as' if created else 'is already'} {name_id} version {version}"
