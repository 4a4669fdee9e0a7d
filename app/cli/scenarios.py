"""`turnup check --scenarios`: scenarios played, what differs said, and how much of each diagram they go through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from app.core.errors import InvalidInput
from app.handling.registry import Registry
from app.trial.coverage import Coverage
from app.trial.documents import Folder
from app.trial.playing import Played, play
from app.trial.saved import ENDING, FOLDER, files_under
from app.trial.scenario import read_scenario
from app.trial.scratch import Stores


def find_scenarios(places: Iterable[Path]) -> list[Path]:
    """Scenario files: those that are named, those in folders called `scenarios`, and those of the diagrams named."""
    return list({file.absolute(): file for place in places for file in _under(place)}.values())


def _under(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from files_under(place)
    elif place.suffix == ENDING:
        yield place
    elif place.suffix == ".bpmn":
        folders = (above / FOLDER for above in place.absolute().parents)
        nearest = next((folder for folder in folders if folder.is_dir()), None)
        files = [] if nearest is None else sorted(nearest.glob(f"*{ENDING}"))
        yield from (file for file in files if _begins(file, place.stem))


def _begins(file: Path, process_id: str) -> bool:
    try:
        return read_scenario(file.read_text(encoding="utf-8")).process_id == process_id
    except InvalidInput:
        return file.stem.startswith(process_id)  # it will be said what is wrong with it


def root_of(file: Path) -> Path:
    """The folder of the processes that a scenario is about."""
    folder = file.absolute().parent
    return folder.parent if folder.name == FOLDER else folder


def play_scenarios(files: Sequence[Path], registry: Registry, *, err: bool = False) -> bool:
    """Whether each went as expected; says which did not, why, and what none of them has come to.

    With `err` all of that goes to standard error: what goes to standard output is something else.
    """
    stores, libraries = Stores(), dict[Path, Folder]()
    covered: dict[str, Coverage] = {}
    good = True
    for file in files:
        library = libraries.setdefault(root_of(file), Folder(root_of(file)))
        played = play_file(file, library, registry, stores)
        good &= played.passed
        click.echo(f"{file}: {'as expected' if played.passed else 'differs'}", err=err or not played.passed)
        for sentence in played.differs:
            click.echo(f"{file}: {sentence}", err=True)
        for process_id, found in played.covered.items():
            covered.setdefault(process_id, found).join(found)
    for process_id in sorted(covered):
        click.echo(said(covered[process_id]), err=err)
    return good


def play_file(file: Path, library: Folder, registry: Registry, stores: Stores) -> Played:
    try:
        scenario = read_scenario(file.read_text(encoding="utf-8"))
    except InvalidInput as error:
        return Played([error.message])
    document = library.process(scenario.process_id)
    if document is None:
        return Played([f"there is no {scenario.process_id}.bpmn beside it: its process has no diagram"])
    return play(scenario, document, library, registry, stores)


def said(coverage: Coverage) -> str:
    """In one line."""
    elements = f"{len(coverage.reached)} of {len(coverage.elements)} elements"
    flows = f"{len(coverage.taken)} of {len(coverage.flows)} flows"
    missed = f"; not reached: {', '.join(coverage.missed)}" if coverage.missed else ""
    return f"{coverage.process_id}: {elements} and {flows} gone through{missed}"
