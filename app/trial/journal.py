"""What was done in a trial, in the database: every process behind one address has it, and a restart loses none.

A trial is the same each time that the same is done in it. So a process that has not the trial in memory, or another
process's moves not yet, plays the journal again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Database, Transaction
from app.core.errors import Conflict
from app.trial.answers import Answer, read_answer
from app.trial.events import Event, read_event
from app.trial.tables import trial, trial_move

Move = Answer | Event
IDLE = timedelta(minutes=30)
TO_THE_MINUTE = timedelta(minutes=1)


class MovedMeanwhile(Conflict):
    """Another process has gone on with the trial while this one did."""


@dataclass(frozen=True)
class Journal:
    """`documents` are all diagrams that are needed, what is tried first; `models` the decisions'; `forms` as well."""

    subject: Mapping[str, Any]
    documents: Sequence[str]
    models: Sequence[str]
    forms: Sequence[str]
    at: datetime
    variables: Mapping[str, Any]
    business_key: str | None
    answers: str
    results: Mapping[str, Sequence[Answer]] = field(default_factory=dict)

    def written(self) -> dict[str, Any]:
        """As `read_journal` reads it."""
        results = {place: [each.written() for each in given] for place, given in self.results.items()}
        return {**vars(self), "at": self.at.isoformat(), "results": results}


def read_journal(written: Mapping[str, Any]) -> Journal:
    results = {place: [read_answer(each, place) for each in given] for place, given in written["results"].items()}
    return Journal(**{**written, "at": datetime.fromisoformat(written["at"]), "results": results})


class Journals:
    """Those of an installation. Each method is a transaction of its own: nothing else is stored along with a trial."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, trial_id: str, owner: str, journal: Journal) -> None:
        row = {"id": trial_id, "owner": owner, "beginning": journal.written(), "used_at": self._clock.now()}
        with self._database.transaction(synced=False) as tx:
            tx.connection.execute(sa.insert(trial).values(**row))

    def use(self, trial_id: str, owner: str) -> bool:
        """It is used now; False if there is none of that owner's."""
        now = self._clock.now()
        with self._database.reading() as connection:
            used_at = connection.execute(sa.select(trial.c.used_at).where(_one(trial_id, owner))).scalar()
        if used_at is not None and now - used_at >= TO_THE_MINUTE:
            with self._database.transaction(synced=False) as tx:
                tx.connection.execute(sa.update(trial).where(_one(trial_id, owner)).values(used_at=now))
        return used_at is not None

    def read(self, trial_id: str, owner: str) -> Journal | None:
        """How it began; None if it is over meanwhile."""
        with self._database.reading() as connection:
            written = connection.execute(sa.select(trial.c.beginning).where(_one(trial_id, owner))).scalar()
        return None if written is None else read_journal(written)

    def moves(self, trial_id: str, after: int) -> list[Move]:
        """What was done, without the first so many."""
        query = sa.select(trial_move.c.move).where(trial_move.c.trial_id == trial_id, trial_move.c.number >= after)
        with self._database.reading() as connection:
            return [_read(each) for each in connection.execute(query.order_by(trial_move.c.number)).scalars()]

    def add(self, trial_id: str, after: int, moves: Sequence[Move]) -> None:
        """What was done after the first so many. MovedMeanwhile if they are not all that there were."""
        rows = [
            {"trial_id": trial_id, "number": number, "move": _written(each)} for number, each in enumerate(moves, after)
        ]
        try:
            with self._database.transaction(synced=False) as tx:
                tx.connection.execute(sa.insert(trial_move), rows)
        except sa.exc.IntegrityError as error:
            raise MovedMeanwhile(
                "This trial has gone on, or was thrown away, in another window meanwhile. Look where it stands, and go "
                "on from there."
            ) from error

    def forget(self, trial_id: str, owner: str) -> None:
        with self._database.transaction(synced=False) as tx:
            _drop(tx, _one(trial_id, owner))

    def of(self, owner: str) -> list[str]:
        """The ids of somebody's trials, what was used longest ago first."""
        query = sa.select(trial.c.id).where(trial.c.owner == owner).order_by(trial.c.used_at, trial.c.id)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def drop_unused(self) -> None:
        """Throw away what nobody has used for so long."""
        unused = trial.c.used_at < self._clock.now() - IDLE
        with self._database.reading() as connection:
            found = connection.execute(sa.select(sa.exists().where(unused))).scalar()
        if found:
            with self._database.transaction(synced=False) as tx:
                _drop(tx, unused)


def _one(trial_id: str, owner: str) -> sa.ColumnElement[bool]:
    return sa.and_(trial.c.id == trial_id, trial.c.owner == owner)


def _drop(tx: Transaction, which: sa.ColumnElement[bool]) -> None:
    """Locked first: nobody adds a move to what is going."""
    ids = list(tx.connection.execute(sa.select(trial.c.id).where(which).with_for_update()).scalars())
    tx.connection.execute(sa.delete(trial_move).where(trial_move.c.trial_id.in_(ids)))
    tx.connection.execute(sa.delete(trial).where(trial.c.id.in_(ids)))


def _written(move: Move) -> dict[str, Any]:
    if isinstance(move, Answer):
        return {"answer": move.written()}
    return {"event": move.written(), "notice": move.notice}


def _read(written: Mapping[str, Any]) -> Move:
    if "answer" in written:
        return read_answer(written["answer"], "moves")
    return replace(read_event(written["event"], "moves"), notice=written["notice"])
