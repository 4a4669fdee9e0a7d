"""What was done in a trial, on disk: the processes of one host share trials, and a restart loses none.

A trial is the same each time that the same is done in it. So a process that has not the trial in memory, or another
process's moves not yet, plays the journal again.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from app.trial.answers import Answer, read_answer
from app.trial.events import Event, read_event

Move = Answer | Event
_ENDING = ".json"


@dataclass(frozen=True)
class Journal:
    """`documents` are all diagrams that are needed, what is tried first, and `models` the decisions' as well."""

    owner: str
    subject: Mapping[str, Any]
    documents: Sequence[str]
    models: Sequence[str]
    at: datetime
    variables: Mapping[str, Any]
    business_key: str | None
    answers: str
    results: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    moves: Sequence[Move] = ()

    def after(self, moves: Sequence[Move]) -> Journal:
        return replace(self, moves=tuple(moves))

    def written(self) -> bytes:
        """As `read_journal` reads it."""
        results = {place: [each.written() for each in given] for place, given in self.results.items()}
        moves = [_written(each) for each in self.moves]
        return orjson.dumps({**vars(self), "at": self.at.isoformat(), "results": results, "moves": moves})


def read_journal(written: bytes) -> Journal:
    found = orjson.loads(written)
    results = {place: [read_answer(each, place) for each in given] for place, given in found["results"].items()}
    moves = tuple(_move(each) for each in found["moves"])
    return Journal(**{**found, "at": datetime.fromisoformat(found["at"]), "results": results, "moves": moves})


def _written(move: Move) -> dict[str, Any]:
    if isinstance(move, Answer):
        return {"answer": move.written()}
    return {"event": move.written(), "notice": move.notice}


def _move(written: dict[str, Any]) -> Move:
    if "answer" in written:
        return read_answer(written["answer"], "moves")
    return replace(read_event(written["event"], "moves"), notice=written["notice"])


class Journals:
    """Files of a folder that is this installation's alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, trial_id: str, journal: Journal) -> None:
        """All of it or nothing, for its owner's account alone."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._file(trial_id, journal.owner)
        new = file.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(journal.written())
        new.replace(file)

    def read(self, trial_id: str, owner: str) -> Journal | None:
        """None if there is none of that owner's."""
        try:
            file = self._file(trial_id, owner)
            os.utime(file)  # it is used
            return read_journal(file.read_bytes())
        except FileNotFoundError:
            return None

    def forget(self, trial_id: str, owner: str) -> None:
        for ending in (_ENDING, ".lock"):
            self._file(trial_id, owner).with_suffix(ending).unlink(missing_ok=True)

    def of(self, owner: str) -> list[str]:
        """The ids of somebody's trials, what was used longest ago first."""
        files = self._folder.glob(f"{_mark(owner)}_*{_ENDING}")
        return [file.stem.partition("_")[2] for file in sorted(files, key=_used_at)]

    def sweep(self, idle_s: float) -> None:
        """Drop what nobody has used for so long."""
        for file in self._folder.glob("*_*"):
            if time.time() - _used_at(file) > idle_s:
                file.unlink(missing_ok=True)

    @contextmanager
    def lock(self, trial_id: str, owner: str) -> Iterator[None]:
        """No other process acts in the trial meanwhile. Only for one that is kept: this makes a file too."""
        with self._file(trial_id, owner).with_suffix(".lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def _file(self, trial_id: str, owner: str) -> Path:
        """Ids come in addresses: what is none of ours names no file."""
        name = trial_id if trial_id.replace("-", "").isalnum() and len(trial_id) <= 40 else "none"
        return self._folder / f"{_mark(owner)}_{name}{_ENDING}"


def _mark(owner: str) -> str:
    return sha256(owner.encode()).hexdigest()[:20]


def _used_at(file: Path) -> float:
    with suppress(FileNotFoundError):  # another process was first
        return file.stat().st_mtime
    return 0
