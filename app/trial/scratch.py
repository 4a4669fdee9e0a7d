"""A store of its own with an engine on it: everything that a trial writes, until it is thrown away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp
from threading import Lock
from weakref import finalize

import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database, Transaction
from app.engine import queries, triggers
from app.engine.definitions import deploy
from app.engine.doors import Engine
from app.engine.operators import Operators
from app.engine.spiff.index import install
from app.engine.spiff.watch import Asked, Begun
from app.handling.registry import Registry
from app.migrations.run import migrate
from app.trial.documents import Needed


class Stores:
    """Makes empty stores: the schema is laid once, and copied."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._empty: bytes | None = None

    def make_in(self, folder: Path) -> Path:
        with self._lock:
            if self._empty is None:
                self._empty = _empty_store()
        made = folder / "trial.db"
        made.write_bytes(self._empty)
        return made


def _empty_store() -> bytes:
    with TemporaryDirectory(prefix="turnup-trial-") as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        migrate(database)
        database.close()
        return (Path(folder) / "empty.db").read_bytes()


class Woken:
    """Nobody works here but the trial itself: it looks at whom it has to go on with."""

    def __init__(self) -> None:
        self._waiting: dict[str, None] = {}

    def wake(self, tx: Transaction, instance_id: str, at: datetime | None = None) -> None:
        self._waiting[instance_id] = None

    def take(self) -> list[str]:
        found = list(self._waiting)
        self._waiting.clear()
        return found


@dataclass(frozen=True)
class Scratch:
    """`told` grows by what the engine tells of conditions and of activities with boundary events."""

    database: Database
    clock: FixedClock
    engine: Engine
    operators: Operators
    registry: Registry
    woken: Woken
    needed: Needed
    definitions: dict[str, str]  # definition id -> process id
    folder: Path
    told: list[Asked | Begun] = field(default_factory=list, repr=False)

    @property
    def asked(self) -> list[Asked]:
        return [each for each in self.told if isinstance(each, Asked)]

    def passages(self, connection: sa.Connection, instance_id: str) -> list[queries.PassageView]:
        """The path of an instance."""
        of_it = (each for each in self.told if isinstance(each, Begun) and each.instance_id == instance_id)
        return queries.passages(connection, instance_id, {each.number: each.came_from for each in of_it})

    def close(self) -> None:
        self.database.close()
        rmtree(self.folder, ignore_errors=True)


def open_scratch(needed: Needed, registry: Registry, now: datetime, stores: Stores) -> Scratch:
    """A store that knows what is needed and nothing else; its clock stands at `now`."""
    install()
    folder = Path(mkdtemp(prefix="turnup-trial-"))
    database = Database(f"sqlite:///{stores.make_in(folder)}", connections=2)
    finalize(database, rmtree, folder, ignore_errors=True)  # of one that nobody has closed, at the latest at the end
    clock, woken, told = FixedClock(now), Woken(), list[Asked | Begun]()
    free = Registry(handler.unlimited() for handler in registry)
    engine = Engine(free, clock, woken, watch=_teller(told))
    definitions: dict[str, str] = {}
    with database.transaction(synced=False) as tx:
        for model in needed.decisions:
            engine.deploy_decisions(tx, model)
        for form in needed.forms:
            engine.deploy_form(tx, form)
        for diagram in reversed(needed.diagrams):
            deployed = deploy(tx, diagram, [], clock)  # `gather` has checked it
            triggers.replace(tx, diagram, deployed.definition_id, clock)
            definitions[deployed.definition_id] = deployed.process_id
    return Scratch(database, clock, engine, Operators(engine), free, woken, needed, definitions, folder, told)


def _teller(told: list[Asked | Begun]) -> Callable[[Asked | Begun], None]:
    """Adds to `told`. A conditional event asks whenever others move: only what it finds anew is worth telling."""
    last: dict[tuple[str, int], Asked] = {}

    def tell(what: Asked | Begun) -> None:
        if isinstance(what, Asked) and not what.target:
            if last.get((what.instance_id, what.number)) == what:
                return
            last[(what.instance_id, what.number)] = what
        told.append(what)

    return tell
