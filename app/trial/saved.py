"""The scenarios that are saved beside the flows, and how far they come in a version: read once, until one of them or
what they are played on changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock

from app.core.errors import InvalidInput
from app.engine.kept import Kept
from app.trial.coverage import Coverage
from app.trial.documents import Needed
from app.trial.playing import Played
from app.trial.room import Trials
from app.trial.scenario import Scenario, read_scenario

FOLDER = "scenarios"
ENDING = ".yaml"
MOST = 40  # of one process
LONGEST_S = 20.0  # for all of one process: what is left then is not played


@dataclass(frozen=True)
class Saved:
    """A file. `scenario` is None where it cannot be read: `problem` says why."""

    name: str
    digest: str
    scenario: Scenario | None
    problem: str = ""


@dataclass(frozen=True)
class PlayedScenario:
    """`differs` says what was not as expected; empty: all was."""

    name: str
    title: str
    differs: Sequence[str]


@dataclass(frozen=True)
class Reading:
    """`coverage` is of the process itself; None where no scenario came to anything."""

    played: Sequence[PlayedScenario]
    coverage: Coverage | None


def files_under(folder: Path) -> list[Path]:
    """Those in folders called `scenarios`."""
    return [file for file in sorted(folder.rglob(f"*{ENDING}")) if file.parent.name == FOLDER]


class SavedScenarios:
    """Safe to use from many threads. `folder` is that of the flows, or one above or below."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: Kept[Saved] = Kept(1_000)

    def of(self, process_id: str) -> list[Saved]:
        """Those of a process, by their names; what cannot be read is of the process that its name begins with."""
        read = [self._read(file) for file in files_under(self._folder)]
        return [each for each in read if _is_of(each, process_id)][:MOST]

    def _read(self, file: Path) -> Saved:
        """Read again only when the file has changed."""
        stat = file.stat()
        return self._files.get((file, stat.st_mtime_ns, stat.st_size), lambda: _read(file))


def _read(file: Path) -> Saved:
    found = file.read_bytes()
    digest = sha256(found).hexdigest()
    try:
        scenario = read_scenario(found.decode("utf-8", "replace"))
    except InvalidInput as error:
        return Saved(file.name, digest, None, error.message)
    return Saved(file.name, digest, scenario)


def _is_of(saved: Saved, process_id: str) -> bool:
    if saved.scenario is None:
        return saved.name.startswith(process_id)
    return saved.scenario.process_id == process_id


class Readings:
    """How far the saved scenarios come. Safe to use from many threads; one at a time plays."""

    def __init__(self, saved: SavedScenarios, trials: Trials, size: int = 100) -> None:
        self._saved = saved
        self._trials = trials
        self._kept: Kept[Reading] = Kept(size)
        self._playing = Lock()

    def read(self, process_id: str, gather: Callable[[], Needed]) -> Reading | None:
        """On what a version needs; None, and nothing is gathered, if no scenario of the process is saved."""
        saved = self._saved.of(process_id)
        if not saved:
            return None
        needed = gather()
        key = (process_id, _digest_of(needed), tuple((each.name, each.digest) for each in saved))
        if (found := self._kept.peek(key)) is not None:
            return found
        with self._playing:  # whoever waited finds what the other has played
            return self._kept.get(key, lambda: self._play(process_id, saved, needed))

    def _play(self, process_id: str, saved: Iterable[Saved], needed: Needed) -> Reading:
        ends_at = time.monotonic() + LONGEST_S
        covered: dict[str, Coverage] = {}
        played = []
        for each in saved:
            came = Played([each.problem])
            if each.scenario is not None and time.monotonic() > ends_at:
                came = Played([f"it was not played: the others took {LONGEST_S:g} s"])
            elif each.scenario is not None:
                came = self._trials.play_on(needed, each.scenario)
            title = each.name if each.scenario is None else each.scenario.title
            played.append(PlayedScenario(each.name, title, came.differs))
            for name, found in came.covered.items():
                covered.setdefault(name, found).join(found)
        return Reading(played, covered.get(process_id))


def _digest_of(needed: Needed) -> str:
    """Of everything that is played on."""
    documents = [each.document for part in (needed.diagrams, needed.decisions, needed.forms) for each in part]
    return sha256(b"\0".join(sha256(each).digest() for each in documents)).hexdigest()
